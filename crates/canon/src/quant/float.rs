//! The canonical quantiser: float weights into int8 blocks, by integer rules alone.

use super::{BLOCK, Block, FLOAT_UNIT_MAX, Refused, SCALE_MAX_8};
use crate::dyadic::{self, Dyadic, NonFinite};

/// The least unit exponent of float rows and gains.
pub(super) const UNIT_MIN: i32 = -140;
/// Greatest quant.
const QUANT_MAX: u32 = 127;

pub(super) fn read_bf16(bytes: &[u8]) -> Result<Dyadic, NonFinite> {
    dyadic::f32(u32::from_le_bytes([0, 0, bytes[0], bytes[1]]))
}

pub(super) fn read_f32(bytes: &[u8]) -> Result<Dyadic, NonFinite> {
    dyadic::f32(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

pub(super) fn read_f16(bytes: &[u8]) -> Result<Dyadic, NonFinite> {
    dyadic::f16(u16::from_le_bytes([bytes[0], bytes[1]]))
}

/// `nr(entry / (divisor * 2^unit))` with its sign, where the magnitude is known to fit.
pub(super) fn signed(entry: Dyadic, unit: i32, divisor: u32) -> i32 {
    let value = entry.nearest(unit, divisor) as i32;
    if entry.negative() { -value } else { value }
}

pub(super) fn unit(
    entries: impl Iterator<Item = Result<Dyadic, NonFinite>>,
) -> Result<i32, Refused> {
    let mut greatest = Dyadic::ZERO;
    for entry in entries {
        greatest = greatest.greater(entry?);
    }
    let mut unit = UNIT_MIN;
    while greatest.ceiling(unit, QUANT_MAX) > u128::from(SCALE_MAX_8) {
        unit += 1;
    }
    if unit > FLOAT_UNIT_MAX { Err(Refused::UnitRange) } else { Ok(unit) }
}

pub(super) fn block(
    entries: impl Iterator<Item = Result<Dyadic, NonFinite>>,
    unit: i32,
) -> Result<Block, Refused> {
    if !(UNIT_MIN..=FLOAT_UNIT_MAX).contains(&unit) {
        return Err(Refused::UnitRange);
    }
    let mut numbers = [Dyadic::ZERO; BLOCK];
    let mut greatest = Dyadic::ZERO;
    for (number, entry) in numbers.iter_mut().zip(entries) {
        *number = entry?;
        greatest = greatest.greater(*number);
    }
    let scale = greatest.ceiling(unit, QUANT_MAX).max(1);
    if scale > u128::from(SCALE_MAX_8) {
        return Err(Refused::UnitRange);
    }
    let scale = scale as u32;
    let mut quants = [0; BLOCK];
    for (quant, number) in quants.iter_mut().zip(numbers) {
        *quant = signed(number, unit, scale) as i8;
    }
    Ok(Block { scales: [scale as i32; 2], mins: [0; 2], quants })
}
