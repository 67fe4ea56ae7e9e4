//! `probity run`: one answer, or a conversation.

mod answer;
mod asked;
mod conversation;
mod once;
mod report;
mod signed;

use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use store::ModelRef;
use text::{MAX_STOP_STRING_BYTES, StopStringError, StopStrings};

use crate::arguments::RunOptions;
use crate::clock::Stopwatch;
use crate::failure::Usage;
use crate::files::{Force, refuse_taken};
use crate::loading::load;

/// Most bytes of a prompt on standard input.
const PROMPT_BYTES_MAX: u64 = 4 << 20;

pub(crate) fn run(options: &RunOptions, started: &Stopwatch) -> Result<ExitCode> {
    let parameters = answer::parameters(options)?;
    let stops: Vec<&str> = options.stop.iter().map(String::as_str).collect();
    StopStrings::new(&stops).map_err(|error| Usage(stop_refused(&error)))?;
    if let Some(path) = &options.receipt {
        refuse_taken(path, Force(options.force))?;
    }
    let prompt = match options.prompt.as_deref() {
        Some("-") => Some(read_prompt()?),
        Some(prompt) => Some(prompt.to_owned()),
        None if std::io::stdin().is_terminal() => None,
        None => Some(read_prompt()?),
    };
    match &prompt {
        Some(prompt) if prompt.is_empty() => bail!(Usage(
            "the prompt is empty: write it after the model's name, or to standard input".into()
        )),
        None if options.json => bail!(Usage(
            "--json is for one answer: write a prompt after the model's name, or to standard input"
                .into()
        )),
        None if options.receipt.is_some() => bail!(Usage(
            "--receipt is for one answer: write a prompt after the model's name, or to standard input"
                .into()
        )),
        Some(_) | None => {}
    }
    refuse_swapped(options)?;
    let loaded = load(&options.model, &options.engine)?;
    if options.system.is_some() && loaded.model.template.is_none() {
        bail!(Usage(
            "--system: this model has no chat template that would say where instructions go; \
             write them into the prompt"
                .into()
        ));
    }
    match prompt {
        Some(prompt) => once::once(loaded, options, parameters, &prompt, started),
        None => conversation::talk(loaded, options, parameters),
    }
}

/// What is wrong with the texts of `--stop`, counted as they were typed.
fn stop_refused(error: &StopStringError) -> String {
    match error {
        StopStringError::TooMany(_) => format!("--stop: {error}"),
        StopStringError::Empty { index } => format!(
            "--stop \"\": an empty text would end every answer before it begins (it is number {} of those given)",
            index + 1
        ),
        StopStringError::TooLong { index, bytes } => format!(
            "--stop: text {} has {bytes} bytes; at most {MAX_STOP_STRING_BYTES} are allowed",
            index + 1
        ),
    }
}

/// Refuses a prompt in the model's place where the model stands in the prompt's.
fn refuse_swapped(options: &RunOptions) -> Result<(), Usage> {
    let ModelRef::Path(path) = &options.model.reference else { return Ok(()) };
    let prompt = options.prompt.as_deref().unwrap_or_default();
    match ModelRef::parse(prompt) {
        Ok(ModelRef::Hub(_) | ModelRef::HubFolder(_) | ModelRef::Catalogue(_))
            if !path.exists() =>
        {
            Err(Usage(format!(
                "the model is named first, then the prompt: probity run {prompt} ..."
            )))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// The text on standard input, without the line end that `echo` or an editor puts after it.
fn read_prompt() -> Result<String> {
    let mut prompt = Vec::new();
    let read = std::io::stdin().take(PROMPT_BYTES_MAX + 1).read_to_end(&mut prompt);
    read.context("the prompt on standard input can't be read")?;
    if u64::try_from(prompt.len())? > PROMPT_BYTES_MAX {
        bail!("the prompt on standard input is longer than {PROMPT_BYTES_MAX} bytes: shorten it");
    }
    let mut prompt =
        String::from_utf8(prompt).context("the prompt on standard input is not UTF-8 text")?;
    if prompt.ends_with('\n') {
        prompt.pop();
        if prompt.ends_with('\r') {
            prompt.pop();
        }
    }
    Ok(prompt)
}
