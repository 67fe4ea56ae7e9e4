//! `probity run`: one answer, or a conversation.

mod answer;
mod conversation;

use std::io::{IsTerminal, Read};
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::arguments::RunOptions;
use crate::loading::load;

/// Most bytes of a prompt on standard input.
const PROMPT_BYTES_MAX: u64 = 4 << 20;

pub(crate) fn run(options: &RunOptions) -> Result<ExitCode> {
    let parameters = answer::parameters(options)?;
    let prompt = match &options.prompt {
        Some(prompt) => Some(prompt.clone()),
        None if std::io::stdin().is_terminal() => None,
        None => Some(read_prompt()?),
    };
    let loaded = load(&options.model, &options.engine)?;
    match prompt {
        Some(prompt) => answer::once(loaded, options, parameters, &prompt),
        None => conversation::talk(loaded, options, &parameters),
    }
}

fn read_prompt() -> Result<String> {
    let mut prompt = String::new();
    let read = std::io::stdin().take(PROMPT_BYTES_MAX).read_to_string(&mut prompt);
    read.context("the prompt on standard input can't be read")?;
    Ok(prompt)
}
