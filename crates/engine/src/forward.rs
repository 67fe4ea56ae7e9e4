//! A forward pass: rows of any number of sequences through the plan's phases.
//!
//! Work within a phase is claimed by whichever thread is free; phases follow each other. A row's
//! result does not depend on the other rows, on the cut into passes, or on who did what.

use std::sync::Arc;

use canon::{AttentionScratch, Kernels, Team};
use program::reference::Fault;
use program::{Checked, OpIndex};

use crate::feed::{Feed, FeedError, Outcome, Wanted};
use crate::phases::{self, Means};
use crate::plan::{Phase, Plan, PlanError};
use crate::pool::{Pool, Span};
use crate::row::{Row, Wants};
use crate::sequence::Sequence;
use crate::weights::Weights;

/// Most rows of one pass.
pub const ROWS_MAX: usize = 1 << 14;
/// Most memory for the values of a pass's rows.
const ROWS_BYTES_MAX: usize = 2 << 30;
/// Most memory of rows of logits that were given back.
const SPARE_BYTES_MAX: usize = 64 << 20;

/// A program with its weights and a team of threads.
pub struct Engine {
    pool: Arc<Pool>,
    plan: Plan,
    weights: Arc<Weights>,
    kernels: Kernels,
    team: Team,
    rows: Vec<Row>,
    scratches: Vec<AttentionScratch>,
    /// Rows of logits that were given back.
    spare: Vec<Vec<i32>>,
}

impl Engine {
    /// Plans a program. `threads` is how many threads share the work, the caller's included.
    ///
    /// # Errors
    /// [`PlanError`] where a bias can't be brought into its row.
    pub fn new(
        checked: &Checked,
        weights: Arc<Weights>,
        kernels: Kernels,
        threads: usize,
    ) -> Result<Self, PlanError> {
        let plan = Plan::new(checked, &weights)?;
        let team = Team::new(threads);
        let pool = Arc::new(Pool::new(plan.kv_heads.clone()));
        let (rows, scratches, spare) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { pool, plan, weights, kernels, team, rows, scratches, spare })
    }

    /// An empty sequence.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        Sequence::new(&self.pool)
    }

    /// A sequence of the first `length` positions of these spans; `None` where there are not so many, or a span is
    /// another engine's.
    #[must_use]
    pub fn sequence_of(&self, spans: &[Span], length: usize) -> Option<Sequence> {
        Sequence::of(&self.pool, spans, length)
    }

    /// Bytes of the keys and values of a span.
    #[must_use]
    pub fn span_bytes(&self) -> usize {
        self.pool.span_bytes()
    }

    /// Bytes of all keys and values that are held, each once, and of the memory that is kept for more.
    #[must_use]
    pub fn kv_bytes(&self) -> (usize, usize) {
        self.pool.bytes()
    }

    /// Keeps memory of keys and values that were let go while it and those held are no more than these bytes.
    pub fn keep_kv_bytes(&self, bytes_max: usize) {
        self.pool.keep(bytes_max);
    }

    /// Most tokens of one pass: as many rows as fit a budget of memory.
    #[must_use]
    pub fn rows_max(&self) -> usize {
        let fixed: usize = self.plan.slots.iter().map(|width| 4 * width).sum();
        let inputs: usize = self.plan.inputs.iter().map(|width| 3 * width).sum();
        (ROWS_BYTES_MAX / (fixed + inputs).max(1)).clamp(1, ROWS_MAX)
    }

    /// How many threads share the work.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.team.threads()
    }

    /// The kernels in use.
    #[must_use]
    pub fn kernels(&self) -> &Kernels {
        &self.kernels
    }

    /// Fractional bits of the logits.
    #[must_use]
    pub fn logits_frac(&self) -> u8 {
        self.plan.logits_frac
    }

    /// The op that draws a token, by which its fault is named.
    #[must_use]
    pub fn sample_op(&self) -> OpIndex {
        self.plan.sample_op
    }

    /// Most positions of a sequence.
    #[must_use]
    pub fn context_max(&self) -> usize {
        self.plan.context_max
    }

    /// Runs other exact work on the engine's threads between passes. `work` is called on each with its number, 0 for
    /// the caller's, and claims its pieces itself; a thread that comes too late is not waited for.
    pub fn share(&mut self, work: &(dyn Fn(&Kernels, usize) + Sync)) {
        let Self { kernels, team, .. } = self;
        team.run(&|thread| work(kernels, thread));
    }

    /// Takes logits back that are no longer needed: the memory of later ones, so that none has to be found, cleared and
    /// copied for every position.
    pub fn take_back(&mut self, logits: Vec<Vec<i32>>) {
        let row_bytes = self.plan.slots[self.plan.logits.0].max(1) * size_of::<i32>();
        let room = (SPARE_BYTES_MAX / row_bytes).saturating_sub(self.spare.len());
        self.spare.extend(logits.into_iter().take(room));
    }

    /// Appends tokens to sequences and gives the logits they want.
    ///
    /// # Errors
    /// [`FeedError`]; then no sequence has changed.
    pub fn forward(&mut self, feeds: &mut [Feed<'_>]) -> Result<Vec<Outcome>, FeedError> {
        self.check(feeds)?;
        let mut rows = core::mem::take(&mut self.rows);
        let count = self.start(feeds, &mut rows);
        let mut active: Vec<&mut Row> = rows[..count].iter_mut().collect();
        for at in 0..self.plan.phases.len() {
            match self.plan.phases[at] {
                Phase::Epilogue => active.retain(|row| row.wants != Wants::Nothing),
                Phase::Logits => active.retain(|row| row.wants == Wants::Logits),
                Phase::Rows(_)
                | Phase::Matmul { .. }
                | Phase::Experts(_)
                | Phase::Append { .. }
                | Phase::Attention(_) => {}
            }
            if !active.is_empty() {
                self.phase(at, &mut active, feeds);
            }
        }
        let outcomes = self.finish(feeds, &mut rows[..count]);
        self.rows = rows;
        Ok(outcomes)
    }

    fn check(&self, feeds: &[Feed<'_>]) -> Result<(), FeedError> {
        let rows = feeds.iter().map(|feed| feed.tokens.len()).sum();
        let rows_max = self.rows_max();
        if rows > rows_max {
            return Err(FeedError::Rows { rows, rows_max });
        }
        for feed in feeds {
            if !feed.sequence.is_of(&self.pool) {
                return Err(FeedError::Foreign);
            }
            let length = feed.sequence.length() + feed.tokens.len();
            let context_max = self.plan.context_max;
            if length > context_max {
                return Err(FeedError::Context { length, context_max });
            }
            let vocabulary = self.plan.vocabulary;
            if let Some(token) = feed.tokens.iter().find(|token| **token >= vocabulary) {
                return Err(FeedError::Token { token: *token, vocabulary });
            }
        }
        Ok(())
    }

    /// Fills the rows; returns how many there are.
    fn start(&self, feeds: &mut [Feed<'_>], rows: &mut Vec<Row>) -> usize {
        let mut count = 0;
        for (index, feed) in feeds.iter_mut().enumerate() {
            feed.sequence.make_room(feed.tokens.len());
            for (i, token) in feed.tokens.iter().enumerate() {
                if count == rows.len() {
                    rows.push(Row::new(&self.plan));
                }
                let row = &mut rows[count];
                row.start(&self.plan, index, *token, feed.sequence.length() + i);
                row.boundaries = feed.boundaries.then(Vec::new);
                let last = i + 1 == feed.tokens.len();
                row.wants = match feed.wanted {
                    Wanted::All => Wants::Logits,
                    Wanted::Last if last => Wants::Logits,
                    Wanted::Row if last => Wants::Row,
                    Wanted::Nothing | Wanted::Last | Wanted::Row => Wants::Nothing,
                };
                count += 1;
            }
        }
        count
    }

    fn phase(&mut self, at: usize, active: &mut [&mut Row], feeds: &mut [Feed<'_>]) {
        let Self { plan, weights, kernels, team, scratches, .. } = self;
        let mut means = Means { plan, weights, kernels, team };
        match &plan.phases[at] {
            Phase::Rows(ops) => phases::rows::run(&mut means, ops, active),
            Phase::Matmul { input, outputs } => {
                phases::matmul::run(&mut means, *input, outputs, active);
            }
            Phase::Experts(steps) => phases::experts::run(&mut means, steps, active),
            Phase::Append { layer } => phases::append::run(means.team, *layer, active, feeds),
            Phase::Attention(step) => {
                scratches.resize_with(means.team.threads(), AttentionScratch::default);
                phases::attention::run(&mut means, scratches, step, active, feeds);
            }
            Phase::Epilogue | Phase::Logits => {}
        }
    }

    fn finish(&mut self, feeds: &mut [Feed<'_>], rows: &mut [Row]) -> Vec<Outcome> {
        let empty =
            || Outcome { logits: Vec::new(), row: None, boundaries: Vec::new(), fault: None };
        let mut outcomes: Vec<Outcome> = feeds.iter().map(|_| empty()).collect();
        for row in rows.iter_mut() {
            let outcome = &mut outcomes[row.feed];
            if outcome.fault.is_some() {
                continue;
            }
            // What comes after the row that is wanted does not stand.
            let stands = |op: &OpIndex| row.wants != Wants::Row || *op <= self.plan.last_row.op;
            if let Some(op) = row.fault.filter(stands) {
                let position = u32::try_from(row.position).expect("positions are below 2^16");
                outcome.fault = Some(Fault { position, op });
                continue;
            }
            feeds[row.feed].sequence.length = row.position + 1;
            outcome.row = row.kept.take().or(outcome.row.take());
            if row.wants == Wants::Logits {
                let next = self.spare.pop().unwrap_or_default();
                let logits = &mut row.values[self.plan.logits.0];
                outcome.logits.push(core::mem::replace(logits, next));
            }
            outcome.boundaries.extend(row.boundaries.take());
        }
        for (feed, outcome) in feeds.iter_mut().zip(&outcomes) {
            if outcome.fault.is_some() {
                feed.sequence.drop_unheld();
            }
        }
        outcomes
    }
}
