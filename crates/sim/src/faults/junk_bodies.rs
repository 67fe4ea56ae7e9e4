//! A validator that sends blocks that nobody asked for, more than a table has room for: as if they had been wanted, and as
//! its proposals of one view.
//!
//! What holds: a block comes in where a quorum named it or the view's leader proposed it, once a view; so the true one
//! finds room. Never another's proposals.

use std::sync::Arc;

use super::Stage;
use crate::validator::{Action, Ballot, Kept, Message, Word};

/// What it sends at a time.
const AT_ONCE: usize = 70;

pub(super) fn act(stage: &mut Stage<'_>, mut actions: Vec<Action>) -> Vec<Action> {
    let voted = actions.iter().find_map(|action| match action {
        Action::Keep(Kept::Vote(Ballot { view, word: Word::Notarize(_), .. })) => Some(*view),
        Action::Keep(_)
        | Action::Send(..)
        | Action::Broadcast(_)
        | Action::Wake(..)
        | Action::Stop(_) => None,
    });
    let Some(view) = voted.filter(|_| stage.random.once_in(3)) else { return actions };
    let Some(block) = stage.validator.block_at(stage.clock_ms, &mut Vec::new()) else {
        return actions;
    };
    *stage.acted += 1;
    for _ in 0..AT_ONCE {
        let mut junk = block.as_ref().clone();
        junk.header.state_root = stage.random.bytes();
        let block = Arc::new(junk);
        let message = match stage.random.once_in(2) {
            true => Message::Body(block),
            false => Message::Proposal { view, block, because: Vec::new() },
        };
        actions.push(Action::Broadcast(message));
    }
    actions
}
