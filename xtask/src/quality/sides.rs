//! The two sides that are compared with float: our engine, and llama.cpp in a process of its own.
//!
//! Both give the logits of every position in order, some at a time: all of them would be gigabytes.
//! llama.cpp's driver writes to a pipe and waits when we are behind. Failure: one line; the child
//! never outlives its owner.

use std::io::{BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use canon::{KernelSet, Kernels};
use engine::{Engine, Feed, Sequence, Wanted, Weights};

use super::source::Source;
use crate::Outcome;

/// How much of the pipe is read at once.
const PIPE_BYTES: usize = 1 << 20;

/// Our engine within a window.
pub(crate) struct Ours {
    engine: Engine,
    sequence: Sequence,
}

impl Ours {
    /// Packs the weights for this processor's best kernels.
    pub(crate) fn load(source: &Source, threads: usize) -> Outcome<Self> {
        let program = &source.model.program;
        let weights = Weights::load(program, |tensor| source.bytes(tensor));
        let weights = Arc::new(weights.map_err(|error| error.to_string())?);
        let kernels = Kernels::of(KernelSet::best()).ok_or("no kernels for this processor")?;
        let engine = Engine::new(program, weights, kernels, threads);
        let engine = engine.map_err(|error| error.to_string())?;
        let sequence = engine.sequence();
        Ok(Self { engine, sequence })
    }

    /// Forgets the window.
    pub(crate) fn restart(&mut self) {
        self.sequence = self.engine.sequence();
    }

    /// Fractional bits of the logits.
    pub(crate) fn frac(&self) -> u8 {
        self.engine.logits_frac()
    }

    /// The logits of the window's next tokens, one row each.
    pub(crate) fn logits(&mut self, tokens: &[u32]) -> Outcome<Vec<Vec<i32>>> {
        let sequence = &mut self.sequence;
        let feed = Feed { sequence, tokens, wanted: Wanted::All, boundaries: false };
        let outcomes = self.engine.forward(&mut [feed]).map_err(|error| error.to_string())?;
        let outcome = outcomes.into_iter().next().expect("one feed has one outcome");
        match outcome.fault {
            Some(fault) => Err(format!("our arithmetic overflowed: {fault:?}")),
            None => Ok(outcome.logits),
        }
    }
}

/// llama.cpp over all windows.
pub(crate) struct Theirs {
    child: Child,
    logits: BufReader<ChildStdout>,
    vocabulary: usize,
    /// Holds the tokens the child reads.
    _folder: tempfile::TempDir,
}

impl Theirs {
    /// Starts on the windows.
    pub(crate) fn start(
        driver: &Path,
        model: &Path,
        windows: &[&[u32]],
        vocabulary: usize,
        threads: usize,
    ) -> Outcome<Self> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let path = folder.path().join("windows");
        let lines: Vec<String> = windows.iter().map(|window| format!("{window:?}\n")).collect();
        std::fs::write(&path, lines.concat()).map_err(|error| error.to_string())?;
        let mut command = Command::new(driver);
        command.arg("logits").arg(model).arg(&path).arg("/dev/stdout");
        command.arg("--threads").arg(threads.to_string());
        let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|error| format!("{}: {error}", driver.display()))?;
        let pipe = child.stdout.take().expect("its output is piped");
        let logits = BufReader::with_capacity(PIPE_BYTES, pipe);
        Ok(Self { child, logits, vocabulary, _folder: folder })
    }

    /// The logits of the next positions, one row each.
    pub(crate) fn logits(&mut self, positions: usize) -> Outcome<Vec<Vec<f32>>> {
        let mut bytes = vec![0; 4 * self.vocabulary];
        let rows = (0..positions).map(|_| {
            let read = self.logits.read_exact(&mut bytes);
            read.map_err(|error| format!("llama.cpp's logits ended early: {error}"))?;
            let floats =
                bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
            Ok(floats.collect())
        });
        rows.collect()
    }

    /// Holds it to having given everything.
    pub(crate) fn finish(mut self) -> Outcome<()> {
        let more = self.logits.read(&mut [0]).map_err(|error| error.to_string())?;
        if more > 0 {
            return Err("llama.cpp gave more logits than were asked for".to_owned());
        }
        let status = self.child.wait().map_err(|error| error.to_string())?;
        if status.success() { Ok(()) } else { Err(format!("llama.cpp's driver: {status}")) }
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        // Both fail only where it has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
