//! A sequence run for what is committed at its layers' boundaries: what a side of a dispute tells its story from.
//!
//! One pass over the tokens, in chunks, as a replay's; nothing is drawn. Never keeps what it gives, and never commits:
//! `program::AnswerLog` does, and `program::Record` is made of all of it.

use engine::{Boundary, Fault, Feed, FeedError, Wanted};

use crate::runner::Runner;

impl Runner {
    /// Runs a sequence from its start; gives every position's boundaries, in order, and the fault it ends in: the least
    /// one, of the ops before the epilogue, or of the last position's.
    ///
    /// # Errors
    /// [`FeedError`] where these are no tokens of this model, or too many.
    pub fn trace(
        &mut self,
        tokens: &[u32],
        take: &mut dyn FnMut(Vec<Boundary>),
    ) -> Result<Option<Fault>, FeedError> {
        let mut sequence = self.engine.sequence();
        let mut chunks = tokens.chunks(self.prefill_chunk).peekable();
        while let Some(tokens) = chunks.next() {
            let wanted = if chunks.peek().is_none() { Wanted::Last } else { Wanted::Nothing };
            let feed = Feed { sequence: &mut sequence, tokens, wanted, boundaries: true };
            for outcome in self.engine.forward(&mut [feed])? {
                outcome.boundaries.into_iter().for_each(&mut *take);
                if outcome.fault.is_some() {
                    return Ok(outcome.fault);
                }
            }
        }
        Ok(None)
    }
}
