//! Eight-bit weights with A8 inputs: exact products in 64-bit sums.
//!
//! A block's sixteen dot products fit 20 bits, times the input's block scale 27, times the weight's
//! scale 42. Multiplications are the scarce unit: eleven per block, group and column.

use core::arch::x86_64::*;
use core::ops::Range;

use super::gemm::{PREFETCH, Scheme, Sums, Waiting};
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
        let columns = inputs.map(|row| Column {
            quants: row.quants.signed().as_ptr().cast(),
            scales: row.scales.words().as_ptr().cast(),
            minus_sums: row.minus_sums.as_ptr(),
        });
        // Loops by index on purpose: closures over vectors are not inlined into these features.
        let mut sums = [[[_mm512_setzero_si512(); 2]; C]; G];
        if pairs.start > 0 {
            for g in 0..G {
                for c in 0..C {
                    // SAFETY: the caller says that they are initialised.
                    sums[g][c] = unsafe { waiting[g][c].assume_init() };
                }
            }
        }
        for pair in pairs {
            // SAFETY: the caller says that these groups, pairs and inputs exist.
            unsafe {
                let at = quants.map(|quants| quants.add(pair * PAIR_EIGHT));
                add_block::<G, C, 0>(&mut sums, at, &columns, pair);
                add_block::<G, C, 1>(&mut sums, at, &columns, pair);
            }
        }
        for g in 0..G {
            for c in 0..C {
                waiting[g][c].write(sums[g][c]);
            }
        }
    }
}

/// Where an input row lies.
struct Column {
    /// Four quants at a time.
    quants: *const i32,
    /// Two scales at a time.
    scales: *const i32,
    minus_sums: *const i32,
}

/// Adds one block's products to the sums.
///
/// # Safety
/// `at` are pairs of 8-bit weights of a group each, and the columns have pair `pair`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn add_block<const G: usize, const C: usize, const HALF: usize>(
    sums: &mut [[Sums; C]; G],
    at: [*const u8; G],
    columns: &[Column; C],
    pair: usize,
) {
    let b = 2 * pair + HALF;
    let mut dots = [[_mm512_setzero_si512(); C]; G];
    // SAFETY: as the caller says; a pair is PAIR_EIGHT bytes, and a row has whole pairs of blocks.
    unsafe {
        for c in 0..C {
            let start = _mm512_set1_epi32(columns[c].minus_sums.add(b).read() << 7);
            for g in 0..G {
                dots[g][c] = start;
            }
        }
        for step in 0..STEPS {
            for g in 0..G {
                let w = at[g].add((HALF * STEPS + step) * GROUP * 4);
                if C == 1 {
                    _mm_prefetch::<_MM_HINT_T0>(w.wrapping_add(PREFETCH).cast());
                }
                let w = _mm512_loadu_si512(w.cast());
                for c in 0..C {
                    let x = _mm512_set1_epi32(columns[c].quants.add(b * STEPS + step).read());
                    dots[g][c] = _mm512_dpbusd_epi32(dots[g][c], w, x);
                }
            }
        }
        for g in 0..G {
            let scales = at[g].add(SCALES_EIGHT + HALF * GROUP * 2);
            let even = _mm512_cvtepi16_epi32(_mm256_loadu_si256(scales.cast()));
            let odd = _mm512_srli_epi64::<32>(even);
            for c in 0..C {
                let scale = columns[c].scales.add(pair).read();
                let scale = if HALF == 0 { scale & 0xffff } else { scale >> 16 };
                let scaled = _mm512_mullo_epi32(dots[g][c], _mm512_set1_epi32(scale));
                let products = _mm512_mul_epi32(scaled, even);
                sums[g][c][0] = _mm512_add_epi64(sums[g][c][0], products);
                let products = _mm512_mul_epi32(_mm512_srli_epi64::<32>(scaled), odd);
                sums[g][c][1] = _mm512_add_epi64(sums[g][c][1], products);
            }
        }
    }
}
