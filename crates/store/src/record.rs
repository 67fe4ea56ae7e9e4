//! What the store remembers about a pulled reference: one small JSON file each.
//!
//! A record is written after its blob is in place, so a record never points at bytes that were not
//! verified. Reading is strict: an unknown field, another version, or a record that names another
//! reference than its file name is damage, reported with the path.

use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::digest::{Blake3, Sha256};
use crate::disk::failed;
use crate::error::StoreError;
use crate::plain::open_plain;

/// Largest record read.
const MAX_RECORD_BYTES: u64 = 64 * 1024;
/// The form written and read.
const VERSION: u32 = 1;

/// A pulled reference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    version: u32,
    /// As a person writes it.
    pub reference: String,
    /// What upstream calls the file.
    pub file_name: String,
    pub size: u64,
    pub sha256: Sha256,
    pub blake3: Blake3,
    /// Where the bytes came from.
    pub source: String,
    /// The hub's commit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The hub's entity tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

/// Where a pull got its bytes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    pub(crate) source: String,
    pub(crate) commit: Option<String>,
    pub(crate) etag: Option<String>,
}

impl Record {
    pub(crate) fn new(
        reference: String,
        file_name: String,
        got: &crate::digest::Digests,
        origin: Origin,
    ) -> Self {
        Self {
            version: VERSION,
            reference,
            file_name,
            size: got.size,
            sha256: got.sha256,
            blake3: got.blake3,
            source: origin.source,
            commit: origin.commit,
            etag: origin.etag,
        }
    }

    /// The file name of a reference's record: hashed, because references hold letters that file
    /// systems refuse or fold together.
    pub(crate) fn file_name_of(reference: &str) -> String {
        format!("{}.json", blake3::hash(reference.as_bytes()).to_hex())
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("strings and numbers always encode");
        bytes.push(b'\n');
        bytes
    }

    /// `None` when there is no such file.
    pub(crate) fn read(path: &Path) -> Result<Option<Self>, StoreError> {
        let damaged = |what: String| StoreError::Record { path: path.to_path_buf(), what };
        let file = match open_plain(path) {
            Ok(Some(file)) => file,
            Ok(None) => return Err(damaged("it is no file".to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("open", path, error)),
        };
        let mut bytes = Vec::new();
        file.take(MAX_RECORD_BYTES).read_to_end(&mut bytes).map_err(|e| failed("read", path, e))?;
        let record: Self =
            serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if record.version != VERSION {
            return Err(damaged(format!("it has version {}, not {VERSION}", record.version)));
        }
        if path.file_name() != Some(Self::file_name_of(&record.reference).as_ref()) {
            return Err(damaged(format!("it speaks of {}", record.reference)));
        }
        Ok(Some(record))
    }
}
