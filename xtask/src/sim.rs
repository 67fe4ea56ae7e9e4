//! `cargo xtask sim`: the network's simulator, seed by seed, on every core.
//!
//! Prints what the seeds came to. A seed in which a checker saw something is printed with the command that runs it
//! again; that is a failure. Never part of `cargo test`, which runs a few seeds of its own.
#![allow(clippy::float_arithmetic, reason = "seconds, for display only")]

use ::sim::campaign::{Campaign, run};
use ::sim::canary::{Canary, Sabotage};
use ::sim::{Finding, Report, World, ledger_seed, network_seed};
use ledger::Rejection;
use std::time::Instant;

use crate::Outcome;

const USAGE: &str = "usage: cargo xtask sim [--seeds N] [--network N] [--from SEED] [--threads N]
       cargo xtask sim --canaries";
/// Seeds in which a broken rule must show.
const CANARY_SEEDS: u64 = 60;
/// Seeds of transactions and blocks alone, unless told otherwise.
const SEEDS: u64 = 10_000;
/// Seeds of validators over a network.
const NETWORK_SEEDS: u64 = 200;
/// Findings that are printed.
const SHOWN: usize = 20;

/// Runs the seeds and prints the table.
pub(crate) fn run_sim(options: &[&str]) -> Outcome<()> {
    if options == ["--canaries"] {
        return canaries();
    }
    let campaign = read(options)?;
    let began = Instant::now();
    let report = run(&campaign);
    print(&report, &campaign);
    println!(
        "{:.1} s on {} threads, in this profile",
        began.elapsed().as_secs_f64(),
        campaign.threads
    );
    let count = report.findings.len();
    for finding in report.findings.iter().take(SHOWN) {
        shown(finding);
    }
    match count {
        0 => Ok(()),
        _ => Err(format!("{count} findings")),
    }
}

/// Breaks every rule there is a broken one of, and says which checker sees it first, and in which seed.
fn canaries() -> Outcome<()> {
    println!("| what is broken | seen by | in seed |");
    println!("|---|---|---|");
    for canary in Canary::ALL {
        let run = |seed| ledger_seed::run(seed, Some(*canary));
        caught(canary.name(), canary.caught_by(), run)?;
    }
    for sabotage in Sabotage::ALL {
        let run = |seed| network_seed::run(seed, Some(*sabotage));
        caught(sabotage.name(), sabotage.caught_by(), run)?;
    }
    Ok(())
}

fn caught(what: &str, checker: &str, run: impl Fn(u64) -> Report) -> Outcome<()> {
    let sees = |seed: &u64| run(*seed).findings.iter().any(|finding| finding.checker == checker);
    let seed = (0..CANARY_SEEDS).find(sees);
    let seed = seed.ok_or(format!("{what}: {checker} sees it in none of {CANARY_SEEDS} seeds"))?;
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
    let rows = [
        ("first seed", campaign.from),
        ("ledger seeds", report.ledger_seeds),
        ("network seeds", report.network_seeds),
        ("blocks", report.blocks),
        ("transactions offered", report.offered),
        ("transactions taken", report.taken()),
        ("transactions rejected", report.rejections.values().sum()),
        ("altered blocks refused", report.refused.values().sum()),
        ("findings", report.findings.len() as u64),
    ];
    for (what, count) in rows {
        println!("{what:<44}{count:>12}");
    }
    for (what, count) in &report.counts {
        println!("{what:<44}{count:>12}");
    }
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
    println!();
}

fn shown(finding: &Finding) {
    let seeds = match finding.world {
        World::Ledger => "--seeds 1 --network 0",
        World::Network => "--seeds 0 --network 1",
    };
    println!("FOUND by {}: {}", finding.checker, finding.what);
    println!("      again: cargo xtask sim {seeds} --from {}", finding.seed);
}
