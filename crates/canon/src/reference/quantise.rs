//! Fixed rows into matmul inputs (section 3).

use crate::fixed::{greatest, least_shift, rs};
use crate::functions::reciprocal;
use crate::quant::BLOCK;

/// Greatest magnitude of an 8-bit input.
pub const QUANT_MAX: u32 = 127;
/// `SX`: greatest block scale of a row.
pub const ROW_SCALE_MAX: u32 = 63;
/// Greatest magnitude of a 16-bit input: both of its planes fit a signed byte.
pub const A16_MAX: u32 = 32_639;

/// A row as int8 in blocks of 32 with integer block scales.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct A8Row {
    /// Entries stand for `scale * quant * 2^exponent`.
    pub exponent: i32,
    /// One scale per block, 1..=63.
    pub scales: Vec<u8>,
    /// The int8 values, -127..=127.
    pub quants: Vec<i8>,
}

/// A row as 16-bit integers with one scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct A16Row {
    /// Entries stand for `value * 2^exponent`.
    pub exponent: i32,
    /// The values, at most 32,639 in magnitude.
    pub values: Vec<i16>,
}

/// The shift s of a row whose greatest magnitude is `max`.
#[must_use]
pub fn a8_shift(max: u32) -> u32 {
    least_shift(max, 4 * QUANT_MAX * ROW_SCALE_MAX)
}

/// One block: its scale and quants.
#[must_use]
pub fn a8_block(block: &[i32], shift: u32) -> (u8, [i8; BLOCK]) {
    let mut z = [0_i64; BLOCK];
    for (z, y) in z.iter_mut().zip(block) {
        *z = rs(i128::from(*y), shift as i32) as i64;
    }
    let peak = z.iter().map(|z| z.unsigned_abs()).max().unwrap_or(0);
    let scale = peak.div_ceil(u64::from(4 * QUANT_MAX)).max(1);
    let reciprocal = reciprocal(21, scale as u32);
    let mut quants = [0; BLOCK];
    for (quant, z) in quants.iter_mut().zip(z) {
        *quant = ((z * i64::from(reciprocal) + (1 << 22)) >> 23) as i8;
    }
    (scale as u8, quants)
}

/// The whole row in blocks.
#[must_use]
pub fn quantise_a8(row: &[i32], frac: u8) -> A8Row {
    let shift = a8_shift(greatest(row));
    let (scales, quants): (Vec<u8>, Vec<[i8; BLOCK]>) =
        row.chunks_exact(BLOCK).map(|block| a8_block(block, shift)).unzip();
    A8Row { exponent: shift as i32 + 2 - i32::from(frac), scales, quants: quants.concat() }
}

/// The shift s of a 16-bit row whose greatest magnitude is `max`.
#[must_use]
pub fn a16_shift(max: u32) -> u32 {
    least_shift(max, A16_MAX)
}

/// The whole row with one scale.
#[must_use]
pub fn quantise_a16(row: &[i32], frac: u8) -> A16Row {
    let shift = a16_shift(greatest(row)) as i32;
    let values = row.iter().map(|y| rs(i128::from(*y), shift) as i16).collect();
    A16Row { exponent: shift - i32::from(frac), values }
}
