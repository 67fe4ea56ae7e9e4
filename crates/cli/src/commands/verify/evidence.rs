//! What a proxy keeps of an answer that it did not pass on: told from a receipt file, which lies beside it.
//!
//! Never decides anything: it only names the file that can be checked.

use std::path::Path;

use crate::files::beginning;
use crate::output::shown;

/// How such a file begins, spaces left out.
const BEGINNING: &[u8] = b"{\"probity\":\"proxyevidencev1\"";
/// Bytes that are looked at.
const LOOKED_AT: u64 = 128;

/// What is said of a file that a proxy kept as evidence; `None` of any other.
pub(super) fn of_a_proxy(path: &Path) -> Option<String> {
    let mut bytes = beginning(path, LOOKED_AT).ok()?;
    bytes.retain(|byte| !byte.is_ascii_whitespace());
    if !bytes.starts_with(BEGINNING) {
        return None;
    }
    let receipt = path.with_extension("receipt.json");
    let way_out = if receipt.exists() {
        format!("the receipt that came with it is for `verify`: {}", shown(&receipt))
    } else {
        "no receipt came with it".into()
    };
    Some(format!(
        "this is no receipt file, but what a proxy kept of an answer that it did not pass on: its `reason` says \
         why, `request` and `events` are what was asked and what came; {way_out}"
    ))
}
