//! A server with a tiny model, and a client that speaks plain HTTP.

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};

use canon::{KernelSet, Kernels};
use engine::{Engine, Weights};
use gateway::{Loaded, ModelEntry, Server, Settings};
use import::gguf::tiny::TinyModel;
use llm::{Model, Runner};
use receipt::SecretKey;
use serde_json::Value as Json;
use store::{Config, ReceiptBook, Store};
use tempfile::TempDir;

pub(crate) const MODEL_ID: [u8; 32] = [7; 32];
/// Looks at a figure that are more than any change takes.
pub(crate) const LOOKS_MAX: usize = 100_000;
const BUSY: &str = "the port is any free one";

/// A model and its weights.
pub(crate) struct Tiny {
    pub(crate) model: Arc<Model>,
    weights: Arc<Weights>,
}

impl Tiny {
    pub(crate) fn new(seed: u64) -> Self {
        Self::with_context(seed, 512)
    }

    /// With room for a long answer.
    pub(crate) fn with_context(seed: u64, context: u32) -> Self {
        let shape = TinyModel { context, heads: 2, kv_heads: 1, ..TinyModel::new(seed) };
        Self::of(&shape.write())
    }

    /// The model of a file.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let length = u64::try_from(bytes.len()).unwrap();
        let at = |offset: u64| usize::try_from(offset).unwrap();
        let model = Model::from_gguf(bytes, length, |offset, out| {
            out.copy_from_slice(&bytes[at(offset)..at(offset) + out.len()]);
            Ok::<_, Infallible>(())
        });
        let model = Arc::new(model.unwrap());
        let weights = Weights::load(&model.program, |tensor| {
            let start = at(tensor.location.offset);
            Ok::<_, Infallible>(bytes[start..start + at(tensor.bytes())].to_vec())
        });
        Self { model, weights: Arc::new(weights.unwrap()) }
    }

    pub(crate) fn runner(&self) -> Runner {
        let kernels = Kernels::of(KernelSet::best()).unwrap();
        let weights = Arc::clone(&self.weights);
        Runner::new(Engine::new(&self.model.program, weights, kernels, 1).unwrap(), 64)
    }

    pub(crate) fn loaded(&self) -> Loaded {
        Loaded { model: Arc::clone(&self.model), runner: self.runner(), id: MODEL_ID }
    }
}

/// A running server.
pub(crate) struct World {
    pub(crate) server: Option<Server>,
    pub(crate) address: SocketAddr,
    pub(crate) tiny: Arc<Tiny>,
    pub(crate) home: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// With these settings.
    pub(crate) fn with(set: impl FnOnce(&mut Settings)) -> Self {
        let home = tempfile::tempdir().unwrap();
        Self::at(home, set)
    }

    /// With room for long answers.
    pub(crate) fn long(set: impl FnOnce(&mut Settings)) -> Self {
        let tiny = Arc::new(Tiny::with_context(11, 4096));
        let made = Arc::clone(&tiny);
        Self::loading(tempfile::tempdir().unwrap(), tiny, set, Arc::new(move |_| Ok(made.loaded())))
    }

    /// On a home that may have been used before.
    pub(crate) fn at(home: TempDir, set: impl FnOnce(&mut Settings)) -> Self {
        let tiny = Arc::new(Tiny::new(11));
        let made = Arc::clone(&tiny);
        Self::loading(home, tiny, set, Arc::new(move |_| Ok(made.loaded())))
    }

    /// With another way of loading.
    pub(crate) fn loading(
        home: TempDir,
        tiny: Arc<Tiny>,
        set: impl FnOnce(&mut Settings),
        load: Arc<gateway::LoadModel>,
    ) -> Self {
        Self::signing([6; 32], home, tiny, set, load)
    }

    /// With another key that signs.
    pub(crate) fn signing(
        seed: [u8; 32],
        home: TempDir,
        tiny: Arc<Tiny>,
        set: impl FnOnce(&mut Settings),
        load: Arc<gateway::LoadModel>,
    ) -> Self {
        let models = vec![ModelEntry { name: "tiny".into(), bytes: 1000 }];
        let mut settings = Settings::new("127.0.0.1:0".parse().expect(BUSY), models);
        set(&mut settings);
        let store = Store::open(Config::new(home.path().to_path_buf())).unwrap();
        let book = ReceiptBook::open(&home.path().join("receipts/book.redb")).unwrap();
        let secret = SecretKey::from_seed(seed);
        let server = Server::start(settings, store, book, secret, load).unwrap();
        let address = server.address();
        Self { server: Some(server), address, tiny, home }
    }

    /// Ends the server as a signal does; what is left is its home.
    pub(crate) fn stop(mut self) -> TempDir {
        self.server.take().unwrap().stop();
        std::mem::replace(&mut self.home, tempfile::tempdir().unwrap())
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "")
    }

    pub(crate) fn post(&self, path: &str, body: &Json) -> Reply {
        self.send("POST", path, &[], &body.to_string())
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Reply {
        let mut reply = self.open(method, path, headers, body);
        reply.rest();
        reply
    }

    /// Sends a request and reads the head of the response.
    pub(crate) fn open(&self, method: &str, path: &str, headers: &[&str], body: &str) -> Reply {
        Reply::read(self.raw(&request(method, path, headers, body)))
    }

    /// The same for a reader whose system keeps next to nothing for it.
    pub(crate) fn open_narrow(&self, path: &str, body: &Json) -> Reply {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let socket = runtime.block_on(async {
            let socket = tokio::net::TcpSocket::new_v4().unwrap();
            socket.set_recv_buffer_size(4096).unwrap();
            socket.connect(self.address).await.unwrap()
        });
        let mut socket = socket.into_std().unwrap();
        socket.set_nonblocking(false).unwrap();
        socket.write_all(request("POST", path, &[], &body.to_string()).as_bytes()).unwrap();
        Reply::read(socket)
    }

    /// Sends bytes as they are; a server that has closed already takes none.
    pub(crate) fn raw(&self, bytes: &str) -> TcpStream {
        let mut socket = TcpStream::connect(self.address).unwrap();
        let _ = socket.write_all(bytes.as_bytes());
        socket
    }

    /// Waits until a figure has a value; each look is a request of its own.
    pub(crate) fn until(&self, name: &str, value: u64) {
        for _ in 0..LOOKS_MAX {
            if self.figure(name) == value {
                return;
            }
        }
        panic!("{name} is {} and not {value}", self.figure(name));
    }

    /// The value of a figure without labels, or with these.
    pub(crate) fn figure(&self, name: &str) -> u64 {
        let text = self.get("/metrics").body;
        let line = text.lines().find(|line| line.split(' ').next() == Some(name));
        line.unwrap().rsplit(' ').next().unwrap().parse().unwrap()
    }
}

fn request(method: &str, path: &str, headers: &[&str], body: &str) -> String {
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    for header in headers {
        request.push_str(header);
        request.push_str("\r\n");
    }
    format!("{request}\r\n{body}")
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop();
        }
    }
}

/// A response.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    reader: BufReader<TcpStream>,
}

impl Reply {
    pub(crate) fn read(socket: TcpStream) -> Self {
        let mut reader = BufReader::new(socket);
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let status = line.split(' ').nth(1).unwrap_or_else(|| panic!("no status: {line:?}"));
        let status = status.parse().unwrap();
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        Self { status, headers, body: String::new(), reader }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A line of the body, without its framing; `None` at the end.
    pub(crate) fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.reader.read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// Takes the body a little at a time, as long as there is any; how many bytes it got.
    pub(crate) fn trickle(&mut self, meanwhile: impl Fn()) -> usize {
        let (mut taken, mut piece) = (0, [0; 2048]);
        while let Ok(read @ 1..) = self.reader.read(&mut piece) {
            taken += read;
            meanwhile();
        }
        taken
    }

    /// The whole body.
    pub(crate) fn rest(&mut self) {
        let mut bytes = Vec::new();
        // A server that closes early is what some tests look for.
        let _ = self.reader.read_to_end(&mut bytes);
        let bytes = if self.header("transfer-encoding") == Some("chunked") {
            unchunked(&bytes)
        } else {
            bytes
        };
        self.body = String::from_utf8(bytes).unwrap();
    }

    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The events of a stream, and whether it ended with `[DONE]`.
    pub(crate) fn events(&self) -> (Vec<Json>, bool) {
        let data = self.body.lines().filter_map(|line| line.strip_prefix("data: "));
        let all: Vec<&str> = data.collect();
        let done = all.last() == Some(&"[DONE]");
        let events = all.iter().filter(|text| **text != "[DONE]");
        (events.map(|text| serde_json::from_str(text).unwrap()).collect(), done)
    }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = bytes.windows(2).position(|pair| pair == b"\r\n") {
        let size = std::str::from_utf8(&bytes[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        let start = end + 2;
        if size == 0 || bytes.len() < start + size + 2 {
            break;
        }
        whole.extend_from_slice(&bytes[start..start + size]);
        bytes = &bytes[start + size + 2..];
    }
    whole
}

/// A log, and its lines.
pub(crate) fn lines() -> (gateway::Log, Arc<Mutex<Vec<String>>>) {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let taken = Arc::clone(&lines);
    (gateway::Log::new(move |line| taken.lock().unwrap().push(line.into())), lines)
}
