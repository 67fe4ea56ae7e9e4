//! Eight-bit weights with A8 inputs: exact products in 64-bit sums.
//!
//! `vpmaddubsw` wants an unsigned and a signed factor, and its pairs of products saturate. The
//! magnitude of a weight (at most 128) times an input with the weight's sign (at most 127) gives
//! pairs of at most 32,512. Never multiplies `weight + 128`, which would saturate.
//!
//! A block's dot products fit 20 bits, times the input's block scale 27, times the weight's scale
//! 42.

use core::arch::x86_64::*;

use super::walk::{HalfSums, Place, Scheme, Sums};
use crate::inputs::InputRow;
use crate::packed::{GROUP, PAIR_EIGHT, SCALES_EIGHT};
use crate::quant::BLOCK;

/// Steps of four inputs in a block.
pub(in crate::x86) const STEPS: usize = BLOCK / 4;
/// Bytes of a step of one half of a group.
const HALF_STEP: usize = GROUP / 2 * 4;

/// The scheme of this file.
pub(super) enum Eight {}

impl Scheme for Eight {
    const TALL: bool = true;

    #[target_feature(enable = "avx2")]
    unsafe fn tile<const H: usize, const C: usize>(
        place: &Place<'_>,
        inputs: &[&InputRow; C],
        sums: &mut [Sums; C],
    ) {
        let quants = place.weights.group(place.group).as_ptr();
        let x_scales: [*const i32; C] = inputs.map(|row| row.scales.words().as_ptr().cast());
        for pair in place.pairs.clone() {
            for second in 0..2 {
                // SAFETY: the caller says that the group, the pairs and the inputs exist; a pair is
                // PAIR_EIGHT bytes, and an input row has whole pairs of blocks and of scales.
                unsafe {
                    let at = quants.add(pair * PAIR_EIGHT);
                    let block = at.add(second * GROUP * BLOCK + place.half * HALF_STEP);
                    let dots = dots::<H, C>(block, inputs, 2 * pair + second);
                    let scales = at.add(SCALES_EIGHT + (second * GROUP + place.half * 8) * 2);
                    for h in 0..H {
                        let scales = load_scales(scales.add(h * 16));
                        for c in 0..C {
                            let x = one_of_pair(x_scales[c].add(pair), second);
                            add_scaled(&mut sums[c][place.half + h], dots[h][c], x, scales);
                        }
                    }
                }
            }
        }
    }
}

/// The dot products of a block.
///
/// # Safety
/// The block is one of a matrix, from the half on; the inputs have a block b.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn dots<const H: usize, const C: usize>(
    block: *const u8,
    inputs: &[&InputRow; C],
    b: usize,
) -> [[__m256i; C]; H] {
    let flip = _mm256_set1_epi8(i8::MIN);
    let ones = _mm256_set1_epi16(1);
    let x: [*const i32; C] = inputs.map(|row| row.quants.signed().as_ptr().cast());
    let mut dots = [[_mm256_setzero_si256(); C]; H];
    for step in 0..STEPS {
        let mut weights = [_mm256_setzero_si256(); H];
        let mut magnitudes = [_mm256_setzero_si256(); H];
        for h in 0..H {
            // SAFETY: a block is eight steps of two halves.
            let stored = unsafe { _mm256_load_si256(block.add((2 * step + h) * HALF_STEP).cast()) };
            weights[h] = _mm256_xor_si256(stored, flip);
            magnitudes[h] = _mm256_abs_epi8(weights[h]);
        }
        for c in 0..C {
            // SAFETY: a block of an input row is eight steps of four bytes.
            let x = unsafe { _mm256_set1_epi32(x[c].add(b * STEPS + step).read_unaligned()) };
            for h in 0..H {
                let signed = _mm256_sign_epi8(x, weights[h]);
                let pairs = _mm256_maddubs_epi16(magnitudes[h], signed);
                dots[h][c] = _mm256_add_epi32(dots[h][c], _mm256_madd_epi16(pairs, ones));
            }
        }
    }
    dots
}

/// One of two positive 16-bit numbers, in every lane.
///
/// # Safety
/// There are four bytes.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::x86) unsafe fn one_of_pair(at: *const i32, second: usize) -> __m256i {
    // SAFETY: the caller's.
    let pair = unsafe { _mm256_set1_epi32(at.read_unaligned()) };
    if second == 0 {
        _mm256_and_si256(pair, _mm256_set1_epi32(0xffff))
    } else {
        _mm256_srli_epi32::<16>(pair)
    }
}

/// The scales of eight rows: for the even rows, then for the odd ones.
///
/// # Safety
/// There are sixteen bytes.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::x86) unsafe fn load_scales(at: *const u8) -> [__m256i; 2] {
    // SAFETY: the caller's.
    let even = _mm256_cvtepi16_epi32(unsafe { _mm_loadu_si128(at.cast()) });
    [even, _mm256_srli_epi64::<32>(even)]
}

/// Adds eight dot products times the input's and the weights' scales.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::x86) fn add_scaled(
    sums: &mut HalfSums,
    dots: __m256i,
    x: __m256i,
    scales: [__m256i; 2],
) {
    let scaled = _mm256_mullo_epi32(dots, x);
    let odd = _mm256_srli_epi64::<32>(scaled);
    sums[0] = _mm256_add_epi64(sums[0], _mm256_mul_epi32(scaled, scales[0]));
    sums[1] = _mm256_add_epi64(sums[1], _mm256_mul_epi32(odd, scales[1]));
}
