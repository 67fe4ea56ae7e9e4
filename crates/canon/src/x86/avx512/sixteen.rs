//! Weights of either width with A16 inputs: two byte planes, whose dot products make one of 28 bits.

use core::arch::x86_64::*;
use core::ops::Range;

use super::four::add_all_minima;
use super::gemm::{Place, Scheme, Sums, Waiting, started};
use crate::inputs::InputRow;
use crate::packed::{GROUP, PAIR_EIGHT, PAIR_FOUR, PackedMatrix, SCALES_EIGHT, SCALES_FOUR};
use crate::quant::BLOCK;

/// Steps of four inputs in a block.
const STEPS: usize = BLOCK / 4;

/// The scheme of this file.
pub(super) enum Sixteen {}

impl Scheme for Sixteen {
    const GROUPS: usize = 2;
    const COLUMNS: usize = 3;
    const CHUNK: usize = 12;

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
            if weights.width().is_eight() {
                add_products::<G, C, true>(weights, group, pairs, inputs, sums);
            } else {
                add_products::<G, C, false>(weights, group, pairs, inputs, sums);
            }
        }
    }
}

/// One plane of an input row.
#[derive(Clone, Copy)]
struct Plane {
    /// Four quants at a time.
    quants: *const i32,
    minus_sums: *const i32,
}

/// The dot products' share of the sums.
///
/// # Safety
/// As of [`Scheme::tile`], with initialised sums; `EIGHT` is the matrix' width.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn add_products<const G: usize, const C: usize, const EIGHT: bool>(
    weights: &PackedMatrix,
    group: usize,
    pairs: Range<usize>,
    inputs: &[&InputRow; C],
    waiting: [&mut [Sums; C]; G],
) {
    let quants: [*const u8; G] = core::array::from_fn(|g| weights.group(group + g).as_ptr());
    let high = inputs.map(|row| Plane {
        quants: row.quants.signed().as_ptr().cast(),
        minus_sums: row.minus_sums.as_ptr(),
    });
    let low = inputs.map(|row| Plane {
        quants: row.low.signed().as_ptr().cast(),
        minus_sums: row.minus_low_sums.as_ptr(),
    });
    let mut sums = [[[_mm512_setzero_si512(); 2]; C]; G];
    for g in 0..G {
        for c in 0..C {
            sums[g][c] = waiting[g][c];
        }
    }
    for b in 2 * pairs.start..2 * pairs.end {
        let pair_bytes = if EIGHT { PAIR_EIGHT } else { PAIR_FOUR };
        // SAFETY: the caller says that this block exists in all groups and inputs.
        unsafe {
            let at = quants.map(|quants| quants.add(b / 2 * pair_bytes));
            let dots = [dots::<G, C, EIGHT>(at, b, &high), dots::<G, C, EIGHT>(at, b, &low)];
            for g in 0..G {
                let even = scales::<EIGHT>(at[g], b % 2);
                let odd = _mm512_srli_epi64::<32>(even);
                for c in 0..C {
                    let high = _mm512_slli_epi32::<8>(dots[0][g][c]);
                    let dot = _mm512_add_epi32(high, dots[1][g][c]);
                    let products = _mm512_mul_epi32(dot, even);
                    sums[g][c][0] = _mm512_add_epi64(sums[g][c][0], products);
                    let products = _mm512_mul_epi32(_mm512_srli_epi64::<32>(dot), odd);
                    sums[g][c][1] = _mm512_add_epi64(sums[g][c][1], products);
                }
            }
        }
    }
    for g in 0..G {
        for c in 0..C {
            waiting[g][c] = sums[g][c];
        }
    }
}

/// The scales of one block of a pair, as 32-bit integers.
///
/// # Safety
/// `at` is a pair of weights of that width.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn scales<const EIGHT: bool>(at: *const u8, half: usize) -> __m512i {
    // SAFETY: as the caller says.
    unsafe {
        if EIGHT {
            let scales = at.add(SCALES_EIGHT + half * GROUP * 2);
            return _mm512_cvtepi16_epi32(_mm256_loadu_si256(scales.cast()));
        }
        let both = _mm512_loadu_si512(at.add(SCALES_FOUR).cast());
        let high = if half == 0 { _mm512_slli_epi32::<16>(both) } else { both };
        _mm512_srai_epi32::<16>(high)
    }
}

/// Sixteen dot products of a block with one plane of each column.
///
/// # Safety
/// `at` are pairs of weights of that width, and the planes have block `b`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn dots<const G: usize, const C: usize, const EIGHT: bool>(
    at: [*const u8; G],
    b: usize,
    planes: &[Plane; C],
) -> [[__m512i; C]; G] {
    let mut dots = [[_mm512_setzero_si512(); C]; G];
    let nibble = _mm512_set1_epi8(15);
    // SAFETY: as the caller says.
    unsafe {
        for c in 0..C {
            // Quants are counted from 128, nibbles from 8.
            let minus = planes[c].minus_sums.add(b).read();
            let start = _mm512_set1_epi32(if EIGHT { minus << 7 } else { minus << 3 });
            for g in 0..G {
                dots[g][c] = start;
            }
        }
        for step in 0..STEPS {
            for g in 0..G {
                let w = if EIGHT {
                    let w = at[g].add((b % 2 * STEPS + step) * GROUP * 4);
                    _mm512_loadu_si512(w.cast())
                } else {
                    // The second half of a block's inputs stands in the high nibbles.
                    let w = at[g].add((b % 2 * STEPS / 2 + step % (STEPS / 2)) * GROUP * 4);
                    let w = _mm512_loadu_si512(w.cast());
                    let w = if step < STEPS / 2 { w } else { _mm512_srli_epi32::<4>(w) };
                    _mm512_and_si512(w, nibble)
                };
                for c in 0..C {
                    let x = _mm512_set1_epi32(planes[c].quants.add(b * STEPS + step).read());
                    dots[g][c] = _mm512_dpbusd_epi32(dots[g][c], w, x);
                }
            }
        }
    }
    dots
}
