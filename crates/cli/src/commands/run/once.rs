//! One answer to one prompt, as text or as a JSON object.

use std::process::ExitCode;

use anyhow::{Result, bail};
use canon::sample::Parameters;
use llm::Stop;
use text::{Message, Role};

use super::answer::{cut_note, draw, fault_note, render};
use super::report::report;
use crate::arguments::RunOptions;
use crate::clock::Stopwatch;
use crate::loading::Loaded;
use crate::output::{line, tell};

pub(super) fn once(
    mut loaded: Loaded,
    options: &RunOptions,
    parameters: Parameters,
    prompt: &str,
    started: &Stopwatch,
) -> Result<ExitCode> {
    let mut messages = Vec::new();
    messages.extend(options.system.as_ref().map(|system| Message::new(Role::System, system)));
    messages.push(Message::new(Role::User, prompt));
    let tokens = render(&loaded, options, messages)?;
    let load = started.read();
    let answer = draw(&mut loaded, options, parameters, tokens, None)?;
    if options.json {
        let report = report(options, &loaded, &answer, load.wall);
        line(serde_json::to_string(&report)?)?;
    } else {
        line("")?;
        if let Some(note) = cut_note(&loaded, options, &answer) {
            tell(note);
        }
    }
    match answer.stop {
        Stop::Cancelled => Ok(ExitCode::from(130)),
        Stop::Fault(fault) => bail!(fault_note(fault)),
        Stop::Refused(error) => bail!(error),
        Stop::Token(_) | Stop::String(_) | Stop::Length => Ok(ExitCode::SUCCESS),
    }
}
