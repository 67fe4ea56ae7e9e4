//! A seat that votes for more blocks than there are, in this view and in views to come, before it says what it means: some
//! hear the one first, some the other.
//!
//! What holds: of a seat one block a view is kept, and what a quorum said counts whatever one of them said before. Never
//! votes with another's key.

use chain::View;

use super::Stage;
use crate::validator::{Action, Ballot, Message, Signed, Vote, Word};

/// Votes that it makes up at a time.
const AT_ONCE: u64 = 40;
/// Views ahead that it speaks of.
const AHEAD: u64 = 100;

pub(super) fn act(stage: &mut Stage<'_>, actions: Vec<Action>) -> Vec<Action> {
    let mut done = Vec::new();
    for action in actions {
        if let Action::Broadcast(Message::Votes(votes)) = &action
            && let Some(vote) = votes.first()
        {
            *stage.acted += 1;
            let ballot = vote.ballot();
            let signed = signed(stage, ballot);
            for peer in stage.others() {
                if stage.random.once_in(2) {
                    done.push(Action::Send(peer, Message::Votes(made_up(stage, ballot))));
                    done.push(Action::Send(peer, Message::Signed(signed)));
                }
            }
        }
        done.push(action);
    }
    done
}

fn made_up(stage: &mut Stage<'_>, ballot: Ballot) -> Vec<Vote> {
    let key = stage.validator.key();
    let mut one = |at| {
        let ahead = if at % 2 == 0 { 0 } else { stage.random.below(AHEAD) };
        let (height, view) = (ballot.height, View(ballot.view.0 + ahead));
        Vote::cast(key, Ballot { height, view, word: Word::Notarize(stage.random.bytes()) })
    };
    (0..AT_ONCE).map(&mut one).collect()
}

fn signed(stage: &mut Stage<'_>, ballot: Ballot) -> Signed {
    let (network, key) = (stage.validator.state().network(), stage.validator.key());
    Signed::cast(network, key, ballot.view, ballot.height, stage.random.bytes())
}
