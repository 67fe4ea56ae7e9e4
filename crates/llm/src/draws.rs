//! The tokens of many positions of one answer, drawn at once on the engine's threads.
//!
//! What was delivered is given, so no position waits for another. Never compares: that is the replay's business.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use canon::Kernels;
use canon::sample::{History, NothingAllowed, SampleScratch, Settings};
use engine::Engine;

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

/// An answer that was delivered, and how far its draws have come.
pub(crate) struct Draws {
    request: Request,
    frac: u8,
    /// What penalties know; left empty where there are none.
    history: History,
    penalised: bool,
    done: usize,
}

/// Neighbouring positions.
struct Piece<'a> {
    first: usize,
    logits: &'a [Vec<i32>],
    /// What penalties know before the first of them, and what was delivered at each.
    history: History,
    tokens: &'a [u32],
    drawn: OnceLock<Vec<Result<u32, NothingAllowed>>>,
}

impl Draws {
    pub(crate) fn new(request: Request, frac: u8) -> Self {
        let penalised = is_penalised(request.parameters.settings());
        let history = if penalised { request.history() } else { History::new() };
        Self { request, frac, history, penalised, done: 0 }
    }

    /// The prompt of the answer.
    pub(crate) fn prompt(&self) -> &[u32] {
        &self.request.prompt
    }

    /// What is drawn from the next rows of logits, where `tokens` was delivered.
    pub(crate) fn next(
        &mut self,
        engine: &mut Engine,
        scratches: &Scratches,
        tokens: &[u32],
        logits: &[Vec<i32>],
    ) -> Vec<Result<u32, NothingAllowed>> {
        let mut pieces: Vec<Piece<'_>> = Vec::new();
        for logits in logits.chunks(TOGETHER) {
            pieces.push(self.piece(tokens, logits));
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
        pieces.into_iter().filter_map(|piece| piece.drawn.into_inner()).flatten().collect()
    }

    /// The next rows with the history before them, which goes on behind them.
    fn piece<'a>(&mut self, tokens: &'a [u32], logits: &'a [Vec<i32>]) -> Piece<'a> {
        let (first, history) = (self.done, self.history.clone());
        self.done += logits.len();
        let known = if self.penalised { tokens.len() } else { 0 };
        let tokens = &tokens[first.min(known)..self.done.min(known)];
        tokens.iter().for_each(|token| self.history.output(*token));
        Piece { first, logits, history, tokens, drawn: OnceLock::new() }
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
            drawn.push(request.draw(kernels, logits, frac, &history, self.first + at, scratch));
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
