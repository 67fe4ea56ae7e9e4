//! The hashes of a file, made in one pass over its bytes.
//!
//! Never holds the file. The first shard costs no hashing of its own: the hash of a file so far, where a shard ends
//! for the first time, is that shard's.

use commit::Digest;
use sha2::{Digest as _, Sha256};

use crate::limits::SHARD_BYTES;

/// Length and hashes of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileHashes {
    /// Bytes.
    pub size: u64,
    /// BLAKE3 of all of it.
    pub blake3: Digest,
    /// SHA-256 of all of it, as upstream names it.
    pub sha256: Digest,
    /// BLAKE3 of each shard by itself.
    pub shards: Vec<Digest>,
}

/// Takes a file's bytes from first to last.
#[derive(Clone, Debug)]
pub struct Shards {
    shard_bytes: u64,
    size: u64,
    file: blake3::Hasher,
    /// Of the shard that was begun, from the second one on.
    shard: blake3::Hasher,
    sha256: Sha256,
    shards: Vec<Digest>,
}

impl Shards {
    /// Of no bytes yet.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "a hasher by default says nothing")]
    pub fn new() -> Self {
        Self::cut_at(SHARD_BYTES)
    }

    fn cut_at(shard_bytes: u64) -> Self {
        let (file, shard) = (blake3::Hasher::new(), blake3::Hasher::new());
        Self { shard_bytes, size: 0, file, shard, sha256: Sha256::new(), shards: Vec::new() }
    }

    /// The next bytes of the file.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = self.shard_bytes - self.size % self.shard_bytes;
            let taken = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
            let (now, later) = bytes.split_at(taken);
            self.file.update(now);
            self.sha256.update(now);
            if self.size >= self.shard_bytes {
                self.shard.update(now);
            }
            self.size += u64::try_from(taken).expect("a length fits 64 bits");
            if self.size.is_multiple_of(self.shard_bytes) {
                self.end_shard();
            }
            bytes = later;
        }
    }

    /// The hashes of all bytes that were given.
    #[must_use]
    pub fn finish(mut self) -> FileHashes {
        if !self.size.is_multiple_of(self.shard_bytes) {
            self.end_shard();
        }
        FileHashes {
            size: self.size,
            blake3: self.file.finalize().into(),
            sha256: self.sha256.finalize().into(),
            shards: self.shards,
        }
    }

    fn end_shard(&mut self) {
        let whole = if self.shards.is_empty() { &self.file } else { &self.shard };
        self.shards.push(whole.finalize().into());
        self.shard.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direct(bytes: &[u8], shard_bytes: usize) -> FileHashes {
        FileHashes {
            size: u64::try_from(bytes.len()).expect("small"),
            blake3: blake3::hash(bytes).into(),
            sha256: Sha256::digest(bytes).into(),
            shards: bytes.chunks(shard_bytes).map(|shard| blake3::hash(shard).into()).collect(),
        }
    }

    #[test]
    fn hashes_are_those_of_the_bytes_however_they_come() {
        let bytes: Vec<u8> = (0..10_000_u32).map(|at| (at % 251).to_le_bytes()[0]).collect();
        for shard_bytes in [1_024_usize, 1_500, 4_096] {
            for length in
                [0, 1, shard_bytes - 1, shard_bytes, shard_bytes + 1, 2 * shard_bytes, 9_999]
            {
                let wanted = direct(&bytes[..length], shard_bytes);
                for piece in [1, 7, 1_023, 1_024, 5_000, 10_000] {
                    let cut_at = u64::try_from(shard_bytes).expect("small");
                    let mut shards = Shards::cut_at(cut_at);
                    bytes[..length].chunks(piece).for_each(|piece| shards.update(piece));
                    assert_eq!(shards.finish(), wanted, "{shard_bytes} {length} {piece}");
                }
            }
        }
    }
}
