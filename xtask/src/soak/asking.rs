//! Plain requests over plain sockets, so that anything can be sent and everything that comes is seen.
//!
//! Never asks again by itself. Failure: why the connection did not serve.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Outcome;

/// A server that says nothing for so long has failed: it says something every fifteen seconds.
const SILENCE: Duration = Duration::from_secs(60);
/// How long a server may take to load its model.
const LOADING: Duration = Duration::from_secs(120);
/// Most bytes of an answer that are read.
const ANSWER_BYTES_MAX: u64 = 64 << 20;

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Answer {
    /// The job of an answer that was told whole: its end is there.
    pub(super) fn whole_job(&self) -> Option<String> {
        let value: Value = serde_json::from_str(&self.body).ok()?;
        value["choices"][0]["finish_reason"].as_str()?;
        value["probity"]["job"].as_str().map(str::to_owned)
    }
}

/// Opens a connection to `http://HOST:PORT`.
pub(super) fn connect(url: &str) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(url.trim_start_matches("http://"))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    Ok(stream)
}

/// The head of a POST with so many bytes of body, with more header lines.
pub(super) fn head(path: &str, length: usize, more: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         connection: close\r\ncontent-length: {length}\r\n{more}\r\n"
    )
}

/// Sends a body and leaves the answer to be read.
pub(super) fn post(url: &str, path: &str, body: &[u8]) -> io::Result<BufReader<TcpStream>> {
    let mut stream = connect(url)?;
    stream.write_all(head(path, body.len(), "").as_bytes())?;
    stream.write_all(body)?;
    Ok(BufReader::new(stream))
}

/// The status that stands in the first line.
pub(super) fn status(reader: &mut impl BufRead) -> io::Result<u16> {
    let mut line = String::new();
    reader.take(1024).read_line(&mut line)?;
    let number = line.split_whitespace().nth(1).and_then(|number| number.parse().ok());
    number.ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "no status"))
}

/// Reads an answer to its end.
pub(super) fn whole(reader: &mut impl BufRead) -> io::Result<Answer> {
    let status = status(reader)?;
    let mut rest = String::new();
    reader.take(ANSWER_BYTES_MAX).read_to_string(&mut rest)?;
    let body = rest.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    Ok(Answer { status, body: body.to_owned() })
}

pub(super) fn get(url: &str, path: &str) -> Outcome<Answer> {
    let ask = || {
        let mut stream = connect(url)?;
        let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        whole(&mut BufReader::new(stream))
    };
    ask().map_err(|error| format!("{url}{path}: {error}"))
}

/// Waits until a server is ready.
pub(super) fn ready(url: &str) -> Outcome<()> {
    let begun = Instant::now();
    while get(url, "/readyz").map_or(0, |answer| answer.status) != 200 {
        if begun.elapsed() > LOADING {
            return Err(format!("{url} is not ready"));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Waits until nothing runs any more, and says what is left when that does not come.
pub(super) fn calm(url: &str, time: Duration) -> Outcome<Option<String>> {
    let begun = Instant::now();
    loop {
        let text = get(url, "/metrics")?.body;
        let left = left(&text);
        if left.is_empty() {
            println!("calm after {:.1} s: nothing runs or waits", begun.elapsed().as_secs_f64());
            return Ok(None);
        }
        if begun.elapsed() > time {
            return Ok(Some(format!("left running after all clients went: {}", left.join(", "))));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Measures that should be nothing (or, connections, this one) and are not.
fn left(metrics: &str) -> Vec<String> {
    let mut left = Vec::new();
    let (mut held, mut remembered) = (0.0, 0.0);
    for line in metrics.lines() {
        let Some((name, value)) = line.rsplit_once(' ') else { continue };
        let value: f64 = value.parse().unwrap_or(0.0);
        let most = match name.split('{').next().unwrap_or(name) {
            "probity_connections" => 1.0,
            "probity_answers_running" | "probity_queue_answers" | "probity_batch_answers" => 0.0,
            "probity_kv_bytes" => {
                held = value;
                continue;
            }
            "probity_cache_bytes" => {
                remembered = value;
                continue;
            }
            _ => continue,
        };
        if value > most {
            left.push(line.to_owned());
        }
    }
    if held > remembered {
        left.push(format!("{held} bytes of keys and values, {remembered} of them remembered"));
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_running_is_seen() {
        let calm = "probity_connections 1\nprobity_answers_running 0\nprobity_kv_bytes{model=\"m\"} 8\n\
                    probity_cache_bytes{model=\"m\"} 8\nprobity_answers_total 7\n";
        assert_eq!(left(calm), Vec::<String>::new());
        assert_eq!(left(&calm.replace("running 0", "running 2")).len(), 1);
        assert_eq!(left(&calm.replace("cache_bytes{model=\"m\"} 8", "cache_bytes 4")).len(), 1);
    }

    #[test]
    fn an_answer_counts_when_its_end_is_there() {
        let answer = |body: &str| Answer { status: 200, body: body.to_owned() };
        let told = r#"{"choices":[{"finish_reason":"stop"}],"probity":{"job":"ab"}}"#;
        assert_eq!(answer(told).whole_job().as_deref(), Some("ab"));
        assert_eq!(answer(&told.replace("\"stop\"", "null")).whole_job(), None);
        assert_eq!(answer(&told[..20]).whole_job(), None);
    }
}
