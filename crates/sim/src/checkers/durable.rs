//! What a sound validator says is on its disk before it says it: its votes, and the blocks that it votes for or proposes.
//!
//! Would catch: a vote that a crash forgets, a quorum none of whom can show the block after a crash.

use commit::{Digest, Network};
use receipt::PublicKey;

use super::{Seen, holds};
use crate::validator::{Ballot, Disk, Message, Word};

/// A sound validator says something.
pub(crate) fn look(network: Network, disk: &Disk, speaker: PublicKey, message: &Message) -> Seen {
    match message {
        Message::Votes(votes) => {
            let own = votes.iter().filter(|vote| vote.voter() == speaker);
            own.map(|vote| vote.ballot()).try_for_each(|ballot| voted(disk, &ballot))
        }
        Message::Signed(signed) if signed.signer == speaker => voted(disk, &signed.ballot()),
        Message::Proposal { block, .. } => shown(disk, &block.header.hash(network)),
        Message::Signed(_)
        | Message::Status { .. }
        | Message::Wanted { .. }
        | Message::Body(_)
        | Message::Blocks(_) => Ok(()),
    }
}

fn voted(disk: &Disk, ballot: &Ballot) -> Seen {
    let newest = disk.chain.last().map(|(block, _)| block.header.height).unwrap_or_default();
    if ballot.height <= newest {
        return Ok(());
    }
    holds(disk.votes.contains(ballot), || format!("{ballot:?} is said and not durable"))?;
    match ballot.word {
        Word::Notarize(hash) | Word::Finalize(hash) => shown(disk, &hash),
        Word::Nullify => Ok(()),
    }
}

fn shown(disk: &Disk, hash: &Digest) -> Seen {
    holds(disk.bodies.contains_key(hash), || {
        format!("a block is voted for and not durable: {}", commit::hex(hash))
    })
}
