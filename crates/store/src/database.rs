//! Files that are small databases (redb): made whole, for their owner alone.
//!
//! Never makes one over another: a file that was emptied is no new book. Failure: a [`StoreError`] that names the file.

use std::path::Path;

use redb::{Builder, Database};

use crate::disk::TEMPORARY_PREFIX;
use crate::error::StoreError;

/// Bytes of a file that are kept in memory.
pub(crate) const CACHE_BYTES: usize = 16 << 20;

/// How a failure of a database is told: what was tried, and where.
pub(crate) type Told = fn(&'static str, &Path, redb::Error) -> StoreError;

/// Makes the file where there is none, with what `begin` puts into it, under another name first: what dies in the middle
/// leaves none, and not one that can't be read.
pub(crate) fn make(
    path: &Path,
    told: Told,
    begin: impl FnOnce(&Database) -> Result<(), redb::Error>,
) -> Result<(), StoreError> {
    let Some(folder) = path.parent() else { return Ok(()) };
    std::fs::create_dir_all(folder)
        .map_err(|error| crate::disk::not_written("create the folder", folder, error))?;
    if path.exists() {
        return Ok(());
    }
    let wrong = |error| crate::disk::not_written("create", path, error);
    let new = tempfile::Builder::new().prefix(TEMPORARY_PREFIX).tempfile_in(folder);
    let new = new.map_err(wrong)?;
    let made = Builder::new().set_cache_size(CACHE_BYTES).create(new.path());
    let made = made.map_err(redb::Error::from).and_then(|database| begin(&database));
    made.map_err(|error| told("begin", path, error))?;
    match new.persist_noclobber(path) {
        Ok(_) => Ok(()),
        // Another process was faster: its book is the book.
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(wrong(error.error)),
    }
}

/// Opens a file that is there. Not made here: a new one would not be for its owner alone.
pub(crate) fn open(path: &Path) -> Result<Database, redb::Error> {
    Ok(Builder::new().set_cache_size(CACHE_BYTES).open(path)?)
}

/// It holds what others shall not read: for its owner alone.
#[cfg(unix)]
pub(crate) fn private(path: &Path) -> Result<(), StoreError> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|error| crate::disk::not_written("make private", path, error))
}

/// Elsewhere the home folder's own protection is all there is.
#[cfg(not(unix))]
pub(crate) fn private(_path: &Path) -> Result<(), StoreError> {
    Ok(())
}
