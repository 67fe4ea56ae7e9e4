//! The two streams: answers on standard output, everything for the person on standard error.
//!
//! Never panics where a stream is gone. A reader of standard output that leaves early (`| head`)
//! ends the program quietly; that nobody listens on standard error is no failure.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::{self, Write};

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
    fn what_a_model_says_can_not_act_on_a_terminal() {
        assert_eq!(harmless("plain\n\ttext é"), "plain\n\ttext é");
        assert_eq!(harmless("\u{1b}[2J\r\u{9b}x"), "\u{fffd}[2J\u{fffd}\u{fffd}x");
    }
}
