//! `cargo xtask bench replay`: what replaying an answer costs beside generating it.
//!
//! SmolLM2's own files and files of a larger model's shape, each through `probity bench --replay` with one thread, by
//! processor time. Rounds go over all rows in turn, a ratio is made within one run, and the median of a row's runs
//! counts. Never part of `cargo test` or CI.

use std::path::{Path, PathBuf};
use std::process::Command;

use import::gguf::TensorType;
use serde_json::Value;

use super::measure::Ours;
use super::peer::{self, Format, Peer};
use super::rows::median;
use super::{DEFAULT_ROUNDS, Options, build_ours, conditions, target_folder};
use crate::Outcome;

/// Tokens of a prompt and of an answer.
const PROMPT: &str = "128";
const ANSWER: &str = "256";
/// Least speed of a replay, of that of a prefill of as many tokens.
const SPEED_MIN: f64 = 0.7;

/// What is replayed.
#[derive(Clone, Copy)]
enum File {
    /// SmolLM2.
    Real(Format),
    /// Of a larger model's shape, with weights by seed.
    Seeded(TensorType),
}

/// One row of the table.
struct Row {
    name: &'static str,
    file: File,
    /// Most of generating that a replay may cost.
    target: f64,
    /// Answers that are replayed together.
    answers: &'static str,
}

const fn row(name: &'static str, file: File, target: f64) -> Row {
    let answers = match file {
        File::Real(_) => "16",
        File::Seeded(_) => "4",
    };
    Row { name, file, target, answers }
}

/// Four bits by seed have no minima: seeded ones make scores so great that attention takes a way no real model does.
const ROWS: [Row; 4] = [
    row("SmolLM2-135M Q8_0", File::Real(Format::Q8_0), 0.20),
    row("SmolLM2-135M Q4_1", File::Real(Format::Q4_1), 0.25),
    row("1B shape Q8_0", File::Seeded(TensorType::Q8_0), 0.20),
    row("1B shape Q4_0", File::Seeded(TensorType::Q4_0), 0.25),
];

const HEADER: &str = "\
| row | generation s | replay s | replay / generation | target | | speed of replay / of prefill | | each of N together / generation | to one prompt |
|---|---|---|---|---|---|---|---|---|---|";

/// What one run said.
struct Reading {
    generation_s: f64,
    replay_s: f64,
    of_generation: f64,
    of_prefill: f64,
    together: f64,
    to_one_prompt: f64,
}

/// Makes what is missing, measures every row, prints the table.
pub(crate) fn run(root: &Path, words: &[&str]) -> Outcome<()> {
    let options = super::parse(words)?;
    let rounds = options.rounds.unwrap_or(DEFAULT_ROUNDS);
    let folder = target_folder(root)?;
    let ours = build_ours(root, &folder)?;
    let peer = peer::prepare(root, &folder.join("peers"), options.model.as_deref(), &[])?;
    let mut rows: Vec<(&Row, PathBuf, Vec<Reading>)> = Vec::new();
    for row in ROWS.iter().filter(|row| wanted(row, &options)) {
        rows.push((row, file(row, &peer)?, Vec::new()));
    }
    println!("{}", conditions(rounds));
    for _ in 0..rounds {
        for (row, file, readings) in &mut rows {
            readings.push(measure(&ours, row, file)?);
        }
    }
    println!("{HEADER}");
    rows.iter().for_each(|(row, _, readings)| println!("{}", line(row, readings)));
    match rows.iter().filter(|(row, _, readings)| missed(row, readings)).count() {
        0 => Ok(()),
        count => Err(format!("{count} rows missed a target")),
    }
}

fn wanted(row: &Row, options: &Options) -> bool {
    options.only.as_ref().is_none_or(|only| row.name.contains(only))
}

/// The row's file, made where it is missing.
fn file(row: &Row, peer: &Peer) -> Outcome<PathBuf> {
    match row.file {
        File::Real(format) => Ok(peer.model(format)),
        File::Seeded(matrices) => peer.one_billion(matrices),
    }
}

fn measure(ours: &Ours, row: &Row, file: &Path) -> Outcome<Reading> {
    let mut command = Command::new(&ours.program);
    command.arg("bench").arg(file).args(["--replay", "--json", "--threads", "1"]);
    command.args(["--after", PROMPT, "--decode", ANSWER, "--answers", row.answers]);
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?}: {}: {}", output.status, message.trim()));
    }
    let report: Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("{command:?}: {error}"))?;
    let number = |field: &str| report[field].as_f64().ok_or(format!("no `{field}` in the report"));
    Ok(Reading {
        generation_s: number("generate_cpu_s")?,
        replay_s: number("replay_cpu_s")?,
        of_generation: number("replay_of_generate")?,
        of_prefill: number("replay_speed_of_prefill")?,
        together: number("batch_replay_of_generate")?,
        to_one_prompt: number("same_prompt_replay_of_generate")?,
    })
}

fn of(readings: &[Reading], number: impl Fn(&Reading) -> f64) -> Option<f64> {
    median(&readings.iter().map(number).collect::<Vec<_>>())
}

fn missed(row: &Row, readings: &[Reading]) -> bool {
    of(readings, |reading| reading.of_generation).is_some_and(|ratio| ratio > row.target)
        || of(readings, |reading| reading.of_prefill).is_some_and(|speed| speed < SPEED_MIN)
}

fn line(row: &Row, readings: &[Reading]) -> String {
    let shown = |number: fn(&Reading) -> f64| {
        of(readings, number).map_or("-".to_owned(), |number| format!("{number:.2}"))
    };
    let verdict = |met: Option<bool>| met.map_or("", |met| if met { "met" } else { "MISSED" });
    let cost = of(readings, |reading| reading.of_generation).map(|ratio| ratio <= row.target);
    let speed = of(readings, |reading| reading.of_prefill).map(|speed| speed >= SPEED_MIN);
    format!(
        "| {} | {} | {} | {} | {:.2} | {} | {} | {} | {} of {} | {} |",
        row.name,
        shown(|reading| reading.generation_s),
        shown(|reading| reading.replay_s),
        shown(|reading| reading.of_generation),
        row.target,
        verdict(cost),
        shown(|reading| reading.of_prefill),
        verdict(speed),
        shown(|reading| reading.together),
        row.answers,
        shown(|reading| reading.to_one_prompt),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(of_generation: f64, of_prefill: f64) -> Reading {
        let (together, to_one_prompt) = (0.22, 0.18);
        Reading {
            generation_s: 2.0,
            replay_s: 0.5,
            of_generation,
            of_prefill,
            together,
            to_one_prompt,
        }
    }

    #[test]
    fn a_row_is_missed_by_the_median_of_either_figure() {
        let row = &ROWS[0];
        assert!(!missed(row, &[reading(0.3, 0.8), reading(0.2, 0.7), reading(0.1, 0.6)]));
        assert!(missed(row, &[reading(0.21, 0.8)]));
        assert!(missed(row, &[reading(0.2, 0.69)]));
    }

    #[test]
    fn a_line_shows_medians_targets_and_verdicts() {
        let line = line(&ROWS[0], &[reading(0.3, 0.8), reading(0.25, 0.7), reading(0.1, 0.6)]);
        let wanted = "| SmolLM2-135M Q8_0 | 2.00 | 0.50 | 0.25 | 0.20 | MISSED | 0.70 | met \
                      | 0.22 of 16 | 0.18 |";
        assert_eq!(line, wanted);
    }
}
