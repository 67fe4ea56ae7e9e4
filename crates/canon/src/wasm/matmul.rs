//! Inner products of packed weights: A8 with 8-bit and 4-bit weights, and A16.
//!
//! Weights stay unsigned, so a block's sums start at `-128` (`-8`) times the sum of its inputs. A
//! block's dot products fit 20 bits for int8 weights. For nibbles, and A8 inputs, they fit 16, as
//! `weight scale * input scale` does: one `i32x4.dot_i16x8` scales both blocks of a pair, in 32 bits
//! for as many pairs as the matrix has proven to fit.

use core::arch::wasm32::*;

use super::dot::{Elements, STEPS, add_products, elements, halves, nibbles};
use super::minima::add_minima;
use crate::inputs::InputRow;
use crate::packed::{GROUP, PAIR_EIGHT, PAIR_FOUR, SCALES_EIGHT, SCALES_FOUR};
use crate::quant::BLOCK;
use crate::simd128::walk::{CHUNK, Place, QUARTER, QUARTERS, Scheme, Sums};

/// Bytes of a step: sixteen rows of four.
const STEP: usize = GROUP * 4;
const _: () = assert!(STEPS * 4 == BLOCK, "a block's inputs are taken apart at once");

/// A8 inputs with 8-bit weights.
pub(super) enum A8Eight {}

impl Scheme for A8Eight {
    #[inline(never)]
    unsafe fn tile<const C: usize>(
        place: &Place<'_>,
        inputs: &[&InputRow; C],
        sums: &mut [Sums; C],
    ) {
        let weights = place.weights.group(place.group).as_ptr();
        let steps = steps_of::<C>();
        let quants = inputs.map(|row| row.quants.signed().as_ptr());
        let scales = inputs.map(|row| row.scales.words().as_ptr());
        let minus_sums = inputs.map(|row| row.minus_sums.as_ptr());
        for b in 2 * place.pairs.start..2 * place.pairs.end {
            // SAFETY: the caller says that the group and its pairs exist; quants and scales of both
            // blocks lie within a pair's bytes, and every input row has block b.
            unsafe {
                let at = weights.add(b / 2 * PAIR_EIGHT);
                let x = elements(quants.map(|quants| quants.add(b * BLOCK)));
                let starts = minus_sums.map(|sums| i32x4_splat(*sums.add(b) << 7));
                let columns = scales.map(|scales| i32x4_splat(i32::from(*scales.add(b))));
                for q in 0..QUARTERS {
                    let quants = at.add(b % 2 * GROUP * BLOCK + q * QUARTER * 4);
                    let dots = dots_eight(quants, &x, starts, steps);
                    let rows = scales_eight(at, b % 2, q);
                    for c in 0..C {
                        add_scaled(&mut sums[c], q, dots[c], i32x4_mul(rows, columns[c]));
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
    #[inline(never)]
    unsafe fn tile<const C: usize>(
        place: &Place<'_>,
        inputs: &[&InputRow; C],
        sums: &mut [Sums; C],
    ) {
        let weights = place.weights.group(place.group).as_ptr();
        let steps = steps_of::<C>();
        let chunk = place.weights.chunk(place.group).min(CHUNK);
        for start in place.pairs.clone().step_by(chunk) {
            let mut narrow = [[i32x4_splat(0); C]; QUARTERS];
            for pair in start..place.pairs.end.min(start + chunk) {
                // SAFETY: the caller says that the group, its pairs and the inputs exist.
                unsafe {
                    add_pair(weights.add(pair * PAIR_FOUR), inputs, pair, &mut narrow, steps)
                };
            }
            for (q, narrow) in narrow.into_iter().enumerate() {
                for (sums, narrow) in sums.iter_mut().zip(narrow) {
                    add_scaled(sums, q, narrow, i32x4_splat(1));
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
    #[inline(never)]
    unsafe fn tile<const C: usize>(
        place: &Place<'_>,
        inputs: &[&InputRow; C],
        sums: &mut [Sums; C],
    ) {
        let weights = place.weights.group(place.group).as_ptr();
        let steps = steps_of::<C>();
        let eight = place.weights.width().is_eight();
        let high = inputs.map(|row| row.quants.signed().as_ptr());
        let low = inputs.map(|row| row.low.signed().as_ptr());
        for b in 2 * place.pairs.start..2 * place.pairs.end {
            // SAFETY: the caller says that the group, its pairs and the inputs exist; a pair is as
            // long as its width says.
            unsafe {
                let high = elements(high.map(|high| high.add(b * BLOCK)));
                let low = elements(low.map(|low| low.add(b * BLOCK)));
                let zero = if eight { 7 } else { 3 };
                let high_starts = inputs.map(|row| i32x4_splat(row.minus_sums[b] << zero));
                let low_starts = inputs.map(|row| i32x4_splat(row.minus_low_sums[b] << zero));
                for q in 0..QUARTERS {
                    let (high, low, scales) = if eight {
                        let at = weights.add(b / 2 * PAIR_EIGHT);
                        let quants = at.add(b % 2 * GROUP * BLOCK + q * QUARTER * 4);
                        let high = dots_eight(quants, &high, high_starts, steps);
                        let low = dots_eight(quants, &low, low_starts, steps);
                        (high, low, scales_eight(at, b % 2, q))
                    } else {
                        let at = weights.add(b / 2 * PAIR_FOUR);
                        let quants = at.add(b % 2 * GROUP * BLOCK / 2 + q * QUARTER * 4);
                        let high = dots_four(quants, &high, high_starts, steps);
                        let low = dots_four(quants, &low, low_starts, steps);
                        let both = scales_four(at, q);
                        let first = i32x4_shr(i32x4_shl(both, 16), 16);
                        (high, low, if b % 2 == 0 { first } else { i32x4_shr(both, 16) })
                    };
                    for c in 0..C {
                        let dots = i32x4_add(i32x4_shl(high[c], 8), low[c]);
                        add_scaled(&mut sums[c], q, dots, scales);
                    }
                }
            }
        }
        // SAFETY: as above.
        unsafe { add_minima(place, inputs, sums) };
    }
}

/// Steps of a block. Wide tiles hide it from LLVM, which would otherwise unroll the steps and keep a
/// whole block of inputs in locals, of which the engine behind it can hold few in registers.
#[inline(always)]
fn steps_of<const C: usize>() -> usize {
    if C < 4 { STEPS } else { core::hint::black_box(STEPS) }
}

/// Adds both blocks of a pair of 4-bit weights, times their scales.
///
/// # Safety
/// The pair is one of a matrix; the inputs have such a pair.
#[inline(always)]
unsafe fn add_pair<const C: usize>(
    at: *const u8,
    inputs: &[&InputRow; C],
    pair: usize,
    narrow: &mut [[v128; C]; QUARTERS],
    steps: usize,
) {
    // SAFETY: the caller's.
    let (x, starts) = unsafe {
        let blocks = [2 * pair, 2 * pair + 1];
        let quants = inputs.map(|row| row.quants.signed().as_ptr());
        let sums = inputs.map(|row| row.minus_sums.as_ptr());
        (
            blocks.map(|b| elements(quants.map(|quants| quants.add(b * BLOCK)))),
            blocks.map(|b| sums.map(|sums| i32x4_splat(*sums.add(b) << 3))),
        )
    };
    let low = i32x4_splat(0xffff);
    for (q, narrow) in narrow.iter_mut().enumerate() {
        // SAFETY: the caller's: quants and scales lie within the pair's bytes.
        let (first, second, rows) = unsafe {
            let quants = at.add(q * QUARTER * 4);
            let first = dots_four(quants, &x[0], starts[0], steps);
            let second = dots_four(quants.add(GROUP * BLOCK / 2), &x[1], starts[1], steps);
            (first, second, scales_four(at, q))
        };
        for (c, row) in inputs.iter().enumerate() {
            // SAFETY: an input row has two scales for each pair.
            let x = unsafe { v128_load32_splat(row.scales.words().as_ptr().add(2 * pair).cast()) };
            let both = v128_bitselect(first[c], i32x4_shl(second[c], 16), low);
            let scaled = i32x4_dot_i16x8(both, i16x8_mul(rows, x));
            narrow[c] = i32x4_add(narrow[c], scaled);
        }
    }
}

/// The dot products of a quarter's block of 8-bit weights, added to their starts.
///
/// # Safety
/// The block is one of a matrix, from the quarter on.
#[inline(always)]
unsafe fn dots_eight<const C: usize>(
    quants: *const u8,
    x: &Elements<C>,
    mut dots: [v128; C],
    steps: usize,
) -> [v128; C] {
    for (step, x) in x[..steps].iter().enumerate() {
        // SAFETY: a block is eight steps.
        let weights = halves(unsafe { v128_load(quants.add(step * STEP).cast()) });
        for c in 0..C {
            dots[c] = add_products(dots[c], weights, x[c]);
        }
    }
    dots
}

/// The dot products of a quarter's block of 4-bit weights, added to their starts.
///
/// # Safety
/// The block is one of a matrix, from the quarter on.
#[inline(always)]
unsafe fn dots_four<const C: usize>(
    quants: *const u8,
    x: &Elements<C>,
    mut dots: [v128; C],
    steps: usize,
) -> [v128; C] {
    let (low_x, high_x) = x.split_at(STEPS / 2);
    let low_x = &low_x[..steps / 2];
    for (step, (low_x, high_x)) in low_x.iter().zip(high_x).enumerate() {
        // SAFETY: a block is four double steps.
        let [low, high] = nibbles(unsafe { v128_load(quants.add(step * STEP).cast()) });
        for c in 0..C {
            dots[c] = add_products(dots[c], low, low_x[c]);
            dots[c] = add_products(dots[c], high, high_x[c]);
        }
    }
    dots
}

/// The scales of a quarter of one block of a pair of 8-bit weights.
///
/// # Safety
/// The pair is one of a matrix of 8-bit weights.
#[inline(always)]
unsafe fn scales_eight(pair: *const u8, half: usize, q: usize) -> v128 {
    let at = SCALES_EIGHT + (half * GROUP + q * QUARTER) * 2;
    // SAFETY: the scales stand behind the quants, sixteen per block.
    unsafe { i32x4_load_extend_i16x4(pair.add(at).cast()) }
}

/// The 16-bit scales of a quarter of a pair of 4-bit weights, both blocks of a row side by side.
///
/// # Safety
/// The pair is one of a matrix of 4-bit weights.
#[inline(always)]
unsafe fn scales_four(pair: *const u8, q: usize) -> v128 {
    // SAFETY: the scales stand behind the quants.
    unsafe { v128_load(pair.add(SCALES_FOUR + q * QUARTER * 4).cast()) }
}

/// Adds four products of 32-bit numbers to a quarter's 64-bit sums.
#[inline(always)]
pub(super) fn add_scaled(sums: &mut Sums, q: usize, numbers: v128, scales: v128) {
    let at = sums[q * QUARTER..][..QUARTER].as_mut_ptr().cast::<v128>();
    // SAFETY: the slice is two registers of two sums; loads and stores need no alignment here.
    unsafe {
        let low = i64x2_add(v128_load(at), i64x2_extmul_low_i32x4(numbers, scales));
        let high = i64x2_add(v128_load(at.add(1)), i64x2_extmul_high_i32x4(numbers, scales));
        v128_store(at, low);
        v128_store(at.add(1), high);
    }
}
