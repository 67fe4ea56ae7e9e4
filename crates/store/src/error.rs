//! Two kinds of failure, never mixed: [`SourceError`] is a source's fault (the next one is tried),
//! [`StoreError`] is ours or this machine's (the command stops). Every message names the thing and
//! the way out; none holds a password.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::digest::Mismatch;
use crate::index::PageError;
use crate::reference::RefError;

/// Why a command of the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(transparent)]
    Reference(#[from] RefError),
    #[error("cannot {action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
    /// Something the store writes, and may not.
    #[error("cannot {action} {}: {source}; set PROBITY_HOME to a folder you can write to", path.display())]
    Home { action: &'static str, path: PathBuf, source: io::Error },
    /// A key file that is none, or no secret.
    #[error("the key {} can't be used: {reason}", path.display())]
    Key { path: PathBuf, reason: &'static str },
    /// A receipt log without room.
    #[error("the receipt log {} is full: it holds {max} receipts; `probity key rotate` begins another", path.display())]
    LogFull { path: PathBuf, max: u64 },
    /// A receipt log that is not what it was.
    #[error(
        "the receipt log {} was put back or changed (receipts in it: {found}; noted beside it: {noted}, under another root): a checkpoint of it would contradict those given out before. Put the newer copy back, or begin another log with `probity key rotate`: what was signed stays signed",
        path.display()
    )]
    LogRolledBack { path: PathBuf, found: u64, noted: u64 },
    /// The note beside a receipt log can't be read.
    #[error(
        "{} is damaged: {what}. It says how far the receipt log beside it had come: put back a copy that is not older than the log, or begin another log with `probity key rotate`",
        path.display()
    )]
    LogNote { path: PathBuf, what: &'static str },
    /// Receipts without the note that is made before the first of them.
    #[error(
        "{} is gone, which says how far the receipt log beside it ({found} receipts) had come: without it a log that was put back would not show. Put both back from one copy, or begin another log with `probity key rotate`: what was signed stays signed",
        path.display()
    )]
    LogNoteGone { path: PathBuf, found: usize },
    /// The book of receipts.
    #[error("cannot {action} the receipts in {}: {what}", path.display())]
    Book { action: &'static str, path: PathBuf, what: String },
    /// Another process holds the book of receipts.
    #[error(
        "another process keeps its receipts in {}: stop it, or name another file",
        path.display()
    )]
    BookTaken { path: PathBuf },
    /// The blocks and the state of a network.
    #[error("cannot {action} the chain in {}: {what}", path.display())]
    Chain { action: &'static str, path: PathBuf, what: String },
    /// Another process holds the chain.
    #[error("another process keeps its chain in {}: stop it, or name another file", path.display())]
    ChainTaken { path: PathBuf },
    /// What is in the file is not what was kept.
    #[error(
        "the chain in {} is damaged: {what}. Take it from a copy, or delete it and let the network bring it again",
        path.display()
    )]
    ChainDamaged { path: PathBuf, what: &'static str },
    /// The chain of another network.
    #[error("the chain in {} is of another network; name another file", path.display())]
    ChainOfAnother { path: PathBuf },
    #[error("{}: {what}", path.display())]
    NotAModel { path: PathBuf, what: &'static str },
    #[error("the catalogue has no `{name}`")]
    NotInCatalogue { name: String },
    #[error("{reference} is not here; run `probity pull {reference}`")]
    NotPulled { reference: String },
    #[error(
        "{reference} is not here, nor a part of it: there is nothing to delete (`probity list` shows what is here)"
    )]
    NothingHere { reference: String },
    #[error("the record {} is damaged ({what}); delete it and pull the model again", path.display())]
    Record { path: PathBuf, what: String },
    /// More rows than its readers take.
    #[error("the record {} would name {files} files; at most {max} are written", path.display())]
    FolderFiles { path: PathBuf, files: usize, max: usize },
    #[error(
        "{} has {free} bytes free, {need} more are needed; free some space (`probity gc`, `probity rm MODEL`) or set PROBITY_HOME to another disk",
        path.display()
    )]
    DiskFull { path: PathBuf, need: u64, free: u64 },
    #[error("another process is using the store; try again when it has finished ({})", path.display())]
    Busy { path: PathBuf },
    #[error("the setting {setting} is unusable: {what}")]
    Setting { setting: &'static str, what: String },
    /// The last failure is told; those before it were, while the sources were tried.
    #[error("no source gave {reference}{}", Last(failures))]
    NoSource { reference: String, failures: Vec<SourceFailure> },
    /// Only what needs no network was tried.
    #[error(
        "{reference} is not here, and PROBITY_OFFLINE forbids to download it: unset it (or set it to 0) and try again{}",
        Last(failures)
    )]
    Offline { reference: String, failures: Vec<SourceFailure> },
    #[error(
        "a packed-weights layout is named by 1 to 64 of a-z, 0-9, `-`, `_` and `.`, not `{layout}`"
    )]
    PackedLayout { layout: String },
}

/// One source and why it did not serve.
#[derive(Debug)]
pub struct SourceFailure {
    pub source: String,
    pub error: SourceError,
}

/// Why a source did not serve.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("not tried: the store is offline")]
    Offline,
    #[error("cannot reach {host}: {what}")]
    Unreachable { host: String, what: String },
    #[error(
        "{host}: no secure connection: {what}; if your network replaces certificates, add its authority to the system's store, or name a PEM file with all authorities to trust in SSL_CERT_FILE"
    )]
    Tls { host: String, what: String },
    #[error("the address {address} is unusable: {what}")]
    Address { address: String, what: &'static str },
    #[error("{address} answered {status}{hint}")]
    Status { address: String, status: u16, hint: String, retry_after_s: Option<u64> },
    #[error("{address} asks to wait {seconds} seconds; try again later")]
    Busy { address: String, seconds: u64 },
    #[error(
        "{repo} is private, gated or does not exist, and no token is set; accept its terms on the hub and set HF_TOKEN"
    )]
    TokenNeeded { repo: String },
    #[error(
        "the hub refused the token for {repo}; accept the model's terms on the hub with that account, or use another HF_TOKEN"
    )]
    TokenRefused { repo: String },
    #[error("the hub has no {what}{hint}")]
    NotOnHub { what: String, hint: String },
    #[error(
        "{repo} has {found} files of weights; a folder has at most {max}: save the model again in larger files, or take a GGUF"
    )]
    TooManyWeights { repo: String, found: usize, max: usize },
    #[error("{address} does not say how long the file is")]
    NoSize { address: String },
    #[error("{address} sent {encoding}-encoded bytes though plain ones were asked for")]
    Encoded { address: String, encoding: String },
    #[error("{address}: {what}")]
    Protocol { address: String, what: String },
    #[error("stopped at {at} of {total} bytes: {what}; what arrived is kept, pull again to go on")]
    Interrupted { at: u64, total: u64, what: String },
    #[error("wrong bytes, discarded: {0}")]
    WrongBytes(#[from] Mismatch),
    #[error("{address}: {error}")]
    Page { address: String, error: PageError },
    #[error("{place} has no {file}")]
    NotListed { place: String, file: String },
    #[error("{0}")]
    Pip(String),
    #[error("pip is configured with no index and no find-links that has {file}")]
    NoIndex { file: String },
    #[error("the archive is unusable: {what}")]
    Archive { what: String },
}

/// Either kind, inside the crate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

struct Last<'a>(&'a [SourceFailure]);

impl fmt::Display for Last<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(SourceFailure { source, error }) = self.0.last() else { return Ok(()) };
        let which = if self.0.len() == 1 { "" } else { "the last, " };
        write!(out, "; {which}{source}: {error}")
    }
}
