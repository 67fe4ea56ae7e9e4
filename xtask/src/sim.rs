//! `cargo xtask sim`: the network's simulator, seed by seed, on every core.
//!
//! Prints what the seeds came to. A seed in which a checker saw something is printed with the command that runs it
//! again; that is a failure. Never part of `cargo test`, which runs a few seeds of its own.
#![allow(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "seconds and gains, for display only"
)]

use ::sim::campaign::{Campaign, Progress, run};
use ::sim::canary::{Canary, Sabotage};
use ::sim::report::{ANSWERS, DRAWN, DRAWN_PUNISHED, OF_GROUPS, PAYING_BYTES};
use ::sim::{Finding, PRICE, Report, World, cheat_names, fault_names, ledger_seed, network_seed};
use ledger::Rejection;
use std::io::IsTerminal as _;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::Outcome;

const USAGE: &str = "usage: cargo xtask sim [--seeds N] [--network N] [--from SEED] [--threads N]
       cargo xtask sim --canaries";
/// Seeds in which a broken rule must show.
const CANARY_SEEDS: u64 = 60;
/// Seeds of transactions and blocks alone, unless told otherwise.
const SEEDS: u64 = 10_000;
/// Seeds of validators over a network.
const NETWORK_SEEDS: u64 = 200;
/// How often each fault and cheat acts in a whole campaign, at least.
const ACTED_LEAST: u64 = 10;
/// Findings that are printed.
const SHOWN: usize = 20;
/// How often a campaign says how far it is, on a terminal and elsewhere.
const TOLD_EVERY: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];

/// Runs the seeds and prints the table.
pub(crate) fn run_sim(options: &[&str]) -> Outcome<()> {
    if options == ["--canaries"] {
        return canaries();
    }
    let campaign = read(options)?;
    let meter = Meter::new();
    let report = run(&campaign, |progress| meter.tell(progress));
    meter.end();
    print(&report, &campaign);
    println!(
        "{:.1} s on {} threads, in this profile",
        meter.began.elapsed().as_secs_f64(),
        campaign.threads
    );
    let count = report.findings.len();
    for finding in report.findings.iter().take(SHOWN) {
        shown(finding);
    }
    coverage(&report, &campaign)?;
    match count {
        0 => Ok(()),
        _ => Err(format!("{count} findings")),
    }
}

/// Says on stderr how far a campaign is: on a terminal in one line that changes, elsewhere now and then in a new one.
struct Meter {
    began: Instant,
    terminal: bool,
    /// When it said something last.
    said: Mutex<Duration>,
}

impl Meter {
    fn new() -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { began: Instant::now(), terminal, said: Mutex::new(Duration::ZERO) }
    }

    fn tell(&self, progress: Progress) {
        let now = self.began.elapsed();
        // Where another thread is about to say something, it says enough.
        let Ok(mut said) = self.said.try_lock() else { return };
        if now.saturating_sub(*said) < TOLD_EVERY[usize::from(!self.terminal)] {
            return;
        }
        *said = now;
        let Progress { done, of, findings } = progress;
        let line = format!("{done} of {of} seeds, {findings} findings, {} s", now.as_secs());
        match self.terminal {
            true => eprint!("\r\x1b[K{line}"),
            false => eprintln!("{line}"),
        }
    }

    /// Leaves a terminal's line empty.
    fn end(&self) {
        if self.terminal {
            eprint!("\r\x1b[K");
        }
    }
}

/// Breaks every rule there is a broken one of, and says which checker sees it first, and in which seed.
fn canaries() -> Outcome<()> {
    println!("| what is broken | seen by | in seed |");
    println!("|---|---|---|");
    for canary in Canary::ALL {
        let court = canary.is_of_courts();
        let seed_of = |nth| if court { ledger_seed::court(nth) } else { nth };
        let run = |nth| ledger_seed::run(seed_of(nth), Some(*canary));
        caught(canary.name(), canary.caught_by(), run, seed_of)?;
    }
    for sabotage in Sabotage::ALL {
        let run = |seed| network_seed::run(seed, Some(*sabotage));
        caught(sabotage.name(), sabotage.caught_by(), run, |seed| seed)?;
    }
    println!();
    omitted()
}

/// Takes one rule after the other out of a ledger that is built so that it may be, and says who sees that it is missing.
fn omitted() -> Outcome<()> {
    let mut cargo = Command::new("cargo");
    cargo.args(["run", "--quiet", "--package", "sim", "--example", "canaries"]);
    // The one place that asks for this feature: a test of the simulator says so.
    let ended = cargo.args(["--features", "canary"]).status().map_err(|error| error.to_string())?;
    match ended.success() {
        true => Ok(()),
        false => Err("a rule is missing, and nobody sees it".into()),
    }
}

fn caught(
    what: &str,
    checker: &str,
    run: impl Fn(u64) -> Report,
    seed_of: impl Fn(u64) -> u64,
) -> Outcome<()> {
    let sees = |nth: &u64| run(*nth).findings.iter().any(|finding| finding.checker == checker);
    let nth = (0..CANARY_SEEDS).find(sees);
    let nth = nth.ok_or(format!("{what}: {checker} sees it in none of {CANARY_SEEDS} seeds"))?;
    let seed = seed_of(nth);
    println!("| {what} | {checker} | {seed} |");
    Ok(())
}

fn read(options: &[&str]) -> Outcome<Campaign> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut campaign = Campaign { from: 0, ledger: SEEDS, network: NETWORK_SEEDS, threads };
    for pair in options.chunks(2) {
        let [name, value] = pair else { return Err(USAGE.into()) };
        let value: u64 = value.parse().map_err(|_| format!("{value:?} is no whole number"))?;
        match *name {
            "--seeds" => campaign.ledger = value,
            "--network" => campaign.network = value,
            "--from" => campaign.from = value,
            "--threads" => {
                campaign.threads = usize::try_from(value).map_err(|error| error.to_string())?;
            }
            _ => return Err(USAGE.into()),
        }
    }
    Ok(campaign)
}

fn print(report: &Report, campaign: &Campaign) {
    let of = |checker: &str| report.findings.iter().filter(|one| one.checker == checker).count();
    let punished = report.cheats.values().map(|cheat| cheat.punished).sum();
    let count = |what| report.counts.get(what).copied().unwrap_or_default();
    // What a paid answer costs the ledger; all else in courts is counted beside it.
    let per_answer = count(PAYING_BYTES) / count(ANSWERS).max(1);
    let rows = [
        ("first seed", campaign.from),
        ("ledger seeds", report.ledger_seeds),
        ("network seeds", report.network_seeds),
        ("blocks", report.blocks),
        ("transactions offered", report.offered),
        ("transactions taken", report.taken()),
        ("transactions rejected", report.rejections.values().sum()),
        ("altered blocks refused", report.refused.values().sum()),
        ("faults injected, seeds of each summed", report.faults.values().sum()),
        ("cheats run", report.cheats.values().map(|cheat| cheat.run).sum()),
        ("cheats punished", punished),
        (DRAWN, count(DRAWN)),
        (DRAWN_PUNISHED, count(DRAWN_PUNISHED)),
        ("honest slashed", of("slashed") as u64),
        ("supply drift", of("supply") as u64),
        ("bytes of channels and logs per answer", per_answer),
        ("findings", report.findings.len() as u64),
    ];
    for (what, count) in rows {
        println!("{what:<44}{count:>12}");
    }
    let others = report.counts.iter().filter(|(what, _)| ![DRAWN, DRAWN_PUNISHED].contains(what));
    for (what, count) in others {
        println!("{what:<44}{count:>12}");
    }
    print_kinds(report);
    print_cheats(report);
    println!();
}

fn print_kinds(report: &Report) {
    println!("\ntaken, by kind");
    for (kind, count) in &report.kinds {
        println!("{kind:>6} {count:>49}");
    }
    println!("\nrejected");
    for rejection in Rejection::ALL {
        let count = report.rejections.get(rejection).copied().unwrap_or_default();
        println!("{:>6} {:<70}{count:>10}", rejection.number(), rejection.to_string());
    }
    println!("\nrefused: blocks altered in, or");
    for (what, count) in &report.refused {
        println!("       {what:<37}{count:>12}");
    }
    if !report.faults.is_empty() {
        println!("\nseeds in which a fault or cheat acted");
        for (what, count) in &report.faults {
            println!("       {what:<37}{count:>12}");
        }
    }
}

/// What cheats came to: gains beside being honest, in prices of an answer.
fn print_cheats(report: &Report) {
    println!("\ncheats of courts (gain beside being honest, in prices of an answer)");
    println!("{:<28}{:>8}{:>10}{:>14}{:>12}", "", "run", "punished", "mean gain", "best gain");
    for (name, cheat) in &report.cheats {
        let price = |amount: i128| amount as f64 / PRICE as f64;
        let mean = price(cheat.gain) / cheat.run.max(1) as f64;
        let best = price(cheat.best);
        println!("{name:<28}{:>8}{:>10}{mean:>14.2}{best:>12.2}", cheat.run, cheat.punished);
    }
}

/// What a whole campaign has to reach: every fault and cheat so many times, every rejection.
fn coverage(report: &Report, campaign: &Campaign) -> Outcome<()> {
    let whole = campaign.ledger >= SEEDS && campaign.network >= NETWORK_SEEDS;
    let mut lacking: Vec<String> = Vec::new();
    for name in fault_names() {
        let count = report.faults.get(name).copied().unwrap_or_default();
        lacking.extend((count < ACTED_LEAST).then(|| format!("{name}: {count}")));
    }
    for name in cheat_names() {
        let count = report.cheats.get(name).map_or(0, |cheat| cheat.run);
        lacking.extend((count < ACTED_LEAST).then(|| format!("{name}: {count}")));
    }
    for rejection in Rejection::ALL {
        let of_group = OF_GROUPS.contains(rejection);
        let reached = of_group || report.rejections.contains_key(rejection);
        lacking.extend((!reached).then(|| format!("rejection {}", rejection.number())));
    }
    println!(
        "coverage: faults and cheats below {ACTED_LEAST} times, rejections not reached: {}",
        if lacking.is_empty() { "none".to_owned() } else { lacking.join(", ") }
    );
    match whole && !lacking.is_empty() {
        true => Err("a whole campaign does not reach everything".into()),
        false => Ok(()),
    }
}

fn shown(finding: &Finding) {
    let seeds = match finding.world {
        World::Ledger => "--seeds 1 --network 0",
        World::Network => "--seeds 0 --network 1",
    };
    println!("FOUND by {}: {}", finding.checker, finding.what);
    println!("      again: cargo xtask sim {seeds} --from {}", finding.seed);
}
