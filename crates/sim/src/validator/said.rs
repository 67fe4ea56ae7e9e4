//! What the seats said at one height, but their votes to finalize: a table that nobody can fill.
//!
//! Of each seat it keeps the first block that it notarized in a view, and whether it nullified the view; an honest seat
//! says no more. One that says this to some and that to others does not hide what a quorum said: votes that come in one
//! message count together, whatever was heard before of those who cast them, and what a quorum said stays with those who
//! are the quorum. Never more than two words of a seat and view, nor views that are more than [`VIEWS_AHEAD_MAX`] ahead;
//! a view behind is one that a quorum let pass.

use chain::View;
use chain::records::{SEATS_MAX, Seats};
use commit::Digest;
use receipt::PublicKey;
use std::collections::{BTreeMap, BTreeSet};

use super::message::Word;

/// How far ahead of its own view a validator keeps votes.
pub(crate) const VIEWS_AHEAD_MAX: u64 = 64;
/// Votes that it reads of one message: as many as bring one on who is that far behind.
pub(super) const VOTES_READ_MAX: usize = 2 * SEATS_MAX * 64;

/// A vote of a seat.
pub(super) type OfSeat = (View, Word, PublicKey);

/// The words of one seat in one view.
#[derive(Clone, Copy, Debug, Default)]
struct Words {
    notarized: Option<Digest>,
    nullified: bool,
}

/// What was said.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    words: BTreeMap<(View, PublicKey), Words>,
    /// What a quorum notarized, and who is the quorum.
    notarized: BTreeMap<View, (Digest, BTreeSet<PublicKey>)>,
    /// Who is the quorum that let a view pass.
    nullified: BTreeMap<View, BTreeSet<PublicKey>>,
}

impl Said {
    /// Takes in votes of seats that came together.
    pub(super) fn take(&mut self, seats: &Seats, votes: impl Iterator<Item = OfSeat>) {
        let mut together: BTreeMap<(View, Word), BTreeSet<PublicKey>> = BTreeMap::new();
        for (view, word, voter) in votes {
            let words = self.words.entry((view, voter)).or_default();
            match word {
                Word::Notarize(block) => drop(words.notarized.get_or_insert(block)),
                Word::Nullify => words.nullified = true,
                Word::Finalize(_) => continue,
            }
            together.entry((view, word)).or_default().insert(voter);
        }
        for ((view, word), voters) in together {
            self.conclude(seats, view, word, voters);
        }
    }

    /// Finds out whether those who came together and those who were heard before are a quorum.
    fn conclude(&mut self, seats: &Seats, view: View, word: Word, mut voters: BTreeSet<PublicKey>) {
        let known = match word {
            Word::Notarize(_) => self.notarized.contains_key(&view),
            Word::Nullify => self.nullified.contains_key(&view),
            Word::Finalize(_) => true,
        };
        if known {
            return;
        }
        let all = (view, PublicKey([0; 32]))..=(view, PublicKey([255; 32]));
        let same = self.words.range(all).filter(|(_, words)| match word {
            Word::Notarize(block) => words.notarized == Some(block),
            Word::Nullify => words.nullified,
            Word::Finalize(_) => false,
        });
        voters.extend(same.map(|((_, voter), _)| *voter));
        let count = seats.0.iter().filter(|seat| voters.contains(&seat.key)).count();
        match word {
            Word::Notarize(block) if count >= seats.quorum() => {
                self.notarized.insert(view, (block, voters));
            }
            Word::Nullify if count >= seats.quorum() => {
                self.nullified.insert(view, voters);
            }
            Word::Notarize(_) | Word::Nullify | Word::Finalize(_) => {}
        }
    }

    /// The block of a view that a quorum notarized.
    pub(super) fn notarized(&self, view: View) -> Option<Digest> {
        self.notarized.get(&view).map(|(block, _)| *block)
    }

    /// Every block that a quorum notarized in some view.
    pub(super) fn all_notarized(&self) -> impl Iterator<Item = Digest> {
        self.notarized.values().map(|(block, _)| *block)
    }

    /// Whether a quorum let a view pass.
    pub(super) fn is_nullified(&self, view: View) -> bool {
        self.nullified.contains_key(&view)
    }

    /// Who said what in some views: the quorums, and what else was heard.
    pub(super) fn of(&self, from: View, to: View) -> BTreeSet<OfSeat> {
        let views = from..=to;
        let mut said = BTreeSet::new();
        if from > to {
            return said;
        }
        for (view, (block, voters)) in self.notarized.range(views.clone()) {
            said.extend(voters.iter().map(|voter| (*view, Word::Notarize(*block), *voter)));
        }
        for (view, voters) in self.nullified.range(views) {
            said.extend(voters.iter().map(|voter| (*view, Word::Nullify, *voter)));
        }
        let all = (from, PublicKey([0; 32]))..=(to, PublicKey([255; 32]));
        for ((view, voter), words) in self.words.range(all) {
            said.extend(words.notarized.map(|block| (*view, Word::Notarize(block), *voter)));
            said.extend(words.nullified.then_some((*view, Word::Nullify, *voter)));
        }
        said
    }

    /// How many seats' words are kept.
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }
}
