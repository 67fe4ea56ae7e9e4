//! A sound validator says at most one thing: one block a view, as its vote and as its proposal, not to nullify what it finalized;
//! before a crash and after it.
//!
//! Would catch: a vote that was said before it was durable, a restart that forgets, a rule of consensus that lets a
//! validator contradict itself.

use chain::{Header, Height};
use commit::Digest;
use receipt::PublicKey;
use std::collections::BTreeMap;

use super::{Seen, holds};
use crate::validator::{Ballot, Message, View, Word};

type At = (PublicKey, Height, View);

/// Everything that sound validators said of themselves.
#[derive(Debug, Default)]
pub(crate) struct Votes {
    notarized: BTreeMap<At, Digest>,
    last: BTreeMap<At, Word>,
    proposed: BTreeMap<At, Header>,
}

impl Votes {
    /// A sound validator says something.
    pub(crate) fn look(&mut self, speaker: PublicKey, message: &Message) -> Seen {
        match message {
            Message::Votes(votes) => {
                let own = votes.iter().filter(|vote| vote.voter() == speaker);
                own.map(|vote| vote.ballot()).try_for_each(|ballot| self.vote(speaker, ballot))
            }
            Message::Signed(signed) if signed.signer == speaker => {
                self.vote(speaker, signed.ballot())
            }
            Message::Proposal { view, block, .. } => {
                let header = block.header;
                let at = (speaker, header.height, *view);
                let first = *self.proposed.entry(at).or_insert(header);
                holds(first == header, || {
                    format!("{speaker} proposes two blocks at {}, {}", header.height.0, view.0)
                })
            }
            Message::Signed(_)
            | Message::Status { .. }
            | Message::Wanted { .. }
            | Message::Body(_)
            | Message::Blocks(_) => Ok(()),
        }
    }

    fn vote(&mut self, speaker: PublicKey, ballot: Ballot) -> Seen {
        let at = (speaker, ballot.height, ballot.view);
        let here = || format!("{speaker} at height {}, view {}", ballot.height.0, ballot.view.0);
        match ballot.word {
            Word::Notarize(block) => {
                let first = *self.notarized.entry(at).or_insert(block);
                holds(first == block, || format!("{} notarizes two blocks", here()))
            }
            word @ (Word::Nullify | Word::Finalize(_)) => {
                let first = *self.last.entry(at).or_insert(word);
                holds(first == word, || format!("{} says {word:?} after {first:?}", here()))
            }
        }
    }
}
