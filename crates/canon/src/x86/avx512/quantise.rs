//! Rows into matmul inputs of eight bits with AVX-512.
//!
//! Sixteen blocks at a time, so that what a block has one of is a lane of a vector. After the row's
//! shift an entry is at most 32,004 in magnitude, so the quants are made in 16-bit lanes.

use core::arch::x86_64::*;

use crate::fixed::least_shift;
use crate::inputs::{InputKind, InputRow, WIDE_SHIFT};
use crate::portable::rows;
use crate::quant::{BLOCK, HALF};
use crate::reference::{QUANT_MAX, ROW_SCALE_MAX};

/// 32-bit lanes of a vector.
const LANES: usize = 16;
/// Blocks worked on at once.
const BATCH: usize = LANES;

/// `quant` of an entry z of a block of scale n, in two 16-bit steps: with `x = z + (z * FACTOR[n] >> 16)`
/// it is `(x * STEP[n] + 2^14) >> 15`. No rule is behind the factors but that each makes this equal
/// to section 3 for every entry of such a block, which a test goes through.
const FACTOR: [i16; 64] = [
    0, 0, 0, 21846, 0, -13109, 21844, 9361, 0, -7281, -13109, 29788, 21846, 15122, 9363, 4368, 0,
    -3855, -7283, -10349, -13107, -15605, 29788, 25645, 21844, 18349, 15124, 12135, 9361, 6780,
    4368, 2113, 0, -1987, -3855, -5617, -7283, -8856, -10349, -11764, -13107, -14387, -15605,
    32006, 29790, 27669, 25643, 23703, 21846, 20061, 18349, 16706, 15124, 13602, 12135, 10723,
    9361, 8047, 6780, 5554, 4370, 3224, 2113, 1039,
];
const STEP: [i16; 64] = steps();

const fn steps() -> [i16; 64] {
    let mut steps = [1 << 13; 64];
    let mut n = 0;
    while n < steps.len() {
        let mut from = 4;
        while 3 * n > from {
            steps[n] >>= 1;
            from *= 2;
        }
        n += 1;
    }
    steps
}

pub(super) fn quantise(row: &[i32], frac: u8, kind: InputKind, out: &mut InputRow) {
    match kind {
        // SAFETY: this table is only handed out on a machine with these features.
        InputKind::A8 => unsafe { quantise_a8(row, frac, out) },
        // As compiled for every processor: with these features it comes out 1.7 times as slow.
        InputKind::A16 => rows::quantise(row, frac, kind, out),
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn quantise_a8(row: &[i32], frac: u8, out: &mut InputRow) {
    let shift = least_shift(greatest(row), 4 * QUANT_MAX * ROW_SCALE_MAX);
    out.start(InputKind::A8, row.len(), shift as i32 + 2 - i32::from(frac));
    let mut batch = Batch::new(shift);
    for (at, blocks) in row.chunks(BATCH * BLOCK).enumerate() {
        batch.run(blocks, at * BATCH, out);
    }
}

/// The work on sixteen blocks. What a shorter batch leaves of the one before is never stored.
struct Batch {
    half: __m512i,
    shift: __m128i,
    /// Per block, the shifted entries: of each of four lanes, four of the first and of the second
    /// half of the block.
    entries: [__m512i; BATCH],
}

impl Batch {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn new(shift: u32) -> Self {
        Self {
            half: _mm512_set1_epi32((1 << shift) >> 1),
            shift: _mm_cvtsi32_si128(shift as i32),
            entries: [_mm512_setzero_si512(); BATCH],
        }
    }

    /// Quantises `blocks`, which are the row's from block `first` on.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn run(&mut self, blocks: &[i32], first: usize, out: &mut InputRow) {
        let count = blocks.len() / BLOCK;
        let scales = self.shift_and_scale(blocks);
        if count % 2 == 1 {
            // Quantised beside the last block, into the row's padding.
            self.entries[count] = _mm512_setzero_si512();
        }
        let place = &mut out.quants.bytes_mut()[first * BLOCK..];
        let (sums, halves) = self.quants(scales, place, count);
        derive(first, count, scales, sums, halves, out);
    }

    /// Shifts block b; returns eight magnitudes with its greatest among them.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn shift_block(&mut self, blocks: &[i32], b: usize) -> __m128i {
        let Some(block) = blocks.as_chunks::<BLOCK>().0.get(b) else { return _mm_setzero_si128() };
        let (first, second) = block.split_at(LANES);
        // SAFETY: each has sixteen entries.
        let [first, second] = unsafe {
            [_mm512_loadu_si512(first.as_ptr().cast()), _mm512_loadu_si512(second.as_ptr().cast())]
        };
        let first = _mm512_sra_epi32(_mm512_add_epi32(first, self.half), self.shift);
        let second = _mm512_sra_epi32(_mm512_add_epi32(second, self.half), self.shift);
        let entries = _mm512_packs_epi32(first, second);
        self.entries[b] = entries;
        let peak = _mm512_abs_epi16(entries);
        let other = _mm512_extracti64x4_epi64::<1>(peak);
        let peak = _mm256_max_epu16(_mm512_castsi512_si256(peak), other);
        _mm_max_epu16(_mm256_castsi256_si128(peak), _mm256_extracti128_si256::<1>(peak))
    }

    /// Shifts blocks j, 4 + j, 8 + j and 12 + j; returns the magnitudes of each in a lane.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn shift_four(&mut self, blocks: &[i32], j: usize) -> __m512i {
        let low = _mm256_castsi128_si256(self.shift_block(blocks, j));
        let low = _mm256_inserti128_si256::<1>(low, self.shift_block(blocks, 4 + j));
        let high = _mm256_castsi128_si256(self.shift_block(blocks, 8 + j));
        let high = _mm256_inserti128_si256::<1>(high, self.shift_block(blocks, 12 + j));
        _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high)
    }

    /// Shifts the blocks; returns their scales.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn shift_and_scale(&mut self, blocks: &[i32]) -> __m512i {
        let [a, b] = [self.shift_four(blocks, 0), self.shift_four(blocks, 1)];
        let [c, d] = [self.shift_four(blocks, 2), self.shift_four(blocks, 3)];
        let ab = _mm512_max_epu16(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
        let cd = _mm512_max_epu16(_mm512_unpacklo_epi64(c, d), _mm512_unpackhi_epi64(c, d));
        let (ab, cd) = (_mm512_castsi512_ps(ab), _mm512_castsi512_ps(cd));
        let even = _mm512_castps_si512(_mm512_shuffle_ps::<0x88>(ab, cd));
        let odd = _mm512_castps_si512(_mm512_shuffle_ps::<0xdd>(ab, cd));
        let both = _mm512_max_epu16(even, odd);
        let peak = _mm512_max_epu16(both, _mm512_srli_epi32::<16>(both));
        let peak = _mm512_and_si512(peak, _mm512_set1_epi32(0xffff));
        // The quotient by 508 rounded up: by 4, then by 127.
        let above = _mm512_srli_epi32::<2>(_mm512_add_epi32(peak, _mm512_set1_epi32(507)));
        let scale = _mm512_srli_epi32::<22>(_mm512_mullo_epi32(above, _mm512_set1_epi32(33_027)));
        _mm512_max_epu32(scale, _mm512_set1_epi32(1))
    }

    /// Stores the quants; returns the blocks' sums, and those of their first halves.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
    fn quants(&self, scales: __m512i, place: &mut [u8], count: usize) -> (__m512i, __m512i) {
        let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
        let (factors, steps) = (looked_up(&FACTOR, scales), looked_up(&STEP, scales));
        let sign = _mm512_set1_epi8(i8::MIN);
        let mut sums = [_mm512_setzero_si512(); BATCH / 2];
        for pair in 0..count.div_ceil(2) {
            let [first, second] = [2 * pair, 2 * pair + 1].map(|b| {
                let (z, factor) = (self.entries[b], _mm512_set1_epi32(factors[b]));
                let x = _mm512_add_epi16(z, _mm512_mulhi_epi16(z, factor));
                _mm512_mulhrs_epi16(x, _mm512_set1_epi32(steps[b]))
            });
            let bytes = _mm512_permutexvar_epi32(order, _mm512_packs_epi16(first, second));
            let place = &mut place[pair * 2 * BLOCK..][..2 * BLOCK];
            // SAFETY: the slice has 64 bytes.
            unsafe { _mm512_storeu_si512(place.as_mut_ptr().cast(), bytes) };
            sums[pair] = _mm512_sad_epu8(_mm512_xor_si512(bytes, sign), _mm512_setzero_si512());
        }
        // The quarters of a pair's first halves.
        let halves = sums.map(|sums| _mm512_maskz_mov_epi64(0b0011_0011, sums));
        (
            _mm512_sub_epi32(gathered(sums), _mm512_set1_epi32(128 * BLOCK as i32)),
            _mm512_sub_epi32(gathered(halves), _mm512_set1_epi32(128 * HALF as i32)),
        )
    }
}

/// The table's entries of sixteen blocks, each twice in its lane.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn looked_up(table: &[i16; 64], scales: __m512i) -> [i32; BATCH] {
    let twice = _mm512_or_si512(scales, _mm512_slli_epi32::<16>(scales));
    let mut found = [0; BATCH];
    // SAFETY: the table has 128 bytes and the array 64.
    unsafe {
        let low = _mm512_loadu_si512(table.as_ptr().cast());
        let high = _mm512_loadu_si512(table.as_ptr().add(32).cast());
        let entries = _mm512_permutex2var_epi16(low, twice, high);
        _mm512_storeu_si512(found.as_mut_ptr().cast(), entries);
    }
    found
}

/// Per block the sum of its four quarters, which are the lanes of half a vector.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn gathered(sums: [__m512i; BATCH / 2]) -> __m512i {
    let two = |i: usize| _mm512_add_epi64(sums[i], _mm512_slli_epi64::<32>(sums[i + 1]));
    let four = |a: __m512i, b: __m512i| {
        _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b))
    };
    let (low, high) = (four(two(0), two(2)), four(two(4), two(6)));
    let first = _mm512_shuffle_i64x2::<0b10_00_10_00>(low, high);
    let sums = _mm512_add_epi32(first, _mm512_shuffle_i64x2::<0b11_01_11_01>(low, high));
    let order = _mm512_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
    _mm512_permutexvar_epi32(order, sums)
}

/// Stores what derives from scales and sums, as [`InputRow::derive_a8`] does for one block.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn derive(
    first: usize,
    count: usize,
    scales: __m512i,
    sums: __m512i,
    halves: __m512i,
    out: &mut InputRow,
) {
    let second = _mm512_sub_epi32(halves, sums);
    let first_half = _mm512_sub_epi32(_mm512_setzero_si512(), halves);
    let totals = _mm512_mullo_epi32(scales, sums);
    let high = _mm512_srai_epi32::<10>(_mm512_add_epi32(totals, _mm512_set1_epi32(512)));
    let low = _mm512_sub_epi32(totals, _mm512_slli_epi32::<10>(high));
    let minus = _mm512_sub_epi32(_mm512_setzero_si512(), sums);
    let mask = u16::MAX >> (BATCH - count);
    let of_row = first..first + count;
    // Every field by name, so that one that is new has to be thought of here.
    let InputRow {
        kind: _,
        inputs: _,
        exponent: _,
        quants: _,
        low: _,
        scales: scale_words,
        minus_sums,
        minus_sums_128,
        half_starts: [first_starts, second_starts],
        wide_scales,
        minus_low_sums: _,
        sum_high,
        sum_low,
    } = out;
    let entries = [
        (minus_sums, minus),
        (minus_sums_128, _mm512_slli_epi32::<7>(minus)),
        (first_starts, _mm512_slli_epi32::<5>(first_half)),
        (second_starts, _mm512_slli_epi32::<5>(second)),
        (wide_scales, _mm512_slli_epi32::<WIDE_SHIFT>(scales)),
    ]
    .map(|(entries, value)| (&mut entries[of_row.clone()], value));
    let words = [(scale_words, scales), (sum_high, high), (sum_low, low)]
        .map(|(lines, value)| (&mut lines.words_mut()[of_row.clone()], value));
    // SAFETY: each slice has as many entries as the mask has bits.
    unsafe {
        for (place, value) in entries {
            _mm512_mask_storeu_epi32(place.as_mut_ptr(), mask, value);
        }
        for (place, value) in words {
            _mm256_mask_storeu_epi16(place.as_mut_ptr(), mask, _mm512_cvtepi32_epi16(value));
        }
    }
}

/// The greatest magnitude of a row of whole blocks.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn greatest(row: &[i32]) -> u32 {
    let mut peak = [_mm512_setzero_si512(); 2];
    for block in row.chunks_exact(BLOCK) {
        for half in 0..2 {
            let entries = &block[half * LANES..][..LANES];
            // SAFETY: the slice has sixteen entries.
            let entries = unsafe { _mm512_loadu_si512(entries.as_ptr().cast()) };
            peak[half] = _mm512_max_epu32(peak[half], _mm512_abs_epi32(entries));
        }
    }
    _mm512_reduce_max_epu32(_mm512_max_epu32(peak[0], peak[1]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functions::reciprocal;

    #[test]
    fn two_short_steps_make_every_quant() {
        for n in 1..=ROW_SCALE_MAX {
            let (factor, step) = (i32::from(FACTOR[n as usize]), i32::from(STEP[n as usize]));
            let (most, exact) = (4 * (QUANT_MAX * n) as i32, i64::from(reciprocal(21, n)));
            for z in -most..=most {
                let x = i16::try_from(z + ((z * factor) >> 16)).expect("a 16-bit lane holds it");
                let quant = (i32::from(x) * step + (1 << 14)) >> 15;
                let wanted = (i64::from(z) * exact + (1 << 22)) >> 23;
                assert_eq!(i64::from(quant), wanted, "entry {z} of a block of scale {n}");
            }
        }
    }

    #[test]
    fn the_quotient_by_508_is_exact() {
        for peak in 0..=4 * QUANT_MAX * ROW_SCALE_MAX {
            assert_eq!((((peak + 507) >> 2) * 33_027) >> 22, peak.div_ceil(508), "peak {peak}");
        }
    }
}
