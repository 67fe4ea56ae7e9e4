//! `probity gc`: what nothing needs any more, off this machine.

use std::process::ExitCode;

use anyhow::Result;

use crate::output::{size, tell};

pub(crate) fn run() -> Result<ExitCode> {
    let collected = crate::environment::store()?.gc()?;
    let counts = [
        (collected.blobs, "files without a name"),
        (collected.partials, "broken-off downloads"),
        (collected.packed, "prepared weights"),
        (collected.temporary, "temporary files"),
    ];
    for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
        tell(format_args!("deleted {count} {what}"));
    }
    tell(format_args!("freed {}", size(collected.freed_bytes)));
    Ok(ExitCode::SUCCESS)
}
