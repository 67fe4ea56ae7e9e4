//! The real `probity serve` as a process of its own, on a port of its own, with state of its own.
//!
//! Never leaves one running: it is ended when it goes out of scope. Failure: one line with what the server said last.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use crate::Outcome;
use crate::bindings::named;

/// How much of what a server says is kept.
const SAID_BYTES_MAX: u64 = 16 << 20;

/// Builds `probity` and says where it lies.
pub(crate) fn build(root: &Path, release: bool) -> Outcome<PathBuf> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--locked", "--package", "cli"]).current_dir(root);
    if release {
        cargo.arg("--release");
    }
    let status = cargo.status().map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err("building probity failed".to_owned());
    }
    let profile = if release { "release" } else { "debug" };
    Ok(crate::bench::target_folder(root)?.join(profile).join("probity"))
}

/// A server that runs.
pub(crate) struct Served {
    process: Child,
    /// Where it answers, without a path.
    pub(crate) url: String,
    said: Arc<Mutex<String>>,
}

impl Served {
    /// Starts one, with its keys and receipts in `home`, and waits until it has said where it listens.
    pub(crate) fn start(program: &Path, home: &Path, words: &[&str]) -> Outcome<Self> {
        let mut command = Command::new(program);
        command.arg("serve").args(words).args(["--listen", "127.0.0.1:0"]);
        command.env("PROBITY_HOME", home).stderr(Stdio::piped()).stdin(Stdio::null());
        let mut process = command.spawn().map_err(|error| named(program, &error))?;
        let mut told = BufReader::new(process.stderr.take().ok_or("the server says nothing")?);
        let mut before = String::new();
        loop {
            let mut line = String::new();
            let read = told.read_line(&mut line).map_err(|error| error.to_string())?;
            if let Some((_, address)) = line.trim().split_once(" on http://") {
                let url = format!("http://{}", address.trim_end_matches("/v1"));
                let said = Arc::default();
                listen(told, Arc::clone(&said));
                return Ok(Self { process, url, said });
            }
            if read == 0 {
                let _ = process.wait();
                return Err(format!("the server did not start: {}", before.trim()));
            }
            before = line;
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    /// Whether it still runs.
    pub(crate) fn runs(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// What it has said since it began to listen.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends it at once, as a power cut would.
    pub(crate) fn kill(&mut self) {
        // One that has ended already is ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Keeps what a server says, so that it never waits for a reader.
fn listen(told: BufReader<ChildStderr>, said: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        for line in told.take(SAID_BYTES_MAX).lines().map_while(Result::ok) {
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            said.push_str(&line);
            said.push('\n');
        }
    });
}

/// Bytes that a process holds in memory now.
pub(crate) fn resident_bytes(process: u32) -> Outcome<u64> {
    let path = PathBuf::from(format!("/proc/{process}/status"));
    let status = std::fs::read_to_string(&path).map_err(|error| named(&path, &error))?;
    resident(&status).ok_or_else(|| format!("{}: no VmRSS", path.display()))
}

fn resident(status: &str) -> Option<u64> {
    let row = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = row.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kilobytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_memory_is_read_from_a_process_s_status() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t  2048 kB\n"), Some(2 << 20));
        assert_eq!(resident("nothing"), None);
    }
}
