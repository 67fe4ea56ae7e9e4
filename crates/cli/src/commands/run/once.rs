//! One answer to one prompt, as text or as a JSON object.

use std::process::ExitCode;

use anyhow::{Result, bail};
use canon::sample::Parameters;
use llm::Stop;
use receipt::PublicKey;
use text::{Message, Role};

use super::answer::{GRAMMAR_NOTE, cut_note, draw, fault_note};
use super::asked::ask;
use super::report::report;
use super::signed::Signer;
use crate::arguments::RunOptions;
use crate::clock::Stopwatch;
use crate::files::Force;
use crate::interrupt::{self, Meaning};
use crate::loading::Loaded;
use crate::output::{json_line, line, tell, write};

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
    let signer = options.receipt.as_deref();
    let signer = signer.map(|path| Signer::new(path, Force(options.force))).transpose()?;
    let requester = signer.as_ref().map_or(PublicKey::NONE, Signer::key);
    let asked = ask(&loaded, options, parameters, messages, requester)?;
    let mut signing = signer.map(|signer| signer.sign(asked.job.clone())).transpose()?;
    let load = started.read();
    // An object or a receipt is written whole, whatever was asked in between; text that is not begun is not.
    let whole = options.json || options.receipt.is_some();
    let meaning = if whole { Meaning::EndAnswer } else { Meaning::End };
    interrupt::means(meaning)?;
    let answer = draw(&mut loaded, options, &asked, None, &mut |token| {
        if let Some(signing) = &mut signing {
            signing.push(token);
        }
    })?;
    // The receipt is written whether anybody still reads or not.
    let ended = if options.json { Ok(()) } else { line("") };
    if let Some(signing) = signing {
        signing.write(answer.stop)?;
    }
    ended?;
    if options.json {
        let report = report(options, &loaded, &answer, load.wall);
        write(&json_line(&report)?)?;
    } else if let Some(note) = cut_note(&loaded, options, &answer) {
        tell(note);
    }
    match answer.stop {
        Stop::Cancelled => Ok(ExitCode::from(130)),
        Stop::Fault(fault) => bail!(fault_note(fault)),
        Stop::Grammar => bail!(GRAMMAR_NOTE),
        Stop::Refused(error) => bail!(error),
        Stop::Token(_) | Stop::String(_) | Stop::Length => Ok(ExitCode::SUCCESS),
    }
}
