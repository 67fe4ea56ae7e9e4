//! A forward pass: rows of any number of sequences through the plan's phases.
//!
//! Work within a phase is claimed by whichever thread is free; phases follow each other. A row's
//! result does not depend on the other rows, on the cut into passes, or on who did what.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use canon::reference::AttentionShape;
use canon::{AttentionScratch, AttentionTask, Finish, GROUP, Kernels, KvPage, Team, TileQueue};
use program::reference::Fault;
use program::{Checked, OpIndex};
use thiserror::Error;

use crate::plan::{InputSlot, MatmulOut, Phase, Plan, PlanError, RowOp, Slot};
use crate::row::Row;
use crate::sequence::Sequence;
use crate::weights::Weights;

/// Most rows of one pass.
pub const ROWS_MAX: usize = 1 << 14;
/// Most memory for the values of a pass's rows.
const ROWS_BYTES_MAX: usize = 2 << 30;
/// Tells engines of this process apart.
static ENGINES: AtomicU64 = AtomicU64::new(0);
/// Rows of one attention claim.
const ATTENTION_ROWS: usize = 8;
/// Claims per thread that a matmul is cut into, so that a slow thread is not waited for long.
const CLAIMS_PER_THREAD: usize = 6;
/// Least and most outputs of a claim.
const CLAIM_OUTPUTS: (usize, usize) = (4 * GROUP, 1024);

/// Which logits a feed wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// None: only the keys and values matter.
    Nothing,
    /// Those of its last token.
    Last,
    /// Those of every token.
    All,
}

/// Tokens to append to a sequence.
pub struct Feed<'a> {
    /// The sequence.
    pub sequence: &'a mut Sequence,
    /// Its next tokens.
    pub tokens: &'a [u32],
    /// Which logits to give.
    pub wanted: Wanted,
    /// Whether to give the residual rows of every layer boundary.
    pub boundaries: bool,
}

/// What became of a feed.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The wanted logits, in order of position; none from a fault on.
    pub logits: Vec<Vec<i32>>,
    /// Per token, where they were wanted: the residual after the prologue and after each layer.
    pub boundaries: Vec<Vec<Vec<i32>>>,
    /// The least (position, op) that overflowed; the sequence holds the positions before it.
    pub fault: Option<Fault>,
}

/// Why a pass was refused before it began.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FeedError {
    /// A token id the program does not have.
    #[error("token {token} is not below the vocabulary's {vocabulary}")]
    Token {
        /// The token.
        token: u32,
        /// Token ids are below this.
        vocabulary: u32,
    },
    /// More positions than the program allows.
    #[error("{length} positions are more than the model's context of {context_max}")]
    Context {
        /// How many there would be.
        length: usize,
        /// How many there may be.
        context_max: usize,
    },
    /// Too much at once.
    #[error("{rows} tokens in one pass are more than the {rows_max} there is room for")]
    Rows {
        /// How many there are.
        rows: usize,
        /// How many there may be.
        rows_max: usize,
    },
    /// A sequence of another engine.
    #[error("the sequence belongs to another engine")]
    Foreign,
}

/// A program with its weights and a team of threads.
pub struct Engine {
    id: u64,
    plan: Plan,
    weights: Arc<Weights>,
    kernels: Kernels,
    team: Team,
    rows: Vec<Row>,
    scratches: Vec<AttentionScratch>,
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
        let id = ENGINES.fetch_add(1, Ordering::Relaxed);
        Ok(Self { id, plan, weights, kernels, team, rows: Vec::new(), scratches: Vec::new() })
    }

    /// An empty sequence.
    #[must_use]
    pub fn sequence(&self) -> Sequence {
        Sequence::new(self.id, &self.plan.kv_heads)
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
            if matches!(self.plan.phases[at], Phase::Epilogue) {
                active.retain(|row| row.logits_wanted);
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
            if feed.sequence.engine != self.id {
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
    fn start(&self, feeds: &[Feed<'_>], rows: &mut Vec<Row>) -> usize {
        let mut count = 0;
        for (index, feed) in feeds.iter().enumerate() {
            for (i, token) in feed.tokens.iter().enumerate() {
                if count == rows.len() {
                    rows.push(Row::new(&self.plan));
                }
                let row = &mut rows[count];
                row.start(&self.plan, index, *token, feed.sequence.length() + i);
                row.boundaries = feed.boundaries.then(Vec::new);
                row.logits_wanted = match feed.wanted {
                    Wanted::Nothing => false,
                    Wanted::Last => i + 1 == feed.tokens.len(),
                    Wanted::All => true,
                };
                count += 1;
            }
        }
        count
    }

    fn phase(&mut self, at: usize, active: &mut [&mut Row], feeds: &mut [Feed<'_>]) {
        let Self { plan, weights, kernels, team, scratches, .. } = self;
        match &plan.phases[at] {
            Phase::Rows(ops) => run_rows(plan, weights, kernels, team, ops, active),
            Phase::Matmul { input, outputs } => {
                for out in outputs {
                    matmul(plan, weights, kernels, team, *input, out, active);
                }
            }
            Phase::Append { layer } => append(team, *layer, active, feeds),
            Phase::Attention { op, layer, shape, group, window, out } => {
                scratches.resize_with(team.threads(), AttentionScratch::default);
                let step = Attend {
                    op: *op,
                    layer: *layer,
                    shape,
                    group: *group,
                    window: *window,
                    out: *out,
                };
                attention(plan, kernels, team, scratches, &step, active, feeds);
            }
            Phase::Epilogue => {}
        }
    }

    fn finish(&self, feeds: &mut [Feed<'_>], rows: &mut [Row]) -> Vec<Outcome> {
        let empty = || Outcome { logits: Vec::new(), boundaries: Vec::new(), fault: None };
        let mut outcomes: Vec<Outcome> = feeds.iter().map(|_| empty()).collect();
        for row in rows.iter_mut() {
            let outcome = &mut outcomes[row.feed];
            if outcome.fault.is_some() {
                continue;
            }
            if let Some(op) = row.fault {
                let position = u32::try_from(row.position).expect("positions are below 2^16");
                outcome.fault = Some(Fault { position, op });
                continue;
            }
            feeds[row.feed].sequence.length = row.position + 1;
            if row.logits_wanted {
                outcome.logits.push(row.values[self.plan.logits.0].clone());
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

/// An iterator whose items threads claim one by one.
struct Claims<I>(Mutex<I>);

impl<I: Iterator> Claims<I> {
    fn new(items: I) -> Self {
        Self(Mutex::new(items))
    }

    fn claim(&self) -> Option<I::Item> {
        // A thread that panicked while claiming has claimed nothing; the panic is reported anyway.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next()
    }
}

fn run_rows(
    plan: &Plan,
    weights: &Weights,
    kernels: &Kernels,
    team: &mut Team,
    ops: &[(OpIndex, RowOp)],
    active: &mut [&mut Row],
) {
    let run = |row: &mut Row| {
        ops.iter().for_each(|(op, row_op)| row.run(plan, weights, kernels, *op, row_op));
    };
    if let [row] = active {
        return run(row);
    }
    let claims = Claims::new(active.iter_mut());
    team.run(&|| {
        while let Some(row) = claims.claim() {
            run(row);
        }
    });
}

fn matmul(
    plan: &Plan,
    weights: &Weights,
    kernels: &Kernels,
    team: &mut Team,
    input: InputSlot,
    step: &MatmulOut,
    active: &mut [&mut Row],
) {
    let matrix = weights.matrix(step.weight);
    let width = plan.slots[step.out.0];
    let mut values: Vec<Vec<i32>> =
        active.iter_mut().map(|row| row.take(step.out, width)).collect();
    let inputs: Vec<_> = active.iter().map(|row| &row.inputs[input.0]).collect();
    let tile = tile_width(width, team.threads());
    let queue = TileQueue::new(values.iter_mut().map(Vec::as_mut_slice), width, tile);
    let faults = Mutex::new(vec![false; inputs.len()]);
    team.run(&|| {
        let mut overflow = Vec::new();
        while let Some(mut tile) = queue.claim() {
            overflow.resize(inputs.len(), false);
            let columns = tile.columns();
            let groups = columns.start / GROUP..columns.end.div_ceil(GROUP);
            let finish = Finish { frac: step.frac, bias: step.bias.as_deref() };
            kernels.matmul(matrix, groups, &inputs, finish, &mut tile, &mut overflow);
        }
        if overflow.contains(&true) {
            let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
            faults.iter_mut().zip(overflow).for_each(|(fault, o)| *fault |= o);
        }
    });
    drop(queue);
    let faults = faults.into_inner().unwrap_or_else(PoisonError::into_inner);
    for ((row, value), overflow) in active.iter_mut().zip(values).zip(faults) {
        row.values[step.out.0] = value;
        row.note(step.op, overflow);
    }
}

/// Outputs of one claim: whole groups, enough claims for every thread, not too small.
fn tile_width(width: usize, threads: usize) -> usize {
    if threads == 1 {
        return width;
    }
    let even = width.div_ceil(threads * CLAIMS_PER_THREAD).next_multiple_of(4 * GROUP);
    even.clamp(CLAIM_OUTPUTS.0, CLAIM_OUTPUTS.1)
}

fn append(team: &mut Team, layer: usize, active: &[&mut Row], feeds: &mut [Feed<'_>]) {
    let rows: Vec<&Row> = active.iter().map(|row| &**row).collect();
    let heads = feeds.iter_mut().enumerate().flat_map(|(feed, Feed { sequence, .. })| {
        let heads = sequence.layers[layer].iter_mut().enumerate();
        heads.map(move |(head, pages)| (feed, head, pages))
    });
    let claims = Claims::new(heads);
    let work = || {
        while let Some((feed, head, pages)) = claims.claim() {
            let start = rows.partition_point(|row| row.feed < feed);
            for row in rows[start..].iter().take_while(|row| row.feed == feed) {
                let (key, value) = &row.kv[head];
                pages.put(row.position, key, value);
            }
        }
    };
    if rows.len() == 1 { work() } else { team.run(&work) }
}

struct Attend<'a> {
    op: OpIndex,
    layer: usize,
    shape: &'a AttentionShape,
    group: usize,
    window: usize,
    out: Slot,
}

fn attention(
    plan: &Plan,
    kernels: &Kernels,
    team: &mut Team,
    scratches: &mut [AttentionScratch],
    step: &Attend<'_>,
    active: &mut [&mut Row],
    feeds: &[Feed<'_>],
) {
    let width = plan.slots[step.out.0];
    let mut values: Vec<Vec<i32>> =
        active.iter_mut().map(|row| row.take(step.out, width)).collect();
    let tile = step.group * step.shape.head_width;
    let rows: Vec<&Row> = active.iter().map(|row| &**row).collect();
    let queues = rows.chunks(ATTENTION_ROWS).zip(values.chunks_mut(ATTENTION_ROWS));
    let queues: Vec<_> = queues
        .map(|(rows, values)| {
            (rows, TileQueue::new(values.iter_mut().map(Vec::as_mut_slice), width, tile))
        })
        .collect();
    let pages = pages_of(step.layer, feeds);
    let faults = Mutex::new(Vec::new());
    let scratches = Mutex::new(scratches.iter_mut());
    team.run(&|| {
        let scratch = scratches.lock().unwrap_or_else(PoisonError::into_inner).next();
        let Some(scratch) = scratch else { return };
        for (rows, queue) in &queues {
            while let Some(mut tile_out) = queue.claim() {
                let head = tile_out.columns().start / tile;
                for (i, row) in rows.iter().enumerate() {
                    let end = row.position + 1;
                    let start = if step.window == 0 { 0 } else { end.saturating_sub(step.window) };
                    let task = AttentionTask {
                        shape: step.shape,
                        queries: &row.queries[head * step.group..][..step.group],
                        pages: &pages[row.feed][head],
                        positions: start..end,
                    };
                    if kernels.attention(&task, scratch, tile_out.row_mut(i)) {
                        let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
                        faults.push((row.feed, row.position));
                    }
                }
            }
        }
    });
    drop(queues);
    let faults = faults.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (row, value) in active.iter_mut().zip(values) {
        row.values[step.out.0] = value;
        let overflow = faults.contains(&(row.feed, row.position));
        row.note(step.op, overflow);
    }
}

/// The pages of a KV layer: by feed, then head.
fn pages_of<'a>(layer: usize, feeds: &'a [Feed<'_>]) -> Vec<Vec<Vec<&'a KvPage>>> {
    let heads = |feed: &'a Feed<'_>| {
        let heads = feed.sequence.layers[layer].iter();
        heads.map(|head| head.pages.iter().map(|page| &**page).collect()).collect()
    };
    feeds.iter().map(heads).collect()
}
