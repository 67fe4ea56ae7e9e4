//! Eight-bit weights with A8 inputs: exact products in 64-bit sums.
//!
//! A block's sixteen dot products fit 20 bits, times the input's block scale 27, times the weight's
//! scale 42. Multiplications are the scarce unit: eleven per block, group and column.

use core::arch::x86_64::*;
use core::mem::MaybeUninit;
use core::ops::Range;

use super::gemm::{Scheme, Waiting};
use crate::inputs::InputRow;
use crate::packed::{GROUP, PAIR_EIGHT, PackedMatrix, SCALES_EIGHT};
use crate::quant::BLOCK;

/// Steps of four inputs in a block.
const STEPS: usize = BLOCK / 4;

/// The scheme of this file.
pub(super) enum Eight {}

impl Scheme for Eight {
    const GROUPS: usize = 2;
    const COLUMNS: usize = 4;
    const CHUNK: usize = 12;

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    #[inline(never)]
    unsafe fn tile<const G: usize, const C: usize>(
        weights: &PackedMatrix,
        group: usize,
        pairs: Range<usize>,
        inputs: &[&InputRow; C],
        waiting: Waiting<'_, G, C>,
    ) {
        let quants: [*const u8; G] = core::array::from_fn(|g| weights.group(group + g).as_ptr());
        let x: [*const i32; C] = inputs.map(|row| row.quants.signed().as_ptr().cast());
        let minus: [*const i32; C] = inputs.map(|row| row.minus_sums.as_ptr());
        let scales: [*const i32; C] = inputs.map(|row| row.scales.words().as_ptr().cast());
        let mut sums = [[[_mm512_setzero_si512(); 2]; C]; G];
        if pairs.start > 0 {
            // SAFETY: the caller says that they are initialised.
            sums = core::array::from_fn(|g| waiting[g].map(|sums| unsafe { sums.assume_init() }));
        }
        for pair in pairs {
            for half in 0..2 {
                let b = 2 * pair + half;
                // SAFETY: the caller says that these groups, pairs and inputs exist; a pair is
                // PAIR_EIGHT bytes, and an input row has whole pairs of blocks.
                unsafe {
                    let at = quants.map(|q| q.add(pair * PAIR_EIGHT + half * GROUP * BLOCK));
                    let mut dots: [[__m512i; C]; G] = [minus
                        .map(|minus| _mm512_slli_epi32::<7>(_mm512_set1_epi32(*minus.add(b))));
                        G];
                    for step in 0..STEPS {
                        let x = x.map(|x| _mm512_set1_epi32(*x.add(b * STEPS + step)));
                        for g in 0..G {
                            let w = _mm512_loadu_si512(at[g].add(step * GROUP * 4).cast());
                            for c in 0..C {
                                dots[g][c] = _mm512_dpbusd_epi32(dots[g][c], w, x[c]);
                            }
                        }
                    }
                    let at =
                        quants.map(|q| q.add(pair * PAIR_EIGHT + SCALES_EIGHT + half * GROUP * 2));
                    for g in 0..G {
                        let even = _mm512_cvtepi16_epi32(_mm256_loadu_si256(at[g].cast()));
                        let odd = _mm512_srli_epi64::<32>(even);
                        for c in 0..C {
                            let scale = _mm512_set1_epi32(*scales[c].add(pair));
                            let scale = if half == 0 {
                                _mm512_and_si512(scale, _mm512_set1_epi32(0xffff))
                            } else {
                                _mm512_srli_epi32::<16>(scale)
                            };
                            let scaled = _mm512_mullo_epi32(dots[g][c], scale);
                            let products = _mm512_mul_epi32(scaled, even);
                            sums[g][c][0] = _mm512_add_epi64(sums[g][c][0], products);
                            let products = _mm512_mul_epi32(_mm512_srli_epi64::<32>(scaled), odd);
                            sums[g][c][1] = _mm512_add_epi64(sums[g][c][1], products);
                        }
                    }
                }
            }
        }
        for (waiting, sums) in waiting.into_iter().zip(sums) {
            *waiting = sums.map(MaybeUninit::new);
        }
    }
}
