//! What is kept of an answer that failed: what was asked, what came, and why it was not passed on.
//!
//! Never holds a key. It holds the question and the answer, so only its owner may read it. Files and bytes are limited,
//! for refuted answers apart from all others, so that nobody makes room for a lie by failing often: of the others the
//! oldest give way, of the refuted ones none does, and the log says where one more could not be kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use commit::Digest;
use serde::Serialize;

use super::failure::{Failure, Finding};
use super::files::write_new;
use super::server::Proxy;
use super::source::Kept;
use super::wire::plain;
use crate::core::Refusal;

/// Most files of refuted answers, and of others.
pub(super) const FILES_MAX: usize = 256;
/// Most bytes of either.
const BYTES_MAX: u64 = 256 << 20;

/// What there is of an answer that failed.
pub(super) struct Record {
    /// The model's name.
    pub(super) model: String,
    pub(super) job: Digest,
    /// The body that was sent.
    pub(super) request: String,
    pub(super) events: Kept,
    /// The receipt file that they give, where they give one.
    pub(super) receipt: Option<String>,
}

/// What becomes of it.
pub(super) struct Refused {
    pub(super) refusal: Refusal,
    /// Where its evidence is, where it could be kept.
    pub(super) path: Option<PathBuf>,
}

/// The file.
#[derive(Serialize)]
struct Written<'a> {
    probity: &'static str,
    upstream: String,
    at_ms: u64,
    required: &'static str,
    refuted: bool,
    reason: String,
    request: &'a str,
    events: &'a [String],
    /// Whether more events came than are kept.
    truncated: bool,
}

/// Puts a failure down, and makes the refusal of it.
pub(super) async fn refuse(proxy: &Arc<Proxy>, failure: &Failure, record: Record) -> Refused {
    let (job, model) = (commit::hex(&record.job[..8]), record.model.clone());
    let (of, found) = (Arc::clone(proxy), failure.clone());
    let kept = tokio::task::spawn_blocking(move || keep(&of, &found, &record)).await;
    let kept = kept.unwrap_or_else(|_| Err("no evidence was kept".into()));
    let (told, said) = match failure.finding() {
        Finding::Refuted => ("REFUTED", "is refuted"),
        Finding::Other => ("NOT WHAT WAS ASKED", "is not what was asked"),
        Finding::Open => ("not verified", "can't be verified"),
    };
    let (where_, path) = match kept {
        Ok(path) => (format!("evidence in {}", path.display()), Some(path)),
        Err(what) => (what, None),
    };
    let reason = plain(&failure.to_string());
    proxy.log.notice(&format!("answer {job} of {model} {told}: {reason}; {where_}"));
    let what = format!("the answer {said} and is not passed on: {}", failure.shown());
    Refused { refusal: Refusal::Unverified(what), path }
}

/// Writes evidence into the proxy's folder; where it is.
fn keep(proxy: &Proxy, failure: &Failure, record: &Record) -> Result<PathBuf, String> {
    let folder = &proxy.folder;
    let wrong = |error: std::io::Error| {
        format!("the evidence can't be kept in {}: {error}", folder.display())
    };
    let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let at_ms = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
    let refuted = failure.finding() == Finding::Refuted;
    let written = Written {
        probity: "proxy evidence v1",
        upstream: proxy.upstream.shown(),
        at_ms,
        required: proxy.requirement.name(),
        refuted,
        reason: plain(&failure.to_string()),
        request: &record.request,
        events: &record.events.events,
        truncated: record.events.truncated,
    };
    let text = serde_json::to_string(&written).map_err(|error| wrong(error.into()))?;
    let receipt = record.receipt.as_deref();
    let bytes = text.len().saturating_add(receipt.map_or(0, str::len));
    let kind = if refuted { "refuted-" } else { "failed-" };
    let hash = &blake3::hash(text.as_bytes()).to_hex()[..16];
    let path = folder.join(format!("{kind}{at_ms:015}-{hash}.json"));
    // One at a time, so that two don't take the same place.
    let _one = proxy.keeping.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    make_room(folder, kind, !refuted, u64::try_from(bytes).unwrap_or(u64::MAX))?;
    write_new(&path, &text).map_err(wrong)?;
    if let Some(receipt) = receipt {
        write_new(&receipt_of(&path), receipt).map_err(wrong)?;
    }
    Ok(path)
}

/// Where the receipt lies that belongs to evidence.
pub(super) fn receipt_of(evidence: &Path) -> PathBuf {
    evidence.with_extension("receipt.json")
}

/// Room for a piece of evidence and its receipt, of this kind.
fn make_room(folder: &Path, kind: &str, replaces: bool, bytes: u64) -> Result<(), String> {
    let shown = folder.display();
    let wrong = |error: std::io::Error| format!("no evidence was kept in {shown}: {error}");
    let mut own = Vec::new();
    for entry in fs::read_dir(folder).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(kind) {
            own.push((name, entry.metadata().map_err(wrong)?.len()));
        }
    }
    // Their names begin with when they were written.
    own.sort_unstable();
    let mut all = own.iter().fold(bytes, |all: u64, (_, bytes)| all.saturating_add(*bytes));
    let mut count = own.len() + 2;
    for (name, bytes) in own {
        if count <= FILES_MAX && all <= BYTES_MAX {
            break;
        }
        if !replaces {
            return Err(format!(
                "NO EVIDENCE WAS KEPT: {shown} is full of {count} files of refuted answers"
            ));
        }
        fs::remove_file(folder.join(name)).map_err(wrong)?;
        (all, count) = (all - bytes, count - 1);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn count(folder: &Path, kind: &str) -> usize {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_str().unwrap().starts_with(kind)).count()
    }

    #[test]
    fn failing_often_takes_no_place_of_the_refuted_and_only_the_oldest_give_way() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for other in 0..2 * FILES_MAX {
            fs::write(folder.join(format!("mine-{other}.json")), "").unwrap();
        }
        for at in 0..FILES_MAX {
            fs::write(folder.join(format!("failed-{at:015}-a.json")), "a").unwrap();
        }
        make_room(folder, "failed-", true, 1).unwrap();
        assert_eq!(count(folder, "failed-"), FILES_MAX - 2);
        assert!(!folder.join(format!("failed-{:015}-a.json", 1)).exists());
        assert!(folder.join(format!("failed-{:015}-a.json", 2)).exists());
        make_room(folder, "refuted-", false, 1).unwrap();
        for at in 0..FILES_MAX {
            fs::write(folder.join(format!("refuted-{at:015}-a.json")), "a").unwrap();
        }
        let full = make_room(folder, "refuted-", false, 1);
        assert!(full.unwrap_err().contains("NO EVIDENCE WAS KEPT"));
        assert_eq!(count(folder, "refuted-"), FILES_MAX);
        assert_eq!(count(folder, "mine-"), 2 * FILES_MAX);
        // In bytes too.
        make_room(folder, "failed-", true, BYTES_MAX - 10).unwrap();
        assert_eq!(count(folder, "failed-"), 10);
    }
}
