//! Many seeds, side by side.
//!
//! Never lets one seed know of another: what comes of them depends on which seeds they were and on nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::report::{Finding, Report, World};
use crate::{ledger_seed, network_seed};

/// Which seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// The first of each kind.
    pub from: u64,
    /// Seeds of transactions and blocks alone.
    pub ledger: u64,
    /// Seeds of validators over a network.
    pub network: u64,
    /// How many run at a time.
    pub threads: usize,
}

/// How far a campaign is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Seeds that ended.
    pub done: u64,
    /// All seeds.
    pub of: u64,
    /// Findings so far.
    pub findings: usize,
}

/// Runs them all, and tells behind each seed how far it is.
#[must_use]
pub fn run(campaign: &Campaign, tell: impl Fn(Progress) + Sync) -> Report {
    let next = AtomicU64::new(0);
    let (done, findings) = (AtomicU64::new(0), AtomicUsize::new(0));
    let of = campaign.network.saturating_add(campaign.ledger);
    let worker = || {
        let mut report = Report::default();
        loop {
            // Seeds of the network take longer, so they come first.
            let at = next.fetch_add(1, Ordering::Relaxed);
            let (world, at) = match at.checked_sub(campaign.network) {
                None => (World::Network, at),
                Some(at) if at < campaign.ledger => (World::Ledger, at),
                Some(_) => return report,
            };
            let came = one(world, campaign.from.wrapping_add(at));
            let more = came.findings.len();
            report.add(came);
            let findings = findings.fetch_add(more, Ordering::Relaxed) + more;
            tell(Progress { done: done.fetch_add(1, Ordering::Relaxed) + 1, of, findings });
        }
    };
    let mut report = Report::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..campaign.threads.max(1)).map(|_| scope.spawn(worker)).collect();
        for worker in workers {
            report.add(worker.join().expect("panics of seeds are caught"));
        }
    });
    report
}

/// One seed; a panic is a finding.
pub(crate) fn one(world: World, seed: u64) -> Report {
    let run = AssertUnwindSafe(|| match world {
        World::Ledger => ledger_seed::run(seed, None),
        World::Network => network_seed::run(seed, None),
    });
    catch_unwind(run).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().cloned();
        let said = said.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let what = said.unwrap_or_else(|| "a panic without words".to_owned());
        let mut report = Report::default();
        match world {
            World::Ledger => report.ledger_seeds = 1,
            World::Network => report.network_seeds = 1,
        }
        report.findings.push(Finding { world, seed, checker: "panic", what });
        report
    })
}
