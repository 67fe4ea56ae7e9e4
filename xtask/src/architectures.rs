//! `cargo xtask architectures [--write]`: our answers on tiny models beside those of Hugging Face transformers.
//!
//! Every case of `import::gguf::tiny_cases` is written as a GGUF file, run by transformers in float32 (torch and
//! transformers from Python's index, in an environment of their own under `target/architectures/`, some 6 GB) and by our
//! engine. A line per case says how far the logits of all positions are apart, and how far transformers is from itself where
//! it rounds the inputs of its matrices to int8 as we do: the least that can be expected of us. `--write` renews the fixtures that the
//! tests of `llm` compare with, `crates/llm/tests/golden/`; without it they must be what transformers says now.
//!
//! Of every case without experts there is a second line: transformers saves the model as a folder of safetensors in bfloat16,
//! and both sides read that folder, its `config.json` and its tensors.
//!
//! Never makes an expected value of our own engine. Failure: a line that names the step, a case that is further apart
//! than [`ROUNDINGS_MAX`] allows, or a fixture that is not what transformers gives.
#![allow(clippy::float_arithmetic, reason = "figures that are shown, of a peer that is float")]

use std::collections::HashSet;
use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use canon::{KernelSet, Kernels};
use engine::{Engine, Feed, Wanted, Weights};
use import::gguf::tiny_cases::{self, Case};
use import::gguf::{Gguf, TensorInfo};
use import::huggingface::{Folder, SMALL_FILES, SmallFiles, tiny};
use import::safetensors::read_header;
use program::{Checked, Program};
use serde_json::{Value, json};

use crate::Outcome;
use crate::bindings::{named, said};

/// What is compared with, in the order of installation.
const PEERS: [&str; 4] = ["numpy<3", "torch==2.6.0", "transformers==4.57.6", "gguf==0.19.0"];
/// Where the fixtures stand.
const FIXTURES: &str = "crates/llm/tests/golden";
/// The positions whose logits a fixture has: both sides of a page and of the tiny models' windows, and the last.
const POSITIONS: [usize; 8] = [0, 1, 23, 24, 47, 63, 64, 95];
/// Fractional bits of a fixture's logits.
const FIXTURE_FRAC: i32 = 12;
/// How far transformers may be from its own fixture on another machine, in units of the fixture.
const FIXTURE_SLACK: i64 = 2;
/// A case that diverges by more than so many times what rounding to int8 alone costs is another architecture, not another
/// rounding.
const ROUNDINGS_MAX: f64 = 3.0;

/// How far two sides are apart over a case's positions.
struct Apart {
    /// Greatest difference of a logit.
    greatest: f64,
    /// Root mean square of float's logits around their row's mean: what the differences are to be held against.
    spread: f64,
    /// Mean and greatest KL(float || ours).
    divergence: f64,
    divergence_max: f64,
    /// Positions whose greatest logit is the same token's.
    agree: usize,
}

/// Runs every case on both sides.
pub(crate) fn run(root: &Path, words: &[&str]) -> Outcome<()> {
    let write = match words {
        [] => false,
        ["--write"] => true,
        [other, ..] => return Err(format!("unknown option {other}\n{}", crate::USAGE)),
    };
    let made = crate::bench::target_folder(root)?.join("architectures");
    let python = environment(&made)?;
    let files = made.join("files");
    if files.exists() {
        fs::remove_dir_all(&files).map_err(|error| named(&files, &error))?;
    }
    fs::create_dir_all(&files).map_err(|error| named(&files, &error))?;
    let (cases, ids) = (tiny_cases::cases(), tiny_cases::tokens());
    for case in &cases {
        put(&files.join(format!("{}.gguf", case.name)), &case.file.finish())?;
    }
    put(&files.join("ids.json"), json!(ids).to_string().as_bytes())?;
    let script = root.join("xtask/peer/architectures.py");
    println!("{}", said(Command::new(python).arg(script).arg(&files))?);
    println!(
        "case                      max |d|   spread   KL mean   KL max   top-1   int8 alone: KL"
    );
    let mut failures = Vec::new();
    for case in &cases {
        let compared = of_file(case)?.compared(&files, case.name, &ids)?;
        failures.extend(compared.failure);
        let place = root.join(FIXTURES).join(format!("{}.json", case.name));
        let fixture = fixture(case, &ids, &compared.float, compared.rounded);
        let outcome = if write { keep(&place, &fixture) } else { compare(&place, &fixture) };
        failures.extend(outcome.err());
        let folder = format!("{}.folder", case.name);
        if !has_experts(case)? {
            let ours = of_folder(case, &files.join(&folder))?;
            failures.extend(ours.compared(&files, &folder, &ids)?.failure);
        }
    }
    strangers(root, &cases)?;
    failures.into_iter().next().map_or(Ok(()), Err)
}

/// A model as we read it.
struct Model {
    program: Program,
    /// The bytes of its files, by their numbers in the program's table.
    files: Vec<Vec<u8>>,
}

/// What a model's line says.
struct Compared {
    float: Vec<Vec<f64>>,
    /// Mean KL of int8 inputs alone.
    rounded: f64,
    failure: Option<String>,
}

impl Model {
    /// Prints the line of a model whose logits the script wrote under this name.
    fn compared(&self, files: &Path, name: &str, ids: &[u32]) -> Outcome<Compared> {
        let float = float_logits(&files.join(format!("{name}.f32")), ids.len())?;
        let (ours, frac) = self.logits(ids).map_err(|error| format!("{name}: {error}"))?;
        let ours = scaled(&ours, frac);
        let apart = apart(&float, &ours);
        let rounded = float_logits(&files.join(format!("{name}.int8.f32")), ids.len())?;
        let rounded = self::apart(&float, &rounded);
        print_line(name, &apart, &rounded, ids.len());
        let failure = (apart.divergence > ROUNDINGS_MAX * rounded.divergence)
            .then(|| format!("{name}: a divergence of {:.6}", apart.divergence));
        Ok(Compared { float, rounded: rounded.divergence, failure })
    }
}

/// The environment with the peers in it.
fn environment(made: &Path) -> Outcome<std::path::PathBuf> {
    let environment = made.join("venv");
    let python = environment.join("bin/python");
    let there = Command::new(&python).args(["-c", "import gguf, torch, transformers"]).output();
    if !there.is_ok_and(|output| output.status.success()) {
        println!("installing {}: some GB, once", PEERS.join(", "));
        said(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        let pip = environment.join("bin/pip");
        said(Command::new(pip).args(["install", "--quiet"]).args(PEERS))?;
    }
    Ok(python)
}

fn put(path: &Path, bytes: &[u8]) -> Outcome<()> {
    fs::write(path, bytes).map_err(|error| named(path, &error))
}

/// The rows that the script wrote.
fn float_logits(path: &Path, positions: usize) -> Outcome<Vec<Vec<f64>>> {
    let bytes = fs::read(path).map_err(|error| named(path, &error))?;
    let number = |four: &[u8]| f32::from_le_bytes([four[0], four[1], four[2], four[3]]);
    let all: Vec<f64> = bytes.chunks_exact(4).map(|four| f64::from(number(four))).collect();
    let width = all.len() / positions;
    if width * positions * 4 != bytes.len() || width == 0 {
        return Err(format!("{}: no rows for {positions} positions", path.display()));
    }
    Ok(all.chunks(width).map(<[f64]>::to_vec).collect())
}

/// A case's model.
fn of_file(case: &Case) -> Outcome<Model> {
    let bytes = case.file.finish();
    let program = imported(&bytes).map_err(|error| format!("{}: {error}", case.name))?;
    Ok(Model { program, files: vec![bytes] })
}

/// The model of a folder that transformers saved; it has no tokenizer, so it gets the case's.
fn of_folder(case: &Case, folder: &Path) -> Outcome<Model> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", folder.display());
    let read = |name: &str| fs::read(folder.join(name)).map_err(|error| named(&error));
    let bytes = case.file.finish();
    let gguf = Gguf::parse(&bytes, bytes.len() as u64).map_err(|error| named(&error))?;
    let mut small = SmallFiles::default();
    let tokenizer = tiny::tokenizer_files(&gguf);
    for (slot, (name, _, required)) in small.0.iter_mut().zip(SMALL_FILES) {
        *slot = match tokenizer.iter().find(|(known, _)| known == name) {
            Some((_, bytes)) => Some(bytes.clone()),
            None if required || folder.join(name).exists() => Some(read(name)?),
            None => None,
        };
    }
    let names = small.weight_files().map_err(|error| named(&error))?;
    let weights: Vec<_> = names.iter().map(|name| read(name)).collect::<Outcome<_>>()?;
    let header = |bytes: &Vec<u8>| {
        let read = |offset, out: &mut [u8]| {
            out.copy_from_slice(&piece(bytes, offset, out.len() as u64));
            Ok::<_, Infallible>(())
        };
        read_header(bytes.len() as u64, read).map(|(header, _)| header)
    };
    let headers: Result<Vec<_>, _> = weights.iter().map(header).collect();
    let headers = headers.map_err(|error| named(&error))?;
    let Folder { program, files, .. } =
        Folder::read(&small, &headers).map_err(|error| named(&error))?;
    let files = files.iter().map(|name| read(name)).collect::<Outcome<_>>()?;
    Ok(Model { program, files })
}

/// Folders of such are not read.
fn has_experts(case: &Case) -> Outcome<bool> {
    let bytes = case.file.finish();
    let gguf = Gguf::parse(&bytes, bytes.len() as u64).map_err(|error| error.to_string())?;
    Ok(gguf.tensors().iter().any(|tensor| tensor.name().ends_with("_exps.weight")))
}

impl Model {
    /// Our engine's logits at every position, with their fractional bits.
    fn logits(&self, ids: &[u32]) -> Outcome<(Vec<Vec<i32>>, u8)> {
        let named = |error: &dyn std::fmt::Display| error.to_string();
        let checked = Checked::new(self.program.clone()).map_err(|error| named(&error))?;
        let weights = Weights::load(&checked, |tensor| {
            let file = &self.files[usize::from(tensor.location.file)];
            Ok::<_, Infallible>(piece(file, tensor.location.offset, tensor.bytes()))
        });
        let weights = Arc::new(weights.map_err(|error| named(&error))?);
        let kernels = Kernels::of(KernelSet::best()).ok_or("no kernels")?;
        let mut engine =
            Engine::new(&checked, weights, kernels, 1).map_err(|error| named(&error))?;
        let frac = engine.logits_frac();
        let mut sequence = engine.sequence();
        let feed =
            Feed { sequence: &mut sequence, tokens: ids, wanted: Wanted::All, boundaries: false };
        let mut outcomes = engine.forward(&mut [feed]).map_err(|error| named(&error))?;
        let outcome = outcomes.pop().ok_or("one feed has one outcome")?;
        match outcome.fault {
            Some(fault) => Err(format!("{fault:?}")),
            None => Ok((outcome.logits, frac)),
        }
    }
}

fn imported(bytes: &[u8]) -> Outcome<Program> {
    let gguf = Gguf::parse(bytes, bytes.len() as u64).map_err(|error| error.to_string())?;
    let mut read = |tensor: &TensorInfo<'_>| {
        Ok::<_, Infallible>(piece(bytes, tensor.offset(), tensor.bytes()))
    };
    import::architectures::program(&gguf, &mut read).map_err(|error| error.to_string())
}

/// Bytes of a file that was checked to have them.
fn piece(bytes: &[u8], offset: u64, length: u64) -> Vec<u8> {
    let index = |n: u64| usize::try_from(n).expect("the file is in memory");
    bytes[index(offset)..index(offset + length)].to_vec()
}

fn scaled(logits: &[Vec<i32>], frac: u8) -> Vec<Vec<f64>> {
    let unit = 2_f64.powi(-i32::from(frac));
    logits.iter().map(|row| row.iter().map(|logit| f64::from(*logit) * unit).collect()).collect()
}

fn apart(float: &[Vec<f64>], ours: &[Vec<f64>]) -> Apart {
    let mut found =
        Apart { greatest: 0.0, spread: 0.0, divergence: 0.0, divergence_max: 0.0, agree: 0 };
    let rows = float.len() as f64;
    for (float, ours) in float.iter().zip(ours) {
        let differences = float.iter().zip(ours).map(|(one, other)| (one - other).abs());
        found.greatest = differences.fold(found.greatest, f64::max);
        let mean = float.iter().sum::<f64>() / float.len() as f64;
        let squares = float.iter().map(|logit| (logit - mean).powi(2)).sum::<f64>();
        found.spread += (squares / float.len() as f64).sqrt() / rows;
        let divergence = divergence(float, ours);
        found.divergence += divergence / rows;
        found.divergence_max = found.divergence_max.max(divergence);
        found.agree += usize::from(top(float) == top(ours));
    }
    found
}

/// KL(float || ours) of the distributions.
fn divergence(float: &[f64], ours: &[f64]) -> f64 {
    let (p, q) = (log_probabilities(float), log_probabilities(ours));
    p.iter().zip(&q).map(|(p, q)| p.exp() * (p - q)).sum()
}

fn log_probabilities(logits: &[f64]) -> Vec<f64> {
    let greatest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum = logits.iter().map(|logit| (logit - greatest).exp()).sum::<f64>().ln();
    logits.iter().map(|logit| logit - greatest - sum).collect()
}

fn top(logits: &[f64]) -> Option<usize> {
    (0..logits.len()).max_by(|a, b| logits[*a].total_cmp(&logits[*b]))
}

fn print_line(name: &str, apart: &Apart, rounded: &Apart, positions: usize) {
    let Apart { greatest, spread, divergence, divergence_max, agree } = apart;
    println!(
        "{name:<25} {greatest:>7.4} {spread:>8.3} {divergence:>9.2e} {divergence_max:>8.1e} \
         {agree:>4}/{positions}   {:>9.2e}",
        rounded.divergence
    );
}

/// What the tests of `llm` compare with.
fn fixture(case: &Case, ids: &[u32], float: &[Vec<f64>], rounded: f64) -> Value {
    let scale = 2_f64.powi(FIXTURE_FRAC);
    #[expect(clippy::cast_possible_truncation, reason = "rounded, and far below 2^63")]
    let row = |position: &usize| -> Vec<i64> {
        float[*position].iter().map(|logit| (logit * scale).round() as i64).collect()
    };
    json!({
        "by": PEERS[1..].join(", "),
        "case": case.name,
        "file_blake3": blake3::hash(&case.file.finish()).to_hex().as_str(),
        "frac": FIXTURE_FRAC,
        "ids": ids,
        "int8_divergence": rounded,
        "logits": POSITIONS.iter().map(row).collect::<Vec<_>>(),
        "positions": POSITIONS,
    })
}

fn keep(place: &Path, fixture: &Value) -> Outcome<()> {
    let folder = place.parent().ok_or("a fixture lies in a folder")?;
    fs::create_dir_all(folder).map_err(|error| named(folder, &error))?;
    put(place, format!("{fixture}\n").as_bytes())
}

/// Whether the fixture that is there is what transformers gives now.
fn compare(place: &Path, now: &Value) -> Outcome<()> {
    let text = fs::read_to_string(place).map_err(|error| named(place, &error))?;
    let there: Value = serde_json::from_str(&text).map_err(|error| format!("{error}"))?;
    let stale = |what: &str| Err(format!("{}: {what}: run with --write", place.display()));
    for key in ["case", "file_blake3", "frac", "ids", "positions"] {
        if there[key] != now[key] {
            return stale(key);
        }
    }
    let all = |fixture: &Value| -> Vec<i64> {
        let rows = fixture["logits"].as_array().into_iter().flatten();
        rows.filter_map(Value::as_array).flatten().filter_map(Value::as_i64).collect()
    };
    let (there, now) = (all(&there), all(now));
    let near = there.iter().zip(&now).all(|(a, b)| a.abs_diff(*b) <= FIXTURE_SLACK.unsigned_abs());
    if there.len() == now.len() && near { Ok(()) } else { stale("logits") }
}

/// A fixture of no case would never be compared.
fn strangers(root: &Path, cases: &[Case]) -> Outcome<()> {
    let known: HashSet<String> = cases.iter().map(|case| format!("{}.json", case.name)).collect();
    let folder = root.join(FIXTURES);
    for entry in fs::read_dir(&folder).map_err(|error| named(&folder, &error))? {
        let name = entry.map_err(|error| named(&folder, &error))?.file_name();
        let name = name.to_string_lossy();
        if !known.contains(name.as_ref()) {
            return Err(format!("{}: no case has this fixture", folder.join(&*name).display()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_rows_are_not_apart_and_others_are() {
        let float = vec![vec![1.0, 0.5, -1.0], vec![0.0, 2.0, 0.25]];
        let equal = apart(&float, &scaled(&[vec![4, 2, -4], vec![0, 8, 1]], 2));
        assert!(equal.greatest == 0.0 && equal.divergence.abs() < 1e-12 && equal.agree == 2);
        let other = apart(&float, &scaled(&[vec![2, 4, -4], vec![0, 8, 1]], 2));
        assert!(other.greatest == 0.5 && other.divergence > 0.01 && other.agree == 1);
    }
}
