//! A conversation on the terminal. Positions that the next prompt shares with the last are kept.

use std::process::ExitCode;
use std::sync::atomic::Ordering;

use anyhow::Result;
use canon::sample::Parameters;
use llm::Stop;
use rustyline::error::ReadlineError;
use text::{Message, Role};

use super::answer::{draw, interrupted, render};
use crate::arguments::RunOptions;
use crate::loading::Loaded;

const HELP: &str = "\
/clear   forget the conversation
/help    show this
/bye     leave (or Ctrl-D); Ctrl-C stops an answer";

pub(super) fn talk(
    mut loaded: Loaded,
    options: &RunOptions,
    parameters: &Parameters,
) -> Result<ExitCode> {
    let interrupted = interrupted()?;
    let mut editor = rustyline::DefaultEditor::new()?;
    let system = || options.system.as_ref().map(|system| Message::new(Role::System, system));
    let mut messages: Vec<Message> = system().into_iter().collect();
    let mut prefix = None;
    eprintln!("Say something. /help lists commands.");
    loop {
        let line = match editor.readline(">>> ") {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(ExitCode::SUCCESS),
            Err(error) => return Err(error.into()),
        };
        match line.trim() {
            "" => continue,
            "/bye" | "/exit" | "/quit" => return Ok(ExitCode::SUCCESS),
            "/help" => eprintln!("{HELP}"),
            "/clear" => messages = system().into_iter().collect(),
            command if command.starts_with('/') => eprintln!("no such command: {command}\n{HELP}"),
            said => {
                editor.add_history_entry(said)?;
                messages.push(Message::new(Role::User, said));
                let tokens = render(&loaded, options, messages.clone())?;
                interrupted.store(false, Ordering::SeqCst);
                let known =
                    prefix.as_ref().map(|(sequence, known): &(_, Vec<u32>)| (sequence, &known[..]));
                let answer = draw(&mut loaded, options, parameters.clone(), tokens, known)?;
                println!();
                if let Stop::Fault(fault) = answer.stop {
                    eprintln!("the arithmetic ended the answer: {fault:?}");
                }
                messages.push(Message::new(Role::Assistant, answer.text));
                prefix = Some(answer.prefix);
            }
        }
    }
}
