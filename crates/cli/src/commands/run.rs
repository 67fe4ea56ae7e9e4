//! `probity run`: one answer, or a conversation.

mod answer;
mod conversation;
mod once;
mod report;

use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use text::StopStrings;

use crate::arguments::RunOptions;
use crate::clock::Stopwatch;
use crate::failure::Usage;
use crate::loading::load;

/// Most bytes of a prompt on standard input.
const PROMPT_BYTES_MAX: u64 = 4 << 20;

pub(crate) fn run(options: &RunOptions, started: &Stopwatch) -> Result<ExitCode> {
    let parameters = answer::parameters(options)?;
    let stops: Vec<&str> = options.stop.iter().map(String::as_str).collect();
    StopStrings::new(&stops).map_err(|error| Usage(format!("--stop: {error}")))?;
    let prompt = match &options.prompt {
        Some(prompt) => Some(prompt.clone()),
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
        Some(_) | None => {}
    }
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
