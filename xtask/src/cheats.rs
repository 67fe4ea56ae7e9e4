//! `cargo xtask cheats`: workers that cheat, and what each kind of evidence makes of them; then disputes
//! in which one side lies.
//!
//! The first table is kept true by a test, which is run before it is printed. The disputes are played
//! here, seed by seed, on every core: tiny models, real moves, the real referee. Never counts a game whose
//! lie happened to be none; one that the liar wins ends with its seed.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

use dispute::sides::cheats::{Game, play};
use dispute::{Party, Verdict};

use crate::Outcome;

/// Games that are played, unless told otherwise.
const GAMES: u64 = 10_000;
const TABLE: &str = "crates/llm/tests/it/cheats/table.txt";

pub(crate) fn run(repository: &Path, options: &[&str]) -> Outcome<()> {
    let (games, first) = match options {
        [] => (GAMES, 0),
        ["--games", games] => (number(games)?, 0),
        ["--games", games, "--from", first] => (number(games)?, number(first)?),
        _ => return Err("usage: cargo xtask cheats [--games N [--from SEED]]".into()),
    };
    receipts(repository)?;
    disputes(games, first)
}

fn number(text: &str) -> Outcome<u64> {
    text.parse().map_err(|_| format!("{text:?} is no whole number"))
}

/// Runs the test that keeps the table, and prints it.
fn receipts(repository: &Path) -> Outcome<()> {
    let mut test = Command::new(env!("CARGO"));
    test.args(["test", "--quiet", "-p", "llm", "--test", "it", "cheats"]).current_dir(repository);
    let done = test.output().map_err(|error| format!("cargo can't be run: {error}"))?;
    if !done.status.success() {
        return Err(format!(
            "the cheats' own test fails:\n{}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        ));
    }
    let table = std::fs::read_to_string(repository.join(TABLE));
    println!("receipts on tiny models\n");
    println!("{}", table.map_err(|error| format!("{TABLE}: {error}"))?);
    Ok(())
}

/// What games of one kind came to.
#[derive(Default)]
struct Tally {
    games: u64,
    moves: u64,
    moves_max: u32,
    bytes_max: usize,
}

type Tallies = BTreeMap<(String, String), Tally>;

fn disputes(games: u64, first: u64) -> Outcome<()> {
    let next = AtomicU64::new(first);
    let end = first + games;
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let parts: Vec<Outcome<Tallies>> = std::thread::scope(|scope| {
        let player = || {
            let mut tallies = Tallies::new();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= end {
                    return Ok(tallies);
                }
                if let Some(game) = play(seed).map_err(|broken| broken.to_string())? {
                    count(&mut tallies, &game);
                }
            }
        };
        let players: Vec<_> = (0..threads).map(|_| scope.spawn(player)).collect();
        players
            .into_iter()
            .map(|player| player.join().expect("a player panics no more than we do"))
            .collect()
    });
    let mut all = Tallies::new();
    for part in parts {
        for (kind, tally) in part? {
            let sum = all.entry(kind).or_default();
            sum.games += tally.games;
            sum.moves += tally.moves;
            sum.moves_max = sum.moves_max.max(tally.moves_max);
            sum.bytes_max = sum.bytes_max.max(tally.bytes_max);
        }
    }
    print(&all, first, end);
    Ok(())
}

fn count(tallies: &mut Tallies, game: &Game) {
    let liar = match game.liar {
        Party::Claimant => "claimant",
        Party::Challenger => "challenger",
    };
    let lie = game.lie.split(['(', ' ']).next().unwrap_or_default();
    let end = match game.played.verdict {
        Some(Verdict::ClaimantRefuted(fault)) => format!("claimant refuted: {:?}", fault.kind),
        Some(Verdict::ChallengerRefuted) => "challenger refuted".into(),
        Some(Verdict::ClaimantTimedOut) => "claimant timed out".into(),
        Some(Verdict::ChallengerTimedOut) => "challenger timed out".into(),
        None => "not over".into(),
    };
    let tally = tallies.entry((format!("{liar}: {lie}"), end)).or_default();
    tally.games += 1;
    tally.moves += u64::from(game.played.moves);
    tally.moves_max = tally.moves_max.max(game.played.moves);
    tally.bytes_max = tally.bytes_max.max(game.played.bytes_max);
}

fn print(all: &Tallies, first: u64, end: u64) {
    println!("disputes on tiny models, seeds {first} to {}\n", end - 1);
    println!(
        "{:<28}{:<36}{:>8}{:>8}{:>8}{:>14}",
        "who lies, and how", "ends with", "games", "moves", "most", "most bytes"
    );
    for ((lie, verdict), tally) in all {
        println!(
            "{lie:<28}{verdict:<36}{:>8}{:>8}{:>8}{:>14}",
            tally.games,
            tally.moves / tally.games.max(1),
            tally.moves_max,
            tally.bytes_max
        );
    }
    let games: u64 = all.values().map(|tally| tally.games).sum();
    println!("\n{games} games with a lie in them: the liar lost every one, nobody else any");
}
