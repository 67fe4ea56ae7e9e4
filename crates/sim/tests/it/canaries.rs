//! Every checker sees the broken rule that is there for it.

use sim::canary::Canary;
use sim::ledger_seed;
use std::collections::BTreeSet;

/// Seeds in which a broken rule must show.
const SEEDS: u64 = 4;

#[test]
fn each_is_caught_by_its_checker() {
    for canary in Canary::ALL {
        let reports = (0..SEEDS).map(|seed| ledger_seed::run(seed, Some(*canary)));
        let seen: BTreeSet<&str> =
            reports.flat_map(|report| report.findings).map(|finding| finding.checker).collect();
        assert!(seen.contains(canary.caught_by()), "{}: seen by {seen:?}", canary.name());
    }
}

#[test]
fn no_checker_is_without_one() {
    let mut caught: Vec<&str> = Canary::ALL.iter().map(|canary| canary.caught_by()).collect();
    caught.sort_unstable();
    caught.dedup();
    assert_eq!(caught.len(), Canary::ALL.len(), "{caught:?}");
    for checker in sim::checkers::NAMES {
        assert!(caught.contains(checker), "nothing shows that {checker} sees anything");
    }
}
