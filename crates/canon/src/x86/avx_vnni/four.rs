//! Four-bit weights with A8 inputs: two blocks share a register of dot products.
//!
//! `T = sum of (nibble - 8) * x` of a block fits 16 bits. The second block's T is made first and
//! shifted into the upper half of each 32-bit lane; the first block's is added below it with 2^15,
//! so that it borrows nothing, and one exclusive or turns the lower half into 16 signed bits.
//! `vpdpwssd` then multiplies both with their scales, as in the AVX2 kernel.

use core::arch::x86_64::*;

use super::Dot;
use crate::inputs::InputRow;
use crate::packed::{GROUP, PAIR_FOUR, SCALES_FOUR};
use crate::quant::BLOCK;
use crate::x86::avx2::four::widen;
use crate::x86::avx2::minima::add_minima;
use crate::x86::avx2::walk::{CHUNK, Columns, HALF_STEP, Place, STEPS, Sums, nth_half, prefetch};

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
    let chunk = place.weights.chunk(place.group).min(CHUNK);
    let columns = Columns::of(inputs);
    // SAFETY: the caller says that the group, the pairs and the inputs exist; a pair is PAIR_FOUR
    // bytes.
    unsafe {
        for start in place.pairs.clone().step_by(chunk) {
            let mut narrow = [[_mm256_setzero_si256(); C]; H];
            for pair in start..place.pairs.end.min(start + chunk) {
                let at = quants.add(pair * PAIR_FOUR);
                add_pair::<D, H, C>(at, place.half, &columns, pair, &mut narrow);
            }
            for (h, narrow) in narrow.into_iter().enumerate() {
                for (sums, narrow) in sums.iter_mut().zip(narrow) {
                    widen(&mut sums[nth_half::<H>(place.half, h)], narrow);
                }
            }
        }
        add_minima::<H>(place, inputs, sums);
    }
}

/// Adds sixteen products of sums and scales, in pairs.
///
/// # Safety
/// As of [`tile`]; the pair is one of a matrix and the columns have such a pair.
#[inline(always)]
unsafe fn add_pair<D: Dot, const H: usize, const C: usize>(
    at: *const u8,
    half: usize,
    columns: &Columns<C>,
    pair: usize,
    narrow: &mut [[__m256i; C]; H],
) {
    // SAFETY: quants and scales of a pair lie within its bytes; the columns have such a pair.
    unsafe {
        let first = at.add(half * HALF_STEP);
        let second = first.add(GROUP * BLOCK / 2);
        let scales = at.add(SCALES_FOUR + half * GROUP * 2);
        let minus = |c: usize, b: usize| {
            _mm256_slli_epi32::<3>(_mm256_set1_epi32(*columns.minus_sums[c].add(b)))
        };
        let mut dots = [[_mm256_setzero_si256(); C]; H];
        for c in 0..C {
            let minus = minus(c, 2 * pair + 1);
            for dots in &mut dots {
                dots[c] = minus;
            }
        }
        add_dots::<D, H, C>(second, columns, 2 * pair + 1, &mut dots);
        // One column alone would wait for its own sums: there the first block's are made apart.
        let mut first_dots = [[_mm256_setzero_si256(); C]; H];
        for c in 0..C {
            let start = _mm256_add_epi32(minus(c, 2 * pair), _mm256_set1_epi32(0x8000));
            for h in 0..H {
                let upper = _mm256_slli_epi32::<16>(dots[h][c]);
                if C == 1 {
                    dots[h][c] = upper;
                    first_dots[h][c] = start;
                } else {
                    first_dots[h][c] = _mm256_add_epi32(upper, start);
                }
            }
        }
        add_dots::<D, H, C>(first, columns, 2 * pair, &mut first_dots);
        for h in 0..H {
            let weights = _mm256_load_si256(scales.add(h * GROUP * 2).cast());
            for c in 0..C {
                let x = _mm256_set1_epi32(columns.scales[c].add(pair).read_unaligned());
                let both = if C == 1 {
                    _mm256_add_epi32(dots[h][c], first_dots[h][c])
                } else {
                    first_dots[h][c]
                };
                let pairs = _mm256_xor_si256(both, _mm256_set1_epi32(0x8000));
                narrow[h][c] = D::words(narrow[h][c], pairs, _mm256_mullo_epi16(weights, x));
            }
        }
    }
}

/// Adds the products of a block's nibbles.
///
/// # Safety
/// As of [`tile`]; the block is one of a matrix, from the half on, and the columns have a block b.
#[inline(always)]
unsafe fn add_dots<D: Dot, const H: usize, const C: usize>(
    block: *const u8,
    columns: &Columns<C>,
    b: usize,
    dots: &mut [[__m256i; C]; H],
) {
    // SAFETY: a block is four double steps of two halves, and of an input row eight steps of four
    // bytes.
    unsafe {
        let nibble = _mm256_set1_epi8(15);
        let mut high_dots = [[_mm256_setzero_si256(); C]; H];
        for step in 0..STEPS / 2 {
            prefetch::<C>(block.wrapping_add(2 * step * HALF_STEP));
            let mut low = [_mm256_setzero_si256(); H];
            let mut high = low;
            for h in 0..H {
                let weights = _mm256_load_si256(block.add((2 * step + h) * HALF_STEP).cast());
                low[h] = _mm256_and_si256(weights, nibble);
                high[h] = _mm256_and_si256(_mm256_srli_epi16::<4>(weights), nibble);
            }
            for c in 0..C {
                let x = columns.quants[c].add(b * STEPS + step);
                let x_low = _mm256_set1_epi32(x.read_unaligned());
                let x_high = _mm256_set1_epi32(x.add(STEPS / 2).read_unaligned());
                for h in 0..H {
                    dots[h][c] = D::bytes(dots[h][c], low[h], x_low);
                    let high_dots = if C == 1 { &mut high_dots } else { &mut *dots };
                    high_dots[h][c] = D::bytes(high_dots[h][c], high[h], x_high);
                }
            }
        }
        if C == 1 {
            for (dots, high_dots) in dots.iter_mut().zip(high_dots) {
                dots[0] = _mm256_add_epi32(dots[0], high_dots[0]);
            }
        }
    }
}
