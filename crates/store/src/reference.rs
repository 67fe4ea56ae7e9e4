//! [`ModelRef`]: what a person may write where a command wants a MODEL.
//!
//! Four forms: a path, `hf:org/repo[@rev]:file`, `hf:org/repo[@rev]`, a catalogue name. Parsing is pure: it never looks
//! at the disk or the network, so the same text always means the same thing; what looks like a
//! name is never taken for a file (write `./name`). Every refusal says how to write what was meant.

use std::fmt;
use std::path::PathBuf;

use crate::catalogue::{self, CATALOGUE};

/// Longest reference we read.
pub const MAX_REFERENCE_BYTES: usize = 1024;
/// Longest organisation or repository name of the hub.
const MAX_HUB_NAME_BYTES: usize = 96;
/// Longest revision.
const MAX_REVISION_BYTES: usize = 128;
/// Most edits at which a catalogue name is still suggested.
const MAX_SUGGESTION_EDITS: usize = 4;
/// The hub's revision when none is written.
const DEFAULT_REVISION: &str = "main";

/// A model as a person names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ModelRef {
    /// A file of this machine, used where it lies.
    Path(PathBuf),
    /// A file of the Hugging Face hub.
    Hub(HubRef),
    /// A repository of the hub: its folder of safetensors.
    HubFolder(HubFolder),
    /// A name of the catalogue.
    Catalogue(String),
}

/// `hf:org/repo[@rev]:file`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HubRef {
    repo: String,
    revision: Option<String>,
    file: String,
}

/// `hf:org/repo[@rev]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HubFolder {
    repo: String,
    revision: Option<String>,
}

/// Why a text is no reference, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefError {
    #[error("no model was named; write a path, hf:org/repo[@rev]:file, or one of: {names}")]
    Empty { names: String },
    #[error("a model reference has at most {MAX_REFERENCE_BYTES} bytes, this one has {got}")]
    TooLong { got: usize },
    #[error("a model reference holds a control character; write it without")]
    Control,
    #[error("`{text}` is an address; write {suggestion}")]
    Url { text: String, suggestion: String },
    #[error(
        "`{text}`: {what}; write hf:org/repo[@rev]:file, or hf:org/repo[@rev] for its safetensors"
    )]
    Hub { text: String, what: &'static str },
    #[error(
        "the catalogue has no `{name}`{hint}; it has: {names}. \
         A file is written ./{name}, a file of the hub hf:org/repo[@rev]:file"
    )]
    UnknownName { name: String, hint: String, names: String },
}

impl ModelRef {
    /// Reads a reference.
    pub fn parse(text: &str) -> Result<Self, RefError> {
        if text.is_empty() {
            return Err(RefError::Empty { names: names() });
        }
        if text.len() > MAX_REFERENCE_BYTES {
            return Err(RefError::TooLong { got: text.len() });
        }
        if text.chars().any(char::is_control) {
            return Err(RefError::Control);
        }
        if let Some(rest) = text.strip_prefix("hf:") {
            return match rest.contains(':') {
                true => HubRef::parse(rest, text).map(Self::Hub),
                false => HubFolder::parse(rest, text).map(Self::HubFolder),
            };
        }
        if text.starts_with("https://") || text.starts_with("http://") {
            return Err(address(text));
        }
        if looks_like_path(text) {
            return Ok(Self::Path(PathBuf::from(text)));
        }
        if catalogue::find(text).is_some() {
            return Ok(Self::Catalogue(text.to_owned()));
        }
        Err(unknown(text))
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => path.display().fmt(out),
            Self::Hub(hub) => hub.fmt(out),
            Self::HubFolder(folder) => folder.fmt(out),
            Self::Catalogue(name) => out.write_str(name),
        }
    }
}

impl HubRef {
    /// Checks the three parts.
    pub fn new(repo: &str, revision: Option<&str>, file: &str) -> Result<Self, RefError> {
        let written = match revision {
            Some(revision) => format!("hf:{repo}@{revision}:{file}"),
            None => format!("hf:{repo}:{file}"),
        };
        let fail = |what| Err(RefError::Hub { text: written.clone(), what });
        if let Some(what) = wrong_place(repo, revision) {
            return fail(what);
        }
        if file.is_empty() {
            return fail("no file is named");
        }
        if !file.split('/').all(segment_ok) {
            return fail("a file's path has no empty, `.` or `..` part and no backslash");
        }
        Ok(Self {
            repo: repo.to_owned(),
            revision: revision.map(str::to_owned),
            file: file.to_owned(),
        })
    }

    /// `org/repo`.
    pub fn repo(&self) -> &str {
        &self.repo
    }

    /// The branch, tag or commit asked for.
    pub fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or(DEFAULT_REVISION)
    }

    /// The path inside the repository.
    pub fn file(&self) -> &str {
        &self.file
    }

    fn parse(rest: &str, text: &str) -> Result<Self, RefError> {
        let fail = |what| Err(RefError::Hub { text: text.to_owned(), what });
        let Some((place, file)) = rest.split_once(':') else {
            return fail("no file is named");
        };
        match place.split_once('@') {
            Some((repo, revision)) => Self::new(repo, Some(revision), file),
            None => Self::new(place, None, file),
        }
    }
}

impl fmt::Display for HubRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.revision {
            Some(revision) => write!(out, "hf:{}@{revision}:{}", self.repo, self.file),
            None => write!(out, "hf:{}:{}", self.repo, self.file),
        }
    }
}

impl HubFolder {
    /// Checks the two parts.
    pub fn new(repo: &str, revision: Option<&str>) -> Result<Self, RefError> {
        let folder = Self { repo: repo.to_owned(), revision: revision.map(str::to_owned) };
        match wrong_place(repo, revision) {
            Some(what) => Err(RefError::Hub { text: folder.to_string(), what }),
            None => Ok(folder),
        }
    }

    /// `org/repo`.
    pub fn repo(&self) -> &str {
        &self.repo
    }

    /// The branch, tag or commit asked for.
    pub fn revision(&self) -> &str {
        self.revision.as_deref().unwrap_or(DEFAULT_REVISION)
    }

    fn parse(rest: &str, text: &str) -> Result<Self, RefError> {
        let (repo, revision) = match rest.split_once('@') {
            Some((repo, revision)) => (repo, Some(revision)),
            None => (rest, None),
        };
        match wrong_place(repo, revision) {
            Some(what) => Err(RefError::Hub { text: text.to_owned(), what }),
            None => Self::new(repo, revision),
        }
    }
}

impl fmt::Display for HubFolder {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.revision {
            Some(revision) => write!(out, "hf:{}@{revision}", self.repo),
            None => write!(out, "hf:{}", self.repo),
        }
    }
}

/// What is wrong with a repository and a revision.
fn wrong_place(repo: &str, revision: Option<&str>) -> Option<&'static str> {
    let Some((org, name)) = repo.split_once('/') else {
        return Some("a repository is written org/repo");
    };
    if !hub_name(org) || !hub_name(name) {
        return Some("organisation and repository use letters, digits, `-`, `_` and `.`");
    }
    if revision.is_some_and(|revision| !revision_ok(revision)) {
        return Some("that is no branch, tag or commit");
    }
    None
}

fn looks_like_path(text: &str) -> bool {
    let ends_like_a_model =
        text.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("gguf"));
    text.contains(['/', '\\']) || text.starts_with(['.', '~']) || ends_like_a_model
}

fn hub_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !name.is_empty()
        && name.len() <= MAX_HUB_NAME_BYTES
        && name.bytes().all(plain)
        && name.bytes().any(|byte| byte != b'.')
}

fn revision_ok(revision: &str) -> bool {
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b'+');
    !revision.is_empty()
        && revision.len() <= MAX_REVISION_BYTES
        && revision.bytes().all(plain)
        && revision.split('/').all(segment_ok)
}

fn segment_ok(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..") && !segment.contains('\\')
}

fn names() -> String {
    CATALOGUE.iter().map(|entry| entry.name).collect::<Vec<_>>().join(", ")
}

/// Turns the address bar's text into the reference that was meant, where it is one of the hub's.
fn address(text: &str) -> RefError {
    let meant = || {
        let url = url::Url::parse(text).ok()?;
        let parts: Vec<&str> = url.path_segments()?.collect();
        let [org, repo, "blob" | "resolve" | "raw", revision, file @ ..] = parts.as_slice() else {
            return None;
        };
        HubRef::new(&format!("{org}/{repo}"), Some(revision), &file.join("/")).ok()
    };
    let suggestion = match meant() {
        Some(hub) => hub.to_string(),
        None => "hf:org/repo[@rev]:file, or fetch the file and give its path".to_owned(),
    };
    RefError::Url { text: text.to_owned(), suggestion }
}

fn unknown(name: &str) -> RefError {
    let near = CATALOGUE
        .iter()
        .map(|entry| (edits(&name.to_ascii_lowercase(), entry.name), entry.name))
        .min()
        .filter(|(distance, _)| *distance <= MAX_SUGGESTION_EDITS);
    let hint = near.map_or_else(String::new, |(_, near)| format!(" (did you mean `{near}`?)"));
    RefError::UnknownName { name: name.to_owned(), hint, names: names() }
}

/// Levenshtein distance, one row at a time.
pub(crate) fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}
