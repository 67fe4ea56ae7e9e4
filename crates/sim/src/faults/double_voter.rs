//! A validator that says yes to every block it has seen, nullifies what it finalizes, and finalizes two blocks.
//!
//! What holds: two quorums have a sound validator in common, who does none of that. Never votes with another's key.

use super::Stage;
use crate::validator::{Action, Ballot, Message, Signed, Vote, Word};

pub(super) fn act(stage: &mut Stage<'_>, actions: Vec<Action>) -> Vec<Action> {
    let mut done = Vec::new();
    for action in actions {
        match action {
            Action::Broadcast(Message::Votes(votes)) => {
                let more = votes.iter().flat_map(|vote| every_word(stage, vote)).collect();
                said(stage, &mut done, Message::Votes(votes), Message::Votes(more));
            }
            Action::Broadcast(Message::Signed(one)) => {
                let (_, seen) = stage.validator.seen();
                let other = seen.into_iter().find(|hash| *hash != one.header).unwrap_or([7; 32]);
                let network = stage.validator.state().network();
                let secret = &stage.validator.key().secret;
                let signature = chain::vote(network, secret, one.view, &other);
                let two = Signed { header: other, signature, ..one };
                said(stage, &mut done, Message::Signed(one), Message::Signed(two));
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

/// All that there is to say of a vote's view without a signature.
fn every_word(stage: &Stage<'_>, vote: &Vote) -> Vec<Vote> {
    let (height, seen) = stage.validator.seen();
    let Ballot { view, .. } = vote.ballot();
    let words = seen.into_iter().map(Word::Notarize).chain([Word::Nullify]);
    words.map(|word| Vote::cast(stage.validator.key(), Ballot { height, view, word })).collect()
}

/// Some hear one, some the other, some both.
fn said(stage: &mut Stage<'_>, done: &mut Vec<Action>, one: Message, two: Message) {
    *stage.acted += 1;
    for peer in stage.others() {
        let which = stage.random.below(3);
        if which != 0 {
            done.push(Action::Send(peer, one.clone()));
        }
        if which != 1 {
            done.push(Action::Send(peer, two.clone()));
        }
    }
}
