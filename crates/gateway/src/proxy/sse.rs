//! Server-sent events of a stranger: bytes in, the data of whole events out.
//!
//! Never looks into an event and never holds more than its limits. Other fields than `data`, and comments, are dropped.
//! Failure: a [`SseError`] after which nothing more is taken.

use thiserror::Error;

/// Why a stream is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum SseError {
    #[error("an event of more than {0} bytes")]
    Event(usize),
    #[error("more than {0} bytes for the tokens that were asked for")]
    Stream(usize),
    #[error("an event that is no UTF-8 text")]
    Utf8,
}

/// A stream as it comes.
pub(super) struct Events {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    /// Whether the last byte was a carriage return, whose line feed may follow.
    returned: bool,
    taken: usize,
    event_max: usize,
    stream_max: usize,
}

impl Events {
    pub(super) fn new(event_max: usize, stream_max: usize) -> Self {
        Self {
            line: Vec::new(),
            data: Vec::new(),
            has_data: false,
            returned: false,
            taken: 0,
            event_max,
            stream_max,
        }
    }

    /// Takes bytes; the events that are whole with them.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, SseError> {
        self.taken = self.taken.saturating_add(bytes.len());
        if self.taken > self.stream_max {
            return Err(SseError::Stream(self.stream_max));
        }
        let mut whole = Vec::new();
        for byte in bytes {
            let after_return = std::mem::replace(&mut self.returned, *byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => whole.extend(self.end_line()?),
                _ => {
                    self.line.push(*byte);
                    if self.line.len() + self.data.len() > self.event_max {
                        return Err(SseError::Event(self.event_max));
                    }
                }
            }
        }
        Ok(whole)
    }

    fn end_line(&mut self) -> Result<Option<String>, SseError> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            let had = std::mem::take(&mut self.has_data);
            return Ok(Some(String::from_utf8(data).map_err(|_| SseError::Utf8)?).filter(|_| had));
        }
        if let Some(value) = line.strip_prefix(b"data") {
            let value = match value.strip_prefix(b":") {
                Some(value) => value.strip_prefix(b" ").unwrap_or(value),
                None if value.is_empty() => value,
                None => return Ok(None),
            };
            if self.has_data {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(value);
            self.has_data = true;
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn events_are_the_same_wherever_the_bytes_are_cut() {
        let text =
            b": hello\n\ndata: one\r\ndata:two\r\revent: x\ndata\n\nid: 1\n\ndata: three\n\n";
        let all = Events::new(100, 1000).push(text).unwrap();
        assert_eq!(all, ["one\ntwo", "", "three"]);
        for at in 0..text.len() {
            let mut events = Events::new(100, 1000);
            let mut cut = events.push(&text[..at]).unwrap();
            cut.extend(events.push(&text[at..]).unwrap());
            assert_eq!(cut, all, "{at}");
        }
    }

    #[test]
    fn limits_hold() {
        let event = Events::new(8, 1000).push(b"data: 12345");
        assert_eq!(event, Err(SseError::Event(8)));
        let mut lines = Events::new(12, 1000);
        lines.push(b"data: 1234\n").unwrap();
        assert_eq!(lines.push(b"data: 5678\n"), Err(SseError::Event(12)));
        let mut comments = Events::new(8, 9);
        comments.push(b":\n:\n:\n:\n").unwrap();
        assert_eq!(comments.push(b":\n"), Err(SseError::Stream(9)));
        assert_eq!(Events::new(9, 9).push(b"data:\xff\n\n"), Err(SseError::Utf8));
    }
}
