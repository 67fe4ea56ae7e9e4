//! The probe of `cargo xtask exactness`: makes the same answers in many ways on this processor.
//!
//! `exactness-probe <full|each> <threads,...> <reference|engine> [GGUF FILE]`; without a file it
//! runs the tiny models. Built for every target that is checked, so it holds nothing but the
//! arithmetic: engine, importer and sampler, and no text.
//!
//! It prints lines of words between tabs, for the caller to compare: the kernel sets there are,
//! then one line per run. It never compares anything itself, so it can't agree with itself by
//! mistake. Failure: one line on stderr and exit status 1.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "its output is read by cargo xtask exactness"
)]

mod answers;
mod models;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use canon::{KernelSet, Kernels};
use engine::{Engine, ROWS_MAX};
use program::reference;

use answers::{Company, Job, Way};
use models::Model;

/// Prompt tokens in one pass; the last stands for all of them.
const CHUNKS: [usize; 4] = [1, 7, 64, ROWS_MAX];

/// What an attempt ends with when it cannot go on.
type Attempt<T> = Result<T, String>;

/// How one run is made.
struct Case {
    set: KernelSet,
    threads: usize,
    way: Way,
}

/// Which runs are made.
#[derive(Clone, Copy)]
enum Grid {
    /// Every combination.
    Full,
    /// Every value of every axis, and every pair of kernels and threads.
    Each,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match probe(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn probe(words: &[String]) -> Attempt<()> {
    let usage = "exactness-probe <full|each> <threads,...> <reference|engine> [GGUF FILE]";
    let [grid, threads, with, file @ ..] = words else { return Err(usage.to_owned()) };
    let grid = match grid.as_str() {
        "full" => Grid::Full,
        "each" => Grid::Each,
        _ => return Err(usage.to_owned()),
    };
    let threads: Result<Vec<usize>, _> = threads.split(',').map(str::parse).collect();
    let threads = threads.map_err(|error| format!("threads: {error}"))?;
    let sets: Vec<KernelSet> = KernelSet::ALL.into_iter().filter(|set| set.available()).collect();
    let names: Vec<&str> = sets.iter().map(|set| set.name()).collect();
    println!("sets\t{}", names.join(","));

    let models = match file {
        [] => models::tiny()?,
        [path] => vec![Model::open(Path::new(path))?],
        _ => return Err(usage.to_owned()),
    };
    for model in &models {
        let jobs = answers::jobs(model.checked.program())?;
        if with == "reference" {
            reference_run(model, &jobs)?;
        }
        for case in cases(grid, &sets, &threads) {
            engine_run(model, &jobs, &case)?;
        }
    }
    Ok(())
}

/// The runs of a grid.
fn cases(grid: Grid, sets: &[KernelSet], threads: &[usize]) -> Vec<Case> {
    let mut cases = Vec::new();
    match grid {
        Grid::Full => {
            for set in sets {
                for threads in threads {
                    for company in Company::ALL {
                        for chunk in CHUNKS.into_iter().filter(|chunk| company.suits(*chunk)) {
                            let way = Way { chunk, company };
                            cases.push(Case { set: *set, threads: *threads, way });
                        }
                    }
                }
            }
        }
        Grid::Each => {
            let pairs = sets.iter().flat_map(|set| threads.iter().map(move |t| (*set, *t)));
            let pairs: Vec<(KernelSet, usize)> = pairs.collect();
            let runs = pairs.len().max(CHUNKS.len());
            for (index, (set, threads)) in pairs.iter().cycle().take(runs).enumerate() {
                let chunk = CHUNKS[(index + index / CHUNKS.len()) % CHUNKS.len()];
                // Other pairs with every round: 0, 3, 2, 1, then one further.
                let company = Company::ALL[(3 * index + index / CHUNKS.len()) % CHUNKS.len()];
                let company = if company.suits(chunk) { company } else { Company::Eight };
                cases.push(Case { set: *set, threads: *threads, way: Way { chunk, company } });
            }
        }
    }
    cases
}

fn reference_run(model: &Model, jobs: &[Job]) -> Attempt<()> {
    let weights = reference::Weights::load(&model.checked, &[&model.bytes]);
    let weights = weights.map_err(|error| format!("{}: {error}", model.name))?;
    let frac = engine(model, KernelSet::Portable, 1)?.logits_frac();
    let digest = answers::run_reference(&weights, frac, jobs)?;
    println!("run\t{}\treference\t1\t1\talone\t{digest}", model.name);
    Ok(())
}

fn engine_run(model: &Model, jobs: &[Job], case: &Case) -> Attempt<()> {
    let mut engine = engine(model, case.set, case.threads)?;
    let digest = answers::run(&mut engine, jobs, case.way)?;
    let chunk = match case.way.chunk {
        ROWS_MAX => "all".to_owned(),
        chunk => chunk.to_string(),
    };
    let company = case.way.company.name();
    // What really ran, not what was asked for.
    let (set, threads) = (engine.kernels().set().name(), engine.threads());
    println!("run\t{}\t{set}\t{threads}\t{chunk}\t{company}\t{digest}", model.name);
    Ok(())
}

fn engine(model: &Model, set: KernelSet, threads: usize) -> Attempt<Engine> {
    let kernels = Kernels::of(set).ok_or_else(|| format!("no kernels {}", set.name()))?;
    let engine = Engine::new(&model.checked, Arc::clone(&model.weights), kernels, threads);
    engine.map_err(|error| format!("{}: {error}", model.name))
}
