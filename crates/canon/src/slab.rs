//! Memory for many matrices in a few large pieces, which the system may back with huge pages.
//!
//! Decoding reads every weight once per token, so it is bound by memory, and much of that by
//! translating addresses: most matrices of a small model are shorter than one huge page, so huge
//! pages help only where matrices share them. Where the system offers none this is ordinary memory.
//!
//! A slab only grows; a piece is given back when the last matrix in it is dropped. Never hands the
//! same bytes out twice.

use core::ptr::NonNull;
use std::sync::Arc;

use crate::lines::{LINE_BYTES, Lines};

/// Bytes of a huge page.
#[cfg(target_os = "linux")]
const HUGE_PAGE: usize = 2 << 20;
/// Bytes of a piece; a longer matrix gets one of its own.
const PIECE_BYTES: usize = 64 << 20;

/// Hands out zeroed memory.
#[derive(Default)]
pub struct Slab {
    piece: Option<Arc<Piece>>,
    used: usize,
}

impl Slab {
    /// At least `bytes` zero bytes, rounded up to whole lines.
    #[must_use]
    pub(crate) fn zeroed(&mut self, bytes: usize) -> Lines {
        let bytes = bytes.next_multiple_of(LINE_BYTES);
        let room = self.piece.as_ref().map_or(0, |piece| piece.bytes - self.used);
        if bytes > room {
            let Some(piece) = Piece::new(bytes.max(PIECE_BYTES)) else {
                return Lines::zeroed(bytes);
            };
            (self.piece, self.used) = (Some(Arc::new(piece)), 0);
        }
        let Some(piece) = &self.piece else { return Lines::zeroed(bytes) };
        // SAFETY: `used + bytes` is at most the piece's length.
        let start = unsafe { piece.start.add(self.used) };
        self.used += bytes;
        // SAFETY: these bytes are zero, start on a cache line (so did every part before), lie in
        // the piece, which the lines keep alive, and are handed out to nobody else.
        unsafe { Lines::part(Arc::clone(piece), start.cast(), bytes / LINE_BYTES) }
    }
}

/// Zeroed memory of the system, at a huge page's boundary.
pub(crate) struct Piece {
    start: NonNull<u8>,
    bytes: usize,
    /// The whole mapping, which is given back.
    #[cfg(target_os = "linux")]
    mapped: (NonNull<u8>, usize),
}

// SAFETY: a piece is plain memory that belongs to whoever holds it; it has no thread of its own.
unsafe impl Send for Piece {}
// SAFETY: as above; the parts handed out are disjoint.
unsafe impl Sync for Piece {}

#[cfg(target_os = "linux")]
impl Piece {
    /// At least this many bytes; `None` where the system gives none.
    fn new(bytes: usize) -> Option<Self> {
        use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap_anonymous};

        let bytes = bytes.checked_next_multiple_of(HUGE_PAGE)?;
        let mapped_bytes = bytes.checked_add(HUGE_PAGE)?;
        let (protection, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
        // SAFETY: a new mapping at an address of the system's choice touches nobody's memory.
        let mapped =
            unsafe { mmap_anonymous(core::ptr::null_mut(), mapped_bytes, protection, flags).ok()? };
        let mapped = NonNull::new(mapped.cast::<u8>())?;
        let skip = mapped.as_ptr().align_offset(HUGE_PAGE);
        // SAFETY: `skip` is less than a huge page, and one more than `bytes` is mapped.
        let start = unsafe { mapped.add(skip) };
        // SAFETY: these bytes are ours; the advice changes none of them. A system that does not
        // know it goes on without.
        let _ = unsafe { madvise(start.as_ptr().cast(), bytes, Advice::LinuxHugepage) };
        Some(Self { start, bytes, mapped: (mapped, mapped_bytes) })
    }
}

#[cfg(not(target_os = "linux"))]
impl Piece {
    /// Nothing is gained here: matrices own their memory.
    fn new(_bytes: usize) -> Option<Self> {
        None
    }
}

#[cfg(target_os = "linux")]
impl Drop for Piece {
    fn drop(&mut self) {
        let (start, bytes) = self.mapped;
        // SAFETY: the mapping is the piece's own, and nobody holds a part of it any more.
        let _ = unsafe { rustix::mm::munmap(start.as_ptr().cast(), bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_zero_aligned_disjoint_and_outlive_the_slab() {
        let mut slab = Slab::default();
        let sizes = [0, 1, 64, 65, 3 << 20, PIECE_BYTES - 1, PIECE_BYTES + 1, 100];
        let mut parts: Vec<Lines> = sizes.iter().map(|bytes| slab.zeroed(*bytes)).collect();
        drop(slab);
        for (part, bytes) in parts.iter_mut().zip(sizes) {
            assert_eq!(part.bytes().len(), bytes.next_multiple_of(LINE_BYTES));
            assert_eq!(part.bytes().as_ptr().align_offset(LINE_BYTES), 0);
            assert!(part.bytes().iter().all(|byte| *byte == 0));
            part.bytes_mut().fill(0xff);
        }
        let copy = parts[3].clone();
        drop(parts);
        assert!(copy.bytes().iter().all(|byte| *byte == 0xff));
    }
}
