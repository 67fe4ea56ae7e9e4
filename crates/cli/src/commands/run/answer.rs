//! An answer: tokens drawn and shown as they come.

use std::io::IsTerminal;
use std::time::Duration;

use anyhow::Result;
use canon::sample::{Parameter, Parameters, Settings};
use engine::{Fault, Sequence};
use llm::{Generation, Piece, Request, Stop, Usage};

use super::asked::Asked;
use crate::arguments::RunOptions;
use crate::clock::Stopwatch;
use crate::interrupt::{self, Meaning};
use crate::loading::Loaded;
use crate::output::{OutputError, counted, spoken, write};

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

/// Draws an answer, showing text as it becomes certain; `each` gets every token.
pub(super) fn draw(
    loaded: &mut Loaded,
    options: &RunOptions,
    asked: &Asked,
    prefix: Option<(&Sequence, &[u32])>,
    each: &mut dyn FnMut(u32),
) -> Result<Answer> {
    let request = Request { logits_digest: options.json, ..Request::of(&asked.job, 0) };
    let mut generation = Generation::new(&loaded.model, loaded.runner.engine(), request, prefix)?;
    let mut screen = Screen::new(options);
    let watch = Stopwatch::start();
    let (mut text, mut first) = (String::new(), None);
    let stop = loop {
        if let Some(stop) = generation.stop() {
            break stop;
        }
        if interrupt::asked() {
            generation.cancel();
        }
        for piece in loaded.runner.step(&mut [&mut generation]) {
            if let Some(token) = piece.token {
                each(token);
                first.get_or_insert_with(|| watch.read().wall);
                // Before this, in a single answer, nothing is lost by ending at once.
                interrupt::means(Meaning::EndAnswer)?;
            }
            match screen.show(&piece) {
                // A receipt is written whether anybody still reads or not.
                Err(error) if error.reader_left() && options.receipt.is_some() => {
                    screen.silent = true;
                }
                shown => shown?,
            }
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
        seed: asked.seed,
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
    let tokens = counted(options.max_tokens, "token", "tokens");
    Some(format!("(cut at {tokens}; --max-tokens allows more)"))
}

/// Why an answer can follow its grammar no further, for people.
pub(super) const GRAMMAR_NOTE: &str =
    "the grammar takes more to follow than one token is worth here";

/// What a fault is, for people.
pub(super) fn fault_note(fault: Fault) -> String {
    format!(
        "a number left its range at position {}, op {}: the answer ends there, on every machine alike",
        fault.position, fault.op.0
    )
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
            write(&spoken(&piece.text))
        } else {
            write(&piece.text)
        }
    }
}
