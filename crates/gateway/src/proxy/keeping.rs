//! Receipts of answers that hold, in a folder: each under the name of its job, and none over another.
//!
//! Two of one job, of different tokens and of one worker, show that the worker lies: both are kept, and it is said.

use std::fs;
use std::io::Read;
use std::path::Path;

use commit::Network;
use receipt::ReceiptFile;
use receipt::limits::FILE_BYTES_MAX;

use super::files::write_new;

/// Keeps a receipt; what has to be said loudly, if anything.
pub(super) fn keep(folder: &Path, file: &ReceiptFile) -> Result<Option<String>, String> {
    let wrong = |error| format!("the receipt can't be kept in {}: {error}", folder.display());
    let receipt = file.receipt();
    let (job, id) = (commit::hex(&receipt.job), receipt.id(Network::OFFLINE));
    let first = folder.join(format!("{job}.json"));
    if write_new(&first, &file.to_json()).map_err(wrong)? {
        return Ok(None);
    }
    let other = read(&first).map_err(wrong)?;
    if other.as_ref().is_some_and(|other| other.receipt().id(Network::OFFLINE) == id) {
        return Ok(None);
    }
    let second = folder.join(format!("{job}.{}.json", commit::hex(&id)));
    write_new(&second, &file.to_json()).map_err(wrong)?;
    let both = format!("{} and {}", first.display(), second.display());
    Ok(Some(match other {
        Some(other) if contradict(&other, file) => {
            let worker = receipt.worker;
            format!("THE WORKER {worker} SIGNED TWO ANSWERS TO ONE JOB: keep {both}")
        }
        Some(_) | None => format!("two receipts of one job: {both}"),
    }))
}

/// The receipt file that is there; `None` where it is none.
fn read(path: &Path) -> std::io::Result<Option<ReceiptFile>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX);
    fs::File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(ReceiptFile::parse(&bytes, Network::OFFLINE).ok())
}

/// Whether one worker signed both, about different tokens.
fn contradict(one: &ReceiptFile, other: &ReceiptFile) -> bool {
    let (one, other) = (one.receipt(), other.receipt());
    let roots = |receipt: &receipt::Receipt| -> Vec<_> {
        let lasts = receipt.choices.iter().map(|choice| choice.segments.last());
        lasts.map(|last| last.map(|last| last.head.root)).collect()
    };
    (one.worker, one.job) == (other.worker, other.job) && roots(one) != roots(other)
}
