//! `cargo xtask bench serve`: our server against llama-server, on the same file, asked the same.
//!
//! One server at a time, both warm before their clock starts, in turn within a round; a ratio is made within a round
//! and the median counts. Prompts are token ids by seed, so nobody's tokenizer or template counts, and no two streams
//! share a prompt but where that is what is measured. Temperature 0, no stop: every answer has the length asked for.
//!
//! Never part of `cargo test` or CI. What it makes lies under `target/peers/` and `target/serve/`.

mod client;
mod load;
mod sides;

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::peer::{Format, Isa};
use super::rows::median;
use super::{DEFAULT_ROUNDS, conditions, parse, peer, target_folder};
use crate::Outcome;
use crate::served;
use client::{Asked, complete};
use load::{Load, at, together};
use sides::{NAME, Side};

const STREAMS: usize = 16;
const PROMPT: usize = 256;
const ANSWER: u32 = 128;
/// Positions of a stream, with room.
const EACH: usize = 512;
/// Tokens of a prefix that two prompts share.
const PREFIX: usize = 2000;
/// Clients at once where most must wait.
const CROWD: usize = 1000;
/// SmolLM2's end of text and end of turn, and how many ids lie above its special ones.
const NEVER: u32 = 2;
const FIRST_ID: u64 = 100;
const IDS: u64 = 48_000;

/// Measures everything and prints the tables.
pub(crate) fn run(root: &Path, words: &[&str]) -> Outcome<()> {
    let options = parse(words)?;
    let rounds = options.rounds.unwrap_or(DEFAULT_ROUNDS);
    let target = target_folder(root)?;
    let peers = target.join("peers");
    let peer = peer::prepare(root, &peers, options.model.as_deref(), &[Isa::Native])?;
    let world = World {
        program: served::build(root, true)?,
        theirs: sides::build(&peers)?,
        model: peer.model(Format::Q8_0),
        home: target.join("serve"),
    };
    println!("{}", conditions(rounds));
    let wanted = |part: &str| options.only.as_ref().is_none_or(|only| part.contains(only.as_str()));
    for (name, part) in PARTS {
        if wanted(name) {
            part(&world, rounds)?;
        }
    }
    Ok(())
}

type Part = fn(&World, usize) -> Outcome<()>;

/// What is measured, by the name that `--only` takes.
const PARTS: [(&str, Part); 5] = [
    ("streams", streams),
    ("receipts", receipts),
    ("first byte", first_byte),
    ("prefix", prefix),
    ("crowd", crowd),
];

/// What is compared and where.
struct World {
    program: PathBuf,
    theirs: PathBuf,
    model: PathBuf,
    home: PathBuf,
}

impl World {
    fn ours(&self) -> Outcome<Side> {
        sides::ours(&self.program, &self.home, &self.model, &[])
    }
}

/// Token ids by seed: the same for both sides, other ones in every stream and round.
fn prompt(seed: usize, tokens: usize) -> Vec<u32> {
    let mut state = seed as u64 ^ 0x9e37_79b9_7f4a_7c15;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        u32::try_from(FIRST_ID + (state >> 33) % IDS).expect("ids are small")
    };
    (0..tokens).map(|_| next()).collect()
}

fn asked(prompt: &[u32], tokens: u32) -> Asked<'_> {
    Asked { model: NAME, prompt, tokens, never: NEVER }
}

/// Throughput and gaps of many streams.
fn streams(world: &World, rounds: usize) -> Outcome<()> {
    println!("\n{STREAMS} streams, {PROMPT} tokens in, {ANSWER} out");
    println!(
        "| round | ours tok/s | theirs tok/s | ratio | our gap p50 ms | p99 | p99 / p50 | their p50 | p99 | our first p50 | theirs |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let (mut ratios, mut spreads) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let ours = loaded(&world.ours()?, round)?;
        let theirs = sides::theirs(&world.theirs, &world.model, STREAMS, EACH)?;
        let theirs = loaded(&theirs, round)?;
        let ratio = ours.per_second() / theirs.per_second();
        let (gaps, their_gaps) = (ours.gaps(), theirs.gaps());
        let spread = milliseconds(at(&gaps, 99)) / milliseconds(at(&gaps, 50));
        println!(
            "| {round} | {:.0} | {:.0} | {ratio:.2} | {:.2} | {:.2} | {spread:.2} | {:.2} | {:.2} | {:.0} | {:.0} |",
            ours.per_second(),
            theirs.per_second(),
            milliseconds(at(&gaps, 50)),
            milliseconds(at(&gaps, 99)),
            milliseconds(at(&their_gaps, 50)),
            milliseconds(at(&their_gaps, 99)),
            milliseconds(at(&ours.firsts(), 50)),
            milliseconds(at(&theirs.firsts(), 50)),
        );
        ratios.push(ratio);
        spreads.push(spread);
    }
    println!(
        "medians: {:.2} of its tokens/s (target 2), p99 gap {:.2} of the median's (target 4)",
        median(&ratios).unwrap_or(0.0),
        median(&spreads).unwrap_or(0.0)
    );
    Ok(())
}

/// Warm, then all streams at once.
fn loaded(side: &Side, round: usize) -> Outcome<Load> {
    let warm = prompt(usize::MAX - round, PROMPT);
    complete(side.address(), &asked(&warm, 16))?;
    let prompts: Vec<_> =
        (0..STREAMS).map(|stream| prompt(round * STREAMS + stream, PROMPT)).collect();
    let all: Vec<_> = prompts.iter().map(|prompt| asked(prompt, ANSWER)).collect();
    let load = together(side.address(), &all)?;
    let wanted = (STREAMS, STREAMS as u64 * u64::from(ANSWER));
    match (load.with(200), load.drawn()) {
        got if got == wanted => Ok(load),
        (answered, drawn) => Err(format!(
            "{answered} of {STREAMS} streams were answered, with {drawn} tokens in all"
        )),
    }
}

/// What signing and keeping receipts takes of all the processor time that the server takes, as it counts it itself.
fn receipts(world: &World, rounds: usize) -> Outcome<()> {
    println!("\nreceipts, beside {STREAMS} streams of {PROMPT} in and {ANSWER} out");
    let mut shares = Vec::new();
    for round in 0..rounds {
        let side = world.ours()?;
        loaded(&side, round)?;
        let before = (side.processor_s()?, metric(&side, RECEIPT_SECONDS)?);
        loaded(&side, round + rounds)?;
        let after = (side.processor_s()?, metric(&side, RECEIPT_SECONDS)?);
        let (all, receipts) = (after.0 - before.0, after.1 - before.1);
        println!("round {round}: {:.1} ms of {all:.2} s", receipts * 1e3);
        shares.push(100.0 * receipts / all);
    }
    println!("median {:.2} % (target 1)", median(&shares).unwrap_or(0.0));
    Ok(())
}

/// Processor time spent on receipts.
const RECEIPT_SECONDS: &str = "probity_receipt_seconds_total";

/// Bytes of prompts that are remembered.
const CACHE_BYTES: &str = "probity_cache_bytes{model=\"model\"}";
const MIB: f64 = 1_048_576.0;

fn metric(side: &Side, name: &str) -> Outcome<f64> {
    let text = client::get(side.address(), "/metrics")?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.and_then(|value| value.trim().parse().ok()).ok_or(format!("no {name} in /metrics"))
}

/// What a request costs beside the model's own work: one token in, whose pass is a step of decoding.
fn first_byte(world: &World, _: usize) -> Outcome<()> {
    let side = world.ours()?;
    let mut over = Vec::new();
    for seed in 0..21 {
        let prompt = prompt(1 << 20 | seed, 1);
        let streamed = complete(side.address(), &asked(&prompt, 32))?;
        let mut gaps = streamed.gaps();
        gaps.sort_unstable();
        over.push(milliseconds(streamed.first()) - milliseconds(at(&gaps, 50)));
    }
    let over = median(&over).unwrap_or(0.0);
    println!("\nfirst byte beyond prefill and one step: {over:.2} ms, median of 21 (target 2)");
    Ok(())
}

/// The second of two prompts that share a prefix.
fn prefix(world: &World, _: usize) -> Outcome<()> {
    let side = world.ours()?;
    complete(side.address(), &asked(&prompt(1 << 21, PROMPT), 8))?;
    let mut shares = Vec::new();
    for seed in 0..5 {
        let shared = prompt(1 << 22 | seed, PREFIX);
        let first = |tail: usize| {
            let all = [shared.clone(), prompt(1 << 23 | tail, 8)].concat();
            complete(side.address(), &asked(&all, 4)).map(|streamed| milliseconds(streamed.first()))
        };
        let (cold, warm) = (first(2 * seed)?, first(2 * seed + 1)?);
        shares.push(warm / cold);
    }
    let share = 100.0 * median(&shares).unwrap_or(0.0);
    println!(
        "shared prefix of {PREFIX} tokens: the second first byte after {share:.1} % of the first's time (target 5)"
    );
    Ok(())
}

/// More clients than there is room for.
fn crowd(world: &World, _: usize) -> Outcome<()> {
    let side = world.ours()?;
    complete(side.address(), &asked(&prompt(1 << 24, PROMPT), 8))?;
    println!("\n{CROWD} clients at once, 16 tokens in, 8 out, three times");
    for time in 0..3 {
        let before = side.resident_bytes()?;
        let prompts: Vec<_> =
            (0..CROWD).map(|client| prompt(1 << 25 | time << 12 | client, 16)).collect();
        let all: Vec<_> = prompts.iter().map(|prompt| asked(prompt, 8)).collect();
        let load = together(side.address(), &all)?;
        let (answered, refused) = (load.with(200), load.with(429));
        let other = CROWD - answered - refused;
        let after = side.resident_bytes()?;
        println!(
            "answered {answered}, 429 {refused}, anything else {other}; memory {} -> {} MiB, {:.0} of them remembered \
             prompts; {:.1} s",
            before >> 20,
            after >> 20,
            metric(&side, CACHE_BYTES)? / MIB,
            load.all.as_secs_f64()
        );
        if other > 0 {
            return Err(format!("{other} clients got something worse than 429"));
        }
    }
    Ok(())
}

fn milliseconds(time: Option<Duration>) -> f64 {
    time.map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_differ_by_their_seed_alone() {
        assert_eq!(prompt(7, 300), prompt(7, 300));
        assert_ne!(prompt(7, 16), prompt(8, 16));
        assert!(prompt(3, 300).iter().all(|id| (100..48_100).contains(id)));
    }
}
