//! `probity bench`: how fast a model runs here, measured inside the process after a warm-up.

mod dispute;
mod replay;

use std::process::ExitCode;

use anyhow::{Result, bail};
use canon::sample::{Parameters, Settings};
use llm::{Generation, Request};
use receipt::WorkKind;
use serde::Serialize;

use crate::arguments::BenchOptions;
use crate::clock::{Elapsed, Figure, Stopwatch, peak_memory};
use crate::failure::Usage;
use crate::loading::{Loaded, load};
use crate::output::{counted, json_line, line, size, write};

/// Tokens of the warm-up's prompt and answer.
const WARM_UP: usize = 32;
const WARM_UP_ANSWER: usize = 4;

#[derive(Serialize)]
struct Report {
    kernels: &'static str,
    threads: usize,
    prefill_tokens: usize,
    prefill_cpu_s: Figure,
    prefill_wall_s: Figure,
    decode_tokens: usize,
    decode_after: usize,
    decode_cpu_s: Figure,
    decode_wall_s: Figure,
    peak_rss_bytes: Option<u64>,
}

/// How many tokens are fed, generated, and stand before those.
struct Lengths {
    prefill: usize,
    decode: usize,
    after: usize,
}

impl Lengths {
    fn of(options: &BenchOptions) -> Result<Self> {
        let wide = |count: u32| usize::try_from(count).expect("usize has at least 32 bits");
        let [prefill, decode, after] = [options.prefill, options.decode, options.after].map(wide);
        if (options.replay || options.dispute) && decode == 0 {
            bail!(Usage("--decode 0: there is no answer to check".into()));
        }
        if decode > 0 && after == 0 {
            bail!(Usage("--after 0: a token is generated after at least one other".into()));
        }
        Ok(Self { prefill, decode, after })
    }

    fn fit(&self, context: usize) -> Result<()> {
        if self.prefill >= context || self.after + self.decode >= context {
            bail!(Usage(format!(
                "the model's context holds {context} tokens: --prefill, and --after with --decode, \
                 must stay below that"
            )));
        }
        Ok(())
    }
}

pub(crate) fn run(options: &BenchOptions) -> Result<ExitCode> {
    let lengths = Lengths::of(options)?;
    let mut loaded = load(&options.model, &options.engine)?;
    let context = loaded.runner.engine().context_max();
    lengths.fit(context)?;
    let Lengths { prefill, decode, after } = lengths;
    measure(
        &mut loaded,
        WARM_UP.min(context.saturating_sub(WARM_UP_ANSWER + 1)).max(1),
        WARM_UP_ANSWER,
    )?;
    if options.replay {
        let answers = usize::from(options.answers);
        return replay::run(&mut loaded, after, decode, answers, options.json);
    }
    if options.dispute {
        return dispute::run(&mut loaded, after, decode, options.json);
    }
    let prefilled = match prefill {
        0 => Elapsed::default(),
        tokens => measure(&mut loaded, tokens, 1)?.0,
    };
    let decoded = match decode {
        0 => Elapsed::default(),
        // The first token comes out of the prompt's pass.
        tokens => measure(&mut loaded, after, tokens + 1)?.1,
    };
    let engine = loaded.runner.engine();
    let report = Report {
        kernels: engine.kernels().set().name(),
        threads: engine.threads(),
        prefill_tokens: prefill,
        prefill_cpu_s: Figure::seconds(prefilled.processor),
        prefill_wall_s: Figure::seconds(prefilled.wall),
        decode_tokens: decode,
        decode_after: after,
        decode_cpu_s: Figure::seconds(decoded.processor),
        decode_wall_s: Figure::seconds(decoded.wall),
        peak_rss_bytes: peak_memory(),
    };
    if options.json {
        line(serde_json::to_string(&report)?)?;
        return Ok(ExitCode::SUCCESS);
    }
    let threads = counted(report.threads, "thread", "threads");
    line(format_args!("kernels {}, {threads}", report.kernels))?;
    for (what, tokens, elapsed) in [("prefill", prefill, prefilled), ("decode", decode, decoded)] {
        if tokens > 0 {
            line(format_args!(
                "{what:<8} {tokens:>6} tokens  {:>9.1} tokens/s wall  {:>9.1} tokens/s of processor time",
                Figure::per_second(tokens, elapsed.wall),
                Figure::per_second(tokens, elapsed.processor),
            ))?;
        }
    }
    if let Some(bytes) = report.peak_rss_bytes {
        line(format_args!("memory   {} at most", size(bytes)))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints what a measurement of checking found, as JSON or by lines.
fn show<R: Serialize>(report: &R, json: bool, print: fn(&R) -> Result<()>) -> Result<ExitCode> {
    if json {
        write(&json_line(report)?)?;
    } else {
        print(report)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The line above them.
fn engine_line(kernels: &str, threads: usize) -> Result<()> {
    let threads = counted(threads, "thread", "threads");
    Ok(line(format_args!("kernels {kernels}, {threads}; processor time"))?)
}

/// A prompt of so many tokens, always the same.
fn made_up(vocabulary: u32, tokens: usize) -> Vec<u32> {
    let mut state = 1_u32;
    let token = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % vocabulary
    };
    (0..tokens).map(token).collect()
}

/// Feeds a prompt of made-up tokens and draws `answer` of them greedily: the time of the prompt
/// with its first token, and of the others.
fn measure(loaded: &mut Loaded, prompt: usize, answer: usize) -> Result<(Elapsed, Elapsed)> {
    let vocabulary = loaded.model.program.program().vocabulary;
    let mut settings = Settings::default();
    settings.set(canon::sample::Parameter::Temperature, "0")?;
    let request = Request {
        kind: WorkKind::Generate,
        prompt: made_up(vocabulary, prompt),
        parameters: Parameters::new(settings)?,
        grammar: None,
        seed: [0; 32],
        choice: 0,
        tokens_max: answer,
        stop_strings: Vec::new(),
        stop_tokens: Vec::new(),
        logits_digest: false,
    };
    let mut generation = Generation::new(&loaded.model, loaded.runner.engine(), request, None)?;
    let watch = Stopwatch::start();
    while generation.output().is_empty() && generation.stop().is_none() {
        loaded.runner.step(&mut [&mut generation]);
    }
    let first = watch.read();
    let watch = Stopwatch::start();
    while generation.stop().is_none() {
        loaded.runner.step(&mut [&mut generation]);
    }
    if generation.output().len() != answer {
        bail!("the answer ended before {answer} tokens: {:?}", generation.stop());
    }
    Ok((first, watch.read()))
}
