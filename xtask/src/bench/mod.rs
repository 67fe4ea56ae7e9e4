//! `cargo xtask bench llama-cpp`: our engine against llama.cpp, on the same file.
//!
//! Fair by construction: the same GGUF file on both sides, one process at a time, both sides
//! load and warm up before their own clock starts, logits of the last prompt position only,
//! fixed token ids (nobody samples). Rounds alternate (ours, theirs, ours, theirs ...), a
//! ratio is made within a round, and the median over rounds is what counts. llama.cpp gets
//! the better of flash attention on and off in every round.
//!
//! Never part of `cargo test` or CI: it needs a quiet machine, a C++ compiler, cmake, ninja
//! and, the first time, the Python index. What it makes lies under `target/peers/`.
#![allow(clippy::float_arithmetic, reason = "ratios and rates, for display only")]

pub(crate) mod experts;
pub(crate) mod ledger;
mod log;
mod measure;
pub(crate) mod peer;
pub(crate) mod referee;
pub(crate) mod replay;
mod rows;
pub(crate) mod serve;
mod shape;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Outcome;
use measure::Ours;
use peer::Isa;
use rows::{ROWS, Row};

const DEFAULT_ROUNDS: usize = 5;
const ROUND_LIMIT: usize = 101;

/// What the person asked for.
#[derive(Debug, Default)]
struct Options {
    model: Option<PathBuf>,
    rounds: Option<usize>,
    /// Only rows whose name contains this.
    only: Option<String>,
    /// Measure llama.cpp alone.
    theirs_only: bool,
}

/// Builds what is missing, measures every row, prints the table.
pub(crate) fn run(root: &Path, words: &[&str]) -> Outcome<()> {
    let options = parse(words)?;
    let rounds = options.rounds.unwrap_or(DEFAULT_ROUNDS);
    let target = target_folder(root)?;
    let isas = [Isa::Native, Isa::Avx2];
    let peer = peer::prepare(root, &target.join("peers"), options.model.as_deref(), &isas)?;
    let ours = if options.theirs_only { None } else { Some(build_ours(root, &target)?) };

    println!("{}", conditions(rounds));
    println!("{}", rows::HEADER);
    let mut missed = 0_usize;
    let wanted = |row: &&Row| options.only.as_ref().is_none_or(|only| row.name().contains(only));
    let mut first_decode = None;
    for row in ROWS.iter().filter(wanted) {
        let result = rows::measure(row, &peer, ours.as_ref(), rounds)?;
        println!("{}", result.line());
        missed += usize::from(result.missed());
        let ratio = result.median_ratio();
        match row.beats {
            rows::Beats::Nothing => {}
            rows::Beats::IsBase => first_decode = ratio,
            rows::Beats::Base => {
                let higher = ratio.zip(first_decode).map(|(long, short)| long > short);
                println!("  decode ratio at context 2,048 higher than at 128: {higher:?}");
                missed += usize::from(higher == Some(false));
            }
        }
    }
    if missed > 0 {
        return Err(format!("{missed} targets missed"));
    }
    Ok(())
}

fn parse(words: &[&str]) -> Outcome<Options> {
    let mut options = Options::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match *word {
            "--model" => options.model = Some(PathBuf::from(value()?)),
            "--only" => options.only = Some((*value()?).to_owned()),
            "--theirs-only" => options.theirs_only = true,
            "--rounds" => {
                let rounds = value()?.parse().map_err(|error| format!("--rounds: {error}"))?;
                if !(1..=ROUND_LIMIT).contains(&rounds) {
                    return Err(format!("--rounds: 1 to {ROUND_LIMIT}"));
                }
                options.rounds = Some(rounds);
            }
            other => return Err(format!("unknown option {other}\n{}", crate::USAGE)),
        }
    }
    Ok(options)
}

/// Where cargo puts what it makes.
pub(crate) fn target_folder(root: &Path) -> Outcome<PathBuf> {
    let arguments = ["metadata", "--no-deps", "--format-version", "1"];
    let output = Command::new("cargo").args(arguments).current_dir(root).output();
    let output = output.map_err(|error| format!("cargo metadata: {error}"))?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("cargo metadata: {error}"))?;
    let folder = metadata["target_directory"].as_str();
    folder.map(PathBuf::from).ok_or("cargo metadata names no target directory".to_owned())
}

fn build_ours(root: &Path, target: &Path) -> Outcome<Ours> {
    let mut build = Command::new("cargo");
    build.args(["build", "--release", "--package", "cli"]).current_dir(root);
    peer::succeed(&mut build, "building our binary")?;
    Ok(Ours { program: target.join("release").join("probity") })
}

/// What the machine was and how busy: a figure without it is worth little.
fn conditions(rounds: usize) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let named = |key: &str| {
        let line = cpu.lines().find(|line| line.starts_with(key)).unwrap_or_default();
        line.split(':').nth(1).unwrap_or("unknown").trim().to_owned()
    };
    let load = read("/proc/loadavg");
    let load = load.split_whitespace().next().unwrap_or("unknown");
    let name = named("model name");
    let (family, model) = (named("cpu family"), named("model\t"));
    format!("{name} (family {family}, model {model}); load {load}; {rounds} rounds")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_unknown_ones_refused() {
        let options = parse(&["--rounds", "3", "--only", "Q8_0", "--theirs-only"]).unwrap();
        assert_eq!((options.rounds, options.theirs_only), (Some(3), true));
        assert_eq!(options.only.as_deref(), Some("Q8_0"));
        assert!(parse(&["--rounds", "0"]).is_err());
        assert!(parse(&["--rounds"]).is_err());
        assert!(parse(&["--fast"]).is_err());
    }
}
