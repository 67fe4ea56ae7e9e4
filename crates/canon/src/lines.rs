//! Memory aligned to cache lines, which vector loads want.
//!
//! Never grows behind the caller's back: a length is given once.

use core::ptr::NonNull;
use std::sync::Arc;

use crate::slab::Piece;

/// Bytes of a cache line.
pub(crate) const LINE_BYTES: usize = 64;

/// One cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Line([u8; LINE_BYTES]);

/// Zeroed bytes that start on a cache line.
pub(crate) struct Lines {
    start: NonNull<Line>,
    count: usize,
    #[expect(dead_code, reason = "it keeps the memory, which `start` reaches")]
    owner: Owner,
}

/// What keeps the memory.
#[expect(dead_code, reason = "kept, never read")]
enum Owner {
    /// These lines alone; never touched but through `start`.
    Alone(Vec<Line>),
    /// A piece that others have parts of.
    Shared(Arc<Piece>),
}

// SAFETY: lines are plain bytes that only their `Lines` reaches, whoever owns the memory.
unsafe impl Send for Lines {}
// SAFETY: as above; through `&Lines` they are only read.
unsafe impl Sync for Lines {}

impl Lines {
    /// At least `bytes` zero bytes, rounded up to whole lines.
    #[must_use]
    pub(crate) fn zeroed(bytes: usize) -> Self {
        Self::of(vec![Line([0; LINE_BYTES]); bytes.div_ceil(LINE_BYTES)])
    }

    fn of(mut lines: Vec<Line>) -> Self {
        let start = NonNull::new(lines.as_mut_ptr()).expect("a vector's pointer is never null");
        Self { start, count: lines.len(), owner: Owner::Alone(lines) }
    }

    /// A part of a piece.
    ///
    /// # Safety
    /// The lines are initialised, lie in the piece, and nobody else reaches them.
    #[must_use]
    pub(crate) unsafe fn part(piece: Arc<Piece>, start: NonNull<Line>, count: usize) -> Self {
        Self { start, count, owner: Owner::Shared(piece) }
    }

    /// All bytes.
    #[must_use]
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: `start` is `count` lines that `owner` keeps and only this value reaches; a `Line`
        // is 64 initialised bytes without padding, and u8 has no alignment.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr().cast(), self.count * LINE_BYTES) }
    }

    /// All bytes, to be written.
    #[must_use]
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        let length = self.count * LINE_BYTES;
        // SAFETY: as in `bytes`; every bit pattern is a valid `Line`, and the borrow is exclusive.
        unsafe { core::slice::from_raw_parts_mut(self.start.as_ptr().cast(), length) }
    }

    /// All bytes as signed.
    #[must_use]
    pub(crate) fn signed(&self) -> &[i8] {
        // SAFETY: as in `bytes`; i8 has the size and alignment of u8 and no invalid pattern.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr().cast(), self.count * LINE_BYTES) }
    }

    /// All bytes as signed, to be written.
    #[must_use]
    pub(crate) fn signed_mut(&mut self) -> &mut [i8] {
        let length = self.count * LINE_BYTES;
        // SAFETY: as in `bytes_mut` and `signed`.
        unsafe { core::slice::from_raw_parts_mut(self.start.as_ptr().cast(), length) }
    }

    /// All bytes as 16-bit integers of this machine.
    #[must_use]
    pub(crate) fn words(&self) -> &[i16] {
        let length = self.count * (LINE_BYTES / 2);
        // SAFETY: as in `bytes`; a line is aligned to 64 and holds 32 whole i16.
        unsafe { core::slice::from_raw_parts(self.start.as_ptr().cast(), length) }
    }

    /// All bytes as 16-bit integers of this machine, to be written.
    #[must_use]
    pub(crate) fn words_mut(&mut self) -> &mut [i16] {
        let length = self.count * (LINE_BYTES / 2);
        // SAFETY: as in `bytes_mut` and `words`.
        unsafe { core::slice::from_raw_parts_mut(self.start.as_ptr().cast(), length) }
    }
}

impl Clone for Lines {
    /// A copy with memory of its own.
    fn clone(&self) -> Self {
        let mut copy = Self::zeroed(self.count * LINE_BYTES);
        copy.bytes_mut().copy_from_slice(self.bytes());
        copy
    }
}
