//! A receipt file checked by whoever has no model: signatures, commitments, heads, inclusion, in a few milliseconds.
//!
//! Never runs a model, so what replay would establish is always among what is not established; never reads a file,
//! asks anybody or knows the time. It builds for WebAssembly, and the packages in `bindings/` are it and nothing else.
//! Failure: a file that is not taken gives a report that says so; only a caller's own mistake is an error.

mod bundle;
mod follow;
mod start;
mod stream;
mod stream_json;
mod words;

use commit::Network;
use receipt::limits::FILE_BYTES_MAX;
use receipt::{Altered, Malformed, Opening, ReceiptFile, Refusal};
use verify::{Kind, Replay, Report, ReportJson, examine};

pub use bundle::{Anchored, BundleError, bundle_report, verify_bundle};
pub use follow::{
    AHEAD_MS_MAX, Bounds, Freshness, Known, Link, LinkError, start_ms_most, unbond_least,
};
pub use start::{Start, StartError};
pub use stream::{Begun, ByReceipt, Stream, StreamError};
pub use stream_json::{StreamJson, messages};
pub use words::{Mistake, begun_words, next_start_words, verify_bundle_words, verify_words};

/// A file that was taken, and what is to be made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// With the opening that was given, or its own.
    pub file: ReceiptFile,
    /// The verdict and its lines.
    pub report: Report,
}

/// Checks a receipt file or a bundle, with an opening that came apart from it, if any.
///
/// # Errors
/// [`Refusal`] says whether something can't be read or is false.
pub fn check(
    file: &[u8],
    opening: Option<&[u8]>,
    network: Network,
    required: &[Kind],
) -> Result<Checked, Refusal> {
    let mut file = ReceiptFile::parse(file, network)?;
    if let Some(bytes) = opening {
        let opening = Some(read_opening(bytes)?);
        file = ReceiptFile::new(file.envelope().clone(), opening, file.log().cloned(), network)?;
    }
    let report = examine(file.receipt(), file.opening(), network, required, &Replay::NotTried);
    Ok(Checked { file, report })
}

/// The same as one report, whether the file is taken or not.
#[must_use]
pub fn verify(
    file: &[u8],
    opening: Option<&[u8]>,
    network: Network,
    required: &[Kind],
) -> ReportJson {
    match check(file, opening, network, required) {
        Ok(checked) => ReportJson::new(&checked.report, &checked.file),
        Err(refusal) => {
            let altered = Altered::of(&refusal, file, network);
            ReportJson::refused(&refusal, required).altered(altered.as_ref())
        }
    }
}

fn read_opening(bytes: &[u8]) -> Result<Opening, Malformed> {
    let (what, found, max) = ("the opening", bytes.len(), FILE_BYTES_MAX);
    if found > max {
        return Err(Malformed::Size { what, found, max });
    }
    Opening::decode(bytes).map_err(|source| Malformed::Bytes { what, source })
}
