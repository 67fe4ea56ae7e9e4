//! The two servers that are compared, each a process of its own on a port of its own, one at a time.
//!
//! llama-server is built natively from the sources in the sdist of llama-cpp-python, as `peer` builds the driver, and
//! started with a slot for each stream, continuous batching and flash attention. Never leaves a server running.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::client::get;
use crate::Outcome;
use crate::bench::peer::{self, succeed};
use crate::bindings::named;
use crate::served::{Served, resident_bytes};

/// How long a server may take to load its model.
const LOADING: Duration = Duration::from_secs(120);
/// Linux counts processor time so for every program.
const TICKS_PER_SECOND: f64 = 100.0;
/// What the model is called in requests.
pub(super) const NAME: &str = "model";

/// A server that runs.
pub(super) enum Side {
    Ours(Served),
    Theirs(Theirs),
}

/// llama-server.
pub(super) struct Theirs {
    process: Child,
    address: String,
}

impl Drop for Theirs {
    fn drop(&mut self) {
        // One that has ended already is ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Side {
    /// Host and port.
    pub(super) fn address(&self) -> &str {
        match self {
            Self::Ours(served) => served.url.trim_start_matches("http://"),
            Self::Theirs(theirs) => &theirs.address,
        }
    }

    fn id(&self) -> u32 {
        match self {
            Self::Ours(served) => served.id(),
            Self::Theirs(theirs) => theirs.process.id(),
        }
    }

    /// Seconds of processor time it has taken.
    pub(super) fn processor_s(&self) -> Outcome<f64> {
        let path = PathBuf::from(format!("/proc/{}/stat", self.id()));
        let text = std::fs::read_to_string(&path).map_err(|error| named(&path, &error))?;
        // The name in brackets may have spaces; user and system time are the 12th and 13th words after it.
        let words = text.rsplit_once(')').map_or("", |(_, words)| words);
        let ticks = words.split_whitespace().skip(11).take(2);
        let ticks: Option<Vec<u64>> = ticks.map(|word| word.parse().ok()).collect();
        let ticks = ticks.filter(|ticks| ticks.len() == 2).ok_or("no times in its stat")?;
        Ok(ticks.iter().sum::<u64>() as f64 / TICKS_PER_SECOND)
    }

    /// Bytes it holds in memory now.
    pub(super) fn resident_bytes(&self) -> Outcome<u64> {
        resident_bytes(self.id())
    }
}

/// Ours, with `words` besides.
pub(super) fn ours(program: &Path, home: &Path, model: &Path, words: &[&str]) -> Outcome<Side> {
    let named = format!("{NAME}={}", model.display());
    let words: Vec<&str> = [named.as_str(), "--quiet"].iter().chain(words).copied().collect();
    Ok(Side::Ours(Served::start(program, home, &words)?))
}

/// Theirs, with room for `streams` of so many positions each.
pub(super) fn theirs(program: &Path, model: &Path, streams: usize, each: usize) -> Outcome<Side> {
    let port = free_port()?;
    let context = (streams * each).to_string();
    let mut command = Command::new(program);
    command.arg("-m").arg(model).args(["--host", "127.0.0.1", "--port", &port.to_string()]);
    command.args(["-np", &streams.to_string(), "-c", &context, "-fa", "on", "-cb"]);
    command.args(["-t", &threads(), "-tb", &threads(), "--alias", NAME, "--no-webui"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).stdin(Stdio::null());
    let process = command.spawn().map_err(|error| named(program, &error))?;
    let mut theirs = Theirs { process, address: format!("127.0.0.1:{port}") };
    let begun = Instant::now();
    // What it says on its way is not for programs, so it is asked until it answers.
    while !get(&theirs.address, "/health").is_ok_and(|answer| answer.contains("200 OK")) {
        if begun.elapsed() > LOADING || !matches!(theirs.process.try_wait(), Ok(None)) {
            return Err(format!("{} did not start", program.display()));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(Side::Theirs(theirs))
}

fn threads() -> String {
    std::thread::available_parallelism().map_or(1, usize::from).to_string()
}

fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
    listener.local_addr().map(|address: SocketAddr| address.port()).map_err(|e| e.to_string())
}

/// Builds llama-server, where it is not there yet.
pub(super) fn build(folder: &Path) -> Outcome<PathBuf> {
    let program = folder.join("llama-server");
    peer::once(&program, |made| {
        let source = peer::source(folder)?;
        let build = folder.join("build-server");
        let mut configure = Command::new("cmake");
        configure.arg("-S").arg(source).arg("-B").arg(&build).args(["-G", "Ninja"]);
        configure.args([
            "-DCMAKE_BUILD_TYPE=Release",
            "-DGGML_NATIVE=ON",
            "-DBUILD_SHARED_LIBS=OFF",
        ]);
        configure.args(["-DLLAMA_OPENSSL=OFF", "-DLLAMA_BUILD_TESTS=OFF", "-DLLAMA_BUILD_APP=OFF"]);
        configure.args(["-DLLAMA_BUILD_EXAMPLES=OFF", "-DLLAMA_USE_PREBUILT_UI=OFF"]);
        succeed(&mut configure, "configuring llama-server")?;
        let mut ninja = Command::new("ninja");
        succeed(ninja.arg("-C").arg(&build).arg("llama-server"), "building llama-server")?;
        let built = build.join("bin/llama-server");
        std::fs::copy(&built, made).map_err(|error| named(&built, &error))?;
        Ok(())
    })?;
    Ok(program)
}
