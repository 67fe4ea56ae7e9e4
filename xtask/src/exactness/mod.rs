//! `cargo xtask exactness`: the same answers in every way there is, and one digest.
//!
//! Axes: processor (this one; Haswell, Nehalem and AArch64 in an emulator; WebAssembly in node with
//! and without SIMD), every kernel set each of them has, threads, prefill chunks, alone or among
//! eight, set aside now and then, and on keys and values that were there already. Tiny models of
//! every architecture and format run on all of them, by the probe in `xtask/probe`; SmolLM2 runs
//! every value of every axis this processor has, by the probe and by `probity run`. The
//! specification's plain interpreter is one of the runs.
//!
//! Answers meet few of the cases that kernels are tested with, so before all that the differential
//! tests of `canon` and `engine` run on the processors for which there are other kernels;
//! `--kernels` runs nothing else.
//!
//! Invariants: what is reported ran is what the probe said it used, not what it was asked for; a
//! value of an axis that never ran is a failure, as is any digest that differs. It installs what it
//! needs (as root, on a system with apt) and touches no source file. Failure: one line that names
//! the first run that differs, the missing value or the missing tool.

mod differential;
mod platforms;
mod product;
mod runs;
pub(crate) mod tools;

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::Outcome;
use platforms::Probes;
use runs::Run;

/// How the probe names models that stand for an architecture.
const ARCHITECTURE: &str = "architecture ";

/// What the person asked for.
#[derive(Debug, Default)]
struct Options {
    /// SmolLM2's file, instead of the catalogue's.
    model: Option<PathBuf>,
    /// Download no model; SmolLM2 is skipped where it is not here.
    offline: bool,
    /// Only the tiny models.
    tiny: bool,
    /// Only the differential tests.
    kernels: bool,
}

/// Installs, builds, runs, compares.
pub(crate) fn run(root: &Path, words: &[&str]) -> Outcome<()> {
    let options = parse(words)?;
    let started = Instant::now();
    tools::prepare(root)?;
    let target = crate::bench::target_folder(root)?;
    let folder = target.join("exactness");
    differential::run(root, &folder)?;
    if options.kernels {
        return Ok(());
    }
    let building = Instant::now();
    let probes = Probes::build(root, &folder)?;
    println!("\nprobes built in {} s", building.elapsed().as_secs());

    let mut failures = Vec::new();
    let mut total = 0;
    let (tiny, sets) = platforms::tiny(root, &probes)?;
    total += tiny.len();
    // Apart, so that the digest of those that were there before is seen to stay.
    let of_architectures = |run: &Run| run.model.starts_with(ARCHITECTURE);
    let (architectures, tiny): (Vec<Run>, Vec<Run>) = tiny.into_iter().partition(of_architectures);
    let (joined, frozen): (Vec<Run>, Vec<Run>) = tiny.into_iter().partition(joined_later);
    failures.extend(runs::report("tiny models", &frozen, true).err());
    let what = "tiny models of the formats that joined after the freeze";
    failures.extend(runs::report(what, &joined, true).err());

    let what = "tiny models of every architecture";
    failures.extend(runs::report(what, &architectures, true).err());
    if options.tiny {
        println!("SmolLM2: not run, as asked");
    } else {
        match product::find(root, &target, options.model.as_deref(), options.offline)? {
            Err(why) => println!("SmolLM2: SKIPPED: {why}"),
            Ok(model) => {
                let whole = platforms::file(&probes, &model.path)?;
                total += whole.len();
                failures.extend(runs::report("SmolLM2, eight answers", &whole, true).err());
                let product: Vec<Run> = product::runs(&model, &sets)?;
                total += product.len();
                failures.extend(runs::report("SmolLM2, probity run", &product, false).err());
            }
        }
    }
    let seconds = started.elapsed().as_secs();
    if let Some(first) = failures.first() {
        return Err(format!("{first} ({total} runs, {seconds} s)"));
    }
    println!("one digest per table over {total} runs in {seconds} s");
    Ok(())
}

/// Whether a tiny model's format is one of `spec/arithmetic.md` 2.5.
fn joined_later(run: &Run) -> bool {
    let format = run.model.rsplit(' ').next();
    let joined = import::gguf::FORMATS.iter().filter(|(_, format)| format.number() > 5);
    joined.into_iter().any(|(kind, _)| format == Some(kind.name()))
}

fn parse(words: &[&str]) -> Outcome<Options> {
    let mut options = Options::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--model" => {
                let path = words.next().ok_or("--model needs a file")?;
                options.model = Some(PathBuf::from(path));
            }
            "--offline" => options.offline = true,
            "--tiny" => options.tiny = true,
            "--kernels" => options.kernels = true,
            other => return Err(format!("unknown option {other}\n{}", crate::USAGE)),
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_unknown_ones_refused() {
        let options = parse(&["--model", "x.gguf", "--offline"]).unwrap();
        assert_eq!((options.offline, options.tiny, options.kernels), (true, false, false));
        assert!(parse(&["--kernels"]).unwrap().kernels);
        assert_eq!(options.model, Some(PathBuf::from("x.gguf")));
        assert!(parse(&["--model"]).is_err());
        assert!(parse(&["--fast"]).is_err());
    }
}
