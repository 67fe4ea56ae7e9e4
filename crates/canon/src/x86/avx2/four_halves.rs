//! Four-bit weights whose halves of blocks have scales of their own, with A8 inputs.
//!
//! As `four`, but that the two halves of a block share each multiplication by a scale, and not two
//! blocks: the first half's inputs stand in the low nibbles, the second's in the high ones.

use core::arch::x86_64::*;

use super::four::{pair_up, widen};
use super::minima::add_minima_of_halves;
use super::walk::{CHUNK, Columns, HALF_STEP, Place, STEPS, Scheme, Sums, nth_half, prefetch};
use crate::inputs::InputRow;
use crate::packed::{GROUP, PAIR_FOUR_HALVES, SCALES_FOUR, SCALES_HALVES};
use crate::quant::BLOCK;

/// The scheme of this file.
pub(super) enum FourHalves {}

impl Scheme for FourHalves {
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
        let chunk = place.weights.chunk(place.group).min(CHUNK);
        let columns = Columns::of(inputs);
        for start in place.pairs.clone().step_by(chunk) {
            let mut narrow = [[_mm256_setzero_si256(); C]; H];
            for pair in start..place.pairs.end.min(start + chunk) {
                // SAFETY: the caller says that the group, the pairs and the inputs exist.
                unsafe {
                    let at = quants.add(pair * PAIR_FOUR_HALVES);
                    for second in 0..2 {
                        add_block(at, second, place.half, &columns, pair, &mut narrow);
                    }
                }
            }
            for (h, narrow) in narrow.into_iter().enumerate() {
                for (sums, narrow) in sums.iter_mut().zip(narrow) {
                    widen(&mut sums[nth_half::<H>(place.half, h)], narrow);
                }
            }
        }
        // SAFETY: as above.
        unsafe { add_minima_of_halves::<H>(place, inputs, sums) };
    }
}

/// Adds one block's products, times their scales.
///
/// # Safety
/// The pair is one of a matrix; the columns have such a pair.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn add_block<const H: usize, const C: usize>(
    at: *const u8,
    second: usize,
    half: usize,
    columns: &Columns<C>,
    pair: usize,
    narrow: &mut [[__m256i; C]; H],
) {
    let b = 2 * pair + second;
    // SAFETY: quants and scales of a pair lie within its bytes; the columns have a block b.
    unsafe {
        let block = at.add(second * GROUP * BLOCK / 2 + half * HALF_STEP);
        let (low, high) = dots::<H, C>(block, columns, b);
        let scales = at.add(SCALES_FOUR + second * SCALES_HALVES + half * SCALES_HALVES / 2);
        for c in 0..C {
            // -8 times the sums of both halves, which fit 16 bits.
            let starts = [0, 1].map(|half| *columns.half_starts[half][c].add(b) >> 2);
            let start = _mm256_set1_epi32((starts[1] << 16) | (starts[0] & 0xffff));
            let x = columns.scales[c].add(pair).cast::<i16>().add(second).read_unaligned();
            for h in 0..H {
                let centred = _mm256_add_epi16(pair_up(low[h][c], high[h][c]), start);
                let scales = _mm256_load_si256(scales.add(h * SCALES_HALVES / 2).cast());
                let scales = _mm256_mullo_epi16(scales, _mm256_set1_epi16(x));
                let scaled = _mm256_madd_epi16(centred, scales);
                narrow[h][c] = _mm256_add_epi32(narrow[h][c], scaled);
            }
        }
    }
}

/// The dot products of both halves of a block with the nibbles, each as two 16-bit sums per row.
///
/// # Safety
/// The block is one of a matrix, from the half on; the columns have a block b.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn dots<const H: usize, const C: usize>(
    block: *const u8,
    columns: &Columns<C>,
    b: usize,
) -> ([[__m256i; C]; H], [[__m256i; C]; H]) {
    let nibble = _mm256_set1_epi8(15);
    let mut low_dots = [[_mm256_setzero_si256(); C]; H];
    let mut high_dots = low_dots;
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
                low_dots[h][c] = _mm256_add_epi16(low_dots[h][c], low);
                high_dots[h][c] = _mm256_add_epi16(high_dots[h][c], high);
            }
        }
    }
    (low_dots, high_dots)
}
