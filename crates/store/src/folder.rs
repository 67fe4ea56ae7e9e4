//! A repository's folder of safetensors on this machine: which files, and the folder of links that shows them.
//!
//! `folders/<hash of the reference>.json` says which blobs a folder has, as far as they have come; beside it
//! `folders/<hash of the reference>/` has a link to each, by its name. A link is made after its blob is in place, and the
//! folder is here once the record says that nothing is missing. Reading is strict, as of other records.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::digest::{Blake3, Sha256};
use crate::disk::{self, Disk, failed};
use crate::error::StoreError;
use crate::plain::open_plain;
use crate::record::Record;

/// Largest record read: some thousand files.
const MAX_RECORD_BYTES: u64 = 4 << 20;
/// Most files of a folder: its weights, and what lies beside them.
pub(crate) const MAX_FILES: usize = 1_110;
/// Most files of weights; whoever reads a folder takes no more.
pub(crate) const MAX_WEIGHT_FILES: usize = 1_024;
/// The form written and read.
const VERSION: u32 = 1;
/// What a file of weights is called.
const WEIGHTS: &str = ".safetensors";
/// What the hash of weights begins with.
const HASHED_AS: &[u8] = b"probity model folder v1\n";

/// A pulled folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderRecord {
    version: u32,
    /// As a person writes it.
    pub reference: String,
    /// Where the bytes came from.
    pub source: String,
    /// The hub's commit.
    pub commit: String,
    /// Whether nothing is missing.
    pub complete: bool,
    /// What is here.
    pub files: Vec<FolderFile>,
}

/// A file of a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderFile {
    /// Its name in the folder.
    pub name: String,
    pub size: u64,
    pub sha256: Sha256,
    pub blake3: Blake3,
    /// What the hub names its bytes by: a SHA-256, or a git blob's SHA-1.
    pub oid: String,
}

/// A folder on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFolder {
    pub record: FolderRecord,
    pub path: PathBuf,
    /// Is everything there, with the right size?
    pub present: bool,
}

/// One hash of files of weights, sorted by name: a folder's name for what is prepared of them.
pub fn weights_hash<'f>(files: impl IntoIterator<Item = (&'f str, u64, &'f [u8; 32])>) -> Blake3 {
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    hasher.update(HASHED_AS);
    for (name, size, blake3) in files {
        // No name has a line end.
        hasher.update(name.as_bytes()).update(b"\n").update(&size.to_le_bytes()).update(blake3);
    }
    Blake3::from_bytes(*hasher.finalize().as_bytes())
}

impl FolderRecord {
    pub(crate) fn new(reference: String, source: String, commit: String) -> Self {
        Self { version: VERSION, reference, source, commit, complete: false, files: Vec::new() }
    }

    /// Size and hash of its weights.
    #[must_use]
    pub fn weights(&self) -> (u64, Blake3) {
        let weights: Vec<_> =
            self.files.iter().filter(|file| file.name.ends_with(WEIGHTS)).collect();
        let hashed = weights.iter().map(|file| (&*file.name, file.size, file.blake3.as_bytes()));
        (weights.iter().map(|file| file.size).sum(), weights_hash(hashed))
    }

    /// Bytes of all its files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// `None` when there is no such file.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        let damaged = |what: String| StoreError::Record { path: path.to_path_buf(), what };
        let file = match open_plain(path) {
            Ok(Some(file)) => file,
            Ok(None) => return Err(damaged("it is no file".to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("open", path, error)),
        };
        let mut bytes = Vec::new();
        file.take(MAX_RECORD_BYTES).read_to_end(&mut bytes).map_err(|e| failed("read", path, e))?;
        let record: Self =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if record.version != VERSION || record.files.len() > MAX_FILES {
            return Err(damaged("another release wrote it".to_owned()));
        }
        if path.file_name() != Some(Record::file_name_of(&record.reference).as_ref()) {
            return Err(damaged(format!("it speaks of {}", record.reference)));
        }
        if record.files.iter().any(|file| !commit::file_name(&file.name)) {
            return Err(damaged("it has a name that leads elsewhere".to_owned()));
        }
        Ok(Some(record))
    }

    /// Never writes what [`FolderRecord::read`] would not read.
    pub(crate) fn write(&self, disk: &Disk, path: &Path) -> Result<(), StoreError> {
        let (files, max) = (self.files.len(), MAX_FILES);
        if files > max {
            return Err(StoreError::FolderFiles { path: path.to_path_buf(), files, max });
        }
        let mut json = serde_json::to_vec_pretty(self).expect("strings and numbers always encode");
        json.push(b'\n');
        disk.replace(path, |out| out.write_all(&json))
    }
}

/// Links a blob under a name, in place of what has it.
pub(crate) fn link(disk: &Disk, blob: &Path, to: &Path) -> Result<(), StoreError> {
    disk.remove(to)?;
    disk.link(blob, to)
}

/// Whether a file of this size is there.
pub(crate) fn is_there(path: &Path, size: u64) -> Result<bool, StoreError> {
    Ok(disk::size_of(path)? == Some(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written can be read, so that it can be removed.
    #[test]
    fn a_record_holds_its_limit_when_it_is_written() {
        let home = tempfile::tempdir().unwrap();
        let reference = "hf:org/repo".to_owned();
        let path = home.path().join(Record::file_name_of(&reference));
        let mut record = FolderRecord::new(reference, "a hub".to_owned(), "0".repeat(40));
        let row = |number: usize| FolderFile {
            name: format!("{number:0>115}.safetensors"),
            size: u64::MAX,
            sha256: Sha256::from_bytes([0xff; 32]),
            blake3: Blake3::from_bytes([0xff; 32]),
            oid: "f".repeat(64),
        };
        record.files = (0..MAX_FILES).map(row).collect();
        record.write(&Disk::default(), &path).unwrap();
        assert_eq!(FolderRecord::read(&path).unwrap(), Some(record.clone()));
        record.files.push(row(MAX_FILES));
        let error = record.write(&Disk::default(), &path).unwrap_err();
        assert!(matches!(error, StoreError::FolderFiles { files: 1_111, max: 1_110, .. }));
        assert!(FolderRecord::read(&path).unwrap().is_some(), "what was there stays");
    }
}
