//! Small files that a person names.
//!
//! Never opens what is no plain file: reading a pipe or a device might never end.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// The first bytes of a file, at most so many.
pub(crate) fn beginning(path: &Path, most: u64) -> Result<Vec<u8>> {
    let context = || format!("can't read {}", path.display());
    let kind = fs::metadata(path).with_context(context)?.file_type();
    if !kind.is_file() {
        let what = if kind.is_dir() { "a folder" } else { "a pipe or a device" };
        bail!("can't read {}: it is {what}; name a plain file", path.display());
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut bytes))
        .with_context(context)?;
    Ok(bytes)
}
