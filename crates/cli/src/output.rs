//! The two streams: answers on standard output, everything for the person on standard error.
//!
//! Never panics where a stream is gone. A reader of standard output that leaves early (`| head`)
//! ends the program quietly; that nobody listens on standard error is no failure.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::path::Path;

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
            let units = &mut [0; 2];
            character.encode_utf16(units).iter().for_each(|unit| text += &format!("\\u{unit:04x}"));
        } else {
            text.push(character);
        }
    }
    text
}

/// Characters that turn the direction of reading, end a line or are not seen at all: with them text can read as what it
/// is not, or hide what it is. Unicode's Default_Ignorable_Code_Point, its ends of lines and its marks for annotations.
const UNSEEN: [RangeInclusive<char>; 21] = [
    '\u{ad}'..='\u{ad}',
    '\u{34f}'..='\u{34f}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{17b4}'..='\u{17b5}',
    '\u{180b}'..='\u{180f}',
    '\u{200b}'..='\u{200f}',
    '\u{2028}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{3164}'..='\u{3164}',
    '\u{fe00}'..='\u{fe0f}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff0}'..='\u{fff8}',
    '\u{fff9}'..='\u{fffb}',
    '\u{1bca0}'..='\u{1bca3}',
    '\u{1d173}'..='\u{1d17a}',
    '\u{e0000}'..='\u{e007f}',
    '\u{e0080}'..='\u{e00ff}',
    '\u{e0100}'..='\u{e01ef}',
    '\u{e01f0}'..='\u{e0fff}',
];

/// Whether a character acts on a terminal or on who reads, instead of being read.
fn acts(character: char) -> bool {
    character.is_control() || UNSEEN.iter().any(|unseen| unseen.contains(&character))
}

/// Text with every character that acts on a terminal or a reader shown as what it is; ends of lines too. What comes
/// from a file is shown so, and so is a path.
pub(crate) fn escaped(text: &str) -> String {
    replaced(text, acts).into_owned()
}

/// A path in one line that acts on nothing.
pub(crate) fn shown(path: &Path) -> String {
    escaped(&path.display().to_string())
}

/// Text of several lines, with everything else that acts on a terminal or a reader shown as what it is.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    replaced(text, |c| acts(c) && !matches!(c, '\n' | '\t'))
}

/// What a model says, which may hold escape sequences. What words and pictures are joined and drawn with stays.
pub(crate) fn spoken(text: &str) -> Cow<'_, str> {
    let written = |c| matches!(c, '\n' | '\t' | '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}');
    replaced(text, |c| acts(c) && !written(c))
}

/// Text with some of its characters escaped.
fn replaced(text: &str, escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&escaped) {
        return Cow::Borrowed(text);
    }
    let one = |c: char| if escaped(c) { c.escape_default().to_string() } else { c.to_string() };
    Cow::Owned(text.chars().map(one).collect())
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

    /// One character of each kind that is not seen, or turns what is read.
    const HIDDEN: &str = "\u{ad}\u{61c}\u{200b}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2060}\u{2064}\u{2066}\u{2069}\u{206a}\u{206f}\u{3164}\u{fe00}\u{feff}\u{fff9}\u{e0001}\u{e0041}\u{e007f}\u{e0100}\u{e01ef}";

    #[test]
    fn what_comes_from_a_file_is_seen_whole() {
        for hidden in HIDDEN.chars() {
            let shown = format!("a{}b", hidden.escape_unicode());
            let text = format!("a{hidden}b");
            assert_eq!(escaped(&text), shown);
            assert_eq!(harmless(&text), shown);
            assert_eq!(spoken(&text), shown);
            let line = json_line(&text).expect("a string");
            assert!(line.is_ascii(), "{line}");
            assert_eq!(serde_json::from_str::<String>(&line).expect("it is JSON"), text);
        }
        assert_eq!(escaped("a\n\t\u{200d}\u{fe0f}é"), "a\\n\\t\\u{200d}\\u{fe0f}é");
        assert_eq!(harmless("a\n\t\u{200d}\u{fe0f}é"), "a\n\t\\u{200d}\\u{fe0f}é");
        assert_eq!(
            shown(Path::new("ev\u{1b}[31mil\nx: VERIFIED")),
            "ev\\u{1b}[31mil\\nx: VERIFIED"
        );
    }

    #[test]
    fn what_a_model_says_can_not_act_on_a_terminal() {
        assert_eq!(spoken("plain\n\ttext é"), "plain\n\ttext é");
        assert_eq!(spoken("\u{1b}[2J\r\u{9b}x"), "\\u{1b}[2J\\r\\u{9b}x");
        // Persian and pictures of several people are written with these.
        assert_eq!(spoken("\u{200c}\u{200d}\u{fe0e}\u{fe0f}"), "\u{200c}\u{200d}\u{fe0e}\u{fe0f}");
    }
}
