//! A replay that follows an answer while it comes: some tokens are held against the model before the next are known.
//!
//! One choice each; those of one job share their prompt's keys and values as other replays do. Never computes a
//! position twice, and finds what a replay of the whole finds: only when its tokens are known differs. Failure: as there.

use engine::Engine;
use receipt::{Job, Stop};
use verify::Replay as Outcome;

use super::{Claim, Line, Replay};
use crate::job::Request;
use crate::model::Model;

impl Replay {
    /// Begins to replay one of a job's choices, of which no token is known yet.
    #[must_use]
    pub fn following(model: &Model, engine: &Engine, job: &Job, choice: u32) -> Self {
        let claim = Claim { choice, tokens: Vec::new(), stop: Stop::Unfinished };
        Self::made(model, engine, job, &[claim], true)
    }

    /// Takes the tokens that come next.
    pub fn follow(&mut self, tokens: &[u32]) {
        if !self.open {
            return;
        }
        let Some(line) = self.lines.first_mut() else { return };
        let (before, vocabulary) = (line.claim.tokens.len(), self.row_bytes / size_of::<i32>());
        line.claim.tokens.extend_from_slice(tokens);
        if line.draws == before {
            // No model draws a token it does not have: that draw is the last that is looked at.
            let is_known = |token: &&u32| usize::try_from(**token).is_ok_and(|id| id < vocabulary);
            let known = tokens.iter().take_while(is_known).count();
            let draws = tokens.len().min(known + 1);
            line.draws += draws;
            self.total += draws;
        }
        self.lengthen();
    }

    /// Takes why there are no more: its outcome is that of a replay of the whole.
    pub fn end(&mut self, model: &Model, stop: Stop) {
        if !std::mem::replace(&mut self.open, false) {
            return;
        }
        let Some(line) = self.lines.first_mut() else { return };
        line.claim.stop = stop;
        let request = Request::of(&self.job, line.claim.choice);
        match Line::new(model, &request, &line.claim) {
            Err(refutation) => return self.judge(Outcome::Differs(refutation)),
            Ok(Line { draws, .. }) => {
                self.total = (self.total + draws).saturating_sub(line.draws);
                line.draws = draws;
            }
        }
        self.lengthen();
        if let Some(fault) = self.stem_fault.take() {
            return match self.lines[self.at].claim.faults(fault, 0) {
                Ok(()) => self.next_line(),
                Err(refutation) => self.judge(Outcome::Differs(refutation)),
            };
        }
        if self.current.as_ref().is_some_and(|current| current.drawn == current.feed.len()) {
            self.next_line();
        } else {
            self.pass_lines_without_draws();
        }
    }

    /// How many of its tokens were found as they were delivered; of all that were taken, once it is judged to be the same.
    #[must_use]
    pub fn followed(&self) -> usize {
        self.current.as_ref().map_or(0, |current| current.drawn)
    }

    /// Brings what is fed up to the draws that are known of.
    fn lengthen(&mut self) {
        let Some(current) = &mut self.current else { return };
        let Some(line) = self.lines.get(self.at) else { return };
        let delivered = line.claim.tokens.iter().take(line.draws.saturating_sub(1));
        current.feed.extend(delivered.skip(current.feed.len().saturating_sub(1)).copied());
    }
}
