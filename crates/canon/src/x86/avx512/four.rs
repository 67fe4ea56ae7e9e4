//! Four-bit weights with A8 inputs: two blocks share a 32-bit lane.
//!
//! A block's dot product of centred nibbles fits 16 bits, and so does the product of both block
//! scales. So a pair of blocks becomes a pair of 16-bit dot products, and one instruction multiplies
//! and adds both. 32-bit sums are widened as often as the matrix has proven to be enough.

use core::arch::x86_64::*;
use core::ops::Range;

use super::gemm::{Place, Scheme, Sums, Waiting, started};
use crate::inputs::InputRow;
use crate::packed::{GROUP, PAIR_FOUR, PackedMatrix, SCALES_FOUR};
use crate::quant::BLOCK;

/// Double steps of a block: 4 inputs in low, 4 in high nibbles.
const STEPS: usize = BLOCK / 8;
/// Pairs whose minima fit 32-bit sums.
const MINIMA_CHUNK: usize = 32;
/// A centred minimum is at most 16,383 + 8 * 511, and the high part of a block's sum, for 16-bit
/// inputs too, at most 1,021.
const _: () = assert!(2 * MINIMA_CHUNK * (16_383 + 8 * 511) * 1_021 < 1 << 31);

/// The scheme of this file.
pub(super) enum Four {}

impl Scheme for Four {
    const GROUPS: usize = 2;
    const COLUMNS: usize = 4;
    const CHUNK: usize = 32;

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
                add_all_minima(weights, group, pairs.clone(), inputs, &mut sums);
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
                let at = quants.map(|quants| quants.add(pair * PAIR_FOUR));
                let dots = dots(at, pair, inputs);
                for g in 0..G {
                    let weight_scales = _mm512_loadu_si512(at[g].add(SCALES_FOUR).cast());
                    for c in 0..C {
                        let scales = inputs[c].scales.words().as_ptr().cast::<i32>();
                        let scales = _mm512_set1_epi32(scales.add(pair).read());
                        let scales = _mm512_mullo_epi16(weight_scales, scales);
                        narrow[g][c] = _mm512_dpwssd_epi32(narrow[g][c], dots[g][c], scales);
                    }
                }
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

/// Sixteen dot products of centred nibbles for both blocks of a pair: block 0 in the low, block 1
/// in the high half of each lane.
///
/// # Safety
/// `at` are pairs of 4-bit weights, and the inputs have pair `pair`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn dots<const G: usize, const C: usize>(
    at: [*const u8; G],
    pair: usize,
    inputs: &[&InputRow; C],
) -> [[__m512i; C]; G] {
    let mut dots = [[_mm512_setzero_si512(); C]; G];
    let bias = _mm512_set1_epi32(0x8000);
    let x: [*const i32; C] =
        inputs.map(|row| row.quants.signed().as_ptr().cast::<i32>().wrapping_add(pair * 2 * 8));
    // SAFETY: as the caller says.
    unsafe {
        add_block(&mut dots, at.map(|at| at.add(GROUP * BLOCK / 2)), x.map(|x| x.add(8)));
        for c in 0..C {
            let minus = inputs[c].minus_sums.as_ptr().add(2 * pair);
            let start = (minus.add(1).read() << 19).wrapping_add(minus.read() << 3);
            let start = _mm512_set1_epi32(start.wrapping_add(0x8000));
            for g in 0..G {
                dots[g][c] = _mm512_add_epi32(_mm512_slli_epi32::<16>(dots[g][c]), start);
            }
        }
        add_block(&mut dots, at, x);
    }
    // The bias has kept the low halves from borrowing from the high ones.
    for g in 0..G {
        for c in 0..C {
            dots[g][c] = _mm512_xor_si512(dots[g][c], bias);
        }
    }
    dots
}

/// Adds one block's products of nibbles and inputs.
///
/// # Safety
/// `at` are blocks of 4-bit weights of a group, `x` blocks of inputs.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn add_block<const G: usize, const C: usize>(
    dots: &mut [[__m512i; C]; G],
    at: [*const u8; G],
    x: [*const i32; C],
) {
    let nibble = _mm512_set1_epi8(15);
    for step in 0..STEPS {
        // SAFETY: as the caller says.
        unsafe {
            for g in 0..G {
                let w = at[g].add(step * GROUP * 4);
                let w = _mm512_loadu_si512(w.cast());
                let low = _mm512_and_si512(w, nibble);
                for c in 0..C {
                    let x = _mm512_set1_epi32(x[c].add(step).read());
                    dots[g][c] = _mm512_dpbusd_epi32(dots[g][c], low, x);
                }
                let high = _mm512_and_si512(_mm512_srli_epi32::<4>(w), nibble);
                for c in 0..C {
                    let x = _mm512_set1_epi32(x[c].add(STEPS + step).read());
                    dots[g][c] = _mm512_dpbusd_epi32(dots[g][c], high, x);
                }
            }
        }
    }
}

/// The minima's share: `sum over blocks of (min + 8 * scale) * (sum of the block's entries)`.
///
/// # Safety
/// As of [`Scheme::tile`], of a matrix with minima.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) unsafe fn add_all_minima<const G: usize, const C: usize>(
    weights: &PackedMatrix,
    group: usize,
    pairs: Range<usize>,
    inputs: &[&InputRow; C],
    sums: &mut [&mut [Sums; C]; G],
) {
    for start in pairs.clone().step_by(MINIMA_CHUNK) {
        let pairs = start..pairs.end.min(start + MINIMA_CHUNK);
        // SAFETY: as the caller says.
        unsafe { add_minima(weights, group, pairs, inputs, sums) }
    }
}

/// The minima's share of at most `MINIMA_CHUNK` pairs.
///
/// # Safety
/// As of [`Scheme::tile`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn add_minima<const G: usize, const C: usize>(
    weights: &PackedMatrix,
    group: usize,
    pairs: Range<usize>,
    inputs: &[&InputRow; C],
    sums: &mut [&mut [Sums; C]; G],
) {
    debug_assert!(pairs.len() <= MINIMA_CHUNK);
    let minima: [*const i16; G] = core::array::from_fn(|g| weights.minima(group + g).as_ptr());
    let mut high = [[_mm512_setzero_si512(); C]; G];
    let mut low = high;
    for pair in pairs {
        // SAFETY: the caller says that this pair exists in all groups and inputs.
        unsafe {
            let entries: [_; C] = inputs.map(|row| {
                let high = row.sum_high.words().as_ptr().cast::<i32>().add(pair).read();
                let low = row.sum_low.words().as_ptr().cast::<i32>().add(pair).read();
                (_mm512_set1_epi32(high), _mm512_set1_epi32(low))
            });
            for g in 0..G {
                let minima = _mm512_loadu_si512(minima[g].add(pair * GROUP * 2).cast());
                for c in 0..C {
                    high[g][c] = _mm512_dpwssd_epi32(high[g][c], minima, entries[c].0);
                    low[g][c] = _mm512_dpwssd_epi32(low[g][c], minima, entries[c].1);
                }
            }
        }
    }
    for g in 0..G {
        for c in 0..C {
            add_shares(&mut sums[g][c], high[g][c], low[g][c]);
        }
    }
}

/// Adds sixteen 32-bit sums to 64-bit ones.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn widen(sums: &mut Sums, narrow: __m512i) {
    let even = _mm512_srai_epi64::<32>(_mm512_slli_epi64::<32>(narrow));
    let odd = _mm512_srai_epi64::<32>(narrow);
    sums[0] = _mm512_add_epi64(sums[0], even);
    sums[1] = _mm512_add_epi64(sums[1], odd);
}

/// Adds `1024 * high + low`.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn add_shares(sums: &mut Sums, high: __m512i, low: __m512i) {
    let even = _mm512_srai_epi64::<22>(_mm512_slli_epi64::<32>(high));
    let odd = _mm512_slli_epi64::<10>(_mm512_srai_epi64::<32>(high));
    sums[0] = _mm512_add_epi64(sums[0], even);
    sums[1] = _mm512_add_epi64(sums[1], odd);
    widen(sums, low);
}
