//! What follows from the votes that a validator has: the same, however they came.
//!
//! Never reads a message. Every step is taken once; each either casts a vote, goes to another view, or goes to the
//! next height.

use chain::View;

use super::message::{Action, Ballot, Kept, Word};
use super::{TOLERANCE_MS, Validator};

impl Validator {
    /// Goes on as far as what is known allows.
    pub(super) fn progress(&mut self, actions: &mut Vec<Action>) {
        loop {
            let height = self.round.height;
            self.notarize(actions);
            self.finalize(actions);
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
                && let Some(block) = self.round.bodies.newly_kept(&hash)
            {
                actions.push(Action::Keep(Kept::Body(hash, block)));
            }
            actions.push(Action::Keep(Kept::Vote(ballot)));
            actions.push(Action::Broadcast(self.round.voted(self.network, self.key, ballot)));
        }
    }

    /// Notarizes what the view's leader proposed, where it may.
    pub(super) fn notarize(&mut self, actions: &mut Vec<Action>) {
        let (view, round) = (self.round.view, &self.round);
        let Some(hash) = round.proposed(view) else { return };
        let Some(header) = round.sound(&hash).map(|(block, _)| block.header) else { return };
        let spoke = |word| matches!(word, Word::Notarize(_) | Word::Nullify);
        if round.has_cast(view, spoke) || !round.is_justified(view, hash, header.proposer) {
            return;
        }
        if header.stamp.0 <= self.clock_ms.saturating_add(TOLERANCE_MS) {
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

    /// Goes to the next height, where a quorum finalized a block that is here.
    fn certify(&mut self, actions: &mut Vec<Action>) {
        let mut certified = self.round.certified().into_iter();
        if let Some((hash, certificate)) =
            certified.find(|(hash, _)| self.round.sound(hash).is_some())
        {
            self.commit(hash, certificate, actions);
        }
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
