//! Inner products of packed weights: A8 with 8-bit and 4-bit weights, and A16.
//!
//! A block's dot products fit 20 bits for int8 weights and 16 for nibbles. 8-bit weights and A16
//! inputs are scaled into 64-bit sums block by block. A8 inputs with 4-bit weights are scaled in 32
//! bits, for as many pairs as the matrix has proven to fit.

use core::arch::aarch64::*;

use super::dot;
use super::minima::add_minima;
use crate::inputs::InputRow;
use crate::packed::{GROUP, PAIR_EIGHT, PAIR_FOUR, SCALES_EIGHT, SCALES_FOUR};
use crate::quant::BLOCK;
use crate::simd128::walk::{CHUNK, Place, QUARTER, QUARTERS, Scheme, Sums};

/// Bytes of a step: sixteen rows of four.
const STEP: usize = GROUP * 4;
/// Bytes of a step of one quarter.
const QUARTER_STEP: usize = QUARTER * 4;

/// Dot products of a block, by quarter and column.
type Dots<const C: usize> = [[int32x4_t; C]; QUARTERS];

/// A8 inputs with 8-bit weights.
pub(super) enum A8Eight {}

impl Scheme for A8Eight {
    #[target_feature(enable = "dotprod")]
    #[inline(never)]
    unsafe fn tile<const C: usize>(
        place: &Place<'_>,
        inputs: &[&InputRow; C],
        sums: &mut [Sums; C],
    ) {
        let weights = place.weights.group(place.group).as_ptr();
        let quants = inputs.map(|row| row.quants.signed().as_ptr());
        let scales = inputs.map(|row| row.scales.words().as_ptr());
        for b in 2 * place.pairs.start..2 * place.pairs.end {
            // SAFETY: the caller says that the group and its pairs exist; quants and scales of both
            // blocks lie within a pair's bytes, and every input row has block b.
            unsafe {
                let at = weights.add(b / 2 * PAIR_EIGHT);
                let x = quants.map(|quants| quants.add(b * BLOCK));
                let dots = dots_eight::<C>(at.add(b % 2 * GROUP * BLOCK), x);
                let words = at.add(SCALES_EIGHT + b % 2 * GROUP * 2).cast::<i16>();
                for (q, dots) in dots.into_iter().enumerate() {
                    let words = vld1_s16(words.add(q * QUARTER));
                    for (c, dots) in dots.into_iter().enumerate() {
                        let scales = vmull_n_s16(words, *scales[c].add(b));
                        add_scaled(&mut sums[c], q, dots, scales);
                    }
                }
            }
        }
        // SAFETY: as above.
        unsafe { add_minima(place, inputs, sums) };
    }
}

/// A8 inputs with 4-bit weights.
pub(super) enum A8Four {}

impl Scheme for A8Four {
    #[target_feature(enable = "dotprod")]
    #[inline(never)]
    unsafe fn tile<const C: usize>(
        place: &Place<'_>,
        inputs: &[&InputRow; C],
        sums: &mut [Sums; C],
    ) {
        let weights = place.weights.group(place.group).as_ptr();
        let chunk = place.weights.chunk(place.group).min(CHUNK);
        for start in place.pairs.clone().step_by(chunk) {
            let mut narrow = [[vdupq_n_s32(0); C]; QUARTERS];
            for pair in start..place.pairs.end.min(start + chunk) {
                // SAFETY: the caller says that the group, its pairs and the inputs exist.
                unsafe { add_pair(weights.add(pair * PAIR_FOUR), inputs, pair, &mut narrow) };
            }
            for (q, narrow) in narrow.into_iter().enumerate() {
                for (sums, narrow) in sums.iter_mut().zip(narrow) {
                    add_scaled(sums, q, narrow, vdupq_n_s32(1));
                }
            }
        }
        // SAFETY: as above.
        unsafe { add_minima(place, inputs, sums) };
    }
}

/// A16 inputs with either weights.
pub(super) enum A16 {}

impl Scheme for A16 {
    #[target_feature(enable = "dotprod")]
    #[inline(never)]
    unsafe fn tile<const C: usize>(
        place: &Place<'_>,
        inputs: &[&InputRow; C],
        sums: &mut [Sums; C],
    ) {
        let weights = place.weights.group(place.group).as_ptr();
        let eight = place.weights.width().is_eight();
        let high = inputs.map(|row| row.quants.signed().as_ptr());
        let low = inputs.map(|row| row.low.signed().as_ptr());
        for b in 2 * place.pairs.start..2 * place.pairs.end {
            // SAFETY: the caller says that the group, its pairs and the inputs exist; a pair is as
            // long as its width says.
            let (high, low, scales) = unsafe {
                let high = high.map(|high| high.add(b * BLOCK));
                let low = low.map(|low| low.add(b * BLOCK));
                if eight {
                    let at = weights.add(b / 2 * PAIR_EIGHT);
                    let quants = at.add(b % 2 * GROUP * BLOCK);
                    let scales = scales_eight(at, b % 2);
                    (dots_eight::<C>(quants, high), dots_eight::<C>(quants, low), scales)
                } else {
                    let at = weights.add(b / 2 * PAIR_FOUR);
                    let quants = at.add(b % 2 * GROUP * BLOCK / 2);
                    let high = dots_four(quants, high, inputs.map(|row| row.minus_sums[b]));
                    let low = dots_four(quants, low, inputs.map(|row| row.minus_low_sums[b]));
                    (high, low, scales_four(at, b % 2))
                }
            };
            for q in 0..QUARTERS {
                for c in 0..C {
                    let dots = vaddq_s32(vshlq_n_s32::<8>(high[q][c]), low[q][c]);
                    add_scaled(&mut sums[c], q, dots, scales[q]);
                }
            }
        }
        // SAFETY: as above.
        unsafe { add_minima(place, inputs, sums) };
    }
}

/// The dot products of a block of 8-bit weights.
///
/// # Safety
/// The block is one of a matrix; every x is a block of an input row.
#[inline]
#[target_feature(enable = "dotprod")]
unsafe fn dots_eight<const C: usize>(block: *const u8, x: [*const i8; C]) -> Dots<C> {
    let mut dots = [[vdupq_n_s32(0); C]; QUARTERS];
    for half in 0..2 {
        // SAFETY: a block is eight steps of weights, and twice sixteen inputs.
        unsafe {
            let at = block.add(half * 4 * STEP);
            let mut inputs = [vdupq_n_s8(0); C];
            for c in 0..C {
                inputs[c] = vld1q_s8(x[c].add(half * 16));
            }
            step_eight::<C, 0>(at, &inputs, &mut dots);
            step_eight::<C, 1>(at.add(STEP), &inputs, &mut dots);
            step_eight::<C, 2>(at.add(2 * STEP), &inputs, &mut dots);
            step_eight::<C, 3>(at.add(3 * STEP), &inputs, &mut dots);
        }
    }
    dots
}

/// # Safety
/// There is a step of weights.
#[inline]
#[target_feature(enable = "dotprod")]
unsafe fn step_eight<const C: usize, const LANE: i32>(
    step: *const u8,
    x: &[int8x16_t; C],
    dots: &mut Dots<C>,
) {
    for (q, dots) in dots.iter_mut().enumerate() {
        // SAFETY: a step is four quarters.
        let stored = unsafe { vld1q_s8(step.add(q * QUARTER_STEP).cast()) };
        let weights = veorq_s8(stored, vdupq_n_s8(-128));
        for c in 0..C {
            dots[c] = dot::signed::<LANE>(dots[c], weights, x[c]);
        }
    }
}

/// The dot products of a block of 4-bit weights, which count from 8: each starts at `8 * minus_sum`.
///
/// # Safety
/// The block is one of a matrix; every x is a block of an input row.
#[inline]
#[target_feature(enable = "dotprod")]
unsafe fn dots_four<const C: usize>(
    block: *const u8,
    x: [*const i8; C],
    minus_sums: [i32; C],
) -> Dots<C> {
    let mut inputs = [[vdupq_n_s8(0); C]; 2];
    let mut starts = [vdupq_n_s32(0); C];
    for c in 0..C {
        starts[c] = vdupq_n_s32(minus_sums[c] << 3);
        // SAFETY: a block of an input row is twice sixteen bytes.
        unsafe {
            inputs[0][c] = vld1q_s8(x[c]);
            inputs[1][c] = vld1q_s8(x[c].add(16));
        }
    }
    let mut dots = [starts; QUARTERS];
    // SAFETY: a block is four double steps.
    unsafe {
        step_four::<C, 0>(block, &inputs, &mut dots);
        step_four::<C, 1>(block.add(STEP), &inputs, &mut dots);
        step_four::<C, 2>(block.add(2 * STEP), &inputs, &mut dots);
        step_four::<C, 3>(block.add(3 * STEP), &inputs, &mut dots);
    }
    dots
}

/// # Safety
/// There is a double step of weights.
#[inline]
#[target_feature(enable = "dotprod")]
unsafe fn step_four<const C: usize, const LANE: i32>(
    step: *const u8,
    x: &[[int8x16_t; C]; 2],
    dots: &mut Dots<C>,
) {
    for (q, dots) in dots.iter_mut().enumerate() {
        // SAFETY: a double step is four quarters.
        let weights = unsafe { vld1q_u8(step.add(q * QUARTER_STEP)) };
        let low = vreinterpretq_s8_u8(vandq_u8(weights, vdupq_n_u8(15)));
        let high = vreinterpretq_s8_u8(vshrq_n_u8::<4>(weights));
        for c in 0..C {
            dots[c] = dot::signed::<LANE>(dots[c], low, x[0][c]);
            dots[c] = dot::signed::<LANE>(dots[c], high, x[1][c]);
        }
    }
}

/// Adds both blocks of a pair of 4-bit weights, times their scales.
///
/// # Safety
/// The pair is one of a matrix; the inputs have such a pair.
#[inline]
#[target_feature(enable = "dotprod")]
unsafe fn add_pair<const C: usize>(
    at: *const u8,
    inputs: &[&InputRow; C],
    pair: usize,
    narrow: &mut Dots<C>,
) {
    for half in 0..2 {
        let b = 2 * pair + half;
        // SAFETY: the caller's.
        let (dots, words) = unsafe {
            let x = inputs.map(|row| row.quants.signed().as_ptr().add(b * BLOCK));
            let minus_sums = inputs.map(|row| *row.minus_sums.as_ptr().add(b));
            let dots = dots_four(at.add(half * GROUP * BLOCK / 2), x, minus_sums);
            (dots, words_four(at, half))
        };
        // SAFETY: as above: an input row has a scale for each block.
        let x = inputs.map(|row| unsafe { *row.scales.words().as_ptr().add(b) });
        for q in 0..QUARTERS {
            for c in 0..C {
                let scales = vmull_n_s16(words[q], x[c]);
                narrow[q][c] = vmlaq_s32(narrow[q][c], dots[q][c], scales);
            }
        }
    }
}

/// The scales of one block of a pair of 8-bit weights.
///
/// # Safety
/// The pair is one of a matrix of 8-bit weights.
#[inline]
#[target_feature(enable = "dotprod")]
unsafe fn scales_eight(pair: *const u8, half: usize) -> [int32x4_t; QUARTERS] {
    let mut scales = [vdupq_n_s32(0); QUARTERS];
    for (q, scales) in scales.iter_mut().enumerate() {
        let at = SCALES_EIGHT + (half * GROUP + q * QUARTER) * 2;
        // SAFETY: the scales stand behind the quants, sixteen per block.
        *scales = vmovl_s16(unsafe { vld1_s16(pair.add(at).cast()) });
    }
    scales
}

/// The scales of one block of a pair of 4-bit weights.
///
/// # Safety
/// The pair is one of a matrix of 4-bit weights.
#[inline]
#[target_feature(enable = "dotprod")]
unsafe fn scales_four(pair: *const u8, half: usize) -> [int32x4_t; QUARTERS] {
    // SAFETY: the caller's.
    let words = unsafe { words_four(pair, half) };
    let mut scales = [vdupq_n_s32(0); QUARTERS];
    for q in 0..QUARTERS {
        scales[q] = vmovl_s16(words[q]);
    }
    scales
}

/// As `scales_four`, in 16 bits.
///
/// # Safety
/// The pair is one of a matrix of 4-bit weights.
#[inline]
#[target_feature(enable = "dotprod")]
unsafe fn words_four(pair: *const u8, half: usize) -> [int16x4_t; QUARTERS] {
    let mut words = [vdup_n_s16(0); QUARTERS];
    for (q, words) in words.iter_mut().enumerate() {
        let at = SCALES_FOUR + q * QUARTER * 4;
        // SAFETY: the scales stand behind the quants, both blocks of a row side by side.
        let both = unsafe { vld2_s16(pair.add(at).cast()) };
        *words = if half == 0 { both.0 } else { both.1 };
    }
    words
}

/// Adds four products of 32-bit numbers to a quarter's 64-bit sums.
#[inline]
#[target_feature(enable = "dotprod")]
pub(super) fn add_scaled(sums: &mut Sums, q: usize, numbers: int32x4_t, scales: int32x4_t) {
    let place = &mut sums[q * QUARTER..][..QUARTER];
    // SAFETY: the slice is two registers of two sums.
    unsafe {
        let at = place.as_mut_ptr();
        let low = vmlal_s32(vld1q_s64(at), vget_low_s32(numbers), vget_low_s32(scales));
        let high = vmlal_high_s32(vld1q_s64(at.add(2)), numbers, scales);
        vst1q_s64(at, low);
        vst1q_s64(at.add(2), high);
    }
}
