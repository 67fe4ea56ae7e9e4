//! `probity gc`: what nothing needs any more, off this machine.

use std::process::ExitCode;

use anyhow::Result;

use crate::output::{counted, shown, size, tell};

pub(crate) fn run() -> Result<ExitCode> {
    let collected = crate::environment::store()?.gc()?;
    let counts = [
        (collected.blobs, "file without a name", "files without a name"),
        (collected.partials, "unfinished download", "unfinished downloads"),
        (collected.packed, "file of prepared weights", "files of prepared weights"),
        (collected.places, "place of a model that is gone", "places of models that are gone"),
        (collected.temporary, "temporary file", "temporary files"),
    ];
    for (count, one, many) in counts.into_iter().filter(|(count, ..)| *count > 0) {
        tell(format_args!("deleted {}", counted(count, one, many)));
    }
    for folder in &collected.left {
        tell(format_args!("{} is a folder that is not probity's: it stays", shown(folder)));
    }
    tell(format_args!("freed {}", size(collected.freed_bytes)));
    Ok(ExitCode::SUCCESS)
}
