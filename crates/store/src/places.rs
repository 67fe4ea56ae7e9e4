//! Where models were seen that are not in the store: a path and a model id for each, one small file a place.
//!
//! State and not cache: nothing here can make it again. It says where to look first and no more: what lies there may be
//! another one by now, so whoever opens it compares. Never opens a place itself. What can't be read as a place is none.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::digest::Blake3;
use crate::disk::{self, Disk, failed};
use crate::error::StoreError;
use crate::locks::Locks;
use crate::plain::open_plain;

/// First line of a place.
const HEADER: &str = "probity place v1\n";
/// Digits of a model id.
const ID_DIGITS: usize = 64;
/// Longest place that is read: header, id, path.
const PLACE_BYTES_MAX: u64 = 1 << 13;
/// Most places: what comes after them is not kept.
pub const PLACES_MAX: usize = 1024;

/// The places of one store.
pub struct Places<'a> {
    pub(crate) disk: &'a Disk,
    pub(crate) folder: PathBuf,
    pub(crate) locks: &'a Locks,
}

impl Places<'_> {
    /// Remembers that the model of this id lies at this whole path; what was known of the path is forgotten.
    pub fn keep(&self, model: Blake3, path: &Path) -> Result<(), StoreError> {
        let file = self.file(path);
        if read(&file)?.is_some_and(|known| known == (model, path.to_path_buf())) {
            return Ok(());
        }
        let _using = self.locks.share()?;
        self.disk.create_folder(&self.folder)?;
        if !file.exists() && disk::entries(&self.folder)?.len() >= PLACES_MAX {
            return Ok(());
        }
        let place = [format!("{HEADER}{model}\n").as_bytes(), bytes_of(path)].concat();
        self.disk.replace(&file, |out| out.write_all(&place))
    }

    /// Where the model of this id was seen, and something still is.
    pub fn of(&self, model: Blake3) -> Result<Vec<PathBuf>, StoreError> {
        let mut paths = Vec::new();
        for file in disk::entries(&self.folder)?.into_iter().take(PLACES_MAX) {
            let place = read(&file)?.filter(|(of, path)| *of == model && path.exists());
            paths.extend(place.map(|(_, path)| path));
        }
        paths.sort();
        Ok(paths)
    }

    /// Forgets a path.
    pub(crate) fn forget(&self, path: &Path) -> Result<(), StoreError> {
        self.disk.remove(&self.file(path))
    }

    /// The files of places where nothing is any more, and of none.
    pub(crate) fn gone(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut gone = Vec::new();
        for file in disk::entries(&self.folder)? {
            // Where nobody lets us look, it may be there.
            let there = read(&file)?.is_some_and(|(_, path)| path.try_exists().unwrap_or(true));
            if !there {
                gone.push(file);
            }
        }
        Ok(gone)
    }

    fn file(&self, path: &Path) -> PathBuf {
        self.folder.join(blake3::hash(bytes_of(path)).to_hex().as_str())
    }
}

/// The place in a file, if it is one.
fn read(file: &Path) -> Result<Option<(Blake3, PathBuf)>, StoreError> {
    let mut bytes = Vec::new();
    match open_plain(file) {
        Ok(Some(open)) => open
            .take(PLACE_BYTES_MAX)
            .read_to_end(&mut bytes)
            .map_err(|error| failed("read", file, error))?,
        Ok(None) => return Ok(None),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open", file, error)),
    };
    Ok(place(&bytes))
}

fn place(bytes: &[u8]) -> Option<(Blake3, PathBuf)> {
    let (id, path) = bytes.strip_prefix(HEADER.as_bytes())?.split_at_checked(ID_DIGITS)?;
    let model = Blake3::from_hex(core::str::from_utf8(id).ok()?)?;
    Some((model, path_of(path.strip_prefix(b"\n")?)?))
}

fn bytes_of(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    Some(OsStr::from_bytes(bytes).into())
}

/// Elsewhere only paths that are text come back.
#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> Option<PathBuf> {
    Some(OsStr::new(core::str::from_utf8(bytes).ok()?).into())
}
