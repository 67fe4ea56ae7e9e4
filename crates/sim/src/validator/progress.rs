//! What follows from the votes that a validator has: the same, however they came.
//!
//! Never reads a message. Every step is taken once; each either casts a vote, goes to another view, decides, signs, or
//! goes to the next height.

use chain::Certificate;
use commit::Digest;
use std::collections::BTreeSet;

use super::message::{Action, Ballot, Kept, Message, View, Vote, Word};
use super::{TOLERANCE_MS, Validator};

impl Validator {
    /// Goes on as far as what is known allows.
    pub(super) fn progress(&mut self, actions: &mut Vec<Action>) {
        loop {
            let height = self.round.height;
            self.notarize(actions);
            self.finalize(actions);
            self.decide(actions);
            self.certify(actions);
            let went_on = self.next_view(actions) || height != self.round.height;
            if !went_on {
                return;
            }
        }
    }

    fn cast(&mut self, view: View, word: Word, actions: &mut Vec<Action>) {
        let ballot = Ballot { height: self.round.height, view, word };
        if self.round.cast.insert(ballot) {
            if let Word::Notarize(hash) | Word::Finalize(hash) = word
                && let Some(block) = self.round.newly_kept(&hash)
            {
                actions.push(Action::Keep(Kept::Body(block)));
            }
            let vote = Vote::cast(self.key, ballot);
            self.round.count(&vote);
            actions.push(Action::Keep(Kept::Vote(ballot)));
            actions.push(Action::Broadcast(Message::Votes(vec![vote])));
        }
    }

    /// Notarizes what the view's leader proposed, where it may.
    fn notarize(&mut self, actions: &mut Vec<Action>) {
        let view = self.round.view;
        let Some(hash) = self.round.proposed.get(&view).copied() else { return };
        let spoke = |word| matches!(word, Word::Notarize(_) | Word::Nullify);
        if self.round.has_cast(view, spoke) || !self.round.is_justified(view, hash) {
            return;
        }
        let latest = self.clock_ms.saturating_add(TOLERANCE_MS);
        let sound = self.round.sound(&hash);
        if sound.is_some_and(|(block, _)| block.header.stamp.0 <= latest) {
            self.cast(view, Word::Notarize(hash), actions);
        }
    }

    /// Finalizes what was notarized in any view that one has not nullified.
    fn finalize(&mut self, actions: &mut Vec<Action>) {
        for view in (0..=self.round.view.0).map(View) {
            let spoke = |word| matches!(word, Word::Finalize(_) | Word::Nullify);
            if self.round.has_cast(view, spoke) {
                continue;
            }
            let notarized = self.round.notarized(view);
            if let Some(hash) = notarized.filter(|hash| self.round.sound(hash).is_some()) {
                self.cast(view, Word::Finalize(hash), actions);
            }
        }
    }

    /// Lets a view pass, unless one finalized it.
    pub(super) fn nullify(&mut self, view: View, actions: &mut Vec<Action>) {
        let finalized = self.round.has_cast(view, |word| matches!(word, Word::Finalize(_)));
        if !finalized {
            self.cast(view, Word::Nullify, actions);
        }
    }

    /// Signs what is decided: one header a height.
    fn decide(&mut self, actions: &mut Vec<Action>) {
        if self.round.decided.is_none() {
            self.round.decided = self.round.finalized();
        }
        let decided = self.round.decided.filter(|hash| self.round.sound(hash).is_some());
        if let Some(header) = decided.filter(|_| self.round.signed.is_none()) {
            let signature = chain::vote(self.network, &self.key.secret, &header);
            self.round.signed = Some((header, signature));
            actions.push(Action::Keep(Kept::Signed(self.round.height, header)));
            actions.extend(self.signature().map(Action::Broadcast));
        }
        if let Some((header, signature)) = self.round.signed {
            self.round.signatures.insert((self.key.public, header), signature);
        }
    }

    /// Makes a certificate of signatures, where they are enough, and goes to the next height.
    fn certify(&mut self, actions: &mut Vec<Action>) {
        let signed: BTreeSet<Digest> =
            self.round.signatures.keys().map(|(_, header)| *header).collect();
        for hash in signed {
            let certificate = self.certificate(&hash);
            if let Some(certificate) = certificate.filter(|_| self.round.sound(&hash).is_some()) {
                return self.commit(hash, certificate, actions);
            }
        }
    }

    /// The signatures of a header, where there are enough.
    fn certificate(&self, hash: &Digest) -> Option<Certificate> {
        let mut signatures = Vec::new();
        for (at, seat) in (0..).zip(&self.round.seats.0) {
            let signed = self.round.signatures.get(&(seat.key, *hash));
            signatures.extend(signed.map(|signature| (at, *signature)));
        }
        let enough = signatures.len() >= self.round.seats.quorum();
        enough.then_some(Certificate::Quorum(signatures))
    }

    /// Leaves a view that a quorum notarized or nullified.
    fn next_view(&mut self, actions: &mut Vec<Action>) -> bool {
        let view = self.round.view;
        let over = self.round.notarized(view).is_some() || self.round.is_nullified(view);
        if over {
            self.enter(View(view.0 + 1), actions);
            self.news = true;
        }
        over
    }
}
