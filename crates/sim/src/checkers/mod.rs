//! What looks on from outside and says what must not be: one file a property.
//!
//! Never part of what it checks: a checker reads what was done and finds the same by a way of its own. Each says in its
//! doc what it would catch; [`crate::canary`] has a broken rule for each.

mod agreement;
mod altered;
mod authority;
pub(crate) mod bounds;
mod changes;
pub(crate) mod court;
pub(crate) mod durable;
mod encoding;
pub(crate) mod finality;
mod header;
mod hearings;
mod liable;
pub(crate) mod liveness;
mod once;
mod proofs;
mod rejected;
mod shown;
mod signatures;
mod standing;
mod sums;
mod supply;
mod time;
pub(crate) mod votes;
mod windows;
mod words;

pub use court::{ALARMS, NAMES as COURT_NAMES};

use chain::state::State;
use chain::{Authentic, Block, Header};
use ledger::{Opening, Rejection};
use std::collections::BTreeMap;

use crate::random::Random;
use crate::subject::Subject;
use crate::traffic::Offer;

/// What a checker sees that must not be.
pub(crate) type Seen = Result<(), String>;

/// One block and all around it.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    /// The ledger that is asked.
    pub(crate) subject: Subject,
    /// The state before.
    pub(crate) before: &'a State,
    /// The header before.
    pub(crate) parent: &'a Header,
    /// What the proposer brought.
    pub(crate) opening: Opening,
    /// What was offered, and whether each was taken for signed.
    pub(crate) offers: &'a [(Offer, bool)],
    /// Those that were signed.
    pub(crate) authentic: &'a [Authentic],
    /// The block.
    pub(crate) block: &'a Block,
    /// The proposer's state behind it.
    pub(crate) after: &'a State,
    /// What was left out, by the place among those that were signed.
    pub(crate) left_out: &'a [(usize, Rejection)],
}

impl Step<'_> {
    /// The block's transactions as they were signed, where they are all among those that were offered.
    fn signed(&self) -> Option<Vec<Authentic>> {
        let mut left_out = self.left_out.iter().map(|(at, _)| *at).peekable();
        let taken = self.authentic.iter().enumerate();
        let taken = taken.filter(|(at, _)| left_out.next_if_eq(at).is_none());
        let signed: Vec<Authentic> = taken.map(|(_, made)| made.clone()).collect();
        signed.iter().map(Authentic::get).eq(&self.block.transactions).then_some(signed)
    }
}

/// Those that remember.
#[derive(Debug)]
pub(crate) struct Checkers {
    agreement: agreement::Second,
    once: once::Taken,
}

/// Their names.
pub const NAMES: &[&str] = &[
    "agreement",
    "supply",
    "rejected",
    "time",
    "header",
    "once",
    "encoding",
    "signatures",
    "proofs",
    "altered",
    "authority",
    "sums",
];

/// What they counted.
pub(crate) type Refused = BTreeMap<&'static str, u64>;

impl Checkers {
    /// Nothing has happened after this state.
    pub(crate) fn new(state: &State) -> Self {
        Self { agreement: agreement::Second::new(state), once: once::Taken::default() }
    }

    /// What each of them sees, by its name.
    pub(crate) fn look(
        &mut self,
        step: &Step<'_>,
        random: &mut Random,
        refused: &mut Refused,
    ) -> Vec<(&'static str, String)> {
        let changes = changes::of(step.before, step.after);
        let seen: [Seen; NAMES.len()] = [
            self.agreement.check(step, random),
            supply::check(step.after),
            rejected::check(step, random),
            time::check(step).and_then(|()| windows::check(step, &changes)),
            header::check(step),
            self.once.check(step),
            encoding::check(step),
            signatures::check(step)
                .and_then(|()| words::check(step))
                .and_then(|()| shown::check(step)),
            proofs::check(step, random),
            altered::check(step, random, refused),
            authority::check(step, &changes)
                .and_then(|()| standing::check(step, &changes))
                .and_then(|()| liable::check(step)),
            sums::check(step.after),
        ];
        let named = NAMES.iter().zip(seen);
        named.filter_map(|(name, seen)| Some((*name, seen.err()?))).collect()
    }
}

/// A condition that a checker holds up.
pub(crate) fn holds(condition: bool, otherwise: impl FnOnce() -> String) -> Seen {
    if condition { Ok(()) } else { Err(otherwise()) }
}
