//! The minima's share of a matmul: minima times the sums of the inputs' blocks.
//!
//! A block's sum stands as `1024 * high + low`; the sums of a chunk's products fit 32 bits each.

use core::arch::x86_64::*;

use super::walk::{CHUNK, Place, Sums, nth_half, odd_lanes};
use crate::inputs::{InputRow, minima_fit};

const _: () = assert!(minima_fit(CHUNK), "minima fit 32-bit sums");

/// Adds the minima's share of some pairs to `H` halves; nothing where the matrix has no minima.
///
/// Compiled with the caller's features: with VNNI each product and its sum are one instruction.
///
/// # Safety
/// The machine has AVX2; the place and the inputs exist.
#[inline(always)]
pub(in crate::x86) unsafe fn add_minima<const H: usize>(
    place: &Place<'_>,
    inputs: &[&InputRow],
    sums: &mut [Sums],
) {
    if place.weights.width().has_minima() {
        // SAFETY: the caller's.
        unsafe {
            if H == 2 {
                by_columns::<2, 2>(place, inputs, sums);
            } else {
                by_columns::<1, 4>(place, inputs, sums);
            }
        }
    }
}

/// # Safety
/// As of [`add_minima`].
#[inline(always)]
unsafe fn by_columns<const H: usize, const C: usize>(
    place: &Place<'_>,
    inputs: &[&InputRow],
    sums: &mut [Sums],
) {
    let (some, rest) = inputs.as_chunks::<C>();
    let (sums, rest_sums) = sums.as_chunks_mut::<C>();
    for (inputs, sums) in some.iter().zip(sums) {
        // SAFETY: the caller's.
        unsafe { add_tile::<H, C>(place, inputs, sums) };
    }
    for (input, sums) in rest.iter().zip(rest_sums) {
        // SAFETY: the caller's.
        unsafe { add_tile::<H, 1>(place, &[*input], core::array::from_mut(sums)) };
    }
}

/// # Safety
/// As of [`add_minima`].
#[inline(always)]
unsafe fn add_tile<const H: usize, const C: usize>(
    place: &Place<'_>,
    inputs: &[&InputRow; C],
    sums: &mut [Sums; C],
) {
    let high: [*const i32; C] = inputs.map(|row| row.sum_high.words().as_ptr().cast());
    let low: [*const i32; C] = inputs.map(|row| row.sum_low.words().as_ptr().cast());
    // SAFETY: features are the caller's; a group has sixteen pairs of minima for each pair of
    // blocks, and an input row a pair of sums.
    unsafe {
        let minima = place.weights.minima(place.group).as_ptr().cast::<__m256i>().add(place.half);
        let mut high_sums = [[_mm256_setzero_si256(); C]; H];
        let mut low_sums = high_sums;
        for pair in place.pairs.clone() {
            for h in 0..H {
                let minima = _mm256_load_si256(minima.add(2 * pair + h));
                for c in 0..C {
                    let x = _mm256_set1_epi32(high[c].add(pair).read_unaligned());
                    let products = _mm256_madd_epi16(minima, x);
                    high_sums[h][c] = _mm256_add_epi32(high_sums[h][c], products);
                    let x = _mm256_set1_epi32(low[c].add(pair).read_unaligned());
                    let products = _mm256_madd_epi16(minima, x);
                    low_sums[h][c] = _mm256_add_epi32(low_sums[h][c], products);
                }
            }
        }
        for h in 0..H {
            for c in 0..C {
                let [even, odd] = &mut sums[c][nth_half::<H>(place.half, h)];
                let (high, low) = (high_sums[h][c], low_sums[h][c]);
                *even = _mm256_add_epi64(*even, combined(high, low));
                *odd = _mm256_add_epi64(*odd, combined(odd_lanes(high), odd_lanes(low)));
            }
        }
    }
}

/// As [`add_minima`], where the halves of a block have minima of their own; the inputs are A8.
///
/// # Safety
/// The machine has AVX2; the place and the inputs exist.
#[inline(always)]
pub(in crate::x86) unsafe fn add_minima_of_halves<const H: usize>(
    place: &Place<'_>,
    inputs: &[&InputRow],
    sums: &mut [Sums],
) {
    if !place.weights.width().has_minima() {
        return;
    }
    let minima = place.weights.minima(place.group).as_ptr().cast::<__m256i>();
    for (row, sums) in inputs.iter().zip(sums) {
        // SAFETY: features are the caller's; a group has sixteen pairs of minima for each block, and an
        // input row such a block.
        unsafe {
            let mut high_sums = [_mm256_setzero_si256(); H];
            let mut low_sums = high_sums;
            for b in 2 * place.pairs.start..2 * place.pairs.end {
                let [high, low] = row.half_entries(b).map(|both| _mm256_set1_epi32(both));
                for h in 0..H {
                    let minima = _mm256_load_si256(minima.add(2 * b + place.half + h));
                    let products = _mm256_madd_epi16(minima, high);
                    high_sums[h] = _mm256_add_epi32(high_sums[h], products);
                    let products = _mm256_madd_epi16(minima, low);
                    low_sums[h] = _mm256_add_epi32(low_sums[h], products);
                }
            }
            for h in 0..H {
                let [even, odd] = &mut sums[nth_half::<H>(place.half, h)];
                let (high, low) = (high_sums[h], low_sums[h]);
                *even = _mm256_add_epi64(*even, combined(high, low));
                *odd = _mm256_add_epi64(*odd, combined(odd_lanes(high), odd_lanes(low)));
            }
        }
    }
}

/// `1024 * high + low` of the even lanes.
#[inline]
#[target_feature(enable = "avx2")]
fn combined(high: __m256i, low: __m256i) -> __m256i {
    let high = _mm256_mul_epi32(high, _mm256_set1_epi64x(1024));
    _mm256_add_epi64(high, _mm256_mul_epi32(low, _mm256_set1_epi64x(1)))
}
