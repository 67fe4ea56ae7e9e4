//! One answer: the prompt rendered, tokens drawn and shown as they come.

use std::io::Write;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result, bail};
use canon::sample::{Parameter, Parameters, Settings, seed};
use engine::Sequence;
use llm::{Generation, Request, Stop, Usage};
use serde::Serialize;
use text::{Conversation, Message, Role, Segment};

use crate::arguments::RunOptions;
use crate::clock::{Elapsed, Stopwatch};
use crate::loading::{Loaded, model_id};

#[derive(Serialize)]
struct Report<'a> {
    model: ModelReport,
    tokens: &'a [u32],
    text: &'a str,
    stop: String,
    seed: String,
    usage: UsageReport,
    timings: Timings,
    logits_digest: Option<String>,
}

#[derive(Serialize)]
struct ModelReport {
    file_blake3: String,
    program: String,
    kernels: &'static str,
}

#[derive(Serialize)]
struct UsageReport {
    prompt_tokens: usize,
    cached_tokens: usize,
    completion_tokens: usize,
    total_tokens: usize,
}

#[derive(Serialize)]
struct Timings {
    first_token_ms: f64,
    total_ms: f64,
    prompt_tokens_per_s: f64,
    completion_tokens_per_s: f64,
}

/// An answer that has ended.
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) stop: Stop,
    pub(super) tokens: Vec<u32>,
    usage: Usage,
    first: Elapsed,
    rest: Elapsed,
    all: Elapsed,
    logits_digest: Option<[u8; 32]>,
    nonce: [u8; 32],
    pub(super) prefix: (Sequence, Vec<u32>),
}

/// The drawing parameters that were typed.
pub(super) fn parameters(options: &RunOptions) -> Result<Parameters> {
    let mut settings = Settings::default();
    for (name, text) in [
        (Parameter::Temperature, &options.temperature),
        (Parameter::TopP, &options.top_p),
        (Parameter::TopK, &options.top_k),
        (Parameter::MinP, &options.min_p),
    ] {
        settings.set(name, text)?;
    }
    Ok(Parameters::new(settings)?)
}

/// Whether the person asked to stop; the first question installs the handler.
pub(super) fn interrupted() -> Result<&'static Arc<AtomicBool>> {
    static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    if let Some(flag) = FLAG.get() {
        return Ok(flag);
    }
    let flag = Arc::new(AtomicBool::new(false));
    let handler = Arc::clone(&flag);
    ctrlc::set_handler(move || {
        if handler.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
    })
    .context("interrupts can't be caught")?;
    Ok(FLAG.get_or_init(|| flag))
}

/// Renders a conversation into the model's tokens.
pub(super) fn render(
    loaded: &Loaded,
    options: &RunOptions,
    messages: Vec<Message>,
) -> Result<Vec<u32>> {
    let tokenizer = &loaded.model.tokenizer;
    let template = loaded.model.template.as_ref().filter(|_| !options.raw);
    let Some(template) = template else {
        let texts: Vec<Segment<'_>> =
            messages.iter().filter_map(|m| m.content.as_deref()).map(Segment::Untrusted).collect();
        return Ok(tokenizer.encode_prompt(&texts)?);
    };
    let conversation = Conversation { messages, add_generation_prompt: true, ..Default::default() };
    let rendered = template.render(&conversation).context("the model's chat template")?;
    Ok(tokenizer.encode_prompt(&rendered.segments())?)
}

pub(super) fn once(
    mut loaded: Loaded,
    options: &RunOptions,
    parameters: Parameters,
    prompt: &str,
) -> Result<ExitCode> {
    let mut messages = Vec::new();
    messages.extend(options.system.as_ref().map(|system| Message::new(Role::System, system)));
    messages.push(Message::new(Role::User, prompt));
    let tokens = render(&loaded, options, messages)?;
    let answer = draw(&mut loaded, options, parameters, tokens, None)?;
    if options.json {
        println!("{}", serde_json::to_string(&report(&loaded, &answer))?);
    } else {
        println!();
    }
    Ok(match answer.stop {
        Stop::Cancelled => ExitCode::from(130),
        Stop::Fault(fault) => bail!("the arithmetic ended the answer: {fault:?}"),
        Stop::Token(_) | Stop::String(_) | Stop::Length => ExitCode::SUCCESS,
    })
}

/// Draws an answer, showing text as it becomes certain.
pub(super) fn draw(
    loaded: &mut Loaded,
    options: &RunOptions,
    parameters: Parameters,
    prompt: Vec<u32>,
    prefix: Option<(&Sequence, &[u32])>,
) -> Result<Answer> {
    let nonce = nonce(options.seed)?;
    let vocabulary = usize::try_from(loaded.model.program.program().vocabulary)?;
    let id = model_id(&loaded.model, &loaded.file)?;
    let seed = seed(&nonce, &id, vocabulary, &prompt, &parameters)?;
    let request = Request {
        prompt,
        parameters,
        seed,
        choice: 0,
        tokens_max: options.max_tokens,
        stop_strings: options.stop.clone(),
        stop_tokens: true,
        logits_digest: options.json,
    };
    let mut generation = Generation::new(&loaded.model, loaded.runner.engine(), request, prefix)?;
    let interrupted = interrupted()?;
    let watch = Stopwatch::start();
    let (mut text, mut first) = (String::new(), None);
    let mut out = std::io::stdout();
    while generation.stop().is_none() {
        if interrupted.swap(false, Ordering::SeqCst) {
            generation.cancel();
            break;
        }
        let pieces = loaded.runner.step(&mut [&mut generation])?;
        for piece in pieces {
            first = first.or_else(|| piece.token.map(|_| watch.read()));
            text.push_str(&piece.text);
            if !options.json && !piece.text.is_empty() {
                write!(out, "{}", piece.text)?;
                out.flush()?;
            }
        }
    }
    let all = watch.read();
    let first = first.unwrap_or(all);
    let rest = Elapsed { wall: all.wall - first.wall, processor: all.processor - first.processor };
    Ok(Answer {
        text,
        stop: generation.stop().unwrap_or(Stop::Cancelled),
        tokens: generation.output().to_vec(),
        usage: generation.usage(),
        first,
        rest,
        all,
        logits_digest: generation.logits_digest(),
        nonce,
        prefix: generation.into_prefix(),
    })
}

/// The nonce of a typed seed, or a new one from the system.
fn nonce(seed: Option<u64>) -> Result<[u8; 32]> {
    let mut nonce = [0; 32];
    match seed {
        Some(seed) => nonce[..8].copy_from_slice(&seed.to_le_bytes()),
        None => getrandom::fill(&mut nonce)
            .map_err(|error| anyhow::anyhow!("the system gives no random bytes: {error}"))?,
    }
    Ok(nonce)
}

fn report<'a>(loaded: &Loaded, answer: &'a Answer) -> Report<'a> {
    let usage = answer.usage;
    let fed = usage.prompt_tokens - usage.cached_tokens;
    let later = usage.completion_tokens.saturating_sub(1);
    Report {
        model: ModelReport {
            file_blake3: loaded.file.blake3.to_string(),
            program: blake3::hash(&loaded.model.program.encode()).to_hex().to_string(),
            kernels: loaded.runner.engine().kernels().set().name(),
        },
        tokens: &answer.tokens,
        text: &answer.text,
        stop: match answer.stop {
            Stop::Token(_) => "stop_token".into(),
            Stop::String(_) => "stop_string".into(),
            Stop::Length => "length".into(),
            Stop::Cancelled => "cancelled".into(),
            Stop::Fault(fault) => format!("fault({}, {})", fault.position, fault.op.0),
        },
        seed: hex(&answer.nonce),
        usage: UsageReport {
            prompt_tokens: usage.prompt_tokens,
            cached_tokens: usage.cached_tokens,
            completion_tokens: usage.completion_tokens,
            total_tokens: usage.prompt_tokens + usage.completion_tokens,
        },
        timings: Timings {
            first_token_ms: answer.first.milliseconds(),
            total_ms: answer.all.milliseconds(),
            prompt_tokens_per_s: Elapsed::per_second(fed, answer.first.wall),
            completion_tokens_per_s: Elapsed::per_second(later, answer.rest.wall),
        },
        logits_digest: answer.logits_digest.as_ref().map(hex),
    }
}

fn hex(bytes: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*bytes).to_hex().to_string()
}
