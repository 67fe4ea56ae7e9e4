//! Memory aligned to cache lines, which vector loads want.
//!
//! Never grows behind the caller's back: a length is given once.

/// One cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Zeroed bytes that start on a cache line.
#[derive(Clone)]
pub(crate) struct Lines {
    lines: Vec<Line>,
}

impl Lines {
    /// At least `bytes` zero bytes, rounded up to whole lines.
    #[must_use]
    pub(crate) fn zeroed(bytes: usize) -> Self {
        Self { lines: vec![Line([0; 64]); bytes.div_ceil(64)] }
    }

    /// All bytes.
    #[must_use]
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: `Line` is 64 initialised bytes without padding, and u8 has no alignment.
        unsafe { core::slice::from_raw_parts(self.lines.as_ptr().cast(), self.lines.len() * 64) }
    }

    /// All bytes, to be written.
    #[must_use]
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        let length = self.lines.len() * 64;
        // SAFETY: as in `bytes`; every bit pattern is a valid `Line`, and the borrow is exclusive.
        unsafe { core::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), length) }
    }

    /// All bytes as signed.
    #[must_use]
    pub(crate) fn signed(&self) -> &[i8] {
        // SAFETY: as in `bytes`; i8 has the size and alignment of u8 and no invalid pattern.
        unsafe { core::slice::from_raw_parts(self.lines.as_ptr().cast(), self.lines.len() * 64) }
    }

    /// All bytes as signed, to be written.
    #[must_use]
    pub(crate) fn signed_mut(&mut self) -> &mut [i8] {
        let length = self.lines.len() * 64;
        // SAFETY: as in `bytes_mut` and `signed`.
        unsafe { core::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), length) }
    }

    /// All bytes as 16-bit integers of this machine.
    #[must_use]
    pub(crate) fn words(&self) -> &[i16] {
        // SAFETY: as in `bytes`; a line is aligned to 64 and holds 32 whole i16.
        unsafe { core::slice::from_raw_parts(self.lines.as_ptr().cast(), self.lines.len() * 32) }
    }

    /// All bytes as 16-bit integers of this machine, to be written.
    #[must_use]
    pub(crate) fn words_mut(&mut self) -> &mut [i16] {
        let length = self.lines.len() * 32;
        // SAFETY: as in `bytes_mut` and `words`.
        unsafe { core::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), length) }
    }
}
