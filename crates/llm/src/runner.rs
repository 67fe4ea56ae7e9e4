//! Advances answers by passes of the engine: one token each, or the next chunk of their prompts.

use canon::sample::SampleScratch;
use engine::{Engine, Feed, FeedError, Outcome, Wanted};

use crate::generation::{Generation, Piece, Stop};

/// An engine and how it is fed.
pub struct Runner {
    engine: Engine,
    prefill_chunk: usize,
    scratch: SampleScratch,
}

impl Runner {
    /// `prefill_chunk` tokens of a prompt are fed in one pass at most. It bounds memory and how long
    /// others wait; it never changes an answer.
    #[must_use]
    pub fn new(engine: Engine, prefill_chunk: usize) -> Self {
        let prefill_chunk = prefill_chunk.clamp(1, engine.rows_max());
        Self { engine, prefill_chunk, scratch: SampleScratch::default() }
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Advances every answer that goes on by one pass; gives what each got. Answers that have ended,
    /// or that found no room in this pass, get an empty piece.
    ///
    /// # Errors
    /// [`FeedError`] where an answer's sequence belongs to another engine.
    pub fn step(&mut self, generations: &mut [&mut Generation]) -> Result<Vec<Piece>, FeedError> {
        let mut pieces: Vec<Piece> = generations.iter().map(|_| Piece::default()).collect();
        let mut room = self.engine.rows_max();
        let mut fed = Vec::new();
        let mut feeds = Vec::new();
        for (index, generation) in generations.iter_mut().enumerate() {
            if generation.stop().is_some() || room == 0 {
                continue;
            }
            let (sequence, tokens, last) = generation.next(self.prefill_chunk.min(room));
            room = room.saturating_sub(tokens.len());
            fed.push((index, last));
            let wanted = if last { Wanted::Last } else { Wanted::Nothing };
            feeds.push(Feed { sequence, tokens, wanted, boundaries: false });
        }
        let outcomes = self.engine.forward(&mut feeds)?;
        for ((index, last), outcome) in fed.into_iter().zip(outcomes) {
            pieces[index] = self.take(generations[index], last, &outcome);
        }
        Ok(pieces)
    }

    fn take(&mut self, generation: &mut Generation, last: bool, outcome: &Outcome) -> Piece {
        match (outcome.fault, outcome.logits.first()) {
            (Some(fault), _) => generation.end(Stop::Fault(fault)),
            (None, Some(logits)) if last => {
                generation.draw(&self.engine, logits, &mut self.scratch)
            }
            (None, _) => Piece::default(),
        }
    }
}
