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

use super::message::{Ballot, Message, Signed, Vote, Word};
use crate::keys::Key;

/// How far ahead of its own view a validator keeps votes.
const VIEWS_AHEAD_MAX: u64 = 64;
/// Blocks that it keeps at one height.
const BLOCKS_MAX: usize = 64;

/// Headers of one signer that it keeps of one view: an honest one signs one.
const HEADERS_SIGNED_MAX: usize = 2;

/// A block, judged.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) block: Arc<Block>,
    /// The state behind it; `None`: it may not follow.
    pub(crate) state: Option<State>,
}

/// A height on its way.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    pub(crate) height: Height,
    pub(crate) seats: Seats,
    pub(crate) view: View,
    votes: BTreeMap<Ballot, BTreeSet<PublicKey>>,
    /// One's own.
    pub(crate) cast: BTreeSet<Ballot>,
    candidates: BTreeMap<Digest, Candidate>,
    /// Those of them that are durable.
    kept: BTreeSet<Digest>,
    /// The first block that each view's leader proposed.
    pub(crate) proposed: BTreeMap<View, Digest>,
    /// Votes to finalize that hold, by who cast them.
    signatures: BTreeMap<(View, PublicKey, Digest), Signature>,
}

impl Round {
    pub(crate) fn new(height: Height, seats: Seats) -> Self {
        Self {
            height,
            seats,
            view: View(0),
            votes: BTreeMap::new(),
            cast: BTreeSet::new(),
            candidates: BTreeMap::new(),
            kept: BTreeSet::new(),
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
                let own = (signed.view, signed.signer, header);
                self.signatures.insert(own, signed.signature);
                Message::Signed(signed)
            }
            Word::Notarize(_) | Word::Nullify => {
                let vote = Vote::cast(key, ballot);
                self.count(&vote);
                Message::Votes(vec![vote])
            }
        }
    }

    /// Takes a vote in, but one to finalize: that is its signature.
    pub(crate) fn count(&mut self, vote: &Vote) {
        let ballot = vote.ballot();
        let unsigned = !matches!(ballot.word, Word::Finalize(_));
        let near = unsigned && ballot.view.0 <= self.view.0.saturating_add(VIEWS_AHEAD_MAX);
        let seated = self.seats.0.iter().any(|seat| seat.key == vote.voter());
        if ballot.height == self.height && near && seated {
            self.votes.entry(ballot).or_default().insert(vote.voter());
        }
    }

    /// Takes a vote to finalize in, where its signature holds and it is none of too many.
    pub(crate) fn sign(&mut self, network: Network, signed: &Signed) {
        let Signed { height, view, header, signer, signature } = *signed;
        let near = view.0 <= self.view.0.saturating_add(VIEWS_AHEAD_MAX);
        let seated = self.seats.0.iter().any(|seat| seat.key == signer);
        if height != self.height || !near || !seated {
            return;
        }
        let known = self.signatures.contains_key(&(view, signer, header));
        let of_one = (view, signer, [0; 32])..=(view, signer, [255; 32]);
        if known || self.signatures.range(of_one).count() >= HEADERS_SIGNED_MAX {
            return;
        }
        if voted(network, &signer, view, &header, &signature) {
            self.signatures.insert((view, signer, header), signature);
        }
    }

    /// Votes to finalize of one signer.
    pub(crate) fn signed(&self, signer: PublicKey) -> Vec<Signed> {
        let height = self.height;
        let own = self.signatures.iter().filter(|((_, by, _), _)| *by == signer);
        own.map(|((view, _, header), signature)| Signed {
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
            self.signatures.keys().map(|(view, _, header)| (*view, *header)).collect();
        let certified = signed.into_iter().filter_map(|(view, header)| {
            let mut signatures = Vec::new();
            for (at, seat) in (0..).zip(&self.seats.0) {
                let signed = self.signatures.get(&(view, seat.key, header));
                signatures.extend(signed.map(|signature| (at, *signature)));
            }
            let enough = signatures.len() >= self.seats.quorum();
            enough.then_some((header, Certificate::Quorum { view, signatures }))
        });
        certified.collect()
    }

    /// Takes a leader's block for a view, the first one.
    pub(crate) fn propose(&mut self, view: View, hash: Digest) {
        if view.0 <= self.view.0.saturating_add(VIEWS_AHEAD_MAX) {
            self.proposed.entry(view).or_insert(hash);
        }
    }

    /// Whether the seats of those who said this are a quorum.
    fn quorum(&self, view: View, word: Word) -> bool {
        let ballot = Ballot { height: self.height, view, word };
        let Some(voters) = self.votes.get(&ballot) else { return false };
        let seats = self.seats.0.iter().filter(|seat| voters.contains(&seat.key)).count();
        seats >= self.seats.quorum()
    }

    pub(crate) fn is_nullified(&self, view: View) -> bool {
        self.quorum(view, Word::Nullify)
    }

    pub(crate) fn is_notarized(&self, view: View, block: Digest) -> bool {
        self.quorum(view, Word::Notarize(block))
    }

    /// The block of a view that a quorum notarized.
    pub(crate) fn notarized(&self, view: View) -> Option<Digest> {
        self.words(view).find_map(|word| match word {
            Word::Notarize(block) => self.quorum(view, word).then_some(block),
            Word::Nullify | Word::Finalize(_) => None,
        })
    }

    /// What was said in a view.
    fn words(&self, view: View) -> impl Iterator<Item = Word> {
        let said = self.votes.keys().filter(move |ballot| ballot.view == view);
        said.map(|ballot| ballot.word)
    }

    /// Who said what in some views.
    pub(crate) fn said(&self, from: View, to: View) -> Vec<(Ballot, PublicKey)> {
        let some = self.votes.iter().filter(|(ballot, _)| (from..=to).contains(&ballot.view));
        some.flat_map(|(ballot, voters)| voters.iter().map(|voter| (*ballot, *voter))).collect()
    }

    /// Whether a block may be a view's: it was notarized before and every view between was nullified; or every view before
    /// was, so that none before can have been finalized.
    pub(crate) fn is_justified(&self, view: View, block: Digest) -> bool {
        for before in (0..view.0).rev().map(View) {
            if self.is_notarized(before, block) {
                return true;
            }
            if !self.is_nullified(before) {
                return false;
            }
        }
        true
    }

    /// The block that has to be proposed again in a view, if there is one; `None` where no view before is known to have
    /// been left in order.
    pub(crate) fn to_propose(&self) -> Option<Option<Digest>> {
        for before in (0..self.view.0).rev().map(View) {
            if let Some(block) = self.notarized(before) {
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

    pub(crate) fn candidate(&self, hash: &Digest) -> Option<&Candidate> {
        self.candidates.get(hash)
    }

    /// A block that may follow.
    pub(crate) fn sound(&self, hash: &Digest) -> Option<(&Arc<Block>, &State)> {
        let candidate = self.candidates.get(hash)?;
        Some((&candidate.block, candidate.state.as_ref()?))
    }

    /// A block that is to be made durable now.
    pub(crate) fn newly_kept(&mut self, hash: &Digest) -> Option<Arc<Block>> {
        let block = self.candidates.get(hash)?.block.clone();
        self.kept.insert(*hash).then_some(block)
    }

    /// Every block that was seen.
    pub(crate) fn seen(&self) -> Vec<Digest> {
        self.candidates.keys().copied().collect()
    }

    pub(crate) fn has_room(&self) -> bool {
        self.candidates.len() < BLOCKS_MAX
    }

    pub(crate) fn put(&mut self, hash: Digest, candidate: Candidate) {
        self.candidates.insert(hash, candidate);
    }

    /// Blocks that a quorum spoke of and that one has not seen.
    pub(crate) fn lacking(&self) -> BTreeSet<Digest> {
        let spoken = self.votes.keys().filter_map(|ballot| match ballot.word {
            Word::Notarize(block) => self.quorum(ballot.view, ballot.word).then_some(block),
            Word::Nullify | Word::Finalize(_) => None,
        });
        let certified = self.certified().into_iter().map(|(block, _)| block);
        spoken.chain(certified).filter(|block| !self.candidates.contains_key(block)).collect()
    }
}
