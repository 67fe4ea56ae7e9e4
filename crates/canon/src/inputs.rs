//! A row of inputs as kernels read it.
//!
//! Holds the integers of `spec/arithmetic.md` section 3 and sums derived from them, which the
//! kernels need because they keep weights as unsigned bytes. Memory is kept between rows.

use crate::lines::Lines;
use crate::quant::{BLOCK, HALF};
use crate::reference::{A16_MAX, QUANT_MAX, ROW_SCALE_MAX};

/// What a matmul reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InputKind {
    /// int8 in blocks of 32 with integer block scales.
    A8,
    /// 16-bit integers with one scale per row.
    A16,
}

/// One row of inputs.
pub struct InputRow {
    pub(crate) kind: InputKind,
    pub(crate) inputs: usize,
    /// The row's exponent e.
    pub(crate) exponent: i32,
    /// A8: the quants. A16: the high plane (value = 256 * high + low).
    pub(crate) quants: Lines,
    /// A16: the low plane, signed.
    pub(crate) low: Lines,
    /// A8: block scales, padded to whole pairs with zeros; A16: ones.
    pub(crate) scales: Lines,
    /// Per block: minus the sum of its quants (A16: of its high plane).
    pub(crate) minus_sums: Vec<i32>,
    /// A8: `minus_sums` times 128, for weights that count from there.
    pub(crate) minus_sums_128: Vec<i32>,
    /// A8: per block, -32 times the sum of its first half's quants, for weights that count from there; then of its
    /// second half's.
    pub(crate) half_starts: [Vec<i32>; 2],
    /// A8: `scales`, shifted by [`WIDE_SHIFT`]; padding as there.
    pub(crate) wide_scales: Vec<i32>,
    /// A16: minus the sum of the low plane.
    pub(crate) minus_low_sums: Vec<i32>,
    /// Per block the sum of its integer entries, as `1024 * sum_high + sum_low`, padded to pairs.
    pub(crate) sum_high: Lines,
    /// See `sum_high`; -512..=511.
    pub(crate) sum_low: Lines,
}

/// How far `wide_scales` are shifted: their products with dot products then have 14 bits in the lower
/// half of a 32-bit lane.
pub(crate) const WIDE_SHIFT: u32 = 2;

/// Whether 32-bit sums hold the minima of so many pairs times either part of their blocks' sums.
///
/// A centred minimum is `min + 8 * scale`, at most 16,383 + 8 * 511 = 20,471. The entries of an A16 block
/// sum to 32 * 32,639 at most, so `sum_high` to 1,020 (of A8, 63 * 127 each, to 250).
#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    all(target_arch = "wasm32", target_feature = "simd128")
))]
pub(crate) const fn minima_fit(pairs: usize) -> bool {
    use crate::quant::{MIN_MAX, SCALE_MAX_4};

    let minimum = MIN_MAX as u64 + 8 * SCALE_MAX_4 as u64;
    let sum_high = (BLOCK as u64 * A16_MAX as u64 + 512) >> 10;
    2 * pairs as u64 * minimum * sum_high < 1 << 31
}

impl InputRow {
    /// Room for rows of up to `inputs` entries.
    #[must_use]
    pub fn new(inputs: usize) -> Self {
        let blocks = (inputs / BLOCK).next_multiple_of(2);
        Self {
            kind: InputKind::A8,
            inputs: 0,
            exponent: 0,
            quants: Lines::zeroed(blocks * BLOCK),
            low: Lines::zeroed(blocks * BLOCK),
            scales: Lines::zeroed(blocks * 2),
            minus_sums: vec![0; blocks],
            minus_sums_128: vec![0; blocks],
            half_starts: [vec![0; blocks], vec![0; blocks]],
            wide_scales: vec![0; blocks],
            minus_low_sums: vec![0; blocks],
            sum_high: Lines::zeroed(blocks * 2),
            sum_low: Lines::zeroed(blocks * 2),
        }
    }

    /// The row's exponent.
    #[must_use]
    pub fn exponent(&self) -> i32 {
        self.exponent
    }

    /// Entries of the row it holds.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Holds a row that is already quantised into blocks: scales of 1..=63, quants of -127..=127.
    ///
    /// # Panics
    /// Where the row is longer than the room, there is not one scale per block, or a number leaves its
    /// bound (the kernels' widths hold within them only).
    pub fn set_a8(&mut self, exponent: i32, scales: &[u8], quants: &[i8]) {
        assert!(scales.len() * BLOCK == quants.len(), "not one scale per block");
        let scales_fit =
            scales.iter().all(|scale| (1..=ROW_SCALE_MAX).contains(&u32::from(*scale)));
        let quants_fit = quants.iter().all(|quant| u32::from(quant.unsigned_abs()) <= QUANT_MAX);
        assert!(scales_fit && quants_fit, "a scale outside 1..=63, or a quant of -128");
        self.start(InputKind::A8, quants.len(), exponent);
        for (b, block) in quants.chunks_exact(BLOCK).enumerate() {
            self.quants.signed_mut()[b * BLOCK..][..BLOCK].copy_from_slice(block);
            let (first, second) = block.split_at(HALF);
            let sum = |half: &[i8]| half.iter().copied().map(i32::from).sum();
            self.derive_a8(b, scales[b].into(), [sum(first), sum(second)]);
        }
    }

    /// Holds a row of 16-bit entries, at most 32,639 in magnitude.
    ///
    /// # Panics
    /// Where the row is longer than the room, not whole blocks, or an entry is greater.
    pub fn set_a16(&mut self, exponent: i32, entries: &[i16]) {
        let fit = entries.iter().all(|entry| u32::from(entry.unsigned_abs()) <= A16_MAX);
        assert!(fit, "an entry above 32,639 in magnitude");
        self.start(InputKind::A16, entries.len(), exponent);
        for (b, block) in entries.chunks_exact(BLOCK).enumerate() {
            let (mut high_sum, mut low_sum) = (0, 0);
            for (k, entry) in block.iter().enumerate() {
                let high = (i32::from(*entry) + 128) >> 8;
                let low = i32::from(*entry) - (high << 8);
                high_sum += high;
                low_sum += low;
                self.quants.signed_mut()[b * BLOCK + k] = high as i8;
                self.low.signed_mut()[b * BLOCK + k] = low as i8;
            }
            self.derive_a16(b, high_sum, low_sum);
        }
    }

    /// Block b of a row in blocks, read back: its scale and quants.
    ///
    /// # Panics
    /// Where the row is of the other kind or has no such block.
    #[must_use]
    pub fn a8_block(&self, b: usize) -> (u8, [i8; BLOCK]) {
        assert!(self.kind == InputKind::A8 && b < self.inputs / BLOCK, "no such block");
        let quants = &self.quants.signed()[b * BLOCK..][..BLOCK];
        (self.scales.words()[b] as u8, core::array::from_fn(|k| quants[k]))
    }

    /// Entry k of a row of 16-bit entries, read back.
    ///
    /// # Panics
    /// Where the row is of the other kind or has no such entry.
    #[must_use]
    pub fn a16_entry(&self, k: usize) -> i16 {
        assert!(self.kind == InputKind::A16 && k < self.inputs, "no such entry");
        i16::from(self.quants.signed()[k]) * 256 + i16::from(self.low.signed()[k])
    }

    /// The sum of the integer entries of a half of block b, or of the padding behind an odd count.
    pub(crate) fn half_sum(&self, b: usize, half: usize) -> i32 {
        let of = |plane: &Lines| -> i32 {
            plane.signed()[b * BLOCK + half * HALF..][..HALF].iter().map(|q| i32::from(*q)).sum()
        };
        match self.kind {
            InputKind::A8 => i32::from(self.scales.words()[b]) * of(&self.quants),
            InputKind::A16 => 256 * of(&self.quants) + of(&self.low),
        }
    }

    /// The sums of the integer entries of both halves of block b of an A8 row, as `1024 * high + low`: both
    /// halves' high parts side by side in 16 bits each, then their low parts.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(crate) fn half_entries(&self, b: usize) -> [i32; 2] {
        let scale = i32::from(self.scales.words()[b]);
        let entries = [0, 1].map(|half| -(self.half_starts[half][b] >> 5) * scale);
        let high = entries.map(|entries| (entries + 512) >> 10);
        let low = [0, 1].map(|half| entries[half] - (high[half] << 10));
        [high, low].map(|[first, second]| second << 16 | first & 0xffff)
    }

    /// Starts a row: sets its length and clears the padding block of an odd count.
    ///
    /// # Panics
    /// Where the row is longer than the room, or not whole blocks.
    pub(crate) fn start(&mut self, kind: InputKind, inputs: usize, exponent: i32) {
        let blocks = inputs / BLOCK;
        assert!(inputs.is_multiple_of(BLOCK) && blocks <= self.minus_sums.len(), "row too long");
        self.kind = kind;
        self.inputs = inputs;
        self.exponent = exponent;
        if blocks % 2 == 1 {
            self.scales.words_mut()[blocks] = 0;
            self.sum_high.words_mut()[blocks] = 0;
            self.sum_low.words_mut()[blocks] = 0;
            self.minus_sums[blocks] = 0;
            self.minus_sums_128[blocks] = 0;
            self.half_starts[0][blocks] = 0;
            self.half_starts[1][blocks] = 0;
            self.wide_scales[blocks] = 0;
            self.minus_low_sums[blocks] = 0;
            self.quants.bytes_mut()[inputs..inputs + BLOCK].fill(0);
            self.low.bytes_mut()[inputs..inputs + BLOCK].fill(0);
        }
    }

    /// Stores what derives from block b of an A8 row: from its scale and the sums of its halves.
    #[inline(always)]
    pub(crate) fn derive_a8(&mut self, b: usize, scale: i32, halves: [i32; 2]) {
        let sum = halves[0] + halves[1];
        self.half_starts[0][b] = -32 * halves[0];
        self.half_starts[1][b] = -32 * halves[1];
        self.scales.words_mut()[b] = scale as i16;
        self.minus_sums[b] = -sum;
        self.minus_sums_128[b] = -128 * sum;
        self.wide_scales[b] = scale << WIDE_SHIFT;
        let entries = scale * sum;
        let high = (entries + 512) >> 10;
        self.sum_high.words_mut()[b] = high as i16;
        self.sum_low.words_mut()[b] = (entries - (high << 10)) as i16;
    }

    /// Stores what derives from block b of an A16 row.
    #[inline(always)]
    pub(crate) fn derive_a16(&mut self, b: usize, high_sum: i32, low_sum: i32) {
        self.scales.words_mut()[b] = 1;
        self.minus_sums[b] = -high_sum;
        self.minus_low_sums[b] = -low_sum;
        let entries = 256 * high_sum + low_sum;
        let high = (entries + 512) >> 10;
        self.sum_high.words_mut()[b] = high as i16;
        self.sum_low.words_mut()[b] = (entries - (high << 10)) as i16;
    }
}
