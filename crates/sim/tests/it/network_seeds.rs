//! Seeds with validators, clients and faults.

use sim::canary::Sabotage;
use sim::network_seed;
use std::collections::BTreeSet;

const SEEDS: u64 = 6;
/// Seeds in which something broken must show.
const BROKEN_SEEDS: u64 = 30;

#[test]
fn sound_networks_are_quiet_and_go_on() {
    let mut faulted = 0;
    for seed in 0..SEEDS {
        let report = network_seed::run(seed, None);
        assert_eq!(report.findings, []);
        assert!(report.blocks > 3 && report.taken() > 0, "{report:?}");
        // One who cheats as a leader and has no seat does nothing.
        faulted += u64::from(report.faults.values().any(|count| *count > 0));
    }
    assert!(faulted > SEEDS / 2, "{faulted} of {SEEDS}");
}

#[test]
fn a_seed_gives_the_same_run_again() {
    assert_eq!(network_seed::run(3, None), network_seed::run(3, None));
}

#[test]
fn each_checker_sees_what_is_broken_for_it() {
    for sabotage in Sabotage::ALL {
        let mut seeds = 0..BROKEN_SEEDS;
        let caught = seeds.any(|seed| {
            let report = network_seed::run(seed, Some(*sabotage));
            let seen: BTreeSet<&str> =
                report.findings.iter().map(|finding| finding.checker).collect();
            seen.contains(sabotage.caught_by())
        });
        assert!(caught, "{sabotage:?}");
    }
}
