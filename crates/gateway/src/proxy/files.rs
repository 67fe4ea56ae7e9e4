//! Files that are written once: whole or not at all, for their owner alone, and never over one that is there.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Tells the halves of this process apart.
static HALVES: AtomicU64 = AtomicU64::new(0);

/// Writes a file of a new name; false where there is one of this name, which stays as it is.
pub(super) fn write_new(path: &Path, text: &str) -> std::io::Result<bool> {
    let number = HALVES.fetch_add(1, Ordering::Relaxed);
    let half = path.with_extension(format!("{}-{number}.new", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&half)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    // A link is made only where nothing has the name.
    let linked = written.and_then(|()| match fs::hard_link(&half, path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    });
    fs::remove_file(&half)?;
    linked
}
