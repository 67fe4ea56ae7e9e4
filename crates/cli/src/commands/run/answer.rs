//! An answer: the prompt rendered, tokens drawn and shown as they come.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use canon::sample::{Parameter, Parameters, Settings, seed};
use engine::{Fault, Sequence};
use llm::{Generation, Piece, Request, Stop, Usage};
use text::{Conversation, Message, Segment};

use crate::arguments::RunOptions;
use crate::clock::Stopwatch;
use crate::loading::{Loaded, model_id};
use crate::output::{OutputError, harmless, write};

/// A drawn seed has so many bits that every reader of JSON reads it exactly.
const SEED_BITS: u32 = 53;

/// An answer that has ended.
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) stop: Stop,
    pub(super) tokens: Vec<u32>,
    pub(super) usage: Usage,
    /// From the start of the prompt to the first token, and to the last.
    pub(super) first: Duration,
    pub(super) all: Duration,
    pub(super) logits_digest: Option<[u8; 32]>,
    pub(super) seed: u64,
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

/// Whether the person asked to stop; the first question installs the handler. A second request
/// that comes before the first was heard ends the program at once.
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
    let rendered =
        template.render(&conversation).context("the model's chat template (--raw does without)")?;
    Ok(tokenizer.encode_prompt(&rendered.segments())?)
}

/// Draws an answer, showing text as it becomes certain.
pub(super) fn draw(
    loaded: &mut Loaded,
    options: &RunOptions,
    parameters: Parameters,
    prompt: Vec<u32>,
    prefix: Option<(&Sequence, &[u32])>,
) -> Result<Answer> {
    let (typed, request) = request(loaded, options, parameters, prompt)?;
    let mut generation = Generation::new(&loaded.model, loaded.runner.engine(), request, prefix)?;
    let interrupted = interrupted()?;
    let screen = Screen::new(options);
    let watch = Stopwatch::start();
    let (mut text, mut first) = (String::new(), None);
    let stop = loop {
        if let Some(stop) = generation.stop() {
            break stop;
        }
        if interrupted.swap(false, Ordering::SeqCst) {
            generation.cancel();
        }
        for piece in loaded.runner.step(&mut [&mut generation]) {
            if piece.token.is_some() {
                first.get_or_insert_with(|| watch.read().wall);
            }
            screen.show(&piece)?;
            text.push_str(&piece.text);
        }
    };
    let all = watch.read().wall;
    Ok(Answer {
        text,
        stop,
        tokens: generation.output().to_vec(),
        usage: generation.usage(),
        first: first.unwrap_or(all),
        all,
        logits_digest: generation.logits_digest(),
        seed: typed,
        prefix: generation.into_prefix(),
    })
}

/// Why an answer is shorter than the model would have it.
pub(super) fn cut_note(loaded: &Loaded, options: &RunOptions, answer: &Answer) -> Option<String> {
    if answer.stop != Stop::Length {
        return None;
    }
    let context = loaded.runner.engine().context_max();
    if answer.usage.prompt_tokens + answer.usage.completion_tokens >= context {
        return Some(format!("(cut: the model's context of {context} tokens is full)"));
    }
    Some(format!("(cut at {} tokens; --max-tokens allows more)", options.max_tokens))
}

/// What a fault is, for people.
pub(super) fn fault_note(fault: Fault) -> String {
    format!(
        "a number left its range at position {}, op {}: the answer ends there, on every machine alike",
        fault.position, fault.op.0
    )
}

/// What is asked of the model, and the seed it can be asked again with.
fn request(
    loaded: &Loaded,
    options: &RunOptions,
    parameters: Parameters,
    prompt: Vec<u32>,
) -> Result<(u64, Request)> {
    let typed = match options.seed {
        Some(seed) => seed,
        None => drawn_seed()?,
    };
    let mut nonce = [0; 32];
    nonce[..8].copy_from_slice(&typed.to_le_bytes());
    let vocabulary = usize::try_from(loaded.model.program.program().vocabulary)?;
    let id = model_id(&loaded.model, &loaded.file);
    let request = Request {
        seed: seed(&nonce, &id, vocabulary, &prompt, &parameters)?,
        prompt,
        parameters,
        choice: 0,
        tokens_max: usize::try_from(options.max_tokens)?,
        stop_strings: options.stop.clone(),
        stop_tokens: true,
        logits_digest: options.json,
    };
    Ok((typed, request))
}

fn drawn_seed() -> Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| anyhow!("the system gives no random bytes: {error}; give --seed"))?;
    Ok(u64::from_le_bytes(bytes) >> (u64::BITS - SEED_BITS))
}

/// Where pieces of an answer are shown.
struct Screen {
    silent: bool,
    terminal: bool,
}

impl Screen {
    fn new(options: &RunOptions) -> Self {
        Self { silent: options.json, terminal: std::io::stdout().is_terminal() }
    }

    fn show(&self, piece: &Piece) -> Result<(), OutputError> {
        if self.silent || piece.text.is_empty() {
            Ok(())
        } else if self.terminal {
            write(&harmless(&piece.text))
        } else {
            write(&piece.text)
        }
    }
}
