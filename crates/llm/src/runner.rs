//! Advances answers by passes of the engine: one token each, or the next chunk of their prompts.
//!
//! Every answer that goes on advances within as many steps as there are such answers: whoever waited
//! longest is fed first, and nobody's prompt takes the row that another could have. What an answer
//! is fed with, and when, never changes a bit of it.
//!
//! Never ends one answer for the sake of another: an answer that the engine refuses ends with
//! [`Stop::Refused`], and the others go on as if it had not been there.

use std::cmp::Reverse;

use canon::sample::SampleScratch;
use engine::{Engine, Feed, FeedError, Outcome, Wanted};

use crate::generation::{Generation, Piece, Stop};

/// An engine and how it is fed.
pub struct Runner {
    engine: Engine,
    prefill_chunk: usize,
    rows_max: usize,
    scratch: SampleScratch,
}

impl Runner {
    /// `prefill_chunk` tokens of a prompt are fed in one pass at most. It bounds memory and how long
    /// others wait; it never changes an answer.
    #[must_use]
    pub fn new(engine: Engine, prefill_chunk: usize) -> Self {
        let rows_max = engine.rows_max();
        let prefill_chunk = prefill_chunk.clamp(1, rows_max);
        Self { engine, prefill_chunk, rows_max, scratch: SampleScratch::default() }
    }

    /// Feeds at most `rows` tokens of all answers together in one pass: less memory, and a shorter
    /// pass. The engine's own limit holds in any case.
    #[must_use]
    pub fn with_rows_max(self, rows: usize) -> Self {
        Self { rows_max: rows.clamp(1, self.engine.rows_max()), ..self }
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Advances the answers that go on by one pass; gives what each got. Every answer gets exactly
    /// one piece with a stop, its last; before and after it, a piece may be empty.
    pub fn step(&mut self, generations: &mut [&mut Generation]) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = generations.iter().map(|_| Piece::default()).collect();
        let mut live: Vec<(usize, &mut Generation)> = Vec::new();
        for (index, generation) in generations.iter_mut().enumerate() {
            match generation.end_asked_for() {
                Some(last) => pieces[index] = last,
                None if generation.stop().is_none() => live.push((index, &mut **generation)),
                None => {}
            }
        }
        // A stable sort: among those who waited as long, the first comes first.
        live.sort_by_key(|(_, generation)| Reverse(generation.waited));
        let mut behind = live.len();
        let mut room = self.rows_max;
        let mut fed = Vec::new();
        let mut feeds = Vec::new();
        for (index, generation) in live {
            behind -= 1;
            if room == 0 {
                generation.waited = generation.waited.saturating_add(1);
                continue;
            }
            // One row is left for each of those behind, as long as there are so many.
            let share = room.saturating_sub(behind).max(1);
            generation.waited = 0;
            let (sequence, tokens, last) = generation.next(self.prefill_chunk.min(share));
            room = room.saturating_sub(tokens.len());
            fed.push((index, last));
            let wanted = if last { Wanted::Last } else { Wanted::Nothing };
            feeds.push(Feed { sequence, tokens, wanted, boundaries: false });
        }
        let outcomes = self.forward(&mut feeds);
        for ((index, last), outcome) in fed.into_iter().zip(outcomes) {
            pieces[index] = self.take(generations[index], last, outcome);
        }
        pieces
    }

    /// One pass; where the engine refuses it, one for each feed, so that only the refused one fails.
    fn forward(&mut self, feeds: &mut [Feed<'_>]) -> Vec<Result<Outcome, FeedError>> {
        if feeds.is_empty() {
            return Vec::new();
        }
        match self.engine.forward(feeds) {
            Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
            Err(_) => feeds
                .iter_mut()
                .map(|feed| {
                    let outcomes = self.engine.forward(std::slice::from_mut(feed))?;
                    Ok(outcomes.into_iter().next().expect("one feed has one outcome"))
                })
                .collect(),
        }
    }

    fn take(
        &mut self,
        generation: &mut Generation,
        last: bool,
        outcome: Result<Outcome, FeedError>,
    ) -> Piece {
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(refused) => return generation.end(Stop::Refused(refused)),
        };
        match (outcome.fault, outcome.logits.first()) {
            (Some(fault), _) => generation.end(Stop::Fault(fault)),
            (None, Some(logits)) if last => {
                generation.draw(&self.engine, logits, &mut self.scratch)
            }
            (None, _) => Piece::default(),
        }
    }
}
