//! The minima's share of a matmul: minima times the sums of the inputs' blocks.
//!
//! A block's sum stands as `1024 * high + low`; the sums of a chunk's products fit 32 bits each.

use core::arch::aarch64::*;

use super::matmul::add_scaled;
use crate::inputs::InputRow;
use crate::packed::GROUP;
use crate::simd128::walk::{Place, QUARTER, QUARTERS, Sums};

/// Adds the minima's share of some pairs; nothing where the matrix has no minima.
///
/// # Safety
/// The machine has the dot-product extension; the place and the inputs exist.
#[target_feature(enable = "dotprod")]
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
        let mut parts = [[vdupq_n_s32(0); 2]; C];
        for pair in place.pairs.clone() {
            // SAFETY: a group has two minima per row for each pair of blocks, and an input row two
            // sums.
            unsafe {
                let minima = vld2_s16(minima.add((pair * GROUP + q * QUARTER) * 2));
                for (c, [high_part, low_part]) in parts.iter_mut().enumerate() {
                    let (high, low) = (high[c].add(2 * pair), low[c].add(2 * pair));
                    *high_part = vmlal_n_s16(*high_part, minima.0, *high);
                    *high_part = vmlal_n_s16(*high_part, minima.1, *high.add(1));
                    *low_part = vmlal_n_s16(*low_part, minima.0, *low);
                    *low_part = vmlal_n_s16(*low_part, minima.1, *low.add(1));
                }
            }
        }
        for (sums, [high, low]) in sums.iter_mut().zip(parts) {
            add_scaled(sums, q, high, vdupq_n_s32(1024));
            add_scaled(sums, q, low, vdupq_n_s32(1));
        }
    }
}
