//! A file that is being received: append-only, hashed as it grows, kept across kills.
//!
//! Its name comes from what it will be, not from where it comes from, so bytes of one source are
//! never continued with another file's. What an earlier process left is hashed again when opened:
//! a torn tail is found at the end, by the hash, and costs a second download, never a wrong file.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::digest::{Digests, Hasher, digest_reader};
use crate::disk::{Disk, failed};
use crate::error::StoreError;

/// An open partial file.
pub(crate) struct Partial {
    disk: Disk,
    path: PathBuf,
    file: File,
    hasher: Hasher,
}

impl Partial {
    /// Opens or creates; more than `limit` bytes can't be ours and are dropped.
    pub(crate) fn open(disk: &Disk, path: &Path, limit: u64) -> Result<Self, StoreError> {
        let file = disk.open_partial(path)?;
        let mut partial =
            Self { disk: disk.clone(), path: path.to_path_buf(), file, hasher: Hasher::default() };
        let length = partial.file.metadata().map_err(|e| failed("look at", path, e))?.len();
        if length > limit {
            partial.restart()?;
        } else {
            partial.hasher =
                digest_reader(&mut partial.file).map_err(|e| failed("read", path, e))?;
        }
        Ok(partial)
    }

    pub(crate) fn size(&self) -> u64 {
        self.hasher.size()
    }

    pub(crate) fn digests(&self) -> Digests {
        self.hasher.finish()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Appends.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.disk.write(&mut self.file, &self.path, bytes)?;
        self.hasher.update(bytes);
        Ok(())
    }

    /// Forgets everything received.
    pub(crate) fn restart(&mut self) -> Result<(), StoreError> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
        emptied.map_err(|e| failed("empty", &self.path, e))?;
        self.hasher = Hasher::default();
        Ok(())
    }

    /// Deletes the file.
    pub(crate) fn discard(self) -> Result<(), StoreError> {
        self.disk.remove(&self.path)
    }

    /// Gives the file its final name.
    pub(crate) fn publish(self, to: &Path) -> Result<(), StoreError> {
        self.disk.publish(&self.file, &self.path, to)
    }
}
