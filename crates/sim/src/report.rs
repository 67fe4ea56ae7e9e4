//! What seeds came to: counts that add up, and findings, each with the seed that shows it.
//!
//! Never depends on the order in which seeds ended.

use ledger::Rejection;
use std::collections::BTreeMap;

/// The count of answers that workers of courts gave.
pub const ANSWERS: &str = "answers of courts";
/// The count of bytes of transactions that pay for them.
pub const PAYING_BYTES: &str = "bytes of channels and logs";
/// The count of bytes of all others of courts.
pub const OTHER_BYTES: &str = "bytes of disputes and all else";

/// The count of audits in which a unit was drawn that paid for a false answer.
pub const DRAWN: &str = "cheats drawn";
/// Of them those whose lie was punished within its window.
pub const DRAWN_PUNISHED: &str = "cheats drawn and punished in their window";
/// Of them those that were not, for nobody honest was drawn to look.
pub const DRAWN_UNSEEN: &str = "cheats drawn that nobody honest looked at";
/// The count of transactions that were dropped before anybody judged them.
pub const UNSIGNED: &str = "transactions dropped for their signature";
/// The count of rejections in blocks that might have been.
pub const ASIDE: &str = "rejections in blocks that might have been";

/// Rejections where a group certifies: no simulation has one. `crates/ledger/tests/it/groups.rs` reaches them.
pub const OF_GROUPS: &[Rejection] =
    &[Rejection::GroupHeight, Rejection::GroupKey, Rejection::NextQuorum, Rejection::NextSignature];

/// Which kind of seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum World {
    /// Transactions and blocks alone.
    Ledger,
    /// Validators over a network.
    Network,
}

/// Something that must not be, seen by a checker.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Which kind of seed showed it.
    pub world: World,
    /// Which seed.
    pub seed: u64,
    /// The checker's name.
    pub checker: &'static str,
    /// What it saw.
    pub what: String,
}

/// What came of a cheat, in all courts together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cheated {
    /// Courts it played in.
    pub run: u64,
    /// Of them those in which it lost stake or a bond by the rules.
    pub punished: u64,
    /// What it has more in the end than it would have by being honest: less, where it is below zero.
    pub gain: i128,
    /// The greatest gain of one court.
    pub best: i128,
    /// What it may gain at most, where it is held to anything.
    pub bound: Option<i128>,
}

/// What seeds came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Seeds of transactions and blocks alone.
    pub ledger_seeds: u64,
    /// Seeds of validators over a network.
    pub network_seeds: u64,
    /// Blocks that were taken.
    pub blocks: u64,
    /// Transactions that were offered.
    pub offered: u64,
    /// Transactions that were taken, by the number of their kind.
    pub kinds: BTreeMap<u16, u64>,
    /// Transactions that were left out, by why.
    pub rejections: BTreeMap<Rejection, u64>,
    /// Blocks that were refused, by how they had been altered.
    pub refused: BTreeMap<&'static str, u64>,
    /// Faults and cheats that were injected.
    pub faults: BTreeMap<&'static str, u64>,
    /// Courts in which a cheat played.
    pub cheats: BTreeMap<&'static str, Cheated>,
    /// What was counted besides.
    pub counts: BTreeMap<&'static str, u64>,
    /// What must not be.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Adds what other seeds came to.
    pub fn add(&mut self, other: Self) {
        self.ledger_seeds += other.ledger_seeds;
        self.network_seeds += other.network_seeds;
        self.blocks += other.blocks;
        self.offered += other.offered;
        sum(&mut self.kinds, other.kinds);
        sum(&mut self.rejections, other.rejections);
        sum(&mut self.refused, other.refused);
        sum(&mut self.faults, other.faults);
        for (cheat, more) in other.cheats {
            self.cheats
                .entry(cheat)
                .or_insert(Cheated { best: i128::MIN, ..Cheated::default() })
                .add(more);
        }
        sum(&mut self.counts, other.counts);
        self.findings.extend(other.findings);
        self.findings.sort_unstable();
    }

    /// Transactions that were taken.
    #[must_use]
    pub fn taken(&self) -> u64 {
        self.kinds.values().sum()
    }

    /// Counts something once more.
    pub fn count(&mut self, what: &'static str) {
        self.count_more(what, 1);
    }

    /// Counts so many more of something.
    pub(crate) fn count_more(&mut self, what: &'static str, more: u64) {
        *self.counts.entry(what).or_default() += more;
    }
}

impl Cheated {
    fn add(&mut self, other: Self) {
        self.run += other.run;
        self.punished += other.punished;
        self.gain += other.gain;
        self.best = self.best.max(other.best);
        self.bound = self.bound.max(other.bound);
    }
}

fn sum<K: Ord>(into: &mut BTreeMap<K, u64>, from: BTreeMap<K, u64>) {
    for (key, count) in from {
        *into.entry(key).or_default() += count;
    }
}
