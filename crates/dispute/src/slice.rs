//! Pieces of a file, proved against the file's BLAKE3 hash.
//!
//! BLAKE3 is a tree over chunks of 1,024 bytes, of the shape of RFC 6962. A slice is the chunks that some byte ranges
//! touch, and the hashes of the greatest subtrees without any of them, from the left. Never trusts a length: how many
//! bytes and hashes there must be follows from file and ranges. A slice that does not lead to the hash is `None`.

use blake3::hazmat::{
    ChainingValue, HasherExt, Mode, merge_subtrees_non_root, merge_subtrees_root,
};
use commit::Digest;
use core::ops::Range;
use std::collections::BTreeMap;

/// Bytes of a chunk.
const CHUNK: u64 = 1024;

/// A file or part of a package: what it hashes to, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its BLAKE3 hash.
    pub hash: Digest,
    /// Its length.
    pub bytes: u64,
}

/// Some chunks of a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slice {
    /// The chunks, one after the other, each once.
    pub chunks: Vec<u8>,
    /// Subtrees beside them.
    pub beside: Vec<Digest>,
}

impl Part {
    /// The part that has these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let length = u64::try_from(bytes.len()).expect("memory is smaller than 2^64 bytes");
        Self { hash: blake3::hash(bytes).into(), bytes: length }
    }

    /// The bytes of every range, where the slice is of this part; `None` where it is not.
    #[must_use]
    pub fn open(&self, ranges: &[Range<u64>], slice: &Slice) -> Option<Vec<Vec<u8>>> {
        let chunks = chunks_of(ranges, self.bytes)?;
        let mut walk = Walk { bytes: self.bytes, chunks: &chunks };
        let mut source = Stranger { rest: &slice.chunks, beside: slice.beside.iter() };
        let root = walk.root(&mut source)?;
        if root != self.hash || !source.rest.is_empty() || !source.beside.as_slice().is_empty() {
            return None;
        }
        let piece = |range: &Range<u64>| {
            let first = chunks.binary_search(&(range.start / CHUNK)).ok()?;
            let start = u64::try_from(first).ok()? * CHUNK + range.start % CHUNK;
            let end = usize::try_from(start + (range.end - range.start)).ok()?;
            slice.chunks.get(usize::try_from(start).ok()?..end).map(<[u8]>::to_vec)
        };
        ranges.iter().map(piece).collect()
    }
}

impl Slice {
    /// The slice of these ranges of a whole part; `None` where a range is empty or not in it.
    #[must_use]
    pub fn of(bytes: &[u8], ranges: &[Range<u64>]) -> Option<Self> {
        let length = u64::try_from(bytes.len()).ok()?;
        let chunks = chunks_of(ranges, length)?;
        let mut walk = Walk { bytes: length, chunks: &chunks };
        let mut source = Owner { bytes, slice: Self::default() };
        walk.root(&mut source)?;
        Some(source.slice)
    }
}

/// Numbers of the chunks that ranges touch, ascending; `None` where a range is empty or ends behind the part.
fn chunks_of(ranges: &[Range<u64>], bytes: u64) -> Option<Vec<u64>> {
    let mut chunks = Vec::new();
    for range in ranges {
        if range.is_empty() || range.end > bytes {
            return None;
        }
        chunks.extend(range.start / CHUNK..=(range.end - 1) / CHUNK);
    }
    chunks.sort_unstable();
    chunks.dedup();
    (!chunks.is_empty()).then_some(chunks)
}

/// Where a walk over the tree takes chunks and hashes from.
trait Source {
    /// The bytes of a chosen chunk.
    fn chunk(&mut self, range: Range<u64>) -> Option<&[u8]>;
    /// The hash of a subtree with no chosen chunk.
    fn beside(&mut self, range: Range<u64>) -> Option<ChainingValue>;
}

/// A slice that is not yet known to be true.
struct Stranger<'a> {
    rest: &'a [u8],
    beside: core::slice::Iter<'a, Digest>,
}

impl Source for Stranger<'_> {
    fn chunk(&mut self, range: Range<u64>) -> Option<&[u8]> {
        let length = usize::try_from(range.end - range.start).ok()?;
        let (chunk, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(chunk)
    }

    fn beside(&mut self, _: Range<u64>) -> Option<ChainingValue> {
        self.beside.next().copied()
    }
}

/// The whole part, of which a slice is being made.
struct Owner<'a> {
    bytes: &'a [u8],
    slice: Slice,
}

impl Owner<'_> {
    fn get(&self, range: &Range<u64>) -> Option<&[u8]> {
        self.bytes.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
    }
}

impl Source for Owner<'_> {
    fn chunk(&mut self, range: Range<u64>) -> Option<&[u8]> {
        let chunk = self.get(&range)?.to_vec();
        let start = self.slice.chunks.len();
        self.slice.chunks.extend(chunk);
        self.slice.chunks.get(start..)
    }

    fn beside(&mut self, range: Range<u64>) -> Option<ChainingValue> {
        let mut hasher = blake3::Hasher::new();
        hasher.set_input_offset(range.start).update(self.get(&range)?);
        let hash = hasher.finalize_non_root();
        self.slice.beside.push(hash);
        Some(hash)
    }
}

/// A part of which nobody has more than some chunks: the hashes beside them are made up.
#[derive(Clone, Debug)]
pub(crate) struct Sparse {
    bytes: u64,
    chunks: BTreeMap<u64, Vec<u8>>,
}

impl Sparse {
    pub(crate) fn new(bytes: u64) -> Self {
        Self { bytes, chunks: BTreeMap::new() }
    }

    /// Puts bytes where they are; the rest of their chunks is zeros.
    pub(crate) fn put(&mut self, start: u64, bytes: &[u8]) {
        for (at, byte) in (start..).zip(bytes) {
            let number = at / CHUNK;
            let length = (self.bytes - number * CHUNK).min(CHUNK);
            let empty = || vec![0; usize::try_from(length).unwrap_or(0)];
            let chunk = self.chunks.entry(number).or_insert_with(empty);
            if let Some(place) = usize::try_from(at % CHUNK).ok().and_then(|at| chunk.get_mut(at)) {
                *place = *byte;
            }
        }
    }

    /// The part, and the slice of some ranges that were put.
    pub(crate) fn show(&self, ranges: &[Range<u64>]) -> Option<(Part, Slice)> {
        let chunks = chunks_of(ranges, self.bytes)?;
        let mut source = Holder { part: self, slice: Slice::default() };
        let hash = Walk { bytes: self.bytes, chunks: &chunks }.root(&mut source)?;
        Some((Part { hash, bytes: self.bytes }, source.slice))
    }

    fn value(&self, range: Range<u64>) -> Option<ChainingValue> {
        let inside = range.start / CHUNK..range.end.div_ceil(CHUNK);
        if self.chunks.range(inside).next().is_none() {
            let name = [range.start.to_le_bytes(), range.end.to_le_bytes()].concat();
            return Some(blake3::hash(&name).into());
        }
        let length = range.end - range.start;
        if length <= CHUNK {
            let chunk = self.chunks.get(&(range.start / CHUNK))?;
            let mut hasher = blake3::Hasher::new();
            hasher.set_input_offset(range.start).update(chunk);
            return Some(hasher.finalize_non_root());
        }
        let middle = range.start + left_part(length);
        let left = self.value(range.start..middle)?;
        let right = self.value(middle..range.end)?;
        Some(merge_subtrees_non_root(&left, &right, Mode::Hash))
    }
}

/// A slice of a sparse part being made.
struct Holder<'a> {
    part: &'a Sparse,
    slice: Slice,
}

impl Source for Holder<'_> {
    fn chunk(&mut self, range: Range<u64>) -> Option<&[u8]> {
        let chunk = self.part.chunks.get(&(range.start / CHUNK))?;
        self.slice.chunks.extend(chunk);
        Some(chunk)
    }

    fn beside(&mut self, range: Range<u64>) -> Option<ChainingValue> {
        let hash = self.part.value(range)?;
        self.slice.beside.push(hash);
        Some(hash)
    }
}

/// A walk over the tree of a part, from the left.
struct Walk<'a> {
    bytes: u64,
    chunks: &'a [u64],
}

impl Walk<'_> {
    fn root(&mut self, source: &mut impl Source) -> Option<Digest> {
        if self.bytes <= CHUNK {
            return source.chunk(0..self.bytes).map(|chunk| blake3::hash(chunk).into());
        }
        let middle = left_part(self.bytes);
        let left = self.value(0..middle, source)?;
        let right = self.value(middle..self.bytes, source)?;
        Some(merge_subtrees_root(&left, &right, Mode::Hash).into())
    }

    /// The chaining value of the subtree over these bytes.
    fn value(&mut self, range: Range<u64>, source: &mut impl Source) -> Option<ChainingValue> {
        let first = self.chunks.partition_point(|chunk| chunk * CHUNK < range.start);
        if self.chunks.get(first).is_none_or(|chunk| chunk * CHUNK >= range.end) {
            return source.beside(range);
        }
        let length = range.end - range.start;
        if length <= CHUNK {
            let offset = range.start;
            let mut hasher = blake3::Hasher::new();
            hasher.set_input_offset(offset).update(source.chunk(range)?);
            return Some(hasher.finalize_non_root());
        }
        let middle = range.start + left_part(length);
        let left = self.value(range.start..middle, source)?;
        let right = self.value(middle..range.end, source)?;
        Some(merge_subtrees_non_root(&left, &right, Mode::Hash))
    }
}

/// Bytes of the left subtree: the greatest power of two chunks below the whole.
fn left_part(bytes: u64) -> u64 {
    blake3::hazmat::left_subtree_len(bytes)
}
