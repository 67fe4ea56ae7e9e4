//! The minima's share of a 4-bit matmul: minima times the sums of the inputs' blocks.
//!
//! A block's sum stands as `1024 * high + low`. |minimum| <= 18,423, |high| <= 504 for A8 inputs and
//! |low| <= 512: a chunk's 32-bit sums stay below 2^30.

use core::arch::x86_64::*;

use super::walk::{CHUNK, Place, Sums, odd_lanes};
use crate::inputs::InputRow;
use crate::packed::{GROUP, Width};

const _: () = assert!(2 * CHUNK * 18_423 * 1_021 < 1 << 31);

/// Adds the minima's share of some pairs; nothing where the matrix has no minima.
///
/// # Safety
/// The machine has AVX2; the place and the inputs exist.
#[target_feature(enable = "avx2")]
pub(in crate::x86) unsafe fn add_minima(
    place: &Place<'_>,
    halves: usize,
    inputs: &[&InputRow],
    sums: &mut [Sums],
) {
    if place.weights.width() != Width::FourWithMin {
        return;
    }
    for half in place.half..place.half + halves {
        let (fours, rest) = inputs.as_chunks::<4>();
        let (sums, rest_sums) = sums.as_chunks_mut::<4>();
        for (inputs, sums) in fours.iter().zip(sums) {
            // SAFETY: the caller's.
            unsafe { add_half(place, half, inputs, sums) };
        }
        for (input, sums) in rest.iter().zip(rest_sums) {
            let sums = core::array::from_mut(sums);
            // SAFETY: the caller's.
            unsafe { add_half(place, half, &[*input], sums) };
        }
    }
}

/// # Safety
/// The place and the inputs exist.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn add_half<const C: usize>(
    place: &Place<'_>,
    half: usize,
    inputs: &[&InputRow; C],
    sums: &mut [Sums; C],
) {
    let minima = place.weights.minima(place.group).as_ptr();
    let high: [*const i32; C] = inputs.map(|row| row.sum_high.words().as_ptr().cast());
    let low: [*const i32; C] = inputs.map(|row| row.sum_low.words().as_ptr().cast());
    let mut high_sums = [_mm256_setzero_si256(); C];
    let mut low_sums = high_sums;
    for pair in place.pairs.clone() {
        // SAFETY: a group has sixteen pairs of minima for each pair of blocks, and an input row a
        // pair of sums.
        unsafe {
            let minima = minima.add((pair * GROUP + half * GROUP / 2) * 2);
            let minima = _mm256_load_si256(minima.cast());
            for c in 0..C {
                let x = _mm256_set1_epi32(high[c].add(pair).read_unaligned());
                high_sums[c] = _mm256_add_epi32(high_sums[c], _mm256_madd_epi16(minima, x));
                let x = _mm256_set1_epi32(low[c].add(pair).read_unaligned());
                low_sums[c] = _mm256_add_epi32(low_sums[c], _mm256_madd_epi16(minima, x));
            }
        }
    }
    for c in 0..C {
        let [even, odd] = &mut sums[c][half];
        *even = _mm256_add_epi64(*even, combined(high_sums[c], low_sums[c]));
        *odd = _mm256_add_epi64(*odd, combined(odd_lanes(high_sums[c]), odd_lanes(low_sums[c])));
    }
}

/// `1024 * high + low` of the even lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn combined(high: __m256i, low: __m256i) -> __m256i {
    let high = _mm256_mul_epi32(high, _mm256_set1_epi64x(1024));
    _mm256_add_epi64(high, _mm256_mul_epi32(low, _mm256_set1_epi64x(1)))
}
