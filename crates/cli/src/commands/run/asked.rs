//! What is asked of the model, as a job: the prompt rendered from its messages, parameters, stop rule.
//!
//! Never asks for anything that was not typed, but the model's own stop tokens, which a job names too.
//! The same seed makes the same answer, with a receipt or without.

use anyhow::{Context, Result, bail};
use canon::sample::Parameters;
use llm::{Prompt, Question, nonce_of};
use receipt::{Job, NonceChooser, PublicKey};
use text::{Conversation, Message};

use crate::arguments::RunOptions;
use crate::commands::key::random;
use crate::failure::Usage;
use crate::loading::Loaded;

/// A drawn seed has so many bits that every reader of JSON reads it exactly.
const SEED_BITS: u32 = 53;

/// A job, and the seed with which it can be asked again.
pub(super) struct Asked {
    pub(super) job: Job,
    pub(super) seed: u64,
}

/// Makes a job of messages; `requester` may cancel it.
pub(super) fn ask(
    loaded: &Loaded,
    options: &RunOptions,
    parameters: Parameters,
    messages: Vec<Message>,
    requester: PublicKey,
) -> Result<Asked> {
    let prompt = prompt(loaded, options, messages)?;
    let seed = match options.seed {
        Some(seed) => seed,
        None => drawn_seed()?,
    };
    let question = Question {
        tokens: rendered(loaded, &prompt)?,
        prompt: Some(prompt),
        grammar: None,
        parameters,
        choices: 1,
        tokens_max: options.max_tokens,
        stop_strings: options.stop.clone(),
        nonce: nonce_of(seed),
        nonce_by: NonceChooser::Client,
        // Who asks, who renders and who answers are one here, and the receipt's key is theirs.
        requester,
    };
    let job = question.job(&loaded.model, loaded.id.0)?;
    Ok(Asked { job, seed })
}

/// What the prompt is made of.
fn prompt(loaded: &Loaded, options: &RunOptions, messages: Vec<Message>) -> Result<Prompt> {
    if options.raw || loaded.model.template.is_none() {
        if options.date.is_some() {
            bail!(Usage(
                "--date: this model has no chat template that would say where a date goes; write \
                 it into the prompt"
                    .into()
            ));
        }
        let texts = messages.into_iter().filter_map(|message| message.content);
        return Ok(Prompt::Text(texts.collect()));
    }
    let now = options.date;
    let conversation =
        Conversation { messages, add_generation_prompt: true, now, ..Default::default() };
    let prompt = Prompt::Conversation(conversation.clone());
    if now.is_some() {
        let without = Prompt::Conversation(Conversation { now: None, ..conversation });
        let with = rendered(loaded, &prompt)?;
        if without.tokens(&loaded.model).is_ok_and(|without| without == with) {
            bail!(Usage(
                "--date: this model's chat template makes the same prompt without it; leave it out"
                    .into()
            ));
        }
    }
    Ok(prompt)
}

fn rendered(loaded: &Loaded, prompt: &Prompt) -> Result<Vec<u32>> {
    let tokens = prompt.tokens(&loaded.model);
    match prompt {
        Prompt::Text(_) => Ok(tokens?),
        Prompt::Conversation(_) => tokens.context("the model's chat template (--raw does without)"),
    }
}

fn drawn_seed() -> Result<u64> {
    let [a, b, c, d, e, f, g, h, ..] = random()?;
    Ok(u64::from_le_bytes([a, b, c, d, e, f, g, h]) >> (u64::BITS - SEED_BITS))
}
