//! What `cargo xtask sim --canaries` runs with a ledger that a rule can be taken out of: a table of who sees it missing.
//!
//! Never changes a file. Says on stderr how far it is. Failure: a rule that is missing and that nobody sees, or that no
//! seed reaches.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is what it is for")]

use ledger::Rejection;
use sim::omitted::{Came, Search, Told, search};
use sim::report::OF_GROUPS;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Seeds that are looked through at a time, the most of them, and those in which one rule is tried.
const SEEDS: u64 = 480;
const SEEDS_MAX: u64 = 9_600;
const TRIES: usize = 24;
/// Rules without which nothing happens that anybody would mind: no checker is asked to see that one of them is missing.
const HARMLESS: &[(Rejection, &str)] = &[
    (Rejection::ToItself, "what moves to where it is moves nothing"),
    (Rejection::NothingDue, "nothing is withdrawn"),
    (Rejection::Standing, "who is in a list is put into it"),
    (Rejection::NotStanding, "who is not in a list is taken out of it"),
    (Rejection::ProgramThere, "the same bytes stand under their hash"),
    (Rejection::SpanHeld, "what is held or void is held again, and released as before"),
    (Rejection::Enrolled, "who is in a list is put into it"),
    (Rejection::NotEnrolled, "who is not in a list is taken out of it"),
    (Rejection::NoVoice, "a vote of nothing counts for nothing"),
    (Rejection::ParameterBounds, "a proposal that can't be enacted: enacting looks again"),
    (
        Rejection::RulesVersion,
        "a proposal of old rules; what enacts one is seen, and is too rare for these seeds",
    ),
];
/// The greatest length of what is printed of a finding.
const SHOWN: usize = 90;

fn main() -> ExitCode {
    // A panic within a seed is a finding; its trace would be noise.
    std::panic::set_hook(Box::new(|_| {}));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut options = std::env::args().skip(1).filter_map(|word| word.parse::<u64>().ok());
    let seeds = options.next().unwrap_or(SEEDS);
    let tries = options.next().and_then(|tries| usize::try_from(tries).ok()).unwrap_or(TRIES);
    let (began, done) = (Instant::now(), AtomicUsize::new(0));
    let tell = |told: Told<'_>| {
        let seconds = began.elapsed().as_secs();
        match told {
            Told::Looked(seeds, lacking) => {
                eprintln!("{seconds} s: {seeds} seeds, {lacking} rules rejected nothing yet");
            }
            Told::Tried(rejection, came) => {
                let (nth, of) = (done.fetch_add(1, Ordering::Relaxed) + 1, Rejection::ALL.len());
                let number = rejection.number();
                eprintln!("{seconds} s: {nth} tried, of {of} rules; {number}: {}", in_short(came));
            }
        }
    };
    let all = search(
        &Search {
            seeds,
            seeds_max: SEEDS_MAX,
            tries,
            harmless: HARMLESS.iter().map(|(rejection, _)| *rejection).collect(),
            threads,
        },
        tell,
    );
    println!(
        "| number | what it rejects | seen by | in seed | of those that reach it | what was seen |"
    );
    println!("|---|---|---|---|---|---|");
    all.iter().for_each(row);
    let of = |is: fn(&Came) -> bool| all.iter().filter(|(_, came)| is(came)).count();
    let unseen = all.iter().filter(|(rejection, came)| {
        matches!(came, Came::Unseen { .. }) && harmless(*rejection).is_none()
    });
    let unseen: Vec<u16> = unseen.map(|(rejection, _)| rejection.number()).collect();
    let unreached = all
        .iter()
        .filter(|(rejection, came)| *came == Came::Unreached && !OF_GROUPS.contains(rejection));
    let unreached: Vec<u16> = unreached.map(|(rejection, _)| rejection.number()).collect();
    println!("\n{} rules", all.len());
    println!("{:>6} seen by a checker", of(|came| matches!(came, Came::Seen { .. })));
    println!(
        "{:>6} passed, and nobody saw it; not harmless: {unseen:?}",
        of(|came| matches!(came, Came::Unseen { .. }))
    );
    println!("{:>6} covered by another rule", of(|came| matches!(came, Came::Covered)));
    println!("{:>6} can't be taken out", of(|came| matches!(came, Came::Absence)));
    println!(
        "{:>6} not reached; not of groups, which the ledger's tests reach: {unreached:?}",
        of(|came| matches!(came, Came::Unreached))
    );
    match unseen.is_empty() && unreached.is_empty() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// Why nobody has to see that a rule is missing.
fn harmless(rejection: Rejection) -> Option<&'static str> {
    HARMLESS.iter().find(|(of, _)| *of == rejection).map(|(_, why)| *why)
}

fn in_short(came: &Came) -> &'static str {
    match came {
        Came::Unreached => "not reached",
        Came::Absence => "can't be taken out",
        Came::Covered => "covered by another rule",
        Came::Unseen { .. } => "passed, and nobody saw it",
        Came::Seen { finding, .. } => finding.checker,
    }
}

fn row((rejection, came): &(Rejection, Came)) {
    let (number, words) = (rejection.number(), rejection.to_string());
    let said = match came {
        Came::Unreached if OF_GROUPS.contains(rejection) => {
            "no simulation has a group: crates/ledger/tests/it/groups.rs reaches it | | |"
                .to_owned()
        }
        Came::Unreached => "NOT REACHED | | |".to_owned(),
        Came::Absence => "can't be taken out: nothing to go on with | | |".to_owned(),
        Came::Covered => "another rule rejects it | | |".to_owned(),
        Came::Unseen { seeds, blocks } => {
            let why = harmless(*rejection)
                .map_or("NOT SEEN".to_owned(), |why| format!("harmless: {why}"));
            format!("{why} | | {seeds} | {blocks} blocks that no sound ledger takes")
        }
        Came::Seen { nth, finding } => {
            let what: String = finding.what.chars().take(SHOWN).collect();
            format!("{} | {} | {nth} | {}", finding.checker, finding.seed, what.replace('|', "/"))
        }
    };
    println!("| {number} | {words} | {said} |");
}
