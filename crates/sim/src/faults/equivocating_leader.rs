//! A leader that proposes one block to some and another to the others.
//!
//! What holds: a validator notarizes one block a view, so no more than one of the two is anybody's. Never says both to one.

use super::Stage;
use crate::validator::{Action, Message};

pub(super) fn act(stage: &mut Stage<'_>, actions: Vec<Action>) -> Vec<Action> {
    stage.proposals(actions, |stage, proposal| {
        let stamp = proposal.block.header.stamp.0 + 1;
        let other = stage.validator.block_at(stamp, &mut Vec::new());
        let other = other.filter(|other| other.header.height == proposal.block.header.height);
        let [one, two]: [Message; 2] = [
            proposal.with(proposal.block.as_ref().clone()),
            proposal.with(other.unwrap_or(proposal.block.clone()).as_ref().clone()),
        ];
        let others = stage.others();
        let side = |random: &mut crate::random::Random| match random.once_in(2) {
            true => one.clone(),
            false => two.clone(),
        };
        others.into_iter().map(|peer| Action::Send(peer, side(stage.random))).collect()
    })
}
