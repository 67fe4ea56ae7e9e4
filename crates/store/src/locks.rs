//! Locks between processes: advisory locks on empty files, released by the system when a process dies.
//!
//! Everyone who adds holds the store's lock shared; everyone who deletes holds it alone, so nothing
//! is deleted under somebody's hands. One more lock per reference and per partial file lets the
//! second of two pulls wait for the first. Lock files are never deleted: that would be a race.
//! Order: store, reference, partial; nobody takes an earlier one while holding a later one.

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
pub(crate) struct Held {
    _file: File,
}

const STORE: &str = "store.lock";

impl Locks {
    /// Adds to the store; waits while somebody deletes.
    pub(crate) fn share(&self) -> Result<Held, StoreError> {
        let (path, file) = self.open(STORE)?;
        file.lock_shared().map_err(|error| failed("lock", &path, error))?;
        Ok(Held { _file: file })
    }

    /// Deletes from the store; refuses while anybody else uses it.
    pub(crate) fn alone(&self) -> Result<Held, StoreError> {
        let (path, file) = self.open(STORE)?;
        match file.try_lock() {
            Ok(()) => Ok(Held { _file: file }),
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
            Ok(()) => return Ok(Held { _file: file }),
            Err(TryLockError::WouldBlock) => waiting(),
            Err(TryLockError::Error(error)) => return Err(failed("lock", &path, error)),
        }
        file.lock().map_err(|error| failed("lock", &path, error))?;
        Ok(Held { _file: file })
    }

    fn open(&self, name: &str) -> Result<(PathBuf, File), StoreError> {
        let path = self.folder.join(name);
        let opened = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        opened.map(|file| (path.clone(), file)).map_err(|error| not_written("open", &path, error))
    }
}
