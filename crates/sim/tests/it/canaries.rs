//! Every checker sees the broken rule that is there for it.

use sim::canary::Canary;
use sim::ledger_seed::{self, court};
use std::collections::BTreeSet;

/// Seeds in which a broken rule must show.
const SEEDS: u64 = 4;
/// Courts in which one of theirs must: twice as many as there are cheats, each of which some court is for.
const COURTS: u64 = 64;

#[test]
fn each_is_caught_by_its_checker() {
    for canary in Canary::ALL {
        let seeds: Vec<u64> = match canary.is_of_courts() {
            true => (0..COURTS).map(court).collect(),
            false => (0..SEEDS).collect(),
        };
        let mut seen = BTreeSet::new();
        for seed in seeds {
            let report = ledger_seed::run(seed, Some(*canary));
            seen.extend(report.findings.iter().map(|finding| finding.checker));
            if seen.contains(canary.caught_by()) {
                break;
            }
        }
        assert!(seen.contains(canary.caught_by()), "{}: seen by {seen:?}", canary.name());
    }
}

#[test]
fn no_checker_is_without_one() {
    let mut caught: Vec<&str> = Canary::ALL.iter().map(|canary| canary.caught_by()).collect();
    caught.sort_unstable();
    caught.dedup();
    assert_eq!(caught.len(), Canary::ALL.len(), "{caught:?}");
    for checker in sim::checkers::NAMES.iter().chain(sim::checkers::COURT_NAMES) {
        assert!(caught.contains(checker), "nothing shows that {checker} sees anything");
    }
}
