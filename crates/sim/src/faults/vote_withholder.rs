//! A validator that says its votes and signatures to some, or to nobody.
//!
//! What holds: the others are a quorum without it. Never kept from listening.

use super::Stage;
use crate::validator::{Action, Message};

pub(super) fn act(stage: &mut Stage<'_>, actions: Vec<Action>) -> Vec<Action> {
    let mut done = Vec::new();
    for action in actions {
        match action {
            Action::Broadcast(message @ (Message::Votes(_) | Message::Signed(_))) => {
                *stage.acted += 1;
                let few = stage.random.once_in(2);
                for peer in stage.others() {
                    if few && stage.random.once_in(3) {
                        done.push(Action::Send(peer, message.clone()));
                    }
                }
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
