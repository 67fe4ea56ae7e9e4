//! `probity bench`: how fast a model runs here, measured inside the process after a warm-up.

use std::process::ExitCode;

use anyhow::{Result, bail};
use canon::sample::{Parameters, Settings};
use llm::{Generation, Request};
use serde::Serialize;

use crate::arguments::BenchOptions;
use crate::clock::{Elapsed, Stopwatch, peak_memory};
use crate::loading::{Loaded, load};

/// Tokens of the warm-up.
const WARM_UP: usize = 32;

#[derive(Serialize)]
struct Report {
    kernels: &'static str,
    threads: usize,
    prefill_tokens: usize,
    prefill_cpu_s: f64,
    prefill_wall_s: f64,
    decode_tokens: usize,
    decode_after: usize,
    decode_cpu_s: f64,
    decode_wall_s: f64,
    peak_rss_bytes: Option<u64>,
}

pub(crate) fn run(options: &BenchOptions) -> Result<ExitCode> {
    let mut loaded = load(&options.model, &options.engine)?;
    measure(&mut loaded, WARM_UP, 4)?;
    let (prefill, _) = match options.prefill {
        0 => (Elapsed::default(), Elapsed::default()),
        tokens => measure(&mut loaded, tokens, 1)?,
    };
    let (_, decode) = match options.decode {
        0 => (Elapsed::default(), Elapsed::default()),
        // The first token comes out of the prompt's pass.
        tokens => measure(&mut loaded, options.after, tokens + 1)?,
    };
    let engine = loaded.runner.engine();
    let report = Report {
        kernels: engine.kernels().set().name(),
        threads: engine.threads(),
        prefill_tokens: options.prefill,
        prefill_cpu_s: prefill.processor.as_secs_f64(),
        prefill_wall_s: prefill.wall.as_secs_f64(),
        decode_tokens: options.decode,
        decode_after: options.after,
        decode_cpu_s: decode.processor.as_secs_f64(),
        decode_wall_s: decode.wall.as_secs_f64(),
        peak_rss_bytes: peak_memory(),
    };
    if options.json {
        println!("{}", serde_json::to_string(&report)?);
        return Ok(ExitCode::SUCCESS);
    }
    println!("kernels {}, {} threads", report.kernels, report.threads);
    for (what, tokens, elapsed) in
        [("prefill", options.prefill, prefill), ("decode", options.decode, decode)]
    {
        println!(
            "{what:<8} {tokens:>6} tokens  {:>9.1} tokens/s wall  {:>9.1} tokens/s of processor time",
            Elapsed::per_second(tokens, elapsed.wall),
            Elapsed::per_second(tokens, elapsed.processor),
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Feeds a prompt of made-up tokens and draws `answer` of them greedily: the time of the prompt
/// with its first token, and of the others.
fn measure(loaded: &mut Loaded, prompt: usize, answer: usize) -> Result<(Elapsed, Elapsed)> {
    let vocabulary = loaded.model.program.program().vocabulary;
    let mut state = 1_u32;
    let mut token = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % vocabulary
    };
    let mut settings = Settings::default();
    settings.set(canon::sample::Parameter::Temperature, "0")?;
    let request = Request {
        prompt: (0..prompt).map(&mut token).collect(),
        parameters: Parameters::new(settings)?,
        seed: [0; 32],
        choice: 0,
        tokens_max: answer,
        stop_strings: Vec::new(),
        stop_tokens: false,
        logits_digest: false,
    };
    let mut generation = Generation::new(&loaded.model, loaded.runner.engine(), request, None)?;
    let watch = Stopwatch::start();
    while generation.output().is_empty() {
        loaded.runner.step(&mut [&mut generation])?;
    }
    let first = watch.read();
    let watch = Stopwatch::start();
    while generation.stop().is_none() {
        loaded.runner.step(&mut [&mut generation])?;
    }
    if generation.output().len() != answer {
        bail!("the model's context is too short for {prompt} + {answer} tokens");
    }
    Ok((first, watch.read()))
}
