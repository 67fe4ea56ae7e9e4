//! A leader whose blocks come from the future: as far ahead as others may bear, or much further.
//!
//! What holds: nobody votes for a stamp that is too far ahead of its own clock, and block time goes a step at most. Never
//! a stamp that stands still: that is no block.

use super::Stage;
use crate::validator::{Action, TOLERANCE_MS};

pub(super) fn act(stage: &mut Stage<'_>, actions: Vec<Action>) -> Vec<Action> {
    stage.proposals(actions, |stage, proposal| {
        let ahead = match stage.random.below(3) {
            0 => TOLERANCE_MS,
            1 => stage.random.between(1, 2 * TOLERANCE_MS),
            _ => stage.random.between(10_000, 1 << 40),
        };
        let stamp = stage.clock_ms.saturating_add(ahead);
        let pushed = stage.validator.block_at(stamp, &mut Vec::new());
        let pushed = pushed.map(|block| proposal.with(block.as_ref().clone()));
        pushed.map(Action::Broadcast).into_iter().collect()
    })
}
