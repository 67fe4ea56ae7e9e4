//! Stop strings, found in the bytes of an answer's tokens as they arrive (`spec/receipt.md` section 4).
//!
//! The answer ends before the stop string that ends first; of several that end at the same byte, the
//! longest counts, and of equal ones the first of the list. That does not depend on how the bytes were
//! cut into tokens. Bytes are held back only while they may be the beginning of a stop string: exactly
//! the longest suffix that is a proper prefix of one. Each byte costs one automaton step per stop
//! string, amortised. Bytes that are no UTF-8 are bytes like any other: nothing is looked for in a mark
//! that stands for them.

use std::mem;

/// The most stop strings of one request.
pub const MAX_STOP_STRINGS: usize = 16;
/// The longest stop string in bytes.
pub const MAX_STOP_STRING_BYTES: usize = 1024;

/// Why stop strings are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StopStringError {
    #[error("{0} stop strings given; at most {MAX_STOP_STRINGS} are allowed")]
    TooMany(usize),
    #[error("stop string {index} is empty")]
    Empty { index: usize },
    #[error("stop string {index} has {bytes} bytes; at most {MAX_STOP_STRING_BYTES} are allowed")]
    TooLong { index: usize, bytes: usize },
}

/// What the next bytes lead to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// No stop string yet: this much can be given out.
    No(Vec<u8>),
    /// The stop string with this index was found: these are the last bytes of the answer. Whatever
    /// else came with it is not part of it.
    Yes { bytes: Vec<u8>, index: usize },
}

/// The matcher of one answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StopStrings {
    stops: Vec<Stop>,
    held: Vec<u8>,
}

impl StopStrings {
    /// A matcher for these strings; none means it lets everything through.
    pub fn new(strings: &[&str]) -> Result<Self, StopStringError> {
        if strings.len() > MAX_STOP_STRINGS {
            return Err(StopStringError::TooMany(strings.len()));
        }
        for (index, string) in strings.iter().enumerate() {
            if string.is_empty() {
                return Err(StopStringError::Empty { index });
            }
            if string.len() > MAX_STOP_STRING_BYTES {
                return Err(StopStringError::TooLong { index, bytes: string.len() });
            }
        }
        Ok(Self { stops: strings.iter().map(|text| Stop::new(text)).collect(), held: Vec::new() })
    }

    /// Takes the next bytes. After a `Yes` the matcher is as new.
    pub fn push(&mut self, bytes: &[u8]) -> Stopped {
        let before = self.held.len();
        self.held.extend_from_slice(bytes);
        for (position, byte) in bytes.iter().enumerate() {
            for stop in &mut self.stops {
                stop.step(*byte);
            }
            let complete = self.stops.iter().enumerate().filter(|(_, stop)| stop.is_complete());
            // `max_by_key` takes the last of equals; reversed, the first of equal strings counts.
            if let Some((index, stop)) = complete.rev().max_by_key(|(_, stop)| stop.text.len()) {
                let end = before + position + 1 - stop.text.len();
                let mut bytes = self.flush();
                bytes.truncate(end);
                return Stopped::Yes { bytes, index };
            }
        }
        let keep = self.stops.iter().map(|stop| stop.matched).max().unwrap_or(0);
        let tail = self.held.split_off(self.held.len() - keep);
        Stopped::No(mem::replace(&mut self.held, tail))
    }

    /// What is held back, when the answer ended some other way.
    pub fn flush(&mut self) -> Vec<u8> {
        for stop in &mut self.stops {
            stop.matched = 0;
        }
        mem::take(&mut self.held)
    }
}
/// One stop string as a Knuth-Morris-Pratt automaton.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stop {
    text: Vec<u8>,
    /// For each length, the longest shorter prefix that is a suffix of the prefix of that length.
    fallback: Vec<usize>,
    /// How much of the string the text so far ends with.
    matched: usize,
}

impl Stop {
    fn new(text: &str) -> Self {
        let text = text.as_bytes().to_vec();
        let mut fallback = vec![0; text.len() + 1];
        let mut length = 0;
        for end in 1..text.len() {
            while length > 0 && text[length] != text[end] {
                length = fallback[length];
            }
            length += usize::from(text[length] == text[end]);
            fallback[end + 1] = length;
        }
        Self { text, fallback, matched: 0 }
    }

    fn is_complete(&self) -> bool {
        self.matched == self.text.len()
    }

    fn step(&mut self, byte: u8) {
        while self.matched > 0 && self.text[self.matched] != byte {
            self.matched = self.fallback[self.matched];
        }
        self.matched += usize::from(self.text[self.matched] == byte);
    }
}
