//! Seeds of transactions and blocks.

use ledger::Rejection;
use sim::campaign::{Campaign, run};
use sim::{Report, ledger_seed};

const SEEDS: u64 = 30;

fn some(threads: usize) -> Report {
    run(&Campaign { from: 0, ledger: SEEDS, network: 0, threads }, |_| {})
}

#[test]
fn sound_rules_are_quiet_and_threads_do_not_show() {
    let (one, two) = (some(1), some(2));
    assert_eq!(one.findings, []);
    assert_eq!(one, two);
    assert_eq!(one.ledger_seeds, SEEDS);
}

#[test]
fn a_seed_gives_the_same_run_again() {
    assert_eq!(ledger_seed::run(7, None), ledger_seed::run(7, None));
    assert_ne!(ledger_seed::run(7, None), ledger_seed::run(8, None));
}

/// What every kind of transaction may be rejected for is reached, and so is every kind.
#[test]
fn seeds_reach_what_they_are_for() {
    let report = some(2);
    assert!(report.taken() * 5 > report.offered, "{report:?}");
    assert!(report.kinds.len() > 15, "{:?}", report.kinds);
    for rejection in Rejection::ALL.iter().filter(|rejection| rejection.number() < 10) {
        assert!(report.rejections.contains_key(rejection), "{rejection} was not reached");
    }
}
