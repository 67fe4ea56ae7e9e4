//! A folder of models, tiny models in it, and the binary run on them.

use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use import::gguf::tiny::TinyModel;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct World {
    folder: TempDir,
}

/// A process that has ended.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.path("home")
    }

    /// Writes a file and gives its path as text.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A tiny model with room for 256 positions.
    pub(crate) fn tiny(&self) -> String {
        self.file("tiny.gguf", &tiny().write())
    }

    /// A tiny model that goes on for long.
    pub(crate) fn long(&self) -> String {
        let model = TinyModel { layers: 1, context: 1 << 15, ..tiny() };
        self.file("long.gguf", &model.write())
    }

    /// A model in the store under this name, with these bytes and that hash.
    pub(crate) fn store(&self, name: &str, bytes: &[u8], blake3: &str) {
        let record = serde_json::json!({
            "version": 1, "reference": name, "file_name": "tiny.gguf", "size": bytes.len(),
            "sha256": "00".repeat(32), "blake3": blake3, "source": "a test",
        });
        let (refs, blobs) = (self.home().join("refs"), self.home().join("blobs"));
        std::fs::create_dir_all(&refs).unwrap();
        std::fs::create_dir_all(&blobs).unwrap();
        std::fs::create_dir_all(self.home().join("cache/packed")).unwrap();
        std::fs::create_dir_all(self.home().join("locks")).unwrap();
        let file_name = format!("{}.json", blake3::hash(name.as_bytes()));
        std::fs::write(refs.join(file_name), record.to_string()).unwrap();
        std::fs::write(blobs.join(blake3), bytes).unwrap();
    }

    /// The files of prepared weights, without what is kept of ids beside them.
    pub(crate) fn packed(&self) -> Vec<PathBuf> {
        let of_ids = |path: &Path| {
            let path = path.to_str().unwrap();
            path.contains("-m1-")
        };
        let all = files(&self.home().join("cache/packed"));
        all.into_iter().filter(|path| !of_ids(path)).collect()
    }

    /// The binary in this world, offline, knowing nothing of the real environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_probity"));
        command.args(arguments).env_clear().stdin(Stdio::null());
        command.env("PROBITY_HOME", self.home()).env("PROBITY_OFFLINE", "1");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        done(self.command(arguments).output().unwrap())
    }

    pub(crate) fn run_with(
        &self,
        name: &str,
        value: impl AsRef<OsStr>,
        arguments: &[&str],
    ) -> Done {
        done(self.command(arguments).env(name, value).output().unwrap())
    }

    pub(crate) fn run_on(&self, input: &[u8], arguments: &[&str]) -> Done {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A child that refuses its arguments reads nothing.
        let _ = child.stdin.take().unwrap().write_all(input);
        done(child.wait_with_output().unwrap())
    }

    /// The JSON object of an answer.
    pub(crate) fn json(&self, model: &str, prompt: &str, options: &[&str]) -> Value {
        let arguments = [&["run", model, prompt, "--json"], options].concat();
        self.run(&arguments).json()
    }
}

impl Done {
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.ok().out).unwrap()
    }

    /// It failed with this status, printed nothing as an answer, and said all of these.
    pub(crate) fn refused(&self, code: i32, said: &[&str]) {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.out, "", "{self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
        for words in said {
            assert!(self.err.contains(words), "{words:?} is not in {self:?}");
        }
    }
}

/// The engine wants heads of 32.
pub(crate) fn tiny() -> TinyModel {
    TinyModel { heads: 2, kv_heads: 1, ..TinyModel::new(1) }
}

pub(crate) fn done(output: Output) -> Done {
    Done {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}
