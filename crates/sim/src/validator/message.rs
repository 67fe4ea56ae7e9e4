//! What validators say to each other, hear, and do.
//!
//! Never bytes: the engine that replaces this model has its own. A vote is cast with its voter's key in hand and can't be
//! made otherwise, as a signature could not; a vote may be passed on by anybody.

use chain::{Block, Certificate, Height, Transaction, View};
use commit::{Digest, Network};
use receipt::{PublicKey, Signature};
use std::sync::Arc;

use crate::keys::Key;

/// Which validator, by its place in the simulation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Peer(pub(crate) usize);

/// What a vote says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Word {
    /// This block may be the view's.
    Notarize(Digest),
    /// This view shall pass without one.
    Nullify,
    /// I saw a quorum notarize this block, and have not nullified the view. It is said by a signature: [`Signed`].
    Finalize(Digest),
}

/// A vote, but for who cast it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ballot {
    /// At which height.
    pub height: Height,
    /// In which view.
    pub view: View,
    /// What it says.
    pub word: Word,
}

/// A vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Vote {
    voter: PublicKey,
    ballot: Ballot,
}

impl Vote {
    /// Casts one.
    pub(crate) fn cast(key: &Key, ballot: Ballot) -> Self {
        Self { voter: key.public, ballot }
    }

    /// One that was heard before, to be passed on.
    pub(super) fn heard(voter: PublicKey, ballot: Ballot) -> Self {
        Self { voter, ballot }
    }

    /// Who cast it.
    pub(crate) fn voter(&self) -> PublicKey {
        self.voter
    }

    /// What it says.
    pub(crate) fn ballot(&self) -> Ballot {
        self.ballot
    }
}

/// A vote to finalize: a certificate's part. Anybody may say so of anybody, so its signature is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signed {
    /// At which height.
    pub height: Height,
    /// In which view.
    pub view: View,
    /// The header's hash.
    pub header: Digest,
    /// Whose.
    pub signer: PublicKey,
    /// The signature.
    pub signature: Signature,
}

impl Signed {
    /// Casts one.
    pub(crate) fn cast(
        network: Network,
        key: &Key,
        view: View,
        at: Height,
        header: Digest,
    ) -> Self {
        let signature = chain::vote(network, &key.secret, view, &header);
        Self { height: at, view, header, signer: key.public, signature }
    }

    /// What it says.
    pub(crate) fn ballot(&self) -> Ballot {
        let (height, view) = (self.height, self.view);
        Ballot { height, view, word: Word::Finalize(self.header) }
    }
}

/// What is said.
#[derive(Clone, Debug)]
pub(crate) enum Message {
    /// A leader's block, with the votes because of which it may be proposed.
    Proposal {
        /// In which view.
        view: View,
        /// The block.
        block: Arc<Block>,
        /// Why it may.
        because: Vec<Vote>,
    },
    /// Votes, one's own or others'.
    Votes(Vec<Vote>),
    /// A vote to finalize.
    Signed(Signed),
    /// Where somebody is who hears nothing new.
    Status {
        /// The height it works at.
        height: Height,
        /// Its view there.
        view: View,
    },
    /// A block whose hash is known is wanted.
    Wanted {
        /// At which height.
        height: Height,
        /// The header's hash.
        header: Digest,
    },
    /// A block that somebody wanted.
    Body(Arc<Block>),
    /// Certified blocks, in order.
    Blocks(Vec<(Arc<Block>, Certificate)>),
}

/// What somebody asked to be woken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wake {
    /// To propose.
    Propose(Height, View),
    /// Because a view has lasted long enough.
    Overdue(Height, View),
    /// To say again what may have been lost.
    Again,
}

/// What happens to a validator.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// It begins, or begins again.
    Started,
    /// It hears something.
    Heard(Peer, Message),
    /// It is woken.
    Woken(Wake),
    /// A client sends a transaction.
    Asked(Transaction),
}

/// What is durable before anything behind it is done.
#[derive(Clone, Debug)]
pub(crate) enum Kept {
    /// A vote that was cast.
    Vote(Ballot),
    /// A block that one votes for, by its header's hash: a quorum that has voted must be able to show it.
    Body(Digest, Arc<Block>),
    /// One of these is needed no more.
    Gone(Digest),
    /// A certified block.
    Block(Arc<Block>, Certificate),
}

/// What a validator does, in this order.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Makes something durable.
    Keep(Kept),
    /// Says something to one.
    Send(Peer, Message),
    /// Says something to all others.
    Broadcast(Message),
    /// Asks to be woken after so many milliseconds.
    Wake(u64, Wake),
    /// Can't go on.
    Stop(String),
}
