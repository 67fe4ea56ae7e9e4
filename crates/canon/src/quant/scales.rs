//! Block scales of quantised formats: exact multiples of 2^-24 as integers in a row's power-of-two unit.

use super::{MIN_MAX, Refused};
use crate::dyadic;

/// The least unit exponent: every f16, and so its product with an integer, is a multiple of 2^-24.
pub(super) const UNIT_MIN: i32 = -24;

/// A scale or minimum as the file has it, in units of 2^-24: an f16 times at most 8 bits, below 2^48.
#[derive(Clone, Copy)]
pub(super) struct Exact(i64);

impl Exact {
    pub(super) const ZERO: Self = Self(0);

    /// An f16 of a file.
    pub(super) fn read(low: u8, high: u8) -> Result<Self, Refused> {
        let d = dyadic::f16(u16::from_le_bytes([low, high]))?;
        let magnitude = (d.mantissa() << (d.exponent() - UNIT_MIN)).cast_signed();
        Ok(Self(if d.negative() { -magnitude } else { magnitude }))
    }

    /// Its product with a small integer of the file.
    pub(super) fn times(self, factor: i8) -> Self {
        Self(self.0 * i64::from(factor))
    }

    fn magnitude(self) -> u64 {
        self.0.unsigned_abs()
    }

    /// The number in the row's unit.
    ///
    /// # Errors
    /// `UnitRange` where it leaves the bound, which the unit of its own row never allows.
    fn within(self, shift: u32, bound: u32) -> Result<i32, Refused> {
        let value = if shift > 63 { 0 } else { nearest(self.magnitude(), shift) };
        if value > u64::from(bound) {
            return Err(Refused::UnitRange);
        }
        Ok(if self.0 < 0 { -(value as i32) } else { value as i32 })
    }
}

/// The scales and minima of a block's two halves.
#[derive(Clone, Copy)]
pub(super) struct Numbers {
    pub(super) scales: [Exact; 2],
    pub(super) mins: [Exact; 2],
}

impl Numbers {
    /// Those of a block that has one scale and one minimum.
    pub(super) fn even(scale: Exact, min: Exact) -> Self {
        Self { scales: [scale; 2], mins: [min; 2] }
    }

    /// The integers in a row's unit.
    pub(super) fn rounded(
        &self,
        unit: i32,
        scale_max: u32,
    ) -> Result<([i32; 2], [i32; 2]), Refused> {
        let shift = u32::try_from(unit - UNIT_MIN).map_err(|_| Refused::UnitRange)?;
        let [first, second] = self.scales;
        let scales = [first.within(shift, scale_max)?, second.within(shift, scale_max)?];
        let [first, second] = self.mins;
        Ok((scales, [first.within(shift, MIN_MAX)?, second.within(shift, MIN_MAX)?]))
    }
}

/// `nr(x / 2^shift)` of a magnitude.
fn nearest(x: u64, shift: u32) -> u64 {
    if shift == 0 { x } else { (x + (1 << (shift - 1))) >> shift }
}

/// The least unit for which every scale and minimum of the row stays within its bound.
pub(super) fn unit(
    row: impl Iterator<Item = Result<Numbers, Refused>>,
    scale_max: u32,
) -> Result<i32, Refused> {
    let (mut scale, mut min) = (0, 0);
    for numbers in row {
        let numbers = numbers?;
        for half in 0..2 {
            scale = scale.max(numbers.scales[half].magnitude());
            min = min.max(numbers.mins[half].magnitude());
        }
    }
    let mut shift = 0;
    while nearest(scale, shift) > u64::from(scale_max) || nearest(min, shift) > u64::from(MIN_MAX) {
        shift += 1;
    }
    Ok(UNIT_MIN + shift as i32)
}
