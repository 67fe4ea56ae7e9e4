//! Eight-bit weights with A8 inputs: exact products in 64-bit sums.
//!
//! `vpmaddubsw` multiplies unsigned with signed bytes, and its pairs of products saturate: `weight +
//! 128` is never given to it whole. Its two nibbles are: pairs of at most 2 * 15 * 127, and the eight
//! steps of a block stay within 30,480. This leaves two multiplications for a step; magnitudes and
//! signs (`vpabsb`, `vpsignb`) need three instructions of the multiplier's ports, but fewer in all
//! for one column, which shares nothing.
//!
//! A block's dot products fit 20 bits, times the input's block scale 27, times the weight's scale
//! 42.

use core::arch::x86_64::*;

use super::minima::add_minima;
use super::walk::{
    Columns, HALF_STEP, HalfSums, Place, STEPS, Scheme, Sums, nth_half, odd_lanes, prefetch,
};
use crate::inputs::InputRow;
use crate::packed::{GROUP, PAIR_EIGHT, PAIR_EIGHT_HALVES, SCALES_EIGHT, SCALES_HALVES};
use crate::quant::BLOCK;

/// The scheme of this file.
pub(super) enum Eight<const HALVES: bool> {}

impl<const HALVES: bool> Scheme for Eight<HALVES> {
    const HALVES: usize = 1;
    const COLUMNS: usize = 6;

    #[target_feature(enable = "avx2")]
    #[inline(never)]
    unsafe fn tile<const H: usize, const C: usize>(
        place: &Place<'_>,
        inputs: &[&InputRow; C],
        sums: &mut [Sums; C],
    ) {
        let quants = place.weights.group(place.group).as_ptr();
        let columns = Columns::of(inputs);
        for pair in place.pairs.clone() {
            // SAFETY: the caller says that the group, the pairs and the inputs exist; a pair is so
            // many bytes.
            unsafe {
                if HALVES {
                    let at = quants.add(pair * PAIR_EIGHT_HALVES);
                    for b in 0..2 {
                        half_block::<H, C, 0>(at, b, place.half, &columns, pair, sums);
                        half_block::<H, C, 1>(at, b, place.half, &columns, pair, sums);
                    }
                } else {
                    let at = quants.add(pair * PAIR_EIGHT);
                    block::<H, C, 0>(at, place.half, &columns, pair, sums);
                    block::<H, C, 1>(at, place.half, &columns, pair, sums);
                }
            }
        }
        // SAFETY: as above.
        unsafe { add_minima::<H>(place, inputs, sums) };
    }
}

/// Adds one block of a pair to the sums.
///
/// # Safety
/// The pair is one of a matrix; the columns have such a pair.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn block<const H: usize, const C: usize, const SECOND: usize>(
    at: *const u8,
    half: usize,
    columns: &Columns<C>,
    pair: usize,
    sums: &mut [Sums; C],
) {
    // SAFETY: quants and scales of a pair lie within its bytes.
    let (quants, scales) = unsafe {
        let quants = at.add(SECOND * GROUP * BLOCK + half * HALF_STEP);
        (quants, at.add(SCALES_EIGHT + (SECOND * GROUP + half * 8) * 2))
    };
    let b = 2 * pair + SECOND;
    // SAFETY: as above.
    let dots = unsafe {
        if C == 1 { dots_of_one(quants, columns, b) } else { dots::<H, C>(quants, columns, b) }
    };
    for h in 0..H {
        // SAFETY: as above: eight scales of 16 bits.
        let scales = unsafe { load_scales::<SECOND>(scales.add(h * 16)) };
        for c in 0..C {
            // SAFETY: the columns have such a pair of scales.
            let x = unsafe { _mm256_set1_epi32(columns.scales[c].add(pair).read_unaligned()) };
            add_scaled(
                &mut sums[c][nth_half::<H>(half, h)],
                dots[h][c],
                _mm256_madd_epi16(scales, x),
            );
        }
    }
}

/// Adds one half of a block of a pair to the sums.
///
/// # Safety
/// The pair is one of a matrix whose halves have scales; the columns have such a pair.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn half_block<const H: usize, const C: usize, const SECOND: usize>(
    at: *const u8,
    block: usize,
    half: usize,
    columns: &Columns<C>,
    pair: usize,
    sums: &mut [Sums; C],
) {
    let b = 2 * pair + block;
    // SAFETY: quants and scales of a pair lie within its bytes.
    unsafe {
        let quants = at.add((2 * block + SECOND) * GROUP * BLOCK / 2 + half * HALF_STEP);
        let x = columns.quants.map(|quants| quants.add(b * STEPS + SECOND * STEPS / 2));
        let starts = columns.half_starts[SECOND].map(|starts| *starts.add(b));
        let dots = some_dots::<H, C>(quants, x, columns.steps / 2, starts);
        for h in 0..H {
            let scales = load_scales_of_halves(at, block, half + h);
            for c in 0..C {
                let x = scale_of_half::<SECOND>(columns.scales[c].add(pair), block);
                let sums = &mut sums[c][nth_half::<H>(half, h)];
                add_scaled(sums, dots[h][c], _mm256_madd_epi16(scales, x));
            }
        }
    }
}

/// As [`dots`], for one column: a weight's magnitude (at most 128) times an input with the weight's
/// sign (at most 127) makes pairs of at most 32,512.
///
/// # Safety
/// As of [`dots`].
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn dots_of_one<const H: usize, const C: usize>(
    block: *const u8,
    columns: &Columns<C>,
    b: usize,
) -> [[__m256i; C]; H] {
    let offset = _mm256_set1_epi8(i8::MIN);
    let ones = _mm256_set1_epi16(1);
    let mut dots = [[_mm256_setzero_si256(); C]; H];
    for step in 0..STEPS {
        // SAFETY: a block is eight steps of two halves, and of an input row eight steps of four
        // bytes.
        unsafe {
            let x = _mm256_set1_epi32(columns.quants[0].add(b * STEPS + step).read_unaligned());
            for h in 0..H {
                let weights = _mm256_load_si256(block.add((2 * step + h) * HALF_STEP).cast());
                let weights = _mm256_xor_si256(weights, offset);
                let signed = _mm256_sign_epi8(x, weights);
                let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(weights), signed);
                dots[h][0] = _mm256_add_epi32(dots[h][0], _mm256_madd_epi16(pairs, ones));
            }
        }
    }
    dots
}

/// The dot products of a block.
///
/// # Safety
/// The block is one of a matrix, from the half on; the inputs have a block b.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) unsafe fn dots<const H: usize, const C: usize>(
    block: *const u8,
    columns: &Columns<C>,
    b: usize,
) -> [[__m256i; C]; H] {
    // SAFETY: the caller's; the columns have a block b.
    unsafe {
        let x = columns.quants.map(|quants| quants.add(b * STEPS));
        let starts = columns.minus_sums.map(|sums| *sums.add(b) << 7);
        some_dots::<H, C>(block, x, columns.steps, starts)
    }
}

/// The dot products of some steps, added to what each column's start from.
///
/// # Safety
/// There are so many steps of weights, from the half on, and of each x.
#[inline]
#[target_feature(enable = "avx2")]
unsafe fn some_dots<const H: usize, const C: usize>(
    block: *const u8,
    x: [*const i32; C],
    steps: usize,
    starts: [i32; C],
) -> [[__m256i; C]; H] {
    let nibble = _mm256_set1_epi8(15);
    let mut low = [[_mm256_setzero_si256(); C]; H];
    let (mut high, mut dots) = (low, low);
    for step in 0..steps {
        prefetch::<C>(block.wrapping_add(2 * step * HALF_STEP));
        for h in 0..H {
            // SAFETY: the caller's; a step has two halves.
            let weights =
                unsafe { _mm256_load_si256(block.add((2 * step + h) * HALF_STEP).cast()) };
            let low_weights = _mm256_and_si256(weights, nibble);
            let high_weights = _mm256_and_si256(_mm256_srli_epi16::<4>(weights), nibble);
            for c in 0..C {
                // SAFETY: the caller's.
                let x = unsafe { _mm256_set1_epi32(x[c].add(step).read_unaligned()) };
                let products = _mm256_maddubs_epi16(low_weights, x);
                low[h][c] = _mm256_add_epi16(low[h][c], products);
                let products = _mm256_maddubs_epi16(high_weights, x);
                high[h][c] = _mm256_add_epi16(high[h][c], products);
            }
        }
    }
    for (h, high) in high.into_iter().enumerate() {
        for (c, high) in high.into_iter().enumerate() {
            let low = _mm256_madd_epi16(low[h][c], _mm256_set1_epi16(1));
            let high = _mm256_madd_epi16(high, _mm256_set1_epi16(16));
            let start = _mm256_set1_epi32(starts[c]);
            dots[h][c] = _mm256_add_epi32(_mm256_add_epi32(low, high), start);
        }
    }
    dots
}

/// The scales of eight rows, in the half of each lane where the input's scale of this block is in a
/// pair; the other half is 0.
///
/// # Safety
/// There are sixteen bytes.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::x86) unsafe fn load_scales<const SECOND: usize>(at: *const u8) -> __m256i {
    // SAFETY: the caller's.
    let scales = _mm256_cvtepu16_epi32(unsafe { _mm_loadu_si128(at.cast()) });
    if SECOND == 0 { scales } else { _mm256_slli_epi32::<16>(scales) }
}

/// The scales of eight rows, from the half on, for a block whose halves have their own: of each row side
/// by side.
///
/// # Safety
/// The pair is one of a matrix of 8-bit weights whose halves have scales.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::x86) unsafe fn load_scales_of_halves(
    pair: *const u8,
    block: usize,
    half: usize,
) -> __m256i {
    let at = SCALES_EIGHT + block * SCALES_HALVES + half * SCALES_HALVES / 2;
    // SAFETY: the scales of eight rows are 32 bytes of the pair.
    unsafe { _mm256_load_si256(pair.add(at).cast()) }
}

/// The input's scale of a block of a pair, in the half of each lane where the weights' scale of this half
/// of the block is; the other half is 0.
///
/// # Safety
/// There are the two scales of a pair.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::x86) unsafe fn scale_of_half<const SECOND: usize>(
    scales: *const i32,
    block: usize,
) -> __m256i {
    // SAFETY: the caller's.
    let scale = unsafe { scales.cast::<u16>().add(block).read_unaligned() };
    _mm256_set1_epi32(i32::from(scale) << (16 * SECOND))
}

/// Adds eight dot products times their scales.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::x86) fn add_scaled(sums: &mut HalfSums, dots: __m256i, scales: __m256i) {
    let odd = _mm256_mul_epi32(odd_lanes(dots), odd_lanes(scales));
    sums[0] = _mm256_add_epi64(sums[0], _mm256_mul_epi32(dots, scales));
    sums[1] = _mm256_add_epi64(sums[1], odd);
}
