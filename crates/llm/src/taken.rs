//! Answers after a pass: what each got of it, and the next token of each that comes to one.
//!
//! Answers don't wait for each other, so their tokens are drawn at once on the engine's threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use canon::Kernels;
use canon::sample::SampleScratch;
use engine::{Engine, FeedError, Outcome};

use crate::draws::Scratches;
use crate::generation::{Generation, Piece, Stop};

/// An answer that a pass has fed.
pub(crate) struct Taken<'a> {
    generation: &'a mut Generation,
    /// Those of its last token, where the next one is to be drawn from them.
    pub(crate) logits: Vec<Vec<i32>>,
    /// What it got.
    pub(crate) piece: Piece,
}

impl<'a> Taken<'a> {
    /// Ends the answer where the pass says so.
    pub(crate) fn new(
        generation: &'a mut Generation,
        last: bool,
        outcome: Result<Outcome, FeedError>,
    ) -> Self {
        let (stop, logits, row) = match outcome {
            Err(refused) => (Some(Stop::Refused(refused)), Vec::new(), None),
            Ok(Outcome { fault: Some(fault), logits, .. }) => {
                (Some(Stop::Fault(fault)), logits, None)
            }
            Ok(Outcome { fault: None, logits, row, .. }) => (None, logits, row),
        };
        debug_assert!(stop.is_some() || last == (!logits.is_empty() || row.is_some()));
        let piece = match (stop, row) {
            (Some(stop), _) => generation.end(stop),
            (None, Some(row)) => generation.embed(&row),
            (None, None) => Piece::default(),
        };
        Self { generation, logits, piece }
    }

    fn draw(&mut self, kernels: &Kernels, scratch: &mut SampleScratch) {
        if let (None, Some(logits)) = (self.piece.stop, self.logits.first()) {
            self.piece = self.generation.draw(kernels, logits, scratch);
        }
    }
}

/// Draws the next token of each answer that comes to one.
pub(crate) fn draw_all(engine: &mut Engine, scratches: &Scratches, taken: &mut [Taken<'_>]) {
    if let [taken] = taken {
        return taken.draw(engine.kernels(), &mut scratches.of(0));
    }
    let pieces: Vec<Mutex<&mut Taken<'_>>> = taken.iter_mut().map(Mutex::new).collect();
    let claimed = AtomicUsize::new(0);
    engine.share(&|kernels, thread| {
        let mut scratch = scratches.of(thread);
        while let Some(taken) = pieces.get(claimed.fetch_add(1, Ordering::Relaxed)) {
            // Claimed once, so nobody else has it.
            taken.lock().unwrap_or_else(PoisonError::into_inner).draw(kernels, &mut scratch);
        }
    });
}
