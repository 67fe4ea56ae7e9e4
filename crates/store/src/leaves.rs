//! The receipt log's leaves on disk: one file that only grows.
//!
//! A leaf is durable before it has an index. Only whole leaves count: what a crash left of another at
//! the end was never given out, and the next append writes over it. Never changes or deletes a leaf,
//! and never makes a tree of them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::PathBuf;

use crate::disk::{Disk, failed};
use crate::error::StoreError;
use crate::locks::Locks;

/// Bytes of a leaf: receipt id, channel, from, to.
pub const LEAF_BYTES: usize = 96;
/// Most leaves of one log: so many hashes are made again at each look.
pub const LEAVES_MAX: u64 = 1 << 24;
const LOCK: &str = "log";

/// The log of one store.
pub struct LeafFile<'a> {
    pub(crate) disk: &'a Disk,
    pub(crate) folder: PathBuf,
    pub(crate) locks: &'a Locks,
}

impl LeafFile<'_> {
    fn path(&self) -> PathBuf {
        self.folder.join("leaves")
    }

    /// Appends a leaf; its index.
    pub fn append(&self, leaf: &[u8; LEAF_BYTES]) -> Result<u64, StoreError> {
        self.disk.create_folder(&self.folder)?;
        let _lock = self.locks.exclusive(LOCK, &mut || {})?;
        let path = self.path();
        let mut file = self.disk.open_partial(&path)?;
        let fail = |error| failed("read", &path, error);
        let index = whole_leaves(&file).map_err(fail)?;
        if index >= LEAVES_MAX {
            return Err(StoreError::LogFull { path, max: LEAVES_MAX });
        }
        file.seek(SeekFrom::Start(bytes_of(index))).map_err(fail)?;
        self.disk.write(&mut file, &path, leaf)?;
        self.disk.sync(&file, &path)?;
        Ok(index)
    }

    /// Every leaf, in order.
    pub fn all(&self) -> Result<Vec<[u8; LEAF_BYTES]>, StoreError> {
        let path = self.path();
        let fail = |error| failed("read", &path, error);
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(fail(error)),
        };
        let count = whole_leaves(&file).map_err(fail)?;
        if count > LEAVES_MAX {
            return Err(StoreError::LogFull { path, max: LEAVES_MAX });
        }
        let mut bytes = Vec::new();
        file.by_ref().take(bytes_of(count)).read_to_end(&mut bytes).map_err(fail)?;
        let (leaves, _) = bytes.as_chunks::<LEAF_BYTES>();
        Ok(leaves.to_vec())
    }
}

fn whole_leaves(file: &File) -> io::Result<u64> {
    Ok(file.metadata()?.len() / bytes_of(1))
}

fn bytes_of(leaves: u64) -> u64 {
    leaves * u64::try_from(LEAF_BYTES).expect("a small constant")
}
