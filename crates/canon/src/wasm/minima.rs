//! The minima's share of a matmul: minima times the sums of the inputs' blocks.
//!
//! A block's sum stands as `1024 * high + low`; the sums of a chunk's products fit 32 bits each.

use core::arch::wasm32::*;

use super::matmul::add_scaled;
use crate::inputs::InputRow;
use crate::packed::GROUP;
use crate::simd128::walk::{Place, QUARTER, QUARTERS, Sums};

/// Adds the minima's share of some pairs; nothing where the matrix has no minima.
///
/// # Safety
/// The place and the inputs exist.
pub(super) unsafe fn add_minima<const C: usize>(
    place: &Place<'_>,
    inputs: &[&InputRow; C],
    sums: &mut [Sums; C],
) {
    if !place.weights.width().has_minima() {
        return;
    }
    let minima = place.weights.minima(place.group).as_ptr();
    let high = inputs.map(|row| row.sum_high.words().as_ptr());
    let low = inputs.map(|row| row.sum_low.words().as_ptr());
    for q in 0..QUARTERS {
        let mut parts = [[i32x4_splat(0); 2]; C];
        for pair in place.pairs.clone() {
            // SAFETY: a group has two minima per row for each pair of blocks, and an input row two
            // sums.
            unsafe {
                let minima = v128_load(minima.add((pair * GROUP + q * QUARTER) * 2).cast());
                for (c, [high_part, low_part]) in parts.iter_mut().enumerate() {
                    let x = v128_load32_splat(high[c].add(2 * pair).cast());
                    *high_part = i32x4_add(*high_part, i32x4_dot_i16x8(minima, x));
                    let x = v128_load32_splat(low[c].add(2 * pair).cast());
                    *low_part = i32x4_add(*low_part, i32x4_dot_i16x8(minima, x));
                }
            }
        }
        for (sums, [high, low]) in sums.iter_mut().zip(parts) {
            add_scaled(sums, q, high, i32x4_splat(1024));
            add_scaled(sums, q, low, i32x4_splat(1));
        }
    }
}
