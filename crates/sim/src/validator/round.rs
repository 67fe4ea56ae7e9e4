//! One height: its views, votes and blocks, as one validator has seen them.
//!
//! Never decides alone: every step is a quorum's. A view's outcome is read off the votes, so it does not matter in which
//! order, how often, or through whom they came.

use chain::records::Seats;
use chain::state::State;
use chain::{Block, Certificate, Height, View, voted};
use commit::{Digest, Network};
use receipt::{PublicKey, Signature};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::bodies::{Bodies, Body};
use super::message::{Ballot, Message, Signed, Vote, Word};
use super::said::{Said, VIEWS_AHEAD_MAX, VOTES_READ_MAX};
use crate::keys::Key;

/// A height on its way.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    pub(crate) height: Height,
    pub(crate) seats: Seats,
    pub(crate) view: View,
    said: Said,
    /// One's own.
    pub(crate) cast: BTreeSet<Ballot>,
    pub(super) bodies: Bodies,
    /// The block that the leader of this view proposed, first; and those that one proposed.
    proposed: BTreeMap<View, Digest>,
    /// Votes to finalize that hold, the first of each signer in a view: an honest one says one.
    signatures: BTreeMap<(View, PublicKey), (Digest, Signature)>,
}

impl Round {
    pub(crate) fn new(height: Height, seats: Seats) -> Self {
        Self {
            height,
            seats,
            view: View(0),
            said: Said::default(),
            cast: BTreeSet::new(),
            bodies: Bodies::default(),
            proposed: BTreeMap::new(),
            signatures: BTreeMap::new(),
        }
    }

    /// Whose turn it is.
    pub(crate) fn leader(&self, view: View) -> Option<PublicKey> {
        let count = u64::try_from(self.seats.0.len()).ok()?;
        let turn = self.height.0.wrapping_add(view.0).checked_rem(count)?;
        self.seats.0.get(usize::try_from(turn).ok()?).map(|seat| seat.key)
    }

    /// Takes one's own vote in: how it is said.
    pub(crate) fn voted(&mut self, network: Network, key: &Key, ballot: Ballot) -> Message {
        match ballot.word {
            Word::Finalize(header) => {
                let signed = Signed::cast(network, key, ballot.view, ballot.height, header);
                self.signatures.insert((signed.view, signed.signer), (header, signed.signature));
                Message::Signed(signed)
            }
            Word::Notarize(_) | Word::Nullify => {
                let vote = Vote::cast(key, ballot);
                self.count(&[vote]);
                Message::Votes(vec![vote])
            }
        }
    }

    /// Takes votes in that came together, but those to finalize: they are their signatures.
    pub(crate) fn count(&mut self, votes: &[Vote]) {
        let (height, seats) = (self.height, &self.seats);
        let last = self.view.0.saturating_add(VIEWS_AHEAD_MAX);
        let of_seats = votes.iter().take(VOTES_READ_MAX).filter_map(|vote| {
            let (ballot, voter) = (vote.ballot(), vote.voter());
            let seated = seats.0.iter().any(|seat| seat.key == voter);
            let counts = ballot.height == height && ballot.view.0 <= last && seated;
            counts.then_some((ballot.view, ballot.word, voter))
        });
        self.said.take(seats, of_seats);
    }

    /// Takes a vote to finalize in, where its signature holds and it is the signer's first of this view.
    pub(crate) fn sign(&mut self, network: Network, signed: &Signed) {
        let Signed { height, view, header, signer, signature } = *signed;
        let near = view.0 <= self.view.0.saturating_add(VIEWS_AHEAD_MAX);
        let seated = self.seats.0.iter().any(|seat| seat.key == signer);
        let known = self.signatures.contains_key(&(view, signer));
        if height != self.height || !near || !seated || known {
            return;
        }
        if voted(network, &signer, view, &header, &signature) {
            self.signatures.insert((view, signer), (header, signature));
        }
    }

    /// Votes to finalize of one signer.
    pub(crate) fn signed(&self, signer: PublicKey) -> Vec<Signed> {
        let height = self.height;
        let own = self.signatures.iter().filter(|((_, by), _)| *by == signer);
        own.map(|((view, _), (header, signature))| Signed {
            height,
            view: *view,
            header: *header,
            signer,
            signature: *signature,
        })
        .collect()
    }

    /// What a quorum finalized in one view, with its word for it.
    pub(crate) fn certified(&self) -> Vec<(Digest, Certificate)> {
        let signed: BTreeSet<(View, Digest)> =
            self.signatures.iter().map(|((view, _), (header, _))| (*view, *header)).collect();
        let certified = signed.into_iter().filter_map(|(view, header)| {
            let mut signatures = Vec::new();
            for (at, seat) in (0..).zip(&self.seats.0) {
                let signed = self.signatures.get(&(view, seat.key));
                let same = signed.filter(|(signed, _)| *signed == header);
                signatures.extend(same.map(|(_, signature)| (at, *signature)));
            }
            let enough = signatures.len() >= self.seats.quorum();
            enough.then_some((header, Certificate::Quorum { view, signatures }))
        });
        certified.collect()
    }

    /// Takes in what this view's leader, or oneself, proposed: the first block.
    pub(crate) fn propose(&mut self, view: View, hash: Digest) {
        self.proposed.entry(view).or_insert(hash);
    }

    /// What was proposed in a view, first.
    pub(crate) fn proposed(&self, view: View) -> Option<Digest> {
        self.proposed.get(&view).copied()
    }

    pub(crate) fn is_nullified(&self, view: View) -> bool {
        self.said.is_nullified(view)
    }

    /// The block of a view that a quorum notarized.
    pub(crate) fn notarized(&self, view: View) -> Option<Digest> {
        self.said.notarized(view)
    }

    /// Who said what in some views, with the quorums.
    pub(crate) fn said(&self, from: View, to: View) -> Vec<Vote> {
        let height = self.height;
        let said = self.said.of(from, to).into_iter();
        said.map(|(view, word, voter)| Vote::heard(voter, Ballot { height, view, word })).collect()
    }

    /// Whether a block may be a view's: it was notarized before and every view between was nullified; or every view before
    /// was, so that none before can have been finalized, and it is this view's leader's own.
    pub(crate) fn is_justified(&self, view: View, hash: Digest, proposer: PublicKey) -> bool {
        for before in (0..view.0).rev().map(View) {
            if self.notarized(before) == Some(hash) {
                return true;
            }
            if !self.is_nullified(before) {
                return false;
            }
        }
        self.leader(view) == Some(proposer)
    }

    /// The block that has to be proposed again in a view, if there is one; `None` where no view before is known to have
    /// been left in order. One that is nowhere to be had is passed over where its view was nullified.
    pub(crate) fn to_propose(&self) -> Option<Option<Digest>> {
        for before in (0..self.view.0).rev().map(View) {
            let notarized = self.notarized(before);
            if let Some(block) = notarized.filter(|block| self.sound(block).is_some()) {
                return Some(Some(block));
            }
            if !self.is_nullified(before) {
                return None;
            }
        }
        Some(None)
    }

    pub(crate) fn has_cast(&self, view: View, is: impl Fn(Word) -> bool) -> bool {
        self.cast.iter().any(|ballot| ballot.view == view && is(ballot.word))
    }

    /// A block that may follow.
    pub(crate) fn sound(&self, hash: &Digest) -> Option<(&Arc<Block>, &State)> {
        let body = self.bodies.get(hash)?;
        Some((&body.block, body.state.as_ref()?))
    }

    /// Takes a block in; the one that leaves for it.
    pub(super) fn put(
        &mut self,
        hash: Digest,
        block: Arc<Block>,
        state: Option<State>,
    ) -> Option<Digest> {
        let body = Body { block, state, view: self.view, durable: false };
        let named = self.named();
        self.bodies.put(hash, body, &named)
    }

    /// Goes to a view, without what nobody needs there.
    pub(super) fn enter(&mut self, view: View) {
        self.view = view;
        let named = self.named();
        self.bodies.tidy(&named);
    }

    /// Blocks that a quorum spoke of.
    fn named(&self) -> BTreeSet<Digest> {
        let certified = self.certified().into_iter().map(|(block, _)| block);
        self.said.all_notarized().chain(certified).collect()
    }

    /// Those of them that one has not seen.
    pub(crate) fn lacking(&self) -> BTreeSet<Digest> {
        let mut named = self.named();
        named.retain(|hash| self.bodies.get(hash).is_none());
        named
    }

    /// How much is kept: blocks, seats' words, votes to finalize.
    pub(super) fn held(&self) -> [usize; 3] {
        [self.bodies.len(), self.said.len(), self.signatures.len()]
    }
}
