//! Exact inner products (section 4.3) and the embedding row (4.1).

use crate::fixed::{Overflow, fit, rs};
use crate::quant::{BLOCK, Block};

/// The sum over (a part of) a row of weights with inputs in blocks.
#[must_use]
pub fn partial_a8(weights: &[Block], scales: &[u8], quants: &[i8]) -> i64 {
    let mut sum = 0;
    for (b, block) in weights.iter().enumerate() {
        for k in 0..BLOCK {
            let input = i64::from(scales[b]) * i64::from(quants[b * BLOCK + k]);
            sum += block.entry(k) * input;
        }
    }
    sum
}

/// The sum over (a part of) a row of weights with 16-bit inputs.
#[must_use]
pub fn partial_a16(weights: &[Block], values: &[i16]) -> i64 {
    let mut sum = 0;
    for (b, block) in weights.iter().enumerate() {
        for k in 0..BLOCK {
            sum += block.entry(k) * i64::from(values[b * BLOCK + k]);
        }
    }
    sum
}

/// The whole sum brought into the output's fixed row.
///
/// # Errors
/// [`Overflow`] where the rounded sum, or it plus the bias, leaves the limit.
pub fn finish_row(
    sum: i64,
    unit: i32,
    exponent: i32,
    frac: u8,
    bias: Option<i32>,
) -> Result<i32, Overflow> {
    let value = fit(rs(i128::from(sum), -(unit + exponent + i32::from(frac))))?;
    match bias {
        Some(bias) => fit(i128::from(value) + i128::from(bias)),
        None => Ok(value),
    }
}

/// Entries of an embedding row.
///
/// # Errors
/// [`Overflow`] where an entry leaves the limit.
pub fn embed(block: &Block, unit: i32, frac: u8) -> Result<[i32; BLOCK], Overflow> {
    let mut out = [0; BLOCK];
    for (k, out) in out.iter_mut().enumerate() {
        *out = fit(rs(i128::from(block.entry(k)), -(unit + i32::from(frac))))?;
    }
    Ok(out)
}
