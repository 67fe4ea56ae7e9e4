//! Six-bit weights with A8 inputs: unpacked in registers, where every column of a tile finds them.
//!
//! Weights are unsigned bytes of at most 63 that stand for themselves minus 32, and three bytes hold
//! four: those of one half of a block that meet the same lane. `vpmaddubsw` makes pairs of products of
//! at most 2 * 63 * 127, so two steps' stay within 32,004. A half's dot products fit 17 bits, times the
//! input's block scale 23, times the weight's scale 38.

use core::arch::x86_64::*;

use super::eight::add_scaled;
use super::walk::{Columns, HALF_STEP, Place, STEPS, Scheme, Sums, nth_half, prefetch};
use crate::inputs::InputRow;
use crate::packed::{BLOCK_SIX, GROUP, HALF_SIX, PAIR_SIX, SCALES_HALVES};

/// Steps of four inputs in a half of a block.
const HALF_STEPS: usize = STEPS / 2;

/// The scheme of this file.
pub(super) enum Six {}

impl Scheme for Six {
    const HALVES: usize = 1;
    const COLUMNS: usize = 8;

    #[target_feature(enable = "avx2")]
    #[inline(never)]
    unsafe fn tile<const H: usize, const C: usize>(
        place: &Place<'_>,
        inputs: &[&InputRow; C],
        sums: &mut [Sums; C],
    ) {
        // SAFETY: the caller's.
        unsafe { tile::<Plain, H, C>(place, inputs, sums) }
    }
}

/// How dot products of unpacked weights are made.
pub(in crate::x86) trait Dots {
    /// Adds four steps' products to eight rows' dot products.
    ///
    /// # Safety
    /// The machine has AVX2 and this way's features.
    unsafe fn add(
        start: __m256i,
        weights: [__m256i; HALF_STEPS],
        x: [__m256i; HALF_STEPS],
    ) -> __m256i;
}

/// Without VNNI.
enum Plain {}

impl Dots for Plain {
    #[inline(always)]
    unsafe fn add(
        start: __m256i,
        weights: [__m256i; HALF_STEPS],
        x: [__m256i; HALF_STEPS],
    ) -> __m256i {
        // SAFETY: the caller's.
        unsafe {
            let products = |step: usize| _mm256_maddubs_epi16(weights[step], x[step]);
            let first = _mm256_add_epi16(products(0), products(1));
            let second = _mm256_add_epi16(products(2), products(3));
            let one = _mm256_set1_epi16(1);
            let both =
                _mm256_add_epi32(_mm256_madd_epi16(first, one), _mm256_madd_epi16(second, one));
            _mm256_add_epi32(start, both)
        }
    }
}

/// A tile; see [`Scheme`].
///
/// # Safety
/// The machine has AVX2 and the features of `D`; the place and the inputs exist.
#[inline(always)]
pub(in crate::x86) unsafe fn tile<D: Dots, const H: usize, const C: usize>(
    place: &Place<'_>,
    inputs: &[&InputRow; C],
    sums: &mut [Sums; C],
) {
    let quants = place.weights.group(place.group).as_ptr();
    let columns = Columns::of(inputs);
    for pair in place.pairs.clone() {
        // SAFETY: the caller says that the group, the pairs and the inputs exist; a pair is PAIR_SIX
        // bytes.
        unsafe {
            let at = quants.add(pair * PAIR_SIX);
            for b in 0..2 {
                half_block::<D, H, C, 0>(at, b, place.half, &columns, pair, sums);
                half_block::<D, H, C, 1>(at, b, place.half, &columns, pair, sums);
            }
        }
    }
}

/// Adds one half of a block of a pair to the sums.
///
/// # Safety
/// As of [`tile`]; the pair is one of a matrix of six bits, and the columns have such a pair.
#[inline(always)]
unsafe fn half_block<D: Dots, const H: usize, const C: usize, const SECOND: usize>(
    at: *const u8,
    block: usize,
    half: usize,
    columns: &Columns<C>,
    pair: usize,
    sums: &mut [Sums; C],
) {
    let b = 2 * pair + block;
    // SAFETY: quants and scales of a pair lie within its bytes; a half of a block of an input row is
    // four steps of four bytes.
    unsafe {
        let quants =
            at.add(block * BLOCK_SIX + SCALES_HALVES + SECOND * HALF_SIX + half * HALF_STEP);
        let mut weights = [[_mm256_setzero_si256(); HALF_STEPS]; H];
        let mut scales = [_mm256_setzero_si256(); H];
        for h in 0..H {
            let at = at.add(block * BLOCK_SIX + (half + h) * SCALES_HALVES / 2);
            let both = _mm256_load_si256(at.cast());
            scales[h] = _mm256_and_si256(both, _mm256_set1_epi32(0xffff << (16 * SECOND)));
            weights[h] = unpacked::<C>(quants.add(h * HALF_STEP));
        }
        for c in 0..C {
            let x = columns.quants[c].add(b * STEPS + SECOND * HALF_STEPS);
            let x = [0, 1, 2, 3].map(|step| _mm256_set1_epi32(x.add(step).read_unaligned()));
            let start = _mm256_set1_epi32(*columns.half_starts[SECOND][c].add(b));
            let x_scale = columns.scales[c].cast::<i16>().add(b).read_unaligned();
            let x_scale = _mm256_set1_epi16(x_scale);
            for h in 0..H {
                let dots = D::add(start, weights[h], x);
                let sums = &mut sums[c][nth_half::<H>(half, h)];
                add_scaled(sums, dots, _mm256_madd_epi16(scales[h], x_scale));
            }
        }
    }
}

/// The weights of eight rows and a half of a block, by steps.
///
/// # Safety
/// These are weights of six bits, of a half of a block from some row on.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn unpacked<const C: usize>(at: *const u8) -> [__m256i; HALF_STEPS] {
    const LINE: usize = GROUP * 4;
    // SAFETY: a half of a block is three lines, each of two halves of rows.
    let [a, b, c] = unsafe { [0, 1, 2].map(|line| _mm256_load_si256(at.add(line * LINE).cast())) };
    for line in 0..3 {
        prefetch::<C>(at.wrapping_add(line * LINE));
    }
    let six = _mm256_set1_epi8(63);
    let low = _mm256_and_si256(_mm256_srli_epi16::<6>(a), _mm256_set1_epi8(0b11));
    let middle = _mm256_and_si256(_mm256_srli_epi16::<4>(b), _mm256_set1_epi8(0b1100));
    let high = _mm256_and_si256(_mm256_srli_epi16::<2>(c), _mm256_set1_epi8(0b11_0000));
    let last = _mm256_or_si256(_mm256_or_si256(low, middle), high);
    [_mm256_and_si256(a, six), _mm256_and_si256(b, six), _mm256_and_si256(c, six), last]
}
