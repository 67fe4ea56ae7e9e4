//! Four-bit weights with A8 inputs: two blocks of a pair share each multiplication by a scale.
//!
//! Nibbles are unsigned bytes of at most 15, so the 16-bit sums of a block's eight steps stay within
//! 8 * 2 * 15 * 127 = 30,480. `T = sum of (nibble - 8) * x` of a block is at most 32 * 8 * 127 = 32,512 and
//! `S = weight scale * input scale` at most 511 * 63 = 32,193 in magnitude: both fit 16 bits exactly,
//! and one `vpmaddwd` gives `T0 * S0 + T1 * S1`. Such sums stay in 32 bits for as many pairs as the
//! matrix has proven.

use core::arch::x86_64::*;

use super::minima::add_minima;
use super::walk::{CHUNK, Columns, HALF_STEP, Place, STEPS, Scheme, Sums, nth_half, prefetch};
use crate::inputs::InputRow;
use crate::packed::{GROUP, PAIR_FOUR, SCALES_FOUR};
use crate::quant::BLOCK;

/// The scheme of this file.
pub(super) enum Four {}

impl Scheme for Four {
    const HALVES: usize = 1;
    const COLUMNS: usize = 8;

    #[target_feature(enable = "avx2")]
    #[inline(never)]
    unsafe fn tile<const H: usize, const C: usize>(
        place: &Place<'_>,
        inputs: &[&InputRow; C],
        sums: &mut [Sums; C],
    ) {
        let quants = place.weights.group(place.group).as_ptr();
        let chunk = place.weights.chunk(place.group).min(CHUNK);
        let columns = Columns::of(inputs);
        for start in place.pairs.clone().step_by(chunk) {
            let mut narrow = [[_mm256_setzero_si256(); C]; H];
            for pair in start..place.pairs.end.min(start + chunk) {
                // SAFETY: the caller says that the group, the pairs and the inputs exist; a pair is
                // PAIR_FOUR bytes.
                unsafe {
                    let at = quants.add(pair * PAIR_FOUR);
                    add_pair(at, place.half, &columns, pair, &mut narrow);
                }
            }
            for (h, narrow) in narrow.into_iter().enumerate() {
                for (sums, narrow) in sums.iter_mut().zip(narrow) {
                    widen(&mut sums[nth_half::<H>(place.half, h)], narrow);
                }
            }
        }
        // SAFETY: as above.
        unsafe { add_minima::<H>(place, inputs, sums) };
    }
}

/// Adds sixteen products of sums and scales, in pairs.
///
/// # Safety
/// The pair is one of a matrix; the columns have such a pair.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn add_pair<const H: usize, const C: usize>(
    at: *const u8,
    half: usize,
    columns: &Columns<C>,
    pair: usize,
    narrow: &mut [[__m256i; C]; H],
) {
    // SAFETY: quants and scales of a pair lie within its bytes.
    let (first, second, scales) = unsafe {
        let first = at.add(half * HALF_STEP);
        let second = first.add(GROUP * BLOCK / 2);
        let scales = at.add(SCALES_FOUR + half * GROUP * 2);
        (
            dots::<H, C>(first, columns, 2 * pair),
            dots::<H, C>(second, columns, 2 * pair + 1),
            scales,
        )
    };
    for c in 0..C {
        // SAFETY: the columns have such a pair of sums and of scales.
        let (minus, x) = unsafe {
            let minus = columns.minus_sums[c].add(2 * pair).cast::<i64>().read_unaligned();
            (
                _mm256_set1_epi64x(minus),
                _mm256_set1_epi32(columns.scales[c].add(pair).read_unaligned()),
            )
        };
        let minus = _mm256_slli_epi16::<3>(low_words(minus));
        for h in 0..H {
            let centred = _mm256_add_epi16(pair_up(first[h][c], second[h][c]), minus);
            // SAFETY: eight pairs of scales stand behind one another.
            let weights = unsafe { _mm256_load_si256(scales.add(h * GROUP * 2).cast()) };
            let scaled = _mm256_madd_epi16(centred, _mm256_mullo_epi16(weights, x));
            narrow[h][c] = _mm256_add_epi32(narrow[h][c], scaled);
        }
    }
}

/// Two 16-bit sums per row whose total is the dot product of a block with the nibbles.
///
/// # Safety
/// The block is one of a matrix, from the half on; the columns have a block b.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) unsafe fn dots<const H: usize, const C: usize>(
    block: *const u8,
    columns: &Columns<C>,
    b: usize,
) -> [[__m256i; C]; H] {
    let nibble = _mm256_set1_epi8(15);
    let mut dots = [[_mm256_setzero_si256(); C]; H];
    for step in 0..columns.steps / 2 {
        prefetch::<C>(block.wrapping_add(2 * step * HALF_STEP));
        for h in 0..H {
            // SAFETY: a block is four double steps of two halves.
            let weights =
                unsafe { _mm256_load_si256(block.add((2 * step + h) * HALF_STEP).cast()) };
            let low = _mm256_and_si256(weights, nibble);
            let high = _mm256_and_si256(_mm256_srli_epi16::<4>(weights), nibble);
            for c in 0..C {
                // SAFETY: a block of an input row is eight steps of four bytes.
                let (x_low, x_high) = unsafe {
                    let x = columns.quants[c].add(b * STEPS + step);
                    (x.read_unaligned(), x.add(STEPS / 2).read_unaligned())
                };
                let low = _mm256_maddubs_epi16(low, _mm256_set1_epi32(x_low));
                let high = _mm256_maddubs_epi16(high, _mm256_set1_epi32(x_high));
                dots[h][c] = _mm256_add_epi16(_mm256_add_epi16(dots[h][c], low), high);
            }
        }
    }
    dots
}

/// Per 32-bit lane the sum of the first block's two halves, and above it that of the second's.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn pair_up(first: __m256i, second: __m256i) -> __m256i {
    let straight = _mm256_blend_epi16::<0xaa>(first, second);
    let crossed = _mm256_blend_epi16::<0xaa>(second, first);
    let swap = _mm256_setr_epi8(
        2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9,
        14, 15, 12, 13,
    );
    _mm256_add_epi16(straight, _mm256_shuffle_epi8(crossed, swap))
}

/// The low halves of two 32-bit numbers in each 32-bit lane, from both in each 64-bit lane.
#[inline]
#[target_feature(enable = "avx2")]
fn low_words(numbers: __m256i) -> __m256i {
    let words = _mm256_setr_epi8(
        0, 1, 4, 5, 0, 1, 4, 5, 0, 1, 4, 5, 0, 1, 4, 5, 0, 1, 4, 5, 0, 1, 4, 5, 0, 1, 4, 5, 0, 1,
        4, 5,
    );
    _mm256_shuffle_epi8(numbers, words)
}

/// Adds eight 32-bit sums to 64-bit ones.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::x86) fn widen(sums: &mut [__m256i; 2], narrow: __m256i) {
    let one = _mm256_set1_epi64x(1);
    sums[0] = _mm256_add_epi64(sums[0], _mm256_mul_epi32(narrow, one));
    sums[1] = _mm256_add_epi64(sums[1], _mm256_mul_epi32(super::walk::odd_lanes(narrow), one));
}
