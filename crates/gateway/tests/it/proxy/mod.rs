//! A proxy in front of a real gateway, with somebody between the two.

mod cheats;
mod ends;
mod honest;
mod limits;
mod middle;
mod pinned;
mod words;

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use gateway::{Log, ProxiedModel, ProxyServer, ProxySettings, Requirement, UpstreamUrl};
use serde_json::Value as Json;
use tempfile::TempDir;

use self::middle::{Middle, Tamper};
use crate::world::{MODEL_ID, Reply, Tiny, World};

/// The whole of it.
pub(crate) struct Chain {
    pub(crate) gateway: World,
    pub(crate) middle: Middle,
    pub(crate) proxy: Option<ProxyServer>,
    pub(crate) address: SocketAddr,
    pub(crate) folder: TempDir,
    pub(crate) told: Arc<Mutex<Vec<String>>>,
}

impl Chain {
    pub(crate) fn new(requirement: Requirement, tamper: Arc<Tamper>) -> Self {
        Self::with(World::new(), requirement, tamper, |_| {})
    }

    /// In front of this gateway, with these settings.
    pub(crate) fn with(
        gateway: World,
        requirement: Requirement,
        tamper: Arc<Tamper>,
        set: impl FnOnce(&mut ProxySettings),
    ) -> Self {
        let middle = Middle::start(gateway.address, tamper);
        let folder = tempfile::tempdir().unwrap();
        let (proxy, told) = start(middle.address, requirement, &folder, set);
        let address = proxy.address();
        Self { gateway, middle, proxy: Some(proxy), address, folder, told }
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        send(self.address, "GET", path, &[], "")
    }

    pub(crate) fn post(&self, path: &str, body: &Json) -> Reply {
        send(self.address, "POST", path, &[], &body.to_string())
    }

    /// The lines it told.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.told.lock().unwrap().clone()
    }

    /// The files of evidence with this ending.
    pub(crate) fn evidence(&self, ending: &str) -> Vec<PathBuf> {
        let all = std::fs::read_dir(self.folder.path()).unwrap();
        let all = all.map(|entry| entry.unwrap().path());
        let is_one = |path: &PathBuf| path.to_str().unwrap().ends_with(ending);
        let receipt = |path: &PathBuf| path.to_str().unwrap().ends_with(".receipt.json");
        all.filter(|path| is_one(path) && (ending != ".json" || !receipt(path))).collect()
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        if let Some(proxy) = self.proxy.take() {
            proxy.stop();
        }
    }
}

/// A proxy with the tiny model of seed 11, and the lines it tells.
pub(crate) fn start(
    upstream: SocketAddr,
    requirement: Requirement,
    folder: &TempDir,
    set: impl FnOnce(&mut ProxySettings),
) -> (ProxyServer, Arc<Mutex<Vec<String>>>) {
    let tiny = Tiny::with_context(11, 512);
    let model = ProxiedModel {
        name: "tiny".into(),
        model: Arc::clone(&tiny.model),
        id: MODEL_ID,
        runner: Some(tiny.runner()),
    };
    let listen = "127.0.0.1:0".parse().unwrap();
    let upstream = UpstreamUrl::parse(&format!("http://{upstream}/v1")).unwrap();
    let folder = folder.path().to_path_buf();
    let mut settings = ProxySettings::new(listen, upstream, requirement, vec![model], folder);
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let lines = Arc::clone(&told);
    settings.log = Log::new(move |line| lines.lock().unwrap().push(line.to_owned()));
    set(&mut settings);
    (ProxyServer::start(settings).unwrap(), told)
}

/// Sends a request and reads all of the response.
pub(crate) fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[&str],
    body: &str,
) -> Reply {
    let mut reply = open(address, method, path, headers, body);
    reply.rest();
    reply
}

/// What is left of a body of which lines were read.
pub(crate) fn left(reply: &mut Reply) -> String {
    let mut all = String::new();
    while let Some(line) = reply.line() {
        all.push_str(&line);
        all.push('\n');
    }
    all
}

/// Sends a request and reads the head of the response.
pub(crate) fn open(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[&str],
    body: &str,
) -> Reply {
    use std::io::Write;
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    for header in headers {
        request.push_str(&format!("{header}\r\n"));
    }
    let mut socket = TcpStream::connect(address).unwrap();
    // Who refuses a request early need not read all of it.
    let _ = socket.write_all(format!("{request}\r\n{body}").as_bytes());
    Reply::read(socket)
}
