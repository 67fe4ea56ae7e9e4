//! Eight-bit weights with A8 inputs: weights as unsigned bytes, sums that start at minus their
//! offset, and 64-bit sums as in the AVX2 kernel.

use core::arch::x86_64::*;

use super::Dot;
use crate::inputs::InputRow;
use crate::packed::{GROUP, PAIR_EIGHT, SCALES_EIGHT};
use crate::quant::BLOCK;
use crate::x86::avx2::eight::{add_scaled, load_scales};
use crate::x86::avx2::minima::add_minima;
use crate::x86::avx2::walk::{Columns, HALF_STEP, Place, STEPS, Sums, nth_half, prefetch};

/// A tile; see `walk::Scheme`.
///
/// # Safety
/// The machine has AVX2 and this spelling; the place and the inputs exist.
#[inline(always)]
pub(super) unsafe fn tile<D: Dot, const H: usize, const C: usize>(
    place: &Place<'_>,
    inputs: &[&InputRow; C],
    sums: &mut [Sums; C],
) {
    let quants = place.weights.group(place.group).as_ptr();
    let columns = Columns::of(inputs);
    for pair in place.pairs.clone() {
        // SAFETY: the caller says that the group, the pairs and the inputs exist; a pair is
        // PAIR_EIGHT bytes.
        unsafe {
            let at = quants.add(pair * PAIR_EIGHT);
            block::<D, H, C, 0>(at, place.half, &columns, pair, sums);
            block::<D, H, C, 1>(at, place.half, &columns, pair, sums);
        }
    }
    // SAFETY: as above.
    unsafe { add_minima::<H>(place, inputs, sums) };
}

/// Adds one block of a pair to the sums.
///
/// # Safety
/// As of [`tile`]; the pair is one of a matrix and the columns have such a pair.
#[inline(always)]
unsafe fn block<D: Dot, const H: usize, const C: usize, const SECOND: usize>(
    at: *const u8,
    half: usize,
    columns: &Columns<C>,
    pair: usize,
    sums: &mut [Sums; C],
) {
    let b = 2 * pair + SECOND;
    // SAFETY: quants and scales of a pair lie within its bytes; a block is eight steps of two
    // halves, and of an input row eight steps of four bytes.
    unsafe {
        let quants = at.add(SECOND * GROUP * BLOCK + half * HALF_STEP);
        let mut dots = [[_mm256_setzero_si256(); C]; H];
        let mut odd_dots = dots;
        for c in 0..C {
            let minus = _mm256_slli_epi32::<7>(_mm256_set1_epi32(*columns.minus_sums[c].add(b)));
            for dots in &mut dots {
                dots[c] = minus;
            }
        }
        for step in 0..STEPS {
            prefetch::<C>(quants.wrapping_add(2 * step * HALF_STEP));
            let mut weights = [_mm256_setzero_si256(); H];
            for h in 0..H {
                weights[h] = _mm256_load_si256(quants.add((2 * step + h) * HALF_STEP).cast());
            }
            for c in 0..C {
                let x = columns.quants[c].add(b * STEPS + step).read_unaligned();
                // One column alone would wait for its own sums.
                let dots = if C == 1 && step % 2 == 1 { &mut odd_dots } else { &mut dots };
                for h in 0..H {
                    dots[h][c] = D::bytes(dots[h][c], weights[h], _mm256_set1_epi32(x));
                }
            }
        }
        let scales = at.add(SCALES_EIGHT + (SECOND * GROUP + half * 8) * 2);
        for h in 0..H {
            let scales = load_scales::<SECOND>(scales.add(h * 16));
            for c in 0..C {
                let x = _mm256_set1_epi32(columns.scales[c].add(pair).read_unaligned());
                let dots =
                    if C == 1 { _mm256_add_epi32(dots[h][c], odd_dots[h][c]) } else { dots[h][c] };
                add_scaled(
                    &mut sums[c][nth_half::<H>(half, h)],
                    dots,
                    _mm256_madd_epi16(scales, x),
                );
            }
        }
    }
}
