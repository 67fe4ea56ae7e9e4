//! A conversation on the terminal. Positions that the next prompt shares with the last are kept.
//!
//! Only a terminal that is gone ends it: what can't be answered is told, forgotten, and the
//! conversation goes on. Never writes what was said to disk.

use std::io;
use std::process::ExitCode;

use anyhow::Result;
use canon::sample::Parameters;
use engine::Sequence;
use llm::Stop;
use receipt::PublicKey;
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;
use text::{Message, Role};

use super::answer::{cut_note, draw, fault_note};
use super::asked::ask;
use crate::arguments::RunOptions;
use crate::failure::describe;
use crate::interrupt::{self, Meaning};
use crate::loading::Loaded;
use crate::output::{counted, line, tell};

const HELP: &str = "\
/clear   forget the conversation
/help    show this
/bye     leave (or Ctrl-D)
Ctrl-C stops an answer. A line that ends in \\ goes on in the next.";

/// What the person did.
enum Said {
    Text(String),
    Nothing,
    Bye,
}

struct Talk<'a> {
    loaded: Loaded,
    options: &'a RunOptions,
    parameters: Parameters,
    messages: Vec<Message>,
    prefix: Option<(Sequence, Vec<u32>)>,
}

pub(super) fn talk(
    loaded: Loaded,
    options: &RunOptions,
    parameters: Parameters,
) -> Result<ExitCode> {
    let mut editor = DefaultEditor::new()?;
    let mut talk = Talk { loaded, options, parameters, messages: Vec::new(), prefix: None };
    talk.forget();
    tell("Say something; /help lists commands, Ctrl-D leaves.");
    loop {
        let text = match read(&mut editor)? {
            Said::Text(text) => text,
            Said::Nothing => continue,
            Said::Bye => return Ok(ExitCode::SUCCESS),
        };
        match text.trim() {
            "" => {}
            "/bye" | "/exit" | "/quit" => return Ok(ExitCode::SUCCESS),
            "/help" | "/?" => tell(HELP),
            "/clear" => {
                talk.forget();
                tell("The conversation is forgotten.");
            }
            command if is_command(command) => tell(format_args!("There is no {command}.\n{HELP}")),
            said => {
                editor.add_history_entry(&text)?;
                talk.answer(said)?;
            }
        }
    }
}

/// One slash and a word: `/usr/bin` is something to say.
fn is_command(text: &str) -> bool {
    let name = text.strip_prefix('/');
    name.is_some_and(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphabetic()))
}

/// Reads what is said, over several lines where they end in a backslash.
fn read(editor: &mut DefaultEditor) -> Result<Said> {
    let mut text = String::new();
    loop {
        let prompt = if text.is_empty() { ">>> " } else { "... " };
        match editor.readline(prompt) {
            Ok(line) => match line.strip_suffix('\\') {
                Some(line) => {
                    text.push_str(line);
                    text.push('\n');
                }
                None => return Ok(Said::Text(text + &line)),
            },
            Err(ReadlineError::Interrupted) => {
                tell("Ctrl-D or /bye leaves.");
                return Ok(Said::Nothing);
            }
            Err(ReadlineError::Eof) => return Ok(Said::Bye),
            Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => {
                tell("That was no UTF-8 text.");
                return Ok(Said::Nothing);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

impl Talk<'_> {
    fn forget(&mut self) {
        let system = self.options.system.as_ref();
        self.messages =
            system.map(|system| Message::new(Role::System, system)).into_iter().collect();
        self.prefix = None;
    }

    /// Answers, or says why not; what was not answered is not remembered.
    fn answer(&mut self, said: &str) -> Result<()> {
        let mut messages = self.messages.clone();
        messages.push(Message::new(Role::User, said));
        let parameters = self.parameters.clone();
        let asked = ask(&self.loaded, self.options, parameters, messages.clone(), PublicKey::NONE);
        let asked = match asked {
            Ok(asked) => asked,
            Err(error) => {
                tell(describe(&error));
                return Ok(());
            }
        };
        let context = self.loaded.runner.engine().context_max();
        let tokens = asked.job.fields().prompt.len();
        if tokens >= context {
            self.tell_full(tokens, context);
            return Ok(());
        }
        interrupt::means(Meaning::EndAnswer)?;
        interrupt::asked();
        let known = self.prefix.as_ref().map(|(sequence, known)| (sequence, &known[..]));
        let answer = draw(&mut self.loaded, self.options, &asked, known, &mut |_| ())?;
        line("")?;
        if let Some(note) = cut_note(&self.loaded, self.options, &answer) {
            tell(note);
        }
        if let Stop::Fault(fault) = answer.stop {
            tell(fault_note(fault));
            return Ok(());
        }
        if !answer.text.is_empty() {
            messages.push(Message::new(Role::Assistant, answer.text));
            self.messages = messages;
        }
        self.prefix = Some(answer.prefix);
        Ok(())
    }

    fn tell_full(&self, tokens: usize, context: usize) {
        let tokens = counted(tokens, "token", "tokens");
        if self.messages.iter().any(|message| message.role == Role::User) {
            tell(format_args!(
                "With this the conversation has {tokens}, and the model's context holds \
                 {context}. Say it shorter, or /clear and say it again."
            ));
        } else {
            tell(format_args!(
                "That has {tokens}, and the model's context holds {context}. Say it shorter."
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_no_command() {
        assert!(is_command("/clear"));
        assert!(is_command("/nonsense"));
        for text in ["/", "/usr/bin", "/help me", "clear", "/3"] {
            assert!(!is_command(text), "{text}");
        }
    }
}
