//! Both widths of weights with A16 inputs: the products of two planes of bytes.
//!
//! A block's dot product with 16-bit inputs is 256 times that of the high plane plus that of the low
//! one, below 2^28; times the weight's scale it is added in 64 bits.

use core::arch::x86_64::*;

use super::minima::add_minima;
use super::walk::{Columns, HALF_STEP, Place, Scheme, Sums};
use super::{eight, four};
use crate::inputs::InputRow;
use crate::packed::{GROUP, PAIR_EIGHT, PAIR_FOUR, SCALES_EIGHT, SCALES_FOUR};
use crate::quant::BLOCK;

/// The scheme of this file.
pub(in crate::x86) enum Sixteen {}

impl Scheme for Sixteen {
    const HALVES: usize = 1;
    const COLUMNS: usize = 4;

    #[target_feature(enable = "avx2")]
    #[inline(never)]
    unsafe fn tile<const H: usize, const C: usize>(
        place: &Place<'_>,
        inputs: &[&InputRow; C],
        sums: &mut [Sums; C],
    ) {
        let quants = place.weights.group(place.group).as_ptr();
        let planes = [Columns::of(inputs), Columns::low_plane(inputs)];
        let eight = place.weights.width().is_eight();
        for b in 2 * place.pairs.start..2 * place.pairs.end {
            for half in place.half..place.half + H {
                // SAFETY: the caller says that the group, the pairs and the inputs exist.
                let (dots, scales) = unsafe {
                    if eight {
                        eight_block(quants.add(b / 2 * PAIR_EIGHT), half, &planes, b)
                    } else {
                        four_block(quants.add(b / 2 * PAIR_FOUR), half, &planes, b)
                    }
                };
                for (sums, dots) in sums.iter_mut().zip(dots) {
                    eight::add_scaled(&mut sums[half], dots, scales);
                }
            }
        }
        // SAFETY: as above.
        unsafe { add_minima::<H>(place, inputs, sums) };
    }
}

/// Eight dot products of block b for each column, and the scales.
///
/// # Safety
/// The pair is one of 8-bit weights; the columns have a block b.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn eight_block<const C: usize>(
    pair: *const u8,
    half: usize,
    planes: &[Columns<C>; 2],
    b: usize,
) -> ([__m256i; C], __m256i) {
    // SAFETY: quants and scales of a pair lie within its bytes.
    unsafe {
        let block = pair.add(b % 2 * GROUP * BLOCK + half * HALF_STEP);
        let [high] = eight::dots::<1, C>(block, &planes[0], b);
        let [low] = eight::dots::<1, C>(block, &planes[1], b);
        let scales = pair.add(SCALES_EIGHT + (b % 2 * GROUP + half * 8) * 2);
        let scales = _mm256_cvtepi16_epi32(_mm_loadu_si128(scales.cast()));
        (both_planes(high, low), scales)
    }
}

/// As [`eight_block`], of 4-bit weights.
///
/// # Safety
/// The pair is one of 4-bit weights; the columns have a block b.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn four_block<const C: usize>(
    pair: *const u8,
    half: usize,
    planes: &[Columns<C>; 2],
    b: usize,
) -> ([__m256i; C], __m256i) {
    // SAFETY: quants and scales of a pair lie within its bytes.
    unsafe {
        let block = pair.add(b % 2 * GROUP * BLOCK / 2 + half * HALF_STEP);
        let high = four_dots(block, &planes[0], b);
        let low = four_dots(block, &planes[1], b);
        let scales = _mm256_load_si256(pair.add(SCALES_FOUR + half * GROUP * 2).cast());
        let scales = if b.is_multiple_of(2) { _mm256_slli_epi32::<16>(scales) } else { scales };
        (both_planes(high, low), _mm256_srai_epi32::<16>(scales))
    }
}

/// Dot products of centred nibbles with one plane.
///
/// # Safety
/// The block is one of a matrix, from the half on; the columns have a block b.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn four_dots<const C: usize>(
    block: *const u8,
    columns: &Columns<C>,
    b: usize,
) -> [__m256i; C] {
    // SAFETY: the caller's.
    let [mut dots] = unsafe { four::dots::<1, C>(block, columns, b) };
    for c in 0..C {
        // SAFETY: the columns have a block b.
        let minus = unsafe { _mm256_set1_epi32(*columns.minus_sums[c].add(b)) };
        let whole = _mm256_madd_epi16(dots[c], _mm256_set1_epi16(1));
        dots[c] = _mm256_add_epi32(whole, _mm256_slli_epi32::<3>(minus));
    }
    dots
}

#[inline]
#[target_feature(enable = "avx2")]
fn both_planes<const C: usize>(mut high: [__m256i; C], low: [__m256i; C]) -> [__m256i; C] {
    for (high, low) in high.iter_mut().zip(low) {
        *high = _mm256_add_epi32(_mm256_slli_epi32::<8>(*high), low);
    }
    high
}
