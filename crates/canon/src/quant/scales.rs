//! Block scales of quantised formats: f16 numbers as integers in a row's power-of-two unit.

use super::Refused;
use crate::dyadic;

/// The least unit exponent: every f16 is a multiple of 2^-24.
pub(super) const UNIT_MIN: i32 = -24;

/// An f16 as (negative, magnitude in units of 2^-24).
fn magnitude(bits: [u8; 2]) -> Result<(bool, u64), Refused> {
    let d = dyadic::f16(u16::from_le_bytes(bits))?;
    Ok((d.negative(), d.mantissa() << (d.exponent() - UNIT_MIN)))
}

/// `nr(x / 2^shift)` of a magnitude.
fn nearest(x: u64, shift: u32) -> u64 {
    if shift == 0 { x } else { (x + (1 << (shift - 1))) >> shift }
}

/// The least unit for which every number of the row stays within `bound`.
pub(super) fn unit(numbers: impl Iterator<Item = [u8; 2]>, bound: u32) -> Result<i32, Refused> {
    let mut greatest = 0;
    for bits in numbers {
        greatest = greatest.max(magnitude(bits)?.1);
    }
    let mut shift = 0;
    while nearest(greatest, shift) > u64::from(bound) {
        shift += 1;
    }
    Ok(UNIT_MIN + shift as i32)
}

/// The number in the row's unit.
///
/// # Errors
/// `UnitRange` where it leaves the bound, which the unit of its own row never allows.
pub(super) fn scale(bits: [u8; 2], unit: i32, bound: u32) -> Result<i32, Refused> {
    let (negative, magnitude) = magnitude(bits)?;
    let shift = u32::try_from(unit - UNIT_MIN).map_err(|_| Refused::UnitRange)?;
    let value = if shift > 63 { 0 } else { nearest(magnitude, shift) };
    if value > u64::from(bound) {
        return Err(Refused::UnitRange);
    }
    Ok(if negative { -(value as i32) } else { value as i32 })
}
