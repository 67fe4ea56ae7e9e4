//! What is kept of an answer that failed: what was asked, what came, and why it was not passed on.
//!
//! Never holds a key. It holds the question and the answer, so only its owner may read it. The number of files is
//! limited: beyond it nothing more is kept, and the log says so.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

use super::failure::Failure;
use super::server::Proxy;
use super::source::Source;
use crate::core::Refusal;

/// Most files that are kept.
pub(super) const FILES_MAX: usize = 512;

/// What there is of an answer that failed.
pub(super) struct Record<'a> {
    /// The body that was sent.
    pub(super) request: &'a str,
    /// With the data of the events, as they came.
    pub(super) source: &'a Source,
    /// The receipt file that they give, where they give one.
    pub(super) receipt: Option<&'a str>,
}

/// Puts a failure down, and makes the refusal of it.
pub(super) fn refuse(
    proxy: &Proxy,
    model: &str,
    failure: &Failure,
    record: &Record<'_>,
) -> Refusal {
    // Short, and the answer has ended: nobody waits but its caller.
    let kept = match keep(proxy, failure, record) {
        Ok(path) => format!("evidence in {}", path.display()),
        Err(what) => what,
    };
    let job = commit::hex(&record.source.job[..8]);
    let (told, said) = if failure.refutes() {
        ("REFUTED", "is refuted")
    } else {
        ("not verified", "can't be verified")
    };
    proxy.log.line(&format!("answer {job} of {model} {told}: {failure}; {kept}"));
    Refusal::Unverified(format!("the answer {said} and is not passed on: {failure}"))
}

/// Writes evidence into the proxy's folder; where it is.
fn keep(proxy: &Proxy, failure: &Failure, record: &Record<'_>) -> Result<PathBuf, String> {
    let folder = &proxy.folder;
    let wrong = |error: std::io::Error| {
        format!("the evidence can't be kept in {}: {error}", folder.display())
    };
    let kept = fs::read_dir(folder).map_err(wrong)?.count();
    if kept >= FILES_MAX {
        let folder = folder.display();
        return Err(format!("no evidence was kept: {folder} has {FILES_MAX} files already"));
    }
    let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let object = json!({
        "probity": "proxy evidence v1",
        "upstream": proxy.upstream.shown(),
        "at_ms": u64::try_from(at.as_millis()).unwrap_or(u64::MAX),
        "required": proxy.requirement.name(),
        "refuted": failure.refutes(),
        "reason": failure.to_string(),
        "request": record.request,
        "events": record.source.kept,
    });
    let text = object.to_string();
    let hash = &blake3::hash(text.as_bytes()).to_hex()[..16];
    let path = folder.join(format!("{}-{hash}.json", at.as_secs()));
    write(&path, &text).map_err(wrong)?;
    if let Some(receipt) = record.receipt {
        write(&path.with_extension("receipt.json"), receipt).map_err(wrong)?;
    }
    Ok(path)
}

/// Writes a file of a new name, for its owner alone.
pub(super) fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let half = path.with_extension("new");
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&half)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&half, path)
}
