//! The two streams: answers on standard output, everything for the person on standard error.
//!
//! Never panics where a stream is gone. A reader of standard output that leaves early (`| head`)
//! ends the program quietly; that nobody listens on standard error is no failure.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, Write};

use serde::Serialize;
use thiserror::Error;

/// Standard output takes nothing more.
#[derive(Debug, Error)]
#[error("standard output can't be written: {0}")]
pub(crate) struct OutputError(io::Error);

impl OutputError {
    /// Whether the other end of a pipe has left, which is its right.
    pub(crate) fn reader_left(&self) -> bool {
        self.0.kind() == io::ErrorKind::BrokenPipe
    }
}

/// Writes a line to standard output.
pub(crate) fn line(text: impl Display) -> Result<(), OutputError> {
    writeln!(io::stdout().lock(), "{text}").map_err(OutputError)
}

/// Writes text to standard output at once.
pub(crate) fn write(text: &str) -> Result<(), OutputError> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(OutputError)
}

/// Tells the person something. What came from a file or a server can't act on the terminal.
pub(crate) fn tell(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{}", harmless(&text.to_string()));
}

/// A number of bytes as people read it.
pub(crate) fn size(bytes: u64) -> impl Display {
    indicatif::DecimalBytes(bytes)
}

/// A number and what it counts.
pub(crate) fn counted(count: impl Display, one: &str, many: &str) -> String {
    let count = count.to_string();
    let noun = if count == "1" { one } else { many };
    format!("{count} {noun}")
}

/// A value as one line of JSON. What acts on a terminal can stand in strings only, where it is escaped.
pub(crate) fn json_line(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(json_escaped(&serde_json::to_string(value)?) + "\n")
}

/// JSON text with every character that acts on a terminal escaped.
pub(crate) fn json_escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if acts(character) && character != '\n' {
            text += &format!("\\u{:04x}", u32::from(character));
        } else {
            text.push(character);
        }
    }
    text
}

/// Whether a character controls a terminal, or the direction in which it is read.
fn acts(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text with every character that acts on a terminal shown as what it is; ends of lines too.
pub(crate) fn escaped(text: &str) -> String {
    let one = |c: char| if acts(c) { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(one).collect()
}

/// Text that can't act on a terminal: what a model says may hold escape sequences.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let acts = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.contains(acts) {
        Cow::Owned(text.replace(acts, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_can_not_act_on_a_terminal_and_stays_json() {
        let text = "a\u{9b}\u{202e}\n\u{1b}é";
        let line = json_line(&text).expect("a string");
        assert_eq!(line, "\"a\\u009b\\u202e\\n\\u001bé\"\n");
        assert_eq!(serde_json::from_str::<String>(&line).expect("it is JSON"), text);
    }

    #[test]
    fn what_a_model_says_can_not_act_on_a_terminal() {
        assert_eq!(harmless("plain\n\ttext é"), "plain\n\ttext é");
        assert_eq!(harmless("\u{1b}[2J\r\u{9b}x"), "\u{fffd}[2J\u{fffd}\u{fffd}x");
    }
}
