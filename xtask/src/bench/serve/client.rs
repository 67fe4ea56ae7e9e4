//! One streamed completion over a plain socket, with the time of everything that arrives.
//!
//! So light that sixteen of them take little of what is measured: no async, no parser but for lines. Never asks again.
//! Failure: one line.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Outcome;

/// A server that says nothing for so long has failed.
const SILENCE: Duration = Duration::from_secs(120);
/// Most bytes of a line that is read.
const LINE_BYTES_MAX: usize = 1 << 20;

/// What is asked.
pub(super) struct Asked<'a> {
    pub(super) model: &'a str,
    pub(super) prompt: &'a [u32],
    pub(super) tokens: u32,
    /// This token is never drawn, so that every answer is as long as asked.
    pub(super) never: u32,
}

/// What came, and when after the request was begun.
pub(super) struct Streamed {
    pub(super) status: u16,
    /// When each token came.
    pub(super) pieces: Vec<Duration>,
    /// How many tokens the server says it drew.
    pub(super) drawn: u64,
    pub(super) all: Duration,
}

impl Streamed {
    /// To the first token.
    pub(super) fn first(&self) -> Option<Duration> {
        self.pieces.first().copied()
    }

    /// Between one token and the next.
    pub(super) fn gaps(&self) -> Vec<Duration> {
        self.pieces.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect()
    }
}

/// Asks `address` (host and port) for a completion and reads it to its end.
pub(super) fn complete(address: &str, asked: &Asked<'_>) -> Outcome<Streamed> {
    let told = |error: std::io::Error| format!("{address}: {error}");
    let body = json!({
        "model": asked.model,
        "prompt": asked.prompt,
        "max_tokens": asked.tokens,
        "temperature": 0,
        "stream": true,
        "stream_options": {"include_usage": true},
        "logit_bias": {asked.never.to_string(): -100},
    })
    .to_string();
    let begun = Instant::now();
    let mut stream = TcpStream::connect(address).map_err(told)?;
    stream.set_nodelay(true).map_err(told)?;
    stream.set_read_timeout(Some(SILENCE)).map_err(told)?;
    let head = format!(
        "POST /v1/completions HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes()).map_err(told)?;
    let mut reader = BufReader::new(stream);
    let mut streamed = Streamed { status: 0, pieces: Vec::new(), drawn: 0, all: Duration::ZERO };
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line).map_err(told)? == 0 {
            break;
        }
        if line.len() > LINE_BYTES_MAX {
            return Err(format!("{address}: a line of {} bytes", line.len()));
        }
        if streamed.status == 0 {
            streamed.status = status(&line)?;
        } else if let Some(chunk) = chunk(&line) {
            if has_token(&chunk) {
                streamed.pieces.push(begun.elapsed());
            }
            streamed.drawn = chunk["usage"]["completion_tokens"].as_u64().unwrap_or(streamed.drawn);
        }
    }
    streamed.all = begun.elapsed();
    Ok(streamed)
}

fn status(line: &str) -> Outcome<u16> {
    let number = line.split_whitespace().nth(1).and_then(|number| number.parse().ok());
    number.ok_or_else(|| format!("no HTTP: {}", line.trim()))
}

fn chunk(line: &str) -> Option<Value> {
    serde_json::from_str(line.strip_prefix("data: ")?).ok()
}

/// Whether a chunk brings a token: one that only opens the stream, or ends the answer, does not.
fn has_token(chunk: &Value) -> bool {
    let choice = &chunk["choices"][0];
    let text = choice["text"].as_str().is_some_and(|text| !text.is_empty());
    let tokens = chunk["probity"]["tokens"].as_array().is_some_and(|tokens| !tokens.is_empty());
    choice["finish_reason"].is_null() && (text || tokens)
}

/// The body of an address, or why there is none.
pub(super) fn get(address: &str, path: &str) -> Outcome<String> {
    let told = |error: std::io::Error| format!("{address}{path}: {error}");
    let mut stream = TcpStream::connect(address).map_err(told)?;
    stream.set_read_timeout(Some(SILENCE)).map_err(told)?;
    let head = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).map_err(told)?;
    std::io::read_to_string(BufReader::new(stream)).map_err(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_told_from_what_stands_around_them() {
        for (line, token) in [
            (r#"data: {"choices":[{"text":" a","finish_reason":null}]}"#, true),
            (r#"data: {"choices":[{"text":"","finish_reason":null}]}"#, false),
            (
                r#"data: {"choices":[{"text":"","finish_reason":null}],"probity":{"tokens":[7]}}"#,
                true,
            ),
            (r#"data: {"choices":[{"text":"","finish_reason":"length"}]}"#, false),
            (r#"data: {"choices":[],"usage":{}}"#, false),
            ("data: [DONE]", false),
            (": keep-alive", false),
            ("1f4", false),
        ] {
            assert_eq!(chunk(line).is_some_and(|chunk| has_token(&chunk)), token, "{line}");
        }
        assert_eq!(status("HTTP/1.1 429 Too Many Requests\r\n"), Ok(429));
        assert!(status("hello").is_err());
    }

    #[test]
    fn gaps_stand_between_pieces() {
        let pieces = [1, 4, 9].map(Duration::from_millis).to_vec();
        let streamed = Streamed { status: 200, pieces, drawn: 3, all: Duration::ZERO };
        assert_eq!(streamed.gaps(), [3, 5].map(Duration::from_millis));
        assert_eq!(streamed.first(), Some(Duration::from_millis(1)));
    }
}
