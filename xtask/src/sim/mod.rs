//! `cargo xtask sim`: the network's simulator, seed by seed, on every core.
//!
//! Prints what the seeds came to. A seed in which a checker saw something is printed with the command that runs it
//! again; that is a failure, and so is a whole campaign that does not reach everything. Never part of `cargo test`,
//! which runs a few seeds of its own.

mod printed;

use ::sim::campaign::{Campaign, Progress, run};
use ::sim::canary::{Canary, Sabotage};
use ::sim::{Report, ledger_seed, network_seed};
use std::io::IsTerminal as _;
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::Outcome;

const HELP: &str = "\
Runs networks from seeds, with faults, cheats and courts, and looks for a broken rule of the ledger.

usage: cargo xtask sim [--seeds N] [--network N] [--from SEED] [--threads N]
       cargo xtask sim --canaries

A seed is a number that all that happens follows from: it runs the same everywhere and always, and a finding is
printed with the command that runs its seed again.

  --seeds N     seeds of the ledger alone: blocks of offers, and courts of workers, clients, auditors and cheats
                (default 10000)
  --network N   seeds of validators over a network, with faults among them (default 200)
  --from SEED   the first seed of each kind (default 0)
  --threads N   seeds that run at a time (default: as many as there are cores)
  --canaries    takes every rule out in its turn, and says which checker sees that it is missing

The defaults are a whole campaign, some minutes on two cores: it ends with 1 where a checker saw something, or where a
fault or cheat acted less than 10 times or a rejection was not reached. Fewer seeds need not reach everything.";
/// Seeds in which a broken rule must show.
const CANARY_SEEDS: u64 = 60;
/// Seeds of transactions and blocks alone, unless told otherwise.
const SEEDS: u64 = 10_000;
/// Seeds of validators over a network.
const NETWORK_SEEDS: u64 = 200;
/// How often each fault and cheat acts in a whole campaign, at least.
const ACTED_LEAST: u64 = 10;
/// How often a campaign says how far it is, on a terminal and elsewhere.
const TOLD_EVERY: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(30)];

/// Runs the seeds and prints the table.
pub(crate) fn run_sim(options: &[&str]) -> Outcome<()> {
    match options {
        ["--canaries"] => return canaries(),
        ["--help" | "-h"] => {
            println!("{HELP}");
            return Ok(());
        }
        _ => {}
    }
    let campaign = read(options)?;
    let meter = Meter::new();
    let report = run(&campaign, |progress| meter.tell(progress));
    meter.end();
    printed::report(&report, &campaign, meter.began.elapsed());
    let whole = campaign.ledger >= SEEDS && campaign.network >= NETWORK_SEEDS;
    let lacking = printed::lacking(&report);
    match whole {
        true => println!("reached too seldom: {}", printed::listed(&lacking)),
        false => println!(
            "{} faults, cheats and rejections were reached too seldom, as is no wonder: only {SEEDS} and {NETWORK_SEEDS} \
             seeds have to reach all",
            lacking.len()
        ),
    }
    printed::findings(&report);
    match (report.findings.len(), whole && !lacking.is_empty()) {
        (0, false) => Ok(()),
        (0, true) => Err("a whole campaign does not reach everything".into()),
        (count, _) => Err(format!("{count} findings")),
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
        let (name, value) = (pair[0], pair.get(1));
        let into = match name {
            "--seeds" => &mut campaign.ledger,
            "--network" => &mut campaign.network,
            "--from" => &mut campaign.from,
            "--threads" => {
                campaign.threads = number(name, value)?;
                continue;
            }
            "--canaries" => return Err("--canaries stands alone: it chooses its seeds".into()),
            _ => return Err(format!("{name:?} is no option: see cargo xtask sim --help")),
        };
        *into = number(name, value)?;
    }
    match (campaign.threads, campaign.ledger.saturating_add(campaign.network)) {
        (0, _) => Err("--threads 0 runs nothing: one at least".into()),
        (_, 0) => Err("no seeds are nothing to run: --seeds or --network above 0".into()),
        _ => Ok(campaign),
    }
}

fn number<T: std::str::FromStr>(name: &str, value: Option<&&str>) -> Outcome<T> {
    let value = value.ok_or(format!("{name} lacks its number"))?;
    value.parse().map_err(|_| format!("{name} {value:?} is no whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_that_is_wrong_is_named() {
        let said = |options: &[&str]| read(options).expect_err("it is wrong");
        assert_eq!(said(&["--seeds", "x"]), "--seeds \"x\" is no whole number");
        assert_eq!(said(&["--seeds"]), "--seeds lacks its number");
        assert!(said(&["--canaries", "--seeds", "5"]).contains("--canaries"));
        assert!(said(&["--seed", "5"]).contains("\"--seed\""));
        assert!(said(&["--threads", "0"]).contains("--threads"));
        assert!(said(&["--seeds", "0", "--network", "0"]).contains("no seeds"));
        let all = ["--seeds", "3", "--network", "2", "--from", "7", "--threads", "1"];
        let read = Campaign { from: 7, ledger: 3, network: 2, threads: 1 };
        assert_eq!(super::read(&all), Ok(read));
    }
}
