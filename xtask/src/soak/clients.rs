//! Clients of every manner, each a thread, until they are told to stop.
//!
//! What a client does next is drawn by its seed. Never waits for ever: every read has its time. A connection that
//! breaks counts against the server only if the server lived through it.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use super::asking::{self, Answer};

/// Longest answer that is asked for.
const ANSWER_TOKENS: u64 = 48;
/// What slow readers take, and how often.
const SIP_BYTES: usize = 64;
const SIP_PAUSE: Duration = Duration::from_millis(50);
const SIPS: usize = 100;
/// A body and headers that are too large for anybody.
const HUGE_BYTES: usize = 12 << 20;
const HUGE_HEADER_BYTES: usize = 1 << 20;
/// How long a client waits after being refused or cut off.
const REST: Duration = Duration::from_millis(200);

/// Numbers by seed.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// One below `bound`.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound.max(1)
    }

    fn bytes(&mut self, count: u64) -> Vec<u8> {
        (0..count).map(|_| u8::try_from(self.below(256)).unwrap_or(0)).collect()
    }
}

/// What the threads share.
#[derive(Debug, Default)]
struct State {
    /// Where the server answers; `None` while there is none.
    url: Option<String>,
    /// How often there was another server.
    life: u64,
    stopped: bool,
    /// Jobs whose answer was seen to its end, in order.
    delivered: Vec<String>,
    counts: BTreeMap<(&'static str, String), u64>,
    findings: Vec<String>,
}

/// All of them.
pub(super) struct Clients {
    state: Arc<Mutex<State>>,
    threads: Vec<JoinHandle<()>>,
}

impl Clients {
    pub(super) fn start(count: u64, seed: u64, url: &str) -> Self {
        let state = Arc::new(Mutex::new(State { url: Some(url.to_owned()), ..State::default() }));
        let start = |client| {
            let state = Arc::clone(&state);
            std::thread::spawn(move || live(&state, Random::new(seed << 16 | client)))
        };
        let threads = (0..count).map(start).collect();
        Self { state, threads }
    }

    /// Says that the server goes away now.
    pub(super) fn cut(&self) {
        let mut state = lock(&self.state);
        state.url = None;
        state.life += 1;
    }

    /// Says where the next one is.
    pub(super) fn go_on(&self, url: &str) {
        lock(&self.state).url = Some(url.to_owned());
    }

    /// Waits until every client has come to its end.
    pub(super) fn stop(&self, findings: &mut Vec<String>) {
        lock(&self.state).stopped = true;
        while !self.threads.iter().all(JoinHandle::is_finished) {
            std::thread::sleep(REST);
        }
        findings.append(&mut lock(&self.state).findings);
    }

    pub(super) fn delivered(&self) -> Vec<String> {
        lock(&self.state).delivered.clone()
    }

    pub(super) fn last_delivered(&self, count: usize) -> Vec<String> {
        let delivered = self.delivered();
        delivered[delivered.len().saturating_sub(count)..].to_vec()
    }

    pub(super) fn some_delivered(&self, count: usize, random: &mut Random) -> Vec<String> {
        let delivered = self.delivered();
        let one = |random: &mut Random| {
            let at = random.below(u64::try_from(delivered.len()).unwrap_or(0));
            delivered.get(usize::try_from(at).unwrap_or(0)).cloned()
        };
        (0..count).filter_map(|_| one(random)).collect()
    }

    /// How often each thing was done and what came of it.
    pub(super) fn table(&self) -> String {
        let state = lock(&self.state);
        let rows = state
            .counts
            .iter()
            .map(|((what, came), count)| format!("| {what} | {came} | {count} |\n"));
        let head = "| what clients did | what came of it | times |\n|---|---|---|\n";
        let all = format!("answers seen to their end: {}", state.delivered.len());
        format!("{head}{}{all}", rows.collect::<String>())
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What came of one thing.
enum Came {
    /// An answer to its end.
    Whole(String),
    /// A status.
    Status(u16),
    /// The client itself went.
    Left,
    /// The server closed the connection, as it may where this was asked.
    Closed,
}

type Act = fn(&str, &mut Random) -> io::Result<Came>;

/// What clients do: how often of a hundred times, and the statuses that are right. Where as many are answered as may be,
/// that is said before a body is read.
const ACTS: [(&str, u64, Act, &[u16]); 12] = [
    ("stream to the end", 30, stream, &[429]),
    ("whole answer", 14, answer, &[429]),
    ("completion with log probabilities", 6, completion, &[429]),
    ("schema", 4, schema, &[429]),
    ("leave in mid-answer", 12, leave, &[429]),
    ("read slowly", 8, sip, &[429]),
    ("nonsense as JSON", 8, nonsense, &[400, 422, 429]),
    ("JSON that is cut off", 6, half_body, &[400, 408, 429]),
    ("huge body", 3, huge_body, &[413]),
    ("huge headers", 3, huge_headers, &[400, 431]),
    ("not HTTP", 3, not_http, &[400]),
    ("look around", 3, look, &[200]),
];

/// A client's life.
fn live(state: &Mutex<State>, mut random: Random) {
    loop {
        let (url, life) = {
            let state = lock(state);
            if state.stopped {
                return;
            }
            (state.url.clone(), state.life)
        };
        let Some(url) = url else {
            std::thread::sleep(REST);
            continue;
        };
        let (name, act, right) = drawn(&mut random);
        let came = act(&url, &mut random);
        if note(&mut lock(state), name, life, right, came) {
            std::thread::sleep(REST);
        }
    }
}

fn drawn(random: &mut Random) -> (&'static str, Act, &'static [u16]) {
    let mut at = random.below(ACTS.iter().map(|(_, share, ..)| share).sum());
    for (name, share, act, right) in ACTS {
        if at < share {
            return (name, act, right);
        }
        at -= share;
    }
    (ACTS[0].0, ACTS[0].2, ACTS[0].3)
}

/// Writes down what came, and says whether the client had better rest.
fn note(
    state: &mut State,
    name: &'static str,
    life: u64,
    right: &[u16],
    came: io::Result<Came>,
) -> bool {
    let same = state.life == life;
    let (came, rest) = match came {
        Ok(Came::Whole(job)) => {
            state.delivered.push(job);
            ("to its end".to_owned(), false)
        }
        Ok(Came::Left) => ("left".to_owned(), false),
        Ok(Came::Closed) => ("closed".to_owned(), false),
        Ok(Came::Status(status)) => {
            if !right.contains(&status) {
                state.findings.push(format!("{name}: status {status}"));
            }
            (status.to_string(), status == 429)
        }
        Err(error) if same => {
            state.findings.push(format!("{name}: {error}, and the server lived"));
            ("broken".to_owned(), true)
        }
        Err(_) => ("cut by a kill".to_owned(), true),
    };
    *state.counts.entry((name, came)).or_default() += 1;
    rest
}

/// A conversation by seed: many begin alike, so that the cache has work.
fn messages(random: &mut Random) -> Value {
    let system = ["You are terse.", "You are a poet.", "Answer in French."];
    let about = ["rain", "bread", "a clock", "the sea", "chess", "tea"];
    let pick = |of: &[&str], random: &mut Random| {
        of[usize::try_from(random.below(of.len() as u64)).unwrap_or(0)].to_owned()
    };
    let long =
        "Once more, from the beginning. ".repeat(usize::try_from(random.below(30)).unwrap_or(0));
    json!([
        {"role": "system", "content": pick(&system, random)},
        {"role": "user", "content": format!("{long}Tell me about {}.", pick(&about, random))},
    ])
}

fn chat(random: &mut Random, stream: bool) -> Value {
    json!({
        "model": "model",
        "messages": messages(random),
        "max_tokens": 1 + random.below(ANSWER_TOKENS),
        "temperature": random.below(3),
        "seed": random.below(1 << 20),
        "stream": stream,
    })
}

const CHAT: &str = "/v1/chat/completions";

fn came(answer: &Answer) -> io::Result<Came> {
    match (answer.status, answer.whole_job()) {
        (200, Some(job)) => Ok(Came::Whole(job)),
        (200, None) => {
            Err(io::Error::new(io::ErrorKind::UnexpectedEof, "an answer without its end"))
        }
        (status, _) => Ok(Came::Status(status)),
    }
}

fn answer(url: &str, random: &mut Random) -> io::Result<Came> {
    let body = chat(random, false).to_string();
    came(&asking::whole(&mut asking::post(url, CHAT, body.as_bytes())?)?)
}

fn completion(url: &str, random: &mut Random) -> io::Result<Came> {
    let mut body = json!({"model": "model", "prompt": "The sea", "logprobs": 3});
    body["max_tokens"] = json!(1 + random.below(ANSWER_TOKENS));
    body["seed"] = json!(random.below(1 << 20));
    came(&asking::whole(&mut asking::post(url, "/v1/completions", body.to_string().as_bytes())?)?)
}

fn schema(url: &str, random: &mut Random) -> io::Result<Came> {
    let mut body = chat(random, false);
    let shape = json!({"type": "object", "properties": {"mood": {"enum": ["good", "bad"]}}, "required": ["mood"],
        "additionalProperties": false});
    body["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "mood", "strict": true, "schema": shape}});
    came(&asking::whole(&mut asking::post(url, CHAT, body.to_string().as_bytes())?)?)
}

fn stream(url: &str, random: &mut Random) -> io::Result<Came> {
    let body = chat(random, true).to_string();
    let mut reader = asking::post(url, CHAT, body.as_bytes())?;
    let status = asking::status(&mut reader)?;
    if status != 200 {
        return Ok(Came::Status(status));
    }
    let (mut job, mut ended) = (None, false);
    for line in reader.lines() {
        let line = line?;
        let Some(data) = line.strip_prefix("data: ") else { continue };
        if data == "[DONE]" && ended {
            return job.map(Came::Whole).ok_or_else(|| io::Error::other("a stream without a job"));
        }
        let chunk: Value = serde_json::from_str(data).unwrap_or(Value::Null);
        ended |= chunk["choices"][0]["finish_reason"].is_string();
        job = chunk["probity"]["job"].as_str().map(str::to_owned).or(job);
    }
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a stream without its end"))
}

fn leave(url: &str, random: &mut Random) -> io::Result<Came> {
    let streamed = random.below(4) > 0;
    let body = chat(random, streamed).to_string();
    let mut reader = asking::post(url, CHAT, body.as_bytes())?;
    let status = if random.below(3) == 0 { 200 } else { asking::status(&mut reader)? };
    if status != 200 {
        return Ok(Came::Status(status));
    }
    for _ in 0..random.below(40) {
        if reader.read_line(&mut String::new())? == 0 {
            break;
        }
    }
    Ok(Came::Left)
}

fn sip(url: &str, random: &mut Random) -> io::Result<Came> {
    let mut body = chat(random, true);
    body["logprobs"] = json!(true);
    body["top_logprobs"] = json!(20);
    let mut reader = asking::post(url, CHAT, body.to_string().as_bytes())?;
    let status = asking::status(&mut reader)?;
    if status != 200 {
        return Ok(Came::Status(status));
    }
    let mut stream = reader.into_inner();
    let mut sip = [0; SIP_BYTES];
    for _ in 0..random.below(SIPS as u64) {
        std::thread::sleep(SIP_PAUSE);
        if stream.read(&mut sip)? == 0 {
            break;
        }
    }
    Ok(Came::Left)
}

/// Bytes of every kind, and JSON of wrong shapes.
fn nonsense(url: &str, random: &mut Random) -> io::Result<Came> {
    let shapes = [
        "[]",
        "null",
        "{}",
        "\"x\"",
        "{\"model\":\"model\"}",
        "{\"model\":\"model\",\"messages\":{}}",
        "{\"model\":\"model\",\"messages\":[{\"role\":\"nobody\",\"content\":\"x\"}]}",
        "{\"model\":\"model\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"max_tokens\":-1}",
        "{\"model\":\"model\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":1e999}",
        "{\"model\":\"model\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"n\":100000000}",
        "{\"model\":\"model\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"logit_bias\":{\"x\":1}}",
        "{\"model\":\"model\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"unheard_of\":1}",
    ];
    let body = match random.below(4) {
        0 => {
            let count = random.below(4096);
            random.bytes(count)
        }
        1 => "[".repeat(100_000).into_bytes(),
        _ => {
            let at = random.below(shapes.len() as u64);
            shapes[usize::try_from(at).unwrap_or(0)].as_bytes().to_vec()
        }
    };
    let mut reader = asking::post(url, CHAT, &body)?;
    Ok(Came::Status(asking::status(&mut reader)?))
}

/// Half of a body, then the rest never comes: the client goes, or says it is at its end.
fn half_body(url: &str, random: &mut Random) -> io::Result<Came> {
    let body = chat(random, true).to_string();
    let half = &body.as_bytes()[..body.len() / 2];
    if random.below(2) == 0 {
        let mut reader = asking::post(url, CHAT, half)?;
        return Ok(Came::Status(asking::status(&mut reader)?));
    }
    let mut stream = asking::connect(url)?;
    stream.write_all(asking::head(CHAT, body.len(), "").as_bytes())?;
    stream.write_all(half)?;
    Ok(Came::Left)
}

/// What a server says that closes as soon as it has seen enough.
fn told_or_closed(sent: io::Result<()>, reader: &mut impl BufRead) -> io::Result<Came> {
    match sent.and_then(|()| asking::status(reader)) {
        Ok(status) => Ok(Came::Status(status)),
        Err(error) if may_close(&error) => Ok(Came::Closed),
        Err(error) => Err(error),
    }
}

fn may_close(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
}

fn huge_body(url: &str, _: &mut Random) -> io::Result<Came> {
    let mut stream = asking::connect(url)?;
    stream.write_all(asking::head(CHAT, HUGE_BYTES, "").as_bytes())?;
    let sent = stream.write_all(&vec![b' '; HUGE_BYTES]);
    told_or_closed(sent, &mut io::BufReader::new(stream))
}

fn huge_headers(url: &str, _: &mut Random) -> io::Result<Came> {
    let mut stream = asking::connect(url)?;
    let more = format!("x-huge: {}\r\n", "y".repeat(HUGE_HEADER_BYTES));
    let sent = stream.write_all(asking::head(CHAT, 0, &more).as_bytes());
    told_or_closed(sent, &mut io::BufReader::new(stream))
}

fn not_http(url: &str, random: &mut Random) -> io::Result<Came> {
    let mut stream = asking::connect(url)?;
    let count = 1 + random.below(2048);
    let mut bytes = random.bytes(count);
    bytes.extend(b"\r\n\r\n");
    let sent = stream.write_all(&bytes);
    told_or_closed(sent, &mut io::BufReader::new(stream))
}

fn look(url: &str, random: &mut Random) -> io::Result<Came> {
    let paths = ["/metrics", "/healthz", "/v1/models", "/openapi.json", "/"];
    let at = random.below(paths.len() as u64);
    let path = paths[usize::try_from(at).unwrap_or(0)];
    let mut stream = asking::connect(url)?;
    stream.write_all(
        format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").as_bytes(),
    )?;
    Ok(Came::Status(asking::whole(&mut io::BufReader::new(stream))?.status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_connection_counts_only_if_the_server_lived() {
        let mut state = State::default();
        let broken = || Err(io::Error::other("broken"));
        note(&mut state, "x", 0, &[], broken());
        assert_eq!(state.findings.len(), 1);
        state.life = 1;
        note(&mut state, "x", 0, &[], broken());
        assert_eq!(state.findings.len(), 1);
        note(&mut state, "x", 1, &[429], Ok(Came::Status(429)));
        note(&mut state, "x", 1, &[429], Ok(Came::Status(500)));
        assert_eq!(state.findings.len(), 2);
    }

    #[test]
    fn every_act_is_drawn() {
        let mut random = Random::new(3);
        let drawn: std::collections::BTreeSet<_> =
            (0..2000).map(|_| drawn(&mut random).0).collect();
        assert_eq!(drawn.len(), ACTS.len());
    }
}
