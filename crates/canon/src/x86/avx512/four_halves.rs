//! Four-bit weights whose halves of blocks have scales of their own, with A8 inputs.
//!
//! As `four`, but that the two halves of a block share a 32-bit lane, and not two blocks: the first half's
//! inputs stand in the low nibbles, the second's in the high ones.

use core::arch::x86_64::*;
use core::ops::Range;

use super::four::{add_shares, widen};
use super::gemm::{Place, Scheme, Sums, Waiting, started};
use crate::inputs::InputRow;
use crate::packed::{GROUP, PAIR_FOUR_HALVES, PackedMatrix, SCALES_FOUR, SCALES_HALVES};
use crate::quant::{BLOCK, HALF, MIN_MAX};
use crate::reference::{QUANT_MAX, ROW_SCALE_MAX};

/// Steps of a half.
const STEPS: usize = HALF / 4;
/// Pairs whose minima fit 32-bit sums.
const MINIMA_CHUNK: usize = 32;
const _: () = {
    let minima = 4 * MINIMA_CHUNK as u64 * MIN_MAX as u64;
    let high = (HALF as u64 * (QUANT_MAX * ROW_SCALE_MAX) as u64 + 512) >> 10;
    assert!(minima * high < 1 << 31 && minima * 512 < 1 << 31, "minima of halves fit");
};

/// The scheme of this file.
pub(super) enum FourHalves {}

impl Scheme for FourHalves {
    const GROUPS: usize = 2;
    const COLUMNS: usize = 4;
    const CHUNK: usize = 16;

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    #[inline(never)]
    unsafe fn tile<const G: usize, const C: usize>(
        place: &Place<'_, G>,
        inputs: &[&InputRow; C],
        waiting: Waiting<'_, G, C>,
    ) {
        let (weights, group, pairs) = (place.weights, place.group, place.pairs.clone());
        // SAFETY: the caller says that the features are here, groups, pairs and inputs exist, and
        // the sums are initialised where the pairs are not a row's first.
        unsafe {
            let mut sums = started(waiting, pairs.start == 0);
            if weights.width().has_minima() {
                for start in pairs.clone().step_by(MINIMA_CHUNK) {
                    let some = start..pairs.end.min(start + MINIMA_CHUNK);
                    add_minima(weights, group, some, inputs, &mut sums);
                }
            }
            add_products(weights, group, pairs, inputs, sums);
        }
    }
}

/// The dot products' share of the sums, chunk by chunk.
///
/// # Safety
/// As of [`Scheme::tile`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn add_products<const G: usize, const C: usize>(
    weights: &PackedMatrix,
    group: usize,
    pairs: Range<usize>,
    inputs: &[&InputRow; C],
    sums: [&mut [Sums; C]; G],
) {
    let chunk = (0..G).map(|g| weights.chunk(group + g)).min().unwrap_or(1);
    let quants: [*const u8; G] = core::array::from_fn(|g| weights.group(group + g).as_ptr());
    let mut pair = pairs.start;
    while pair < pairs.end {
        let end = pairs.end.min((pair / chunk + 1) * chunk);
        let mut narrow = [[_mm512_setzero_si512(); C]; G];
        while pair < end {
            // SAFETY: the caller says that this pair exists in all groups and inputs.
            unsafe {
                let at = quants.map(|quants| quants.add(pair * PAIR_FOUR_HALVES));
                add_block::<G, C, 0>(&mut narrow, at, 2 * pair, inputs);
                add_block::<G, C, 1>(&mut narrow, at, 2 * pair + 1, inputs);
            }
            pair += 1;
        }
        for g in 0..G {
            for c in 0..C {
                widen(&mut sums[g][c], narrow[g][c]);
            }
        }
    }
}

/// Adds one block's products, times their scales.
///
/// # Safety
/// `at` are pairs of a group each, the inputs have a block `b`, the `SECOND` of its pair or the first.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn add_block<const G: usize, const C: usize, const SECOND: usize>(
    narrow: &mut [[__m512i; C]; G],
    at: [*const u8; G],
    b: usize,
    inputs: &[&InputRow; C],
) {
    let nibble = _mm512_set1_epi8(15);
    let bias = _mm512_set1_epi32(0x8000);
    let mut dots = [[_mm512_setzero_si512(); C]; G];
    // SAFETY: as the caller says.
    unsafe {
        let x: [*const i32; C] =
            inputs.map(|row| row.quants.signed().as_ptr().cast::<i32>().add(b * 2 * STEPS));
        let at = at.map(|at| (at, at.add(SECOND * GROUP * BLOCK / 2)));
        for step in 0..STEPS {
            for g in 0..G {
                let w = _mm512_loadu_si512(at[g].1.add(step * GROUP * 4).cast());
                let high = _mm512_and_si512(_mm512_srli_epi32::<4>(w), nibble);
                for c in 0..C {
                    let x = _mm512_set1_epi32(x[c].add(STEPS + step).read());
                    dots[g][c] = _mm512_dpbusd_epi32(dots[g][c], high, x);
                }
            }
        }
        for c in 0..C {
            // -8 times the halves' sums, and what keeps the low half from borrowing.
            let starts = &inputs[c].half_starts;
            let (first, second) = (starts[0].as_ptr().add(b), starts[1].as_ptr().add(b));
            let start = ((second.read() >> 2) << 16).wrapping_add(first.read() >> 2);
            let start = _mm512_set1_epi32(start.wrapping_add(0x8000));
            for g in 0..G {
                dots[g][c] = _mm512_add_epi32(_mm512_slli_epi32::<16>(dots[g][c]), start);
            }
        }
        for step in 0..STEPS {
            for g in 0..G {
                let w = _mm512_loadu_si512(at[g].1.add(step * GROUP * 4).cast());
                let low = _mm512_and_si512(w, nibble);
                for c in 0..C {
                    let x = _mm512_set1_epi32(x[c].add(step).read());
                    dots[g][c] = _mm512_dpbusd_epi32(dots[g][c], low, x);
                }
            }
        }
        for g in 0..G {
            let scales = at[g].0.add(SCALES_FOUR + SECOND * SCALES_HALVES);
            let scales = _mm512_loadu_si512(scales.cast());
            for c in 0..C {
                let x = _mm512_set1_epi16(inputs[c].scales.words().as_ptr().add(b).read());
                let both = _mm512_xor_si512(dots[g][c], bias);
                let scales = _mm512_mullo_epi16(scales, x);
                narrow[g][c] = _mm512_dpwssd_epi32(narrow[g][c], both, scales);
            }
        }
    }
}

/// The minima's share of at most `MINIMA_CHUNK` pairs.
///
/// # Safety
/// As of [`Scheme::tile`], of a matrix with minima.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn add_minima<const G: usize, const C: usize>(
    weights: &PackedMatrix,
    group: usize,
    pairs: Range<usize>,
    inputs: &[&InputRow; C],
    sums: &mut [&mut [Sums; C]; G],
) {
    let minima: [*const i16; G] = core::array::from_fn(|g| weights.minima(group + g).as_ptr());
    let mut high = [[_mm512_setzero_si512(); C]; G];
    let mut low = high;
    for b in 2 * pairs.start..2 * pairs.end {
        let entries = inputs.map(|row| row.half_entries(b).map(|both| _mm512_set1_epi32(both)));
        for g in 0..G {
            // SAFETY: the caller says that this block exists in all groups.
            let minima = unsafe { _mm512_loadu_si512(minima[g].add(b * GROUP * 2).cast()) };
            for c in 0..C {
                high[g][c] = _mm512_dpwssd_epi32(high[g][c], minima, entries[c][0]);
                low[g][c] = _mm512_dpwssd_epi32(low[g][c], minima, entries[c][1]);
            }
        }
    }
    for g in 0..G {
        for c in 0..C {
            add_shares(&mut sums[g][c], high[g][c], low[g][c]);
        }
    }
}
