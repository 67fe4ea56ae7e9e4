//! Gains that a file stores less one (`spec/arithmetic.md` 2.6): a number x stands for 1 + x as binary32 rounds it.
//!
//! Never uses float arithmetic: the sum is exact, and rounded once, ties to even.

use super::float;
use crate::dyadic::{Dyadic, NonFinite};

/// Bits of a binary32's mantissa.
const MANTISSA_BITS: u32 = 24;
/// `floor(log2)` from which on one is below half a unit of the number.
const GREAT: i32 = 25;
/// `floor(log2)` up to which the number is below half a unit of one.
const SMALL: i32 = -26;
/// The exponent of the least bit that a number between those has.
const UNIT: i32 = SMALL + 1 - MANTISSA_BITS as i32;

pub(super) fn read_f32(bytes: &[u8]) -> Result<Dyadic, NonFinite> {
    float::read_f32(bytes).map(plus_one)
}

pub(super) fn read_f16(bytes: &[u8]) -> Result<Dyadic, NonFinite> {
    float::read_f16(bytes).map(plus_one)
}

pub(super) fn read_bf16(bytes: &[u8]) -> Result<Dyadic, NonFinite> {
    float::read_bf16(bytes).map(plus_one)
}

/// `1 + x` as binary32 rounds it, of an x that is a binary32.
fn plus_one(x: Dyadic) -> Dyadic {
    let Some(log2) = x.floor_log2() else { return Dyadic::ONE };
    if log2 >= GREAT {
        return x;
    }
    if log2 <= SMALL {
        return Dyadic::ONE;
    }
    let magnitude = i128::from(x.mantissa()) << (x.exponent() - UNIT);
    let x = if x.negative() { -magnitude } else { magnitude };
    rounded((1 << -UNIT) + x)
}

/// The nearest number of 24 bits, ties to even, of a number in units of 2^[`UNIT`].
fn rounded(sum: i128) -> Dyadic {
    let (negative, magnitude) = (sum < 0, sum.unsigned_abs());
    let shift = (u128::BITS - magnitude.leading_zeros()).saturating_sub(MANTISSA_BITS);
    let floor = magnitude >> shift;
    let (rest, half) = (magnitude - (floor << shift), (1 << shift) >> 1);
    let up = shift > 0 && (rest > half || (rest == half && floor & 1 == 1));
    Dyadic::new(negative, floor as u64 + u64::from(up), UNIT + shift as i32)
}
