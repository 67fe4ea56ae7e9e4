//! Locks between processes: advisory locks on empty files, released by the system when a process dies.
//!
//! Everyone who adds holds the store's lock shared; everyone who deletes holds it alone, so nothing
//! is deleted under somebody's hands. One more lock per reference and per partial file lets the
//! second of two pulls wait for the first. Lock files are never deleted: that would be a race.
//! Order: store, reference, partial, keys, log; nobody takes an earlier one while holding a later one.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::PathBuf;

use crate::disk::{failed, not_written};
use crate::error::StoreError;

/// The folder of lock files.
#[derive(Debug)]
pub(crate) struct Locks {
    pub(crate) folder: PathBuf,
}

/// A held lock; dropping it releases it.
#[derive(Debug)]
pub(crate) struct Held(File);

/// Closing the file would not do: a process being started holds a copy of every open file until it
/// has become its program, and the lock with it.
impl Drop for Held {
    fn drop(&mut self) {
        // Closing is then the second try.
        let _ = self.0.unlock();
    }
}

/// A lock's file, kept open for whoever takes it often: nothing has to be opened while it is needed.
#[derive(Debug)]
pub(crate) struct LockFile {
    path: PathBuf,
    file: File,
}

/// A lock of a file that stays open; dropping it releases it.
pub(crate) struct Taken<'a>(&'a File);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        // It is released when its file is closed at the latest.
        let _ = self.0.unlock();
    }
}

impl LockFile {
    /// Takes it alone; waits for another holder.
    pub(crate) fn take(&self) -> Result<Taken<'_>, StoreError> {
        self.file.lock().map_err(|error| failed("lock", &self.path, error))?;
        Ok(Taken(&self.file))
    }
}

const STORE: &str = "store.lock";
/// Held shared by every server that runs on this store.
const SERVING: &str = "serving.lock";

impl Locks {
    /// Adds to the store; waits while somebody deletes.
    pub(crate) fn share(&self) -> Result<Held, StoreError> {
        let (path, file) = self.open(STORE)?;
        file.lock_shared().map_err(|error| failed("lock", &path, error))?;
        Ok(Held(file))
    }

    /// Deletes from the store; refuses while anybody else uses it.
    pub(crate) fn alone(&self) -> Result<Held, StoreError> {
        let (path, file) = self.open(STORE)?;
        match file.try_lock() {
            Ok(()) => Ok(Held(file)),
            Err(TryLockError::WouldBlock) => Err(StoreError::Busy { path }),
            Err(TryLockError::Error(error)) => Err(failed("lock", &path, error)),
        }
    }

    /// Holds `name` alone; calls `waiting` once before it waits for another holder.
    pub(crate) fn exclusive(
        &self,
        name: &str,
        waiting: &mut dyn FnMut(),
    ) -> Result<Held, StoreError> {
        let (path, file) = self.open(&format!("{name}.lock"))?;
        match file.try_lock() {
            Ok(()) => return Ok(Held(file)),
            Err(TryLockError::WouldBlock) => waiting(),
            Err(TryLockError::Error(error)) => return Err(failed("lock", &path, error)),
        }
        file.lock().map_err(|error| failed("lock", &path, error))?;
        Ok(Held(file))
    }

    /// The file of a lock that is taken alone, to be kept open.
    pub(crate) fn file(&self, name: &str) -> Result<LockFile, StoreError> {
        let (path, file) = self.open(&format!("{name}.lock"))?;
        Ok(LockFile { path, file })
    }

    /// Says that a server runs, until it is dropped.
    pub(crate) fn serve(&self) -> Result<Held, StoreError> {
        let (path, file) = self.open(SERVING)?;
        file.lock_shared().map_err(|error| failed("lock", &path, error))?;
        Ok(Held(file))
    }

    /// Whether a server runs.
    pub(crate) fn is_serving(&self) -> Result<bool, StoreError> {
        let (path, file) = self.open(SERVING)?;
        match file.try_lock() {
            Ok(()) => {
                drop(Held(file));
                Ok(false)
            }
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(failed("lock", &path, error)),
        }
    }

    fn open(&self, name: &str) -> Result<(PathBuf, File), StoreError> {
        let path = self.folder.join(name);
        let opened = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        opened.map(|file| (path.clone(), file)).map_err(|error| not_written("open", &path, error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_lock_is_free_though_a_copy_of_its_file_stays_open() {
        let folder = tempfile::tempdir().unwrap();
        let locks = Locks { folder: folder.path().to_path_buf() };
        let held = locks.share().unwrap();
        let copy = held.0.try_clone().unwrap();
        assert!(matches!(locks.alone(), Err(StoreError::Busy { .. })));
        drop(held);
        drop(locks.alone().unwrap());
        drop(copy);
    }
}
