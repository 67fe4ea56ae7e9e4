//! Rules taken out of the ledger, one at a time: who would see that it is missing?
//!
//! Never in a build that somebody uses: only the feature `canary` can take a rule out. A rule is tried in seeds that offer
//! something it rejects, because in any other seed nothing could be seen; where those are few, more are looked for before
//! it is said that nobody sees it.

use chain::state::State;
use chain::{Block, Header};
use ledger::canary::{whole, without};
use ledger::{BlockError, Rejection, apply};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::campaign::one;
use crate::report::{Finding, OF_GROUPS, Report, World};

/// Under which a block that only the broken ledger takes is counted.
const UNSOUND: &str = "blocks that no sound ledger takes";

/// Which seeds, and how many of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// Seeds that are looked through for rules that reject, at a time: while one of them has rejected nothing, or was seen
    /// missing by nobody in fewer seeds than it may be tried in.
    pub seeds: u64,
    /// The most that are looked through.
    pub seeds_max: u64,
    /// Seeds in which one rule is tried.
    pub tries: usize,
    /// Rules that nobody has to see missing.
    pub harmless: Vec<Rejection>,
    /// How many run at a time.
    pub threads: usize,
}

/// What came of a rule that was taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Came {
    /// No seed offered anything that it rejects.
    Unreached,
    /// Without what it asks for there is nothing to go on with: it can't be taken out.
    Absence,
    /// Whatever it let pass another rule rejected.
    Covered,
    /// Nobody saw it, in so many seeds and so many blocks that no sound ledger takes.
    Unseen {
        /// Seeds.
        seeds: usize,
        /// Blocks.
        blocks: u64,
    },
    /// A checker saw it.
    Seen {
        /// In which of the seeds in which it was tried, from 1.
        nth: usize,
        /// What was seen.
        finding: Finding,
    },
}

/// What a search says while it goes on.
#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    /// So many seeds were looked through, and so many rules have rejected nothing.
    Looked(u64, usize),
    /// What came of a rule.
    Tried(Rejection, &'a Came),
}

/// Takes out every rule, one after the other.
#[must_use]
pub fn search(search: &Search, tell: impl Fn(Told<'_>) + Sync) -> Vec<(Rejection, Came)> {
    let mut reached = Reached::default();
    while reached.lacking() > 0 && reached.to < search.seeds_max {
        reached.more(search, &tell);
    }
    let mut all = BTreeMap::new();
    let mut open = Rejection::ALL.to_vec();
    loop {
        let tried = |rejection: &Rejection| {
            let came = match reached.seeds.get(rejection) {
                None => Came::Unreached,
                Some(seeds) => tried(*rejection, seeds, search.tries),
            };
            tell(Told::Tried(*rejection, &came));
            came
        };
        let came = side_by_side(search.threads, &open, tried);
        all.extend(open.drain(..).zip(came));
        let few = |came: &Came| matches!(came, Came::Unseen { seeds, .. } if *seeds < search.tries);
        let again = all.iter().filter(|(of, came)| few(came) && !search.harmless.contains(of));
        open.extend(again.map(|(rejection, _)| *rejection));
        if open.is_empty() || reached.to == search.seeds_max {
            return Rejection::ALL.iter().filter_map(|of| Some((*of, all.remove(of)?))).collect();
        }
        reached.more(search, &tell);
    }
}

/// The seeds in which each rule rejects something, of those before one.
#[derive(Default)]
struct Reached {
    seeds: BTreeMap<Rejection, Vec<u64>>,
    to: u64,
}

impl Reached {
    /// Rules that rejected nothing.
    fn lacking(&self) -> usize {
        let lacks = |rejection: &&Rejection| {
            !OF_GROUPS.contains(rejection) && !self.seeds.contains_key(rejection)
        };
        Rejection::ALL.iter().filter(lacks).count()
    }

    /// Looks through more seeds.
    fn more(&mut self, search: &Search, tell: &impl Fn(Told<'_>)) {
        let to = self.to.saturating_add(search.seeds.max(1)).min(search.seeds_max);
        let seeds: Vec<u64> = (self.to..to).collect();
        let reports = side_by_side(search.threads, &seeds, |seed| one(World::Ledger, *seed));
        for (seed, report) in seeds.iter().zip(reports) {
            for rejection in report.rejections.keys() {
                self.seeds.entry(*rejection).or_default().push(*seed);
            }
        }
        self.to = to;
        tell(Told::Looked(to, self.lacking()));
    }
}

/// Tries one rule in some of the seeds that reach it.
fn tried(rejection: Rejection, seeds: &[u64], tries: usize) -> Came {
    let (mut all, mut unsound, mut tried) = (0, 0, 0);
    for seed in seeds.iter().take(tries) {
        let (report, overlooked) = without(rejection, || one(World::Ledger, *seed));
        tried += 1;
        all += overlooked;
        unsound += report.counts.get(UNSOUND).copied().unwrap_or_default();
        if let Some(finding) = report.findings.into_iter().next() {
            return Came::Seen { nth: tried, finding };
        }
    }
    match (all, unsound) {
        (0, _) => Came::Absence,
        (_, 0) => Came::Covered,
        (_, blocks) => Came::Unseen { seeds: tried, blocks },
    }
}

/// One thing after the other, on so many threads; in their order.
fn side_by_side<T: Sync, U: Send>(
    threads: usize,
    all: &[T],
    run: impl Fn(&T) -> U + Sync,
) -> Vec<U> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut made = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(one) = all.get(at) else { return made };
            made.push((at, run(one)));
        }
    };
    let mut made = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(worker)).collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        joined.flat_map(|made| made.expect("panics of seeds are caught")).collect::<Vec<_>>()
    });
    made.sort_unstable_by_key(|(at, _)| *at);
    made.into_iter().map(|(_, one)| one).collect()
}

/// Counts a block that a ledger with every rule refuses.
pub(crate) fn count(report: &mut Report, before: (&State, &Header), block: &Block) {
    let (state, header) = before;
    let judged = whole(|| apply(state, header, block.clone()));
    if matches!(judged, Err(BlockError::Rejected { .. })) {
        report.count(UNSOUND);
    }
}
