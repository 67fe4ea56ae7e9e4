//! Who must have signed: keys that were named, or the first one that ever did, which is kept to from then on.
//!
//! Never forgets by itself: a worker that changed its key is refused until somebody says so. Failure: words.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use receipt::PublicKey;

use super::failure::Failure;
use super::files::write_new;

/// Bytes of the file: a key and its line's end.
const FILE_BYTES_MAX: u64 = 65;

/// Who must have signed.
pub(super) struct Pins {
    named: Vec<PublicKey>,
    /// Where the first one is kept.
    file: PathBuf,
    first: Mutex<Option<PublicKey>>,
}

impl Pins {
    /// With what is kept in the folder of this upstream.
    pub(super) fn open(
        named: Vec<PublicKey>,
        folder: &Path,
        upstream: &str,
    ) -> Result<Self, String> {
        let hash = blake3::hash(upstream.as_bytes()).to_hex();
        let file = folder.join(format!("worker-{}", &hash[..16]));
        let first = read(&file)?;
        Ok(Self { named, file, first: Mutex::new(first) })
    }

    /// The key that was trusted first, where no key was named.
    pub(super) fn first(&self) -> Option<PublicKey> {
        *self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn named(&self) -> &[PublicKey] {
        &self.named
    }

    /// Where the first one is kept.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Whether this key may sign.
    pub(super) fn check(&self, found: PublicKey) -> Result<(), Failure> {
        let wanted = match (self.named.as_slice(), self.first()) {
            ([], None) => return Ok(()),
            ([], Some(first)) if first == found => return Ok(()),
            ([], Some(first)) => {
                let file = self.file.display();
                format!("{first}, the first that did (delete {file} to trust another, or name it)")
            }
            (named, _) if named.contains(&found) => return Ok(()),
            (named, _) => {
                let names: Vec<String> = named.iter().map(ToString::to_string).collect();
                names.join(" or ")
            }
        };
        Err(Failure::Worker { wanted, found })
    }

    /// A head of this key held: where none was named it is kept to from here on, before anything of it is emitted. True
    /// where it is the first.
    pub(super) fn settle(&self, found: PublicKey) -> Result<bool, Failure> {
        if !self.named.is_empty() {
            return Ok(false);
        }
        let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
        match *first {
            Some(known) if known == found => Ok(false),
            Some(known) => Err(Failure::Worker { wanted: known.to_string(), found }),
            None => {
                let known = write(&self.file, found).map_err(Failure::Ours)?;
                *first = Some(known);
                if known != found {
                    return Err(Failure::Worker { wanted: known.to_string(), found });
                }
                Ok(true)
            }
        }
    }
}

fn read(file: &Path) -> Result<Option<PublicKey>, String> {
    let wrong = |what: &str| format!("{} {what}: delete it to trust a key anew", file.display());
    let opened = match fs::File::open(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| wrong(&format!("can't be read ({error})")))?,
    };
    let mut text = String::new();
    let read = opened.take(FILE_BYTES_MAX + 1).read_to_string(&mut text);
    read.map_err(|error| wrong(&format!("can't be read ({error})")))?;
    let key = PublicKey::from_hex(text.trim_end());
    key.map(Some).ok_or_else(|| wrong("holds no key"))
}

/// Keeps the key, where none is kept: the one that is kept now. Another proxy may have been first.
fn write(file: &Path, key: PublicKey) -> Result<PublicKey, String> {
    let wrong = |error: std::io::Error| {
        format!("the key that was trusted first can't be kept in {}: {error}", file.display())
    };
    if write_new(file, &format!("{key}\n")).map_err(wrong)? {
        return Ok(key);
    }
    read(file)?.ok_or_else(|| format!("{} came and went", file.display()))
}
