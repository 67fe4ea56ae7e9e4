//! Seeds with a court: real answers, disputed to the last tile.

use ledger::Rejection;
use sim::checkers::ALARMS;
use sim::ledger_seed::{self, court};
use sim::report::{DRAWN, DRAWN_PUNISHED, DRAWN_UNSEEN};
use sim::{Finding, Report};
use std::sync::LazyLock;

/// Courts that are looked at.
const COURTS: u64 = 100;
/// Courts of planters, the most that are looked at until a plant is met.
const PLANTERS: u64 = 32;
/// Kinds that only a court reaches.
const KINDS: &[u16] = &[
    26, 27, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 50, 51, 52, 53, 54, 60, 61, 62, 63, 64,
    65, 66, 70,
];
/// Rejections of theirs that traffic reaches: evidence that shows nothing.
const RARE: &[u16] = &[123];
/// What is refused of answers that are not whole, and of what is no contradiction.
const SHOWN: &[u16] = &[153, 154];
/// Cheats that lose stake in every court.
const SLASHED: &[&str] = &[
    "false answerer",
    "silent liar",
    "equivocator",
    "log omitter",
    "launderer",
    "bond filler",
    "diluter",
    "false planter",
    "colluding pair",
    "fault claimer",
    "bulk liar",
    "second receipt",
    "two keys",
    "mislabeller",
];
/// Cheats that would have more by being honest, in every court.
const LOSERS: &[&str] = &[
    "part withholder",
    "withholder",
    "griefing challenger",
    "lazy auditor",
    "copycat",
    "serial accuser",
    "segment launderer",
    "late voucher",
    "two logs",
];
/// Cheats that nobody can accuse before one of their lies is drawn: in a few courts none is.
const DRAWN_ALONE: &[&str] = &["segment launderer", "late voucher", "two logs"];

static REPORT: LazyLock<Report> = LazyLock::new(|| {
    let mut all = Report::default();
    std::thread::scope(|scope| {
        let half = |first| {
            move || (first..COURTS).step_by(2).map(|nth| ledger_seed::run(court(nth), None))
        };
        let halves = [0, 1].map(|first| scope.spawn(move || half(first)().collect::<Vec<_>>()));
        for reports in halves {
            reports.join().unwrap().into_iter().for_each(|report| all.add(report));
        }
    });
    all
});

#[test]
fn sound_rules_are_quiet() {
    assert_eq!(REPORT.findings, Vec::<Finding>::new());
    assert_eq!(REPORT.ledger_seeds, COURTS);
}

#[test]
fn a_seed_gives_the_same_run_again() {
    assert_eq!(ledger_seed::run(court(1), None), ledger_seed::run(court(1), None));
}

#[test]
fn every_kind_and_what_it_is_refused_for_is_reached() {
    for kind in KINDS {
        assert!(REPORT.kinds.contains_key(kind), "kind {kind} was not reached");
    }
    let numbers = 102..129;
    let of_disputes = |rejection: &&Rejection| {
        let number = rejection.number();
        let here = numbers.contains(&number) || SHOWN.contains(&number);
        here && !RARE.contains(&number)
    };
    for rejection in Rejection::ALL.iter().filter(of_disputes) {
        assert!(REPORT.rejections.contains_key(rejection), "{rejection} was not reached");
    }
}

/// Whatever a planter says falsely costs it nothing, and somewhere it finds who did not look.
#[test]
fn plants_find_who_does_not_look() {
    let planter = REPORT.cheats.get("honest planter").unwrap();
    assert!(planter.run > 0 && planter.punished == 0, "{planter:?}");
    assert!(REPORT.cheats.get("lazy auditor").unwrap().punished > 0);
}

/// Who disputes what was planted is shown the plant: in few courts, so that as many are looked at as it takes.
#[test]
fn plants_are_met() {
    let mut names = sim::cheat_names();
    let count = u64::try_from(sim::cheat_names().count()).unwrap();
    let planter = u64::try_from(names.position(|name| name == "honest planter").unwrap()).unwrap();
    let mut courts = (0..PLANTERS).map(|nth| court(planter + nth * count));
    assert!(courts.any(|seed| ledger_seed::run(seed, None).kinds.contains_key(&71)));
}

/// False answers that are drawn are punished, all of them for which somebody honest was drawn.
#[test]
fn who_is_drawn_is_punished() {
    let count = |what| REPORT.counts.get(what).copied().unwrap_or_default();
    assert!(count(DRAWN) > 10);
    assert_eq!(count(DRAWN), count(DRAWN_PUNISHED) + count(DRAWN_UNSEEN));
}

/// Whoever was drawn disputes as one who was, whose bond does not grow with a liar's list.
#[test]
fn auditors_dispute_their_alarms() {
    assert!(REPORT.counts.get(ALARMS).is_some_and(|alarms| *alarms > 10));
}

/// Every cheat that was drawn is there, and none of those who lie or are silent goes free.
#[test]
fn cheats_are_punished() {
    for name in SLASHED {
        let cheat = REPORT.cheats.get(name).unwrap();
        assert!(cheat.run > 0 && cheat.punished == cheat.run, "{name}: {cheat:?}");
        assert!(cheat.best < 0, "{name}: {cheat:?}");
    }
    for name in LOSERS {
        let cheat = REPORT.cheats.get(name).unwrap();
        assert!(cheat.run > 0 && cheat.best < 0, "{name}: {cheat:?}");
    }
    for name in DRAWN_ALONE {
        let cheat = REPORT.cheats.get(name).unwrap();
        assert!(2 * cheat.punished > cheat.run, "{name}: {cheat:?}");
    }
}
