//! A leader that proposes a new block, at once, where it would have to propose again what a view before notarized.
//!
//! What holds: a block may be a view's only where no view before can have finalized another. Never silent about how the
//! views before were left.

use std::sync::Arc;

use super::Stage;
use crate::validator::{Action, Message, Wake};

pub(super) fn act(stage: &mut Stage<'_>, actions: Vec<Action>) -> Vec<Action> {
    let mut done = Vec::new();
    for action in actions {
        match action {
            Action::Wake(wait, Wake::Propose(height, view)) => {
                done.push(Action::Wake(wait, Wake::Propose(height, view)));
                let because = stage.validator.because(view);
                let leads = stage.validator.leads(view);
                let block = stage.validator.block_at(stage.clock_ms, &mut Vec::new());
                if let Some(block) = block.filter(|_| leads && view.0 > 0) {
                    *stage.acted += 1;
                    done.push(Action::Broadcast(Message::Proposal { view, block, because }));
                }
            }
            Action::Broadcast(Message::Proposal { view, block, because }) => {
                let block = match block.header.proposer == stage.validator.key().public {
                    true => Some(block),
                    false => stage.validator.block_at(stage.clock_ms, &mut Vec::new()),
                };
                let said = block.map(|block: Arc<_>| Message::Proposal { view, block, because });
                done.extend(said.map(Action::Broadcast));
            }
            other @ (Action::Keep(_)
            | Action::Send(..)
            | Action::Broadcast(_)
            | Action::Wake(..)
            | Action::Stop(_)) => done.push(other),
        }
    }
    done
}
