//! A small HTTP/1.1 server that can misbehave: one request per connection, one thread each.
//!
//! It never sleeps: what has to wait, waits for the client to hang up.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    /// How many requests came before this one.
    pub(crate) nth: usize,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// At most so many bytes of [`Body::Dribble`] come in a second: 200.
const PACE: Duration = Duration::from_millis(5);

pub(crate) enum Body {
    Bytes(Vec<u8>),
    /// Fewer bytes than the head promises, then the connection closes.
    Short(Vec<u8>, usize),
    /// Some bytes, then silence until the client goes away.
    Silence(Vec<u8>, usize),
    /// One byte at a time.
    Drip(Vec<u8>),
    /// One byte at a time, and behind each the client has [`PACE`] to go away.
    Dribble(Vec<u8>),
    /// Chunks without end, until the client goes away.
    Endless,
}

pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
}

impl Reply {
    pub(crate) fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Bytes(Vec::new()) }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }
}

pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (Arc::clone(&seen), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(stream), log, answer) = (stream, Arc::clone(&log), Arc::clone(&answer))
                else {
                    return;
                };
                // A client that hangs up is part of the tests.
                std::thread::spawn(move || serve(stream, &log, &*answer));
            }
        });
        Self { url, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, method: &str) -> usize {
        self.seen().iter().filter(|seen| seen.method == method).count()
    }
}

fn serve(
    mut stream: TcpStream,
    log: &Mutex<Vec<Seen>>,
    answer: &dyn Fn(&Seen) -> Reply,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line.trim().is_empty() {
                break;
            }
            lines.push(line.trim().to_owned());
        }
        let mut first = lines[0].split(' ');
        let (method, path) = (first.next().unwrap().to_owned(), first.next().unwrap().to_owned());
        let headers = lines[1..]
            .iter()
            .filter_map(|line| line.split_once(':'))
            .map(|(key, value)| (key.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let seen = {
            let mut log = log.lock().unwrap();
            let nth = log.len();
            log.push(Seen { method, path, headers, nth });
            log.last().unwrap().clone()
        };
        if seen.method == "CONNECT" {
            // We are the proxy and, for simplicity, also the target.
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
            continue;
        }
        return reply(&mut stream, &seen, answer(&seen));
    }
}

fn reply(stream: &mut TcpStream, seen: &Seen, reply: Reply) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {} X\r\nconnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    let told = |name: &str| reply.headers.iter().any(|(key, _)| key == name);
    let length = match &reply.body {
        Body::Bytes(bytes) | Body::Drip(bytes) | Body::Dribble(bytes) => Some(bytes.len()),
        Body::Short(_, length) | Body::Silence(_, length) => Some(*length),
        Body::Endless => None,
    };
    match length {
        Some(length) if !told("content-length") => {
            head.push_str(&format!("content-length: {length}\r\n"));
        }
        Some(_) => {}
        None => head.push_str("transfer-encoding: chunked\r\n"),
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())?;
    if seen.method == "HEAD" {
        return Ok(());
    }
    match reply.body {
        Body::Bytes(bytes) | Body::Short(bytes, _) => stream.write_all(&bytes)?,
        Body::Silence(bytes, _) => {
            stream.write_all(&bytes)?;
            stream.read_exact(&mut [0])?;
        }
        Body::Drip(bytes) => {
            stream.set_nodelay(true)?;
            for byte in bytes {
                stream.write_all(&[byte])?;
            }
        }
        Body::Dribble(bytes) => {
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(PACE))?;
            for byte in bytes {
                stream.write_all(&[byte])?;
                // Its end is the client's; that it has nothing to say is what is waited for.
                if matches!(stream.read(&mut [0]), Ok(0)) {
                    return Ok(());
                }
            }
        }
        Body::Endless => loop {
            stream.write_all(b"1000\r\n")?;
            stream.write_all(&[7; 0x1000])?;
            stream.write_all(b"\r\n")?;
        },
    }
    stream.flush()
}

/// A file server that knows `Range` and `If-Range`.
pub(crate) fn file(seen: &Seen, bytes: &[u8], etag: &str) -> Reply {
    let start = seen
        .header("range")
        .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok())
        .filter(|_| seen.header("if-range").is_none_or(|tag| tag == etag));
    match start {
        Some(start) if start >= bytes.len() => {
            Reply::new(416).with("content-range", format!("bytes */{}", bytes.len()))
        }
        Some(start) => Reply::new(206)
            .with("etag", etag)
            .with("content-range", format!("bytes {start}-{}/{}", bytes.len() - 1, bytes.len()))
            .body(Body::Bytes(bytes[start..].to_vec())),
        None => Reply::new(200).with("etag", etag).body(Body::Bytes(bytes.to_vec())),
    }
}
