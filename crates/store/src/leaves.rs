//! The receipt log's leaves on disk: one file that only grows, and a note of how far it has come.
//!
//! A leaf is durable before it has an index. Only whole leaves count: what a crash left of another at
//! the end, be it zeros, was never given out, and the next append writes over it. After the leaf its
//! log's size and root are noted beside it, so that leaves that were put back to an older copy, or
//! changed, are refused before another root is signed over them. An empty log is noted before its
//! first leaf: leaves without a note are refused too. Leaves beyond the note are what a crash between
//! the two left: they count. That the whole folder was put back shows only to whoever saw a later
//! checkpoint. Never changes or deletes a leaf.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use commit::Digest;
use receipt::log::{Log, LogLeaf, leaf_hash};

use crate::disk::{self, Disk, failed};
use crate::error::StoreError;
use crate::locks::{LockFile, Locks};
use crate::plain::open_plain;

/// Bytes of a leaf: receipt id, channel, from, to.
pub const LEAF_BYTES: usize = 96;
/// Most leaves of one log: so many hashes are made again at each look.
pub const LEAVES_MAX: u64 = 1 << 24;
/// No leaf, for it has a receipt's id: what a crash leaves where a file grew before its bytes came.
const NO_LEAF: [u8; LEAF_BYTES] = [0; LEAF_BYTES];
pub(crate) const LOCK: &str = "log";
/// First line of a note.
const NOTE_HEADER: &str = "probity log head v1";
/// Bytes of a note at most: header, a size of 20 digits, a root of 64, three ends of lines.
const NOTE_BYTES_MAX: u64 = 128;
/// Where a note is none.
const NO_NOTE: &str = "no size and root of a log stand in it";

/// How far a log had come.
struct Noted {
    size: u64,
    root: Digest,
}

/// The log of one store.
pub struct LeafFile<'a> {
    pub(crate) disk: &'a Disk,
    pub(crate) folder: PathBuf,
    pub(crate) locks: &'a Locks,
}

impl<'a> LeafFile<'a> {
    fn path(&self) -> PathBuf {
        self.folder.join("leaves")
    }

    fn note_path(&self) -> PathBuf {
        self.folder.join("head")
    }

    /// Appends a leaf; its index.
    ///
    /// # Panics
    /// Of a leaf that is all zeros: it would be lost.
    pub fn append(&self, leaf: &[u8; LEAF_BYTES]) -> Result<u64, StoreError> {
        assert_ne!(*leaf, NO_LEAF, "a leaf has a receipt's id");
        self.disk.create_folder(&self.folder)?;
        let _lock = self.locks.exclusive(LOCK, &mut || {})?;
        let mut leaves = self.all()?;
        if self.noted()?.is_none() {
            self.note(&tree(&leaves))?;
        }
        let path = self.path();
        let mut file = self.disk.open_partial(&path)?;
        let index = u64::try_from(leaves.len()).expect("leaves in memory fit u64");
        if index >= LEAVES_MAX {
            return Err(StoreError::LogFull { path, max: LEAVES_MAX });
        }
        // Nothing of what a crash left may come to stand behind this leaf.
        file.set_len(bytes_of(index))
            .and_then(|()| file.seek(SeekFrom::Start(bytes_of(index))))
            .map_err(|error| failed("cut", &path, error))?;
        self.disk.write(&mut file, &path, leaf)?;
        self.disk.sync(&file, &path)?;
        leaves.push(*leaf);
        self.note(&tree(&leaves))?;
        Ok(index)
    }

    /// Every leaf, in order; none of a log that is not what was noted of it.
    pub fn all(&self) -> Result<Vec<[u8; LEAF_BYTES]>, StoreError> {
        // The note first: leaves that come in between only add to what it says.
        let noted = self.noted()?;
        let leaves = self.leaves()?;
        if leaves.is_empty() && noted.is_none() {
            return Ok(leaves);
        }
        // The first leaf may have come in between, but not before its note.
        let noted = match noted {
            Some(noted) => Some(noted),
            None => self.noted()?,
        };
        let found = leaves.len();
        let Some(Noted { size, root }) = noted else {
            return Err(StoreError::LogNoteGone { path: self.note_path(), found });
        };
        let first = usize::try_from(size).ok().and_then(|size| leaves.get(..size));
        if first.is_none_or(|first| tree(first).root() != root) {
            let found = u64::try_from(found).expect("leaves in memory fit u64");
            return Err(StoreError::LogRolledBack { path: self.path(), found, noted: size });
        }
        Ok(leaves)
    }

    /// Every leaf, in order, after all of them were noted: for whoever signs their root.
    pub fn settled(&self) -> Result<Vec<[u8; LEAF_BYTES]>, StoreError> {
        let leaves = self.all()?;
        let noted = self.noted()?.map_or(0, |noted| noted.size);
        if usize::try_from(noted).is_ok_and(|noted| noted >= leaves.len()) {
            return Ok(leaves);
        }
        let _lock = self.locks.exclusive(LOCK, &mut || {})?;
        let leaves = self.all()?;
        self.note(&tree(&leaves))?;
        Ok(leaves)
    }

    /// The log for whoever appends often: its tree stays in memory.
    pub fn writer(self) -> Result<LeafWriter<'a>, StoreError> {
        self.disk.create_folder(&self.folder)?;
        let tree = tree(&self.all()?);
        let lock = self.locks.file(LOCK)?;
        let leaves = self.disk.open_partial(&self.path())?;
        Ok(LeafWriter { file: self, tree, lock, leaves })
    }

    /// Whether the file has so many leaves and the note says so too: then nobody else has written since.
    fn is_at(&self, log: &Log) -> Result<bool, StoreError> {
        let length = disk::size_of(&self.path())?.unwrap_or(0);
        let noted = self.noted()?;
        let same = noted.is_some_and(|noted| (noted.size, noted.root) == (log.size(), log.root()));
        Ok(same && length == bytes_of(log.size()))
    }

    fn leaves(&self) -> Result<Vec<[u8; LEAF_BYTES]>, StoreError> {
        let path = self.path();
        let fail = |error| failed("read", &path, error);
        let Some(file) = opened(&path)? else { return Ok(Vec::new()) };
        let count = file.metadata().map_err(fail)?.len() / bytes_of(1);
        if count > LEAVES_MAX {
            return Err(StoreError::LogFull { path, max: LEAVES_MAX });
        }
        let mut bytes = Vec::new();
        file.take(bytes_of(count)).read_to_end(&mut bytes).map_err(fail)?;
        let (leaves, _) = bytes.as_chunks::<LEAF_BYTES>();
        let torn = leaves.iter().position(|leaf| *leaf == NO_LEAF);
        Ok(leaves[..torn.unwrap_or(leaves.len())].to_vec())
    }

    fn note(&self, log: &Log) -> Result<(), StoreError> {
        let (size, root) = (log.size(), commit::hex(&log.root()));
        self.disk.replace(&self.note_path(), |out| writeln!(out, "{NOTE_HEADER}\n{size}\n{root}"))
    }

    /// What was noted; `None` of a log that has not begun.
    fn noted(&self) -> Result<Option<Noted>, StoreError> {
        let path = self.note_path();
        let Some(file) = opened(&path)? else { return Ok(None) };
        let mut bytes = Vec::new();
        let read = file.take(NOTE_BYTES_MAX).read_to_end(&mut bytes);
        read.map_err(|error| failed("read", &path, error))?;
        match noted(&bytes) {
            Some(noted) => Ok(Some(noted)),
            None => Err(StoreError::LogNote { path, what: NO_NOTE }),
        }
    }
}

/// A log and its tree. Others may append between two uses: then the tree is made again. Leaves and lock stay open, so
/// that a process that has opened all it may can still append.
pub struct LeafWriter<'a> {
    file: LeafFile<'a>,
    tree: Log,
    lock: LockFile,
    leaves: File,
}

impl LeafWriter<'_> {
    /// Appends leaves with one sync of their file for all; the index of the first. Either all are durable or none is
    /// said to be: after a failure the next call looks at what there is.
    ///
    /// # Panics
    /// Of a leaf that is all zeros: it would be lost.
    pub fn append_all(&mut self, leaves: &[[u8; LEAF_BYTES]]) -> Result<u64, StoreError> {
        assert!(!leaves.contains(&NO_LEAF), "a leaf has a receipt's id");
        let _lock = self.lock.take()?;
        let path = self.file.path();
        if !is_still(&self.leaves, &path) {
            self.leaves = self.file.disk.open_partial(&path)?;
        }
        if !self.file.is_at(&self.tree)? {
            self.tree = tree(&self.file.all()?);
            if self.file.noted()?.is_none() {
                self.file.note(&self.tree)?;
            }
        }
        let first = self.tree.size();
        let added = u64::try_from(leaves.len()).expect("leaves in memory fit u64");
        if first.saturating_add(added) > LEAVES_MAX {
            return Err(StoreError::LogFull { path, max: LEAVES_MAX });
        }
        let file = &mut self.leaves;
        // Nothing of what a crash left may come to stand behind these leaves.
        file.set_len(bytes_of(first))
            .and_then(|()| file.seek(SeekFrom::Start(bytes_of(first))))
            .map_err(|error| failed("cut", &path, error))?;
        self.file.disk.write(file, &path, leaves.as_flattened())?;
        self.file.disk.sync(file, &path)?;
        for leaf in leaves {
            let leaf = LogLeaf::decode(leaf).expect("every 96 bytes are a leaf");
            self.tree.append(&leaf);
        }
        self.file.note(&self.tree)?;
        Ok(first)
    }

    /// Looks at what there is and notes it anew: whether leaves can be appended again after a failure.
    ///
    /// # Errors
    /// [`StoreError`]: they can't.
    pub fn settle(&mut self) -> Result<(), StoreError> {
        let _lock = self.lock.take()?;
        self.leaves = self.file.disk.open_partial(&self.file.path())?;
        self.tree = tree(&self.file.all()?);
        self.file.note(&self.tree)
    }

    /// The log as of the last append of this writer.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.tree
    }
}

/// Whether an open file is still the one of this name: a copy that was put back is another.
#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let names = |data: std::fs::Metadata| (data.dev(), data.ino());
    let (open, named) = (file.metadata().map(names), std::fs::metadata(path).map(names));
    matches!((open, named), (Ok(open), Ok(named)) if open == named)
}

/// Elsewhere nobody says: it is opened anew.
#[cfg(not(unix))]
fn is_still(_file: &File, _path: &Path) -> bool {
    false
}

fn noted(bytes: &[u8]) -> Option<Noted> {
    let mut lines = core::str::from_utf8(bytes).ok()?.strip_suffix('\n')?.split('\n');
    let (header, size, root) = (lines.next()?, lines.next()?, lines.next()?);
    let whole = header == NOTE_HEADER && lines.next().is_none();
    let (number, root) = (size.parse::<u64>().ok()?, commit::from_hex(root)?);
    // A number has one spelling: no sign and no zeros before it.
    (whole && number.to_string() == size).then_some(Noted { size: number, root })
}

/// A plain file; `None` where there is nothing.
fn opened(path: &Path) -> Result<Option<File>, StoreError> {
    match open_plain(path) {
        Ok(Some(file)) => Ok(Some(file)),
        Ok(None) => Err(failed("read", path, io::Error::other("it is no plain file"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("open", path, error)),
    }
}

fn tree(leaves: &[[u8; LEAF_BYTES]]) -> Log {
    Log::over(leaves.iter().map(|leaf| leaf_hash(leaf)).collect())
}

fn bytes_of(leaves: u64) -> u64 {
    leaves * u64::try_from(LEAF_BYTES).expect("a small constant")
}
