//! Tokens to text as they arrive, always at character boundaries.
//!
//! What comes out, pieces joined, is `String::from_utf8_lossy` of all the bytes that went in,
//! however they were cut: a character whose bytes are not all there yet is held back, bytes that
//! can't be one become U+FFFD at once, and `flush` gives up on what is held. At most three bytes
//! are ever held. Control tokens print nothing.

use std::mem;

use crate::token_bytes::TokenBytes;

const REPLACEMENT: char = '\u{FFFD}';

/// A token id the vocabulary does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("token {0} is not in the vocabulary")]
pub struct UnknownToken(pub u32);

/// The text of one answer, token by token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detokenizer {
    stream: Utf8Stream,
}

impl Detokenizer {
    /// The text that is certain now that this token came.
    pub fn push(&mut self, table: &TokenBytes, token: u32) -> Result<String, UnknownToken> {
        let piece = table.get(token).ok_or(UnknownToken(token))?;
        Ok(if piece.control { String::new() } else { self.stream.push(piece.bytes) })
    }

    /// The rest, with U+FFFD for an unfinished character.
    pub fn flush(&mut self) -> String {
        self.stream.flush()
    }
}

/// Bytes to text, incrementally.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Utf8Stream {
    /// The bytes of an unfinished character.
    held: Vec<u8>,
}

impl Utf8Stream {
    /// The text that is certain now that these bytes came.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        let mut input = mem::take(&mut self.held);
        input.extend_from_slice(bytes);
        let mut text = String::with_capacity(input.len());
        let mut rest = input.as_slice();
        loop {
            match str::from_utf8(rest) {
                Ok(valid) => {
                    text.push_str(valid);
                    return text;
                }
                Err(error) => {
                    let (valid, after) = rest.split_at(error.valid_up_to());
                    text.push_str(str::from_utf8(valid).expect("valid up to here"));
                    let Some(invalid) = error.error_len() else {
                        self.held = after.to_vec();
                        return text;
                    };
                    text.push(REPLACEMENT);
                    rest = &after[invalid..];
                }
            }
        }
    }

    /// The rest: nothing, or U+FFFD for the unfinished character.
    pub fn flush(&mut self) -> String {
        if mem::take(&mut self.held).is_empty() { String::new() } else { REPLACEMENT.to_string() }
    }
}
