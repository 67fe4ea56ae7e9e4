//! The cache of packed weights: derived bytes, keyed by the model file's hash and a layout name.
//!
//! Nothing here is ever part of a package or hashed into one; everything can be deleted at any
//! time. An entry is its payload (from offset 0, so that it can be mapped), then the payload's
//! BLAKE3, its length and a magic. A damaged entry is deleted and reads as missing: the engine
//! packs again. The layout name must change whenever the engine's packed form does.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use crate::digest::{Blake3, CHUNK_BYTES};
use crate::disk::{self, Disk, failed};
use crate::error::StoreError;
use crate::locks::Locks;
use crate::plain::open_plain;

const MAGIC: &[u8; 8] = b"PRBPACK1";
/// Hash, length, magic.
const TRAILER_BYTES: u64 = 32 + 8 + 8;
const MAX_LAYOUT_BYTES: usize = 64;

/// A model file and a packed form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PackedKey {
    model: Blake3,
    layout: String,
}

/// The cache of one store.
pub struct PackedCache<'a> {
    pub(crate) disk: &'a Disk,
    pub(crate) folder: PathBuf,
    pub(crate) locks: &'a Locks,
}

/// A verified entry, opened.
#[derive(Debug)]
pub struct PackedFile {
    file: File,
    payload_bytes: u64,
}

/// An entry as listed, not verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedEntry {
    pub path: PathBuf,
    pub layout: String,
    pub bytes: u64,
}

impl PackedKey {
    /// The model file's hash.
    pub fn model(&self) -> Blake3 {
        self.model
    }

    /// `layout`: 1 to 64 of a-z, 0-9, `-`, `_` and `.`.
    pub fn new(model: Blake3, layout: &str) -> Result<Self, StoreError> {
        let plain = |byte: u8| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.')
        };
        if layout.is_empty() || layout.len() > MAX_LAYOUT_BYTES || !layout.bytes().all(plain) {
            return Err(StoreError::PackedLayout { layout: layout.to_owned() });
        }
        Ok(Self { model, layout: layout.to_owned() })
    }

    fn file_name(&self) -> String {
        format!("{}-{}", self.model, self.layout)
    }
}

impl PackedCache<'_> {
    /// The entry, verified; `None` when missing or damaged (then it is deleted).
    pub fn get(&self, key: &PackedKey) -> Result<Option<PackedFile>, StoreError> {
        let path = self.folder.join(key.file_name());
        let file = match open_plain(&path) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("open", &path, error)),
        };
        match verified(file).map_err(|error| failed("read", &path, error))? {
            Some((file, payload_bytes)) => Ok(Some(PackedFile { file, payload_bytes })),
            None => {
                self.disk.remove(&path)?;
                Ok(None)
            }
        }
    }

    /// Writes an entry, atomically; `fill` writes the payload.
    pub fn put(
        &self,
        key: &PackedKey,
        fill: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), StoreError> {
        let _using = self.locks.share()?;
        let path = self.folder.join(key.file_name());
        self.disk.replace(&path, |out| {
            let mut summing = Summing { out, hasher: blake3::Hasher::new(), bytes: 0 };
            fill(&mut summing)?;
            let Summing { out, hasher, bytes } = summing;
            out.write_all(hasher.finalize().as_bytes())?;
            out.write_all(&bytes.to_le_bytes())?;
            out.write_all(MAGIC)
        })
    }

    /// The entries of one model; what is no file is none.
    pub fn entries(&self, model: Blake3) -> Result<Vec<PackedEntry>, StoreError> {
        let all = self.all()?;
        let mine =
            all.into_iter().filter(|(owner, entry)| *owner == Some(model) && entry.path.is_file());
        Ok(mine.map(|(_, entry)| entry).collect())
    }

    /// The keys of all models' entries whose layout begins so.
    pub fn keys(&self, layout_prefix: &str) -> Result<Vec<PackedKey>, StoreError> {
        let key = |(owner, entry): (Option<Blake3>, PackedEntry)| {
            let key = PackedKey::new(owner?, &entry.layout).ok()?;
            entry.layout.starts_with(layout_prefix).then_some(key)
        };
        Ok(self.all()?.into_iter().filter_map(key).collect())
    }

    /// Every file of the cache's folder with the model it belongs to, if its name says so.
    pub(crate) fn all(&self) -> Result<Vec<(Option<Blake3>, PackedEntry)>, StoreError> {
        let mut all = Vec::new();
        for path in disk::entries(&self.folder)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let (owner, layout) = match name.split_once('-') {
                Some((model, layout)) => (Blake3::from_hex(model), layout.to_owned()),
                None => (None, name),
            };
            let bytes = disk::size_of(&path)?.unwrap_or(0);
            all.push((owner, PackedEntry { path, layout, bytes }));
        }
        Ok(all)
    }
}

impl PackedFile {
    /// The payload, to be read.
    pub fn into_payload(self) -> io::Take<File> {
        self.file.take(self.payload_bytes)
    }
}

/// Passes bytes on, counting and hashing them.
struct Summing<'a> {
    out: &'a mut dyn Write,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Write for Summing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.bytes += u64::try_from(count).expect("a buffer's length fits u64");
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The file at offset 0, if the trailer holds.
fn verified(mut file: File) -> io::Result<Option<(File, u64)>> {
    let total = file.metadata()?.len();
    let Some(payload) = total.checked_sub(TRAILER_BYTES) else { return Ok(None) };
    // The end first: a file that is no entry is not read through.
    file.seek(SeekFrom::Start(payload))?;
    let mut trailer = Vec::new();
    (&mut file).take(TRAILER_BYTES).read_to_end(&mut trailer)?;
    let end = [&payload.to_le_bytes()[..], MAGIC].concat();
    let Some((hash, stated)) = trailer.split_at_checked(32) else { return Ok(None) };
    if stated != end {
        return Ok(None);
    }
    file.seek(SeekFrom::Start(0))?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0_u8; CHUNK_BYTES];
    let mut reader = (&mut file).take(payload);
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
    }
    file.seek(SeekFrom::Start(0))?;
    Ok((hash == hasher.finalize().as_bytes()).then_some((file, payload)))
}
