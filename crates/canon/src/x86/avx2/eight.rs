//! Eight-bit weights with A8 inputs: exact products in 64-bit sums.
//!
//! `vpmaddubsw` multiplies unsigned with signed bytes, and its pairs of products saturate: `weight +
//! 128` is never given to it whole. Its two nibbles are: pairs of at most 2 * 15 * 127, and the eight
//! steps of a block stay within 30,480. This leaves two multiplications for a step; magnitudes and
//! signs (`vpabsb`, `vpsignb`) need three instructions of the multiplier's ports, but fewer in all
//! for one column, which shares nothing.
//!
//! A block's dot products fit 20 bits, times the input's block scale 27, times the weight's scale
//! 42.

use core::arch::x86_64::*;

use super::minima::add_minima;
use super::walk::{
    Columns, HALF_STEP, HalfSums, Place, STEPS, Scheme, Sums, nth_half, odd_lanes, prefetch,
};
use crate::inputs::InputRow;
use crate::packed::{GROUP, PAIR_EIGHT, SCALES_EIGHT};
use crate::quant::BLOCK;

/// The scheme of this file.
pub(super) enum Eight {}

impl Scheme for Eight {
    const HALVES: usize = 1;
    const COLUMNS: usize = 6;

    #[target_feature(enable = "avx2")]
    #[inline(never)]
    unsafe fn tile<const H: usize, const C: usize>(
        place: &Place<'_>,
        inputs: &[&InputRow; C],
        sums: &mut [Sums; C],
    ) {
        let quants = place.weights.group(place.group).as_ptr();
        let columns = Columns::of(inputs);
        for pair in place.pairs.clone() {
            // SAFETY: the caller says that the group, the pairs and the inputs exist; a pair is
            // PAIR_EIGHT bytes.
            unsafe {
                let at = quants.add(pair * PAIR_EIGHT);
                block::<H, C, 0>(at, place.half, &columns, pair, sums);
                block::<H, C, 1>(at, place.half, &columns, pair, sums);
            }
        }
        // SAFETY: as above.
        unsafe { add_minima::<H>(place, inputs, sums) };
    }
}

/// Adds one block of a pair to the sums.
///
/// # Safety
/// The pair is one of a matrix; the columns have such a pair.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn block<const H: usize, const C: usize, const SECOND: usize>(
    at: *const u8,
    half: usize,
    columns: &Columns<C>,
    pair: usize,
    sums: &mut [Sums; C],
) {
    // SAFETY: quants and scales of a pair lie within its bytes.
    let (quants, scales) = unsafe {
        let quants = at.add(SECOND * GROUP * BLOCK + half * HALF_STEP);
        (quants, at.add(SCALES_EIGHT + (SECOND * GROUP + half * 8) * 2))
    };
    let b = 2 * pair + SECOND;
    // SAFETY: as above.
    let dots = unsafe {
        if C == 1 { dots_of_one(quants, columns, b) } else { dots::<H, C>(quants, columns, b) }
    };
    for h in 0..H {
        // SAFETY: as above: eight scales of 16 bits.
        let scales = unsafe { load_scales::<SECOND>(scales.add(h * 16)) };
        for c in 0..C {
            // SAFETY: the columns have such a pair of scales.
            let x = unsafe { _mm256_set1_epi32(columns.scales[c].add(pair).read_unaligned()) };
            add_scaled(
                &mut sums[c][nth_half::<H>(half, h)],
                dots[h][c],
                _mm256_madd_epi16(scales, x),
            );
        }
    }
}

/// As [`dots`], for one column: a weight's magnitude (at most 128) times an input with the weight's
/// sign (at most 127) makes pairs of at most 32,512.
///
/// # Safety
/// As of [`dots`].
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn dots_of_one<const H: usize, const C: usize>(
    block: *const u8,
    columns: &Columns<C>,
    b: usize,
) -> [[__m256i; C]; H] {
    let offset = _mm256_set1_epi8(i8::MIN);
    let ones = _mm256_set1_epi16(1);
    let mut dots = [[_mm256_setzero_si256(); C]; H];
    for step in 0..STEPS {
        // SAFETY: a block is eight steps of two halves, and of an input row eight steps of four
        // bytes.
        unsafe {
            let x = _mm256_set1_epi32(columns.quants[0].add(b * STEPS + step).read_unaligned());
            for h in 0..H {
                let weights = _mm256_load_si256(block.add((2 * step + h) * HALF_STEP).cast());
                let weights = _mm256_xor_si256(weights, offset);
                let signed = _mm256_sign_epi8(x, weights);
                let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(weights), signed);
                dots[h][0] = _mm256_add_epi32(dots[h][0], _mm256_madd_epi16(pairs, ones));
            }
        }
    }
    dots
}

/// The dot products of a block.
///
/// # Safety
/// The block is one of a matrix, from the half on; the inputs have a block b.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) unsafe fn dots<const H: usize, const C: usize>(
    block: *const u8,
    columns: &Columns<C>,
    b: usize,
) -> [[__m256i; C]; H] {
    let nibble = _mm256_set1_epi8(15);
    let mut low = [[_mm256_setzero_si256(); C]; H];
    let (mut high, mut dots) = (low, low);
    for step in 0..columns.steps {
        prefetch::<C>(block.wrapping_add(2 * step * HALF_STEP));
        for h in 0..H {
            // SAFETY: a block is eight steps of two halves.
            let weights =
                unsafe { _mm256_load_si256(block.add((2 * step + h) * HALF_STEP).cast()) };
            let low_weights = _mm256_and_si256(weights, nibble);
            let high_weights = _mm256_and_si256(_mm256_srli_epi16::<4>(weights), nibble);
            for c in 0..C {
                // SAFETY: a block of an input row is eight steps of four bytes.
                let x = unsafe { columns.quants[c].add(b * STEPS + step).read_unaligned() };
                let x = _mm256_set1_epi32(x);
                let products = _mm256_maddubs_epi16(low_weights, x);
                low[h][c] = _mm256_add_epi16(low[h][c], products);
                let products = _mm256_maddubs_epi16(high_weights, x);
                high[h][c] = _mm256_add_epi16(high[h][c], products);
            }
        }
    }
    for (h, high) in high.into_iter().enumerate() {
        for (c, high) in high.into_iter().enumerate() {
            let low = _mm256_madd_epi16(low[h][c], _mm256_set1_epi16(1));
            let high = _mm256_madd_epi16(high, _mm256_set1_epi16(16));
            // SAFETY: the columns have a block b.
            let minus = unsafe { _mm256_set1_epi32(*columns.minus_sums[c].add(b)) };
            let start = _mm256_slli_epi32::<7>(minus);
            dots[h][c] = _mm256_add_epi32(_mm256_add_epi32(low, high), start);
        }
    }
    dots
}

/// The scales of eight rows, in the half of each lane where the input's scale of this block is in a
/// pair; the other half is 0.
///
/// # Safety
/// There are sixteen bytes.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::x86) unsafe fn load_scales<const SECOND: usize>(at: *const u8) -> __m256i {
    // SAFETY: the caller's.
    let scales = _mm256_cvtepu16_epi32(unsafe { _mm_loadu_si128(at.cast()) });
    if SECOND == 0 { scales } else { _mm256_slli_epi32::<16>(scales) }
}

/// Adds eight dot products times their scales.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::x86) fn add_scaled(sums: &mut HalfSums, dots: __m256i, scales: __m256i) {
    let odd = _mm256_mul_epi32(odd_lanes(dots), odd_lanes(scales));
    sums[0] = _mm256_add_epi64(sums[0], _mm256_mul_epi32(dots, scales));
    sums[1] = _mm256_add_epi64(sums[1], odd);
}
