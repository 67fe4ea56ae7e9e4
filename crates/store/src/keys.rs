//! The keys of this machine: secret seeds in files that nobody else can read.
//!
//! Never draws randomness (a seed is given) and never shows a secret by itself. A key is made once and
//! kept for ever: rotation puts the old one aside, because what it signed must stay explainable. A
//! file that others can read is refused, not repaired: it may have been read already.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use receipt::{PublicKey, SecretKey};

use crate::disk::{Disk, failed};
use crate::error::StoreError;
use crate::locks::Locks;
use crate::plain::open_plain;

/// First line of a key file.
const HEADER: &str = "probity secret key v1";
/// The key that signs receipts.
const WORKER: &str = "worker";
pub(crate) const LOCK: &str = "keys";
/// What is said of any other file.
const NO_KEY: &str = "it is no key file";
/// So much is kept of a file that is no usable key.
const UNUSABLE_BYTES_MAX: u64 = 1 << 16;
/// Bytes of a key file: header, 64 digits, two ends of lines.
const FILE_BYTES: usize = HEADER.len() + 1 + 64 + 1;

/// The keys of one store.
pub struct KeyRing<'a> {
    pub(crate) disk: &'a Disk,
    pub(crate) folder: PathBuf,
    pub(crate) locks: &'a Locks,
}

/// What a rotation did.
#[derive(Debug)]
pub struct Rotated {
    /// The key before; `None` if there was none that can be used.
    pub old: Option<SecretKey>,
    /// Where it lies now.
    pub kept_at: Option<PathBuf>,
    /// The key from now on.
    pub new: SecretKey,
}

impl KeyRing<'_> {
    /// Where the key lies.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.folder.join(WORKER)
    }

    /// The key; `None` where none was made yet.
    pub fn get(&self) -> Result<Option<SecretKey>, StoreError> {
        read(&self.path())
    }

    /// The secret of a public key that signs here or did; `None` for any other, and for one that others could read.
    pub fn of(&self, public: &PublicKey) -> Result<Option<SecretKey>, StoreError> {
        if let Some(key) = self.get()?.filter(|key| key.public() == *public) {
            return Ok(Some(key));
        }
        let path = self.retired().join(public.hex());
        match read(&path)? {
            Some(key) if key.public() != *public => {
                Err(StoreError::Key { path, reason: "it is another key than its name says" })
            }
            kept => Ok(kept),
        }
    }

    /// The key, made of this seed if there is none yet.
    pub fn get_or_make(&self, seed: [u8; 32]) -> Result<SecretKey, StoreError> {
        if let Some(key) = self.get()? {
            return Ok(key);
        }
        self.disk.create_folder(&self.folder)?;
        // Two first uses at once: the second finds what the first made.
        let _lock = self.locks.exclusive(LOCK, &mut || {})?;
        match self.get()? {
            Some(key) => Ok(key),
            None => self.write(&self.path(), &SecretKey::from_seed(seed)),
        }
    }

    /// Puts the key aside and makes another.
    pub fn rotate(&self, seed: [u8; 32]) -> Result<Rotated, StoreError> {
        let retired = self.retired();
        self.disk.create_folder(&retired)?;
        let _lock = self.locks.exclusive(LOCK, &mut || {})?;
        let (old, kept_at) = match self.get() {
            Ok(Some(key)) => {
                let path = retired.join(key.public().hex());
                self.write(&path, &key)?;
                (Some(key), Some(path))
            }
            Ok(None) => (None, None),
            // Exposed or damaged: it signs nothing more, and is kept as it is.
            Err(StoreError::Key { .. }) => (None, Some(self.put_aside(&retired)?)),
            Err(error) => return Err(error),
        };
        let new = self.write(&self.path(), &SecretKey::from_seed(seed))?;
        Ok(Rotated { old, kept_at, new })
    }

    /// Where the keys before it lie.
    fn retired(&self) -> PathBuf {
        self.folder.join("retired")
    }

    /// Keeps a file that is no usable key.
    fn put_aside(&self, retired: &Path) -> Result<PathBuf, StoreError> {
        let path = self.path();
        let mut bytes = Vec::new();
        let file = open_plain(&path).map_err(|error| failed("open", &path, error))?;
        // Of a pipe or a device there is nothing to keep; a folder stands in the way.
        let mut keep = |file: File| file.take(UNUSABLE_BYTES_MAX).read_to_end(&mut bytes);
        let read = file.map_or(Ok(0), &mut keep);
        read.map_err(|error| failed("read", &path, error))?;
        let name = format!("unusable-{}", &blake3::hash(&bytes).to_hex()[..16]);
        let kept = retired.join(name);
        self.disk.replace(&kept, |out| out.write_all(&bytes))?;
        Ok(kept)
    }

    /// Writes a key; temporary files are made for their owner alone.
    fn write(&self, path: &Path, key: &SecretKey) -> Result<SecretKey, StoreError> {
        let digits = commit::hex(&key.seed());
        self.disk.replace(path, |out| writeln!(out, "{HEADER}\n{digits}"))?;
        Ok(key.clone())
    }
}

fn read(path: &Path) -> Result<Option<SecretKey>, StoreError> {
    let wrong = |reason| StoreError::Key { path: path.to_path_buf(), reason };
    let file = match open_plain(path) {
        Ok(Some(file)) => file,
        Ok(None) => return Err(wrong(NO_KEY)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("open", path, error)),
    };
    let data = file.metadata().map_err(|error| failed("look at", path, error))?;
    if readable_by_others(&data) {
        return Err(wrong(
            "others can read it: if nobody has, `chmod 600` it; else `probity key rotate`",
        ));
    }
    let mut bytes = Vec::new();
    let most = u64::try_from(FILE_BYTES).expect("a small constant");
    let read = file.take(most + 1).read_to_end(&mut bytes);
    read.map_err(|error| failed("read", path, error))?;
    let text = core::str::from_utf8(&bytes).ok().filter(|text| text.len() == FILE_BYTES);
    let text = text.ok_or_else(|| wrong(NO_KEY))?;
    let mut lines = text.lines();
    let seed =
        (lines.next() == Some(HEADER)).then(|| lines.next().and_then(commit::from_hex)).flatten();
    let seed = seed.ok_or_else(|| wrong(NO_KEY))?;
    Ok(Some(SecretKey::from_seed(seed)))
}

#[cfg(unix)]
fn readable_by_others(data: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    data.permissions().mode() & 0o077 != 0
}

/// Elsewhere the home folder's own protection is all there is.
#[cfg(not(unix))]
fn readable_by_others(_data: &std::fs::Metadata) -> bool {
    false
}
