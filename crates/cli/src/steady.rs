//! A file that is read piece by piece, and must have been the same file all along.
//!
//! Every piece is hashed as it is read; `hashes` reads the whole file once more and tells its hashes
//! only if every piece stands in it as it was read. So nothing that was read can have been anything
//! but a part of the file with these hashes, whatever was written to it in between. Never holds the
//! file in memory, never writes.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::fs::FileExt;
use std::path::Path;

use package::{FileHashes, Shards};
use store::open_plain;

/// Told how many bytes were read; an error ends the reading.
pub(crate) type Seen<'a> = dyn FnMut(u64) -> io::Result<()> + 'a;

/// So much is read and hashed at a time.
const CHUNK_BYTES: usize = 1 << 20;

/// An open file, and what was read of it.
pub(crate) struct SteadyFile {
    file: File,
    pieces: Vec<Piece>,
}

/// Some bytes as they were read.
struct Piece {
    start: u64,
    end: u64,
    hash: blake3::Hash,
}

impl SteadyFile {
    /// Opens a plain file: reading a pipe or a device might never end.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let no_file = || io::Error::other("it is no file");
        let file = open_plain(path)?.ok_or_else(no_file)?;
        Ok(Self { file, pieces: Vec::new() })
    }

    pub(crate) fn length(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    pub(crate) fn read_at(&mut self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(bytes, offset)?;
        let end = offset + u64::try_from(bytes.len()).expect("a buffer's length fits u64");
        if offset < end {
            self.pieces.push(Piece { start: offset, end, hash: blake3::hash(bytes) });
        }
        Ok(())
    }

    /// The hashes of the whole file; `None` where something else was read of it before.
    pub(crate) fn hashes(&mut self, seen: &mut Seen<'_>) -> io::Result<Option<FileHashes>> {
        self.file.rewind()?;
        self.pieces.sort_unstable_by_key(|piece| piece.start);
        let mut again =
            Again { position: 0, to_come: &self.pieces, begun: Vec::new(), differs: false };
        let mut shards = Shards::new();
        let mut buffer = vec![0; CHUNK_BYTES];
        loop {
            let read = match self.file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => &buffer[..count],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            again.look(read);
            shards.update(read);
            seen(u64::try_from(read.len()).expect("a buffer's length fits u64"))?;
        }
        Ok(again.all_the_same().then(|| shards.finish()))
    }
}

/// The second look: hashes each piece as the file passes.
struct Again<'a> {
    position: u64,
    /// By where they start.
    to_come: &'a [Piece],
    begun: Vec<(&'a Piece, blake3::Hasher)>,
    differs: bool,
}

impl Again<'_> {
    fn all_the_same(&self) -> bool {
        !self.differs && self.begun.is_empty() && self.to_come.is_empty()
    }

    fn look(&mut self, bytes: &[u8]) {
        let start = self.position;
        self.position += u64::try_from(bytes.len()).expect("a buffer's length fits u64");
        while let Some((piece, rest)) = self.to_come.split_first()
            && piece.start < self.position
        {
            self.begun.push((piece, blake3::Hasher::new()));
            self.to_come = rest;
        }
        let end = self.position;
        let within = |offset: u64| {
            let offset = offset.clamp(start, end) - start;
            usize::try_from(offset).expect("an offset in a buffer fits usize")
        };
        let differs = &mut self.differs;
        self.begun.retain_mut(|(piece, hasher)| {
            hasher.update(&bytes[within(piece.start)..within(piece.end)]);
            let ends = piece.end <= end;
            *differs |= ends && hasher.finalize() != piece.hash;
            !ends
        });
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// A file of 3 MiB, longer than the chunks in which it is hashed.
    fn file() -> (tempfile::NamedTempFile, Vec<u8>) {
        let bytes: Vec<u8> = (0..3_u32 << 20).map(|at| (at % 251).to_le_bytes()[0]).collect();
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(&bytes).expect("it can be written");
        (file, bytes)
    }

    fn opened(file: &tempfile::NamedTempFile) -> SteadyFile {
        SteadyFile::open(file.path()).expect("it opens")
    }

    fn hashes(bytes: &[u8]) -> FileHashes {
        let mut shards = Shards::new();
        shards.update(bytes);
        shards.finish()
    }

    const RANGES: [(u64, usize); 6] =
        [(0, 100), (50, 2 << 20), (1 << 20, 1), (3 << 20, 0), (2_000_000, 9), ((3 << 20) - 1, 1)];

    #[test]
    fn a_file_left_alone_is_what_was_read() {
        let (file, bytes) = file();
        let mut steady = opened(&file);
        for (offset, length) in RANGES {
            let mut read = vec![0; length];
            steady.read_at(offset, &mut read).expect("inside the file");
            let start = usize::try_from(offset).expect("small");
            assert_eq!(read, bytes[start..start + length]);
        }
        for _ in 0..2 {
            assert_eq!(steady.hashes(&mut |_| Ok(())).expect("it reads"), Some(hashes(&bytes)));
        }
    }

    #[test]
    fn one_that_was_another_while_it_was_read_is_noticed() {
        let (file, bytes) = file();
        for (offset, length) in RANGES.into_iter().filter(|(_, length)| *length > 0) {
            let mut steady = opened(&file);
            let last = offset + u64::try_from(length).expect("small") - 1;
            let true_byte = bytes[usize::try_from(last).expect("small")];
            file.as_file().write_all_at(&[!true_byte], last).expect("it can be written");
            steady.read_at(offset, &mut vec![0; length]).expect("inside the file");
            file.as_file().write_all_at(&[true_byte], last).expect("it can be written");
            assert_eq!(
                steady.hashes(&mut |_| Ok(())).expect("it reads"),
                None,
                "{offset} {length}"
            );
        }
    }

    #[test]
    fn a_byte_nobody_read_counts_too() {
        let (file, bytes) = file();
        let mut steady = opened(&file);
        steady.read_at(7, &mut [0; 7]).expect("inside the file");
        file.as_file().write_all_at(&[!bytes[99]], 99).expect("it can be written");
        let found =
            steady.hashes(&mut |_| Ok(())).expect("it reads").expect("the piece was the same");
        assert_ne!(found, hashes(&bytes));
    }

    #[test]
    fn a_file_cut_after_it_was_read_is_noticed() {
        let (file, _) = file();
        let mut steady = opened(&file);
        steady.read_at(2 << 20, &mut [0; 99]).expect("inside the file");
        file.as_file().set_len(2 << 20).expect("it can be cut");
        assert_eq!(steady.hashes(&mut |_| Ok(())).expect("it reads"), None);
    }
}
