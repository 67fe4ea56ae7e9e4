//! The tokens of many positions of one answer, drawn at once on the engine's threads.
//!
//! What was delivered is given, so no position waits for another. Never compares: that is the replay's business.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use canon::Kernels;
use canon::sample::{History, NothingAllowed, SampleScratch, Settings};
use engine::Engine;
use text::grammar::{Constraint, GrammarError};

use crate::job::Request;

/// Positions that one thread draws in one go.
const TOGETHER: usize = 8;

/// Room for draws, by thread.
pub(crate) struct Scratches(Vec<Mutex<SampleScratch>>);

impl Scratches {
    pub(crate) fn new(threads: usize) -> Self {
        Self((0..threads).map(|_| Mutex::default()).collect())
    }

    /// Room for the draws of one thread, 0 for the caller's.
    pub(crate) fn of(&self, thread: usize) -> MutexGuard<'_, SampleScratch> {
        self.0[thread].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why there is no token at a position.
pub(crate) enum Undrawn {
    /// The op's own fault.
    NothingAllowed,
    /// The grammar can't be followed here: nobody knows the mask, and none of those after it.
    Unknown(GrammarError),
}

/// An answer that was delivered, and how far its draws have come.
pub(crate) struct Draws {
    request: Request,
    constraint: Option<Constraint>,
    frac: u8,
    /// What penalties know; left empty where there are none.
    history: History,
    penalised: bool,
    done: usize,
}

/// What a grammar allows at the next positions.
#[derive(Default)]
struct Masks {
    /// One for each position up to the first whose delivered token it does not allow; none without a grammar.
    masks: Vec<Vec<u64>>,
    /// Why there are no more.
    ended: Option<GrammarError>,
}

/// Neighbouring positions.
struct Piece<'a> {
    first: usize,
    logits: &'a [Vec<i32>],
    /// What is allowed at each; empty without a grammar.
    masks: &'a [Vec<u64>],
    /// What penalties know before the first of them, and what was delivered at each.
    history: History,
    tokens: &'a [u32],
    drawn: OnceLock<Vec<Result<u32, NothingAllowed>>>,
}

impl Draws {
    pub(crate) fn new(request: Request, constraint: Option<Constraint>, frac: u8) -> Self {
        let penalised = is_penalised(request.parameters.settings());
        let history = if penalised { request.history() } else { History::new() };
        Self { request, constraint, frac, history, penalised, done: 0 }
    }

    /// The prompt of the answer.
    pub(crate) fn prompt(&self) -> &[u32] {
        &self.request.prompt
    }

    /// What is drawn from the next rows of logits, where `tokens` was delivered: up to the first position that shows
    /// that it was not so drawn.
    pub(crate) fn next(
        &mut self,
        engine: &mut Engine,
        scratches: &Scratches,
        tokens: &[u32],
        logits: &[Vec<i32>],
    ) -> Vec<Result<u32, Undrawn>> {
        let masks = self.masks(tokens, logits.len());
        let mut pieces: Vec<Piece<'_>> = Vec::new();
        let rows = if self.constraint.is_some() { masks.masks.len() } else { logits.len() };
        for (index, logits) in logits[..rows].chunks(TOGETHER).enumerate() {
            let masks = masks.masks.chunks(TOGETHER).nth(index).unwrap_or_default();
            pieces.push(self.piece(tokens, logits, masks));
        }
        let (request, frac) = (&self.request, self.frac);
        let claimed = AtomicUsize::new(0);
        engine.share(&|kernels, thread| {
            let mut scratch = scratches.of(thread);
            while let Some(piece) = pieces.get(claimed.fetch_add(1, Ordering::Relaxed)) {
                let drawn = piece.draw(kernels, request, frac, &mut scratch);
                piece.drawn.set(drawn).expect("every piece is claimed once");
            }
        });
        let drawn = pieces.into_iter().filter_map(|piece| piece.drawn.into_inner()).flatten();
        let drawn = drawn.map(|drawn| drawn.map_err(|NothingAllowed| Undrawn::NothingAllowed));
        drawn.chain(masks.ended.map(|error| Err(Undrawn::Unknown(error)))).collect()
    }

    /// What the grammar allows at the next positions, one after the other.
    fn masks(&mut self, tokens: &[u32], rows: usize) -> Masks {
        let mut masks = Masks::default();
        let Some(constraint) = &mut self.constraint else { return masks };
        for at in self.done..self.done + rows {
            match constraint.mask() {
                Ok(mask) => masks.masks.push(mask.to_vec()),
                Err(error) => {
                    masks.ended = Some(error);
                    break;
                }
            }
            // A token that is not allowed is not what is drawn there. Where going on fails, the next mask says so.
            let gone_on = tokens.get(at).map(|token| constraint.accept(*token));
            if let Some(Err(GrammarError::Token(_))) = gone_on {
                break;
            }
        }
        masks
    }

    /// The next rows with the history before them, which goes on behind them.
    fn piece<'a>(
        &mut self,
        tokens: &'a [u32],
        logits: &'a [Vec<i32>],
        masks: &'a [Vec<u64>],
    ) -> Piece<'a> {
        let (first, history) = (self.done, self.history.clone());
        self.done += logits.len();
        let known = if self.penalised { tokens.len() } else { 0 };
        let tokens = &tokens[first.min(known)..self.done.min(known)];
        tokens.iter().for_each(|token| self.history.output(*token));
        Piece { first, logits, masks, history, tokens, drawn: OnceLock::new() }
    }
}

impl Piece<'_> {
    fn draw(
        &self,
        kernels: &Kernels,
        request: &Request,
        frac: u8,
        scratch: &mut SampleScratch,
    ) -> Vec<Result<u32, NothingAllowed>> {
        let mut history = self.history.clone();
        let mut drawn = Vec::with_capacity(self.logits.len());
        for (at, logits) in self.logits.iter().enumerate() {
            let (output, mask) = (self.first + at, self.masks.get(at).map(Vec::as_slice));
            drawn.push(request.draw(kernels, logits, frac, &history, output, mask, scratch));
            if let Some(token) = self.tokens.get(at) {
                history.output(*token);
            }
        }
        drawn
    }
}

/// Whether a draw depends on what came before.
fn is_penalised(settings: &Settings) -> bool {
    let penalties =
        |settings: &Settings| (settings.repetition, settings.presence, settings.frequency);
    penalties(settings) != penalties(&Settings::default())
}
