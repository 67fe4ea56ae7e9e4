//! Float bit patterns read as exact dyadic rationals, without any float arithmetic.
//!
//! Never rounds: a finite pattern is `±mantissa * 2^exponent` exactly; others are refused. Invariant: a
//! [`Dyadic`] is in its only normal form (odd mantissa, or zero as `+0 * 2^0`), so equal numbers are equal
//! values, from whichever format they came; negative zero is zero.

/// A finite number `(-1)^negative * mantissa * 2^exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dyadic {
    negative: bool,
    mantissa: u64,
    exponent: i32,
}

/// An infinity or NaN where a number was needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NonFinite;

fn split(bits: u64, exponent_bits: u32, mantissa_bits: u32) -> Result<Dyadic, NonFinite> {
    let mantissa = bits & ((1 << mantissa_bits) - 1);
    let exponent = (bits >> mantissa_bits) & ((1 << exponent_bits) - 1);
    let negative = (bits >> (mantissa_bits + exponent_bits)) & 1 == 1;
    let bias = (1_i32 << (exponent_bits - 1)) - 1 + mantissa_bits as i32;
    if exponent == (1 << exponent_bits) - 1 {
        return Err(NonFinite);
    }
    if exponent == 0 {
        return Ok(Dyadic::new(negative, mantissa, 1 - bias));
    }
    Ok(Dyadic::new(negative, mantissa | (1 << mantissa_bits), exponent as i32 - bias))
}

/// An IEEE binary16 pattern.
///
/// # Errors
/// [`NonFinite`] for infinities and NaNs.
pub fn f16(bits: u16) -> Result<Dyadic, NonFinite> {
    split(u64::from(bits), 5, 10)
}

/// An IEEE binary32 pattern.
///
/// # Errors
/// [`NonFinite`] for infinities and NaNs.
pub fn f32(bits: u32) -> Result<Dyadic, NonFinite> {
    split(u64::from(bits), 8, 23)
}

/// An IEEE binary64 pattern.
///
/// # Errors
/// [`NonFinite`] for infinities and NaNs.
pub fn f64(bits: u64) -> Result<Dyadic, NonFinite> {
    split(bits, 11, 52)
}

/// The longest left shift that is done: any mantissa keeps within `u128`.
const LEFT_MAX: i32 = 62;
/// The longest right shift that is done: what is left is below a half.
const RIGHT_MAX: u32 = 70;

impl Dyadic {
    /// Zero.
    pub const ZERO: Self = Self { negative: false, mantissa: 0, exponent: 0 };
    /// One.
    pub const ONE: Self = Self { negative: false, mantissa: 1, exponent: 0 };

    /// A number of any such parts.
    #[must_use]
    pub fn new(negative: bool, mantissa: u64, exponent: i32) -> Self {
        if mantissa == 0 {
            return Self::ZERO;
        }
        let zeros = mantissa.trailing_zeros();
        Self { negative, mantissa: mantissa >> zeros, exponent: exponent + zeros as i32 }
    }

    /// A whole number.
    #[must_use]
    pub fn from_integer(value: u64) -> Self {
        Self::new(false, value, 0)
    }

    /// Whether it is below zero.
    #[must_use]
    pub fn negative(self) -> bool {
        self.negative
    }

    /// The bits of its magnitude, the last one a 1 unless it is zero.
    #[must_use]
    pub fn mantissa(self) -> u64 {
        self.mantissa
    }

    /// The power of two of the mantissa's last bit.
    #[must_use]
    pub fn exponent(self) -> i32 {
        self.exponent
    }

    /// Whether it is zero.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// `floor(log2 |self|)`; `None` for zero.
    #[must_use]
    pub fn floor_log2(self) -> Option<i32> {
        Some(self.exponent + self.mantissa.checked_ilog2()? as i32)
    }

    /// `nr(|self| * 2^-unit / divisor)`: the magnitude rounded to the nearest integer, halves up.
    ///
    /// Exact, but a magnitude of 2^63 units or more may give `u128::MAX`.
    #[must_use]
    pub fn nearest(self, unit: i32, divisor: u32) -> u128 {
        let shift = self.exponent - unit;
        let mantissa = u128::from(self.mantissa);
        let divisor = u128::from(divisor);
        if self.mantissa == 0 {
            return 0;
        }
        if shift >= 0 {
            if shift > LEFT_MAX {
                return u128::MAX;
            }
            return (2 * (mantissa << shift) + divisor) / (2 * divisor);
        }
        let right = shift.unsigned_abs();
        if right > RIGHT_MAX {
            return 0;
        }
        let denominator = divisor << right;
        (2 * mantissa + denominator) / (2 * denominator)
    }

    /// `ceil(|self| * 2^-unit / divisor)`; a magnitude of 2^63 units or more may give `u128::MAX`.
    #[must_use]
    pub fn ceiling(self, unit: i32, divisor: u32) -> u128 {
        let shift = self.exponent - unit;
        let mantissa = u128::from(self.mantissa);
        let divisor = u128::from(divisor);
        if self.mantissa == 0 {
            return 0;
        }
        if shift >= 0 {
            return if shift > LEFT_MAX {
                u128::MAX
            } else {
                (mantissa << shift).div_ceil(divisor)
            };
        }
        let right = shift.unsigned_abs();
        if right > RIGHT_MAX { 1 } else { mantissa.div_ceil(divisor << right) }
    }

    /// The number of greater magnitude of the two.
    #[must_use]
    pub fn greater(self, other: Self) -> Self {
        // Mantissas with their first bits aligned.
        let key = |number: Self| {
            let log2 = number.floor_log2()?;
            Some((log2, number.mantissa << number.mantissa.leading_zeros()))
        };
        if key(other) > key(self) { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_patterns() {
        let one = |negative, exponent| Ok(Dyadic { negative, mantissa: 1, exponent });
        assert_eq!(f16(0x3c00), one(false, 0));
        assert_eq!(f16(0x8001), one(true, -24));
        assert_eq!(f16(0x7bff), Ok(Dyadic { negative: false, mantissa: 2047, exponent: 5 }));
        assert_eq!(f16(0x7c00), Err(NonFinite));
        assert_eq!(f16(0x8000), Ok(Dyadic::ZERO));
        assert_eq!(f32(0x0000_0001), one(false, -149));
        assert_eq!(f32(0x7fc0_0000), Err(NonFinite));
        assert_eq!(f64(1), one(false, -1074));
    }

    #[test]
    fn rounding() {
        let five_halves = Dyadic::new(false, 10, -2);
        assert_eq!(five_halves.nearest(0, 1), 3);
        assert_eq!(five_halves.ceiling(0, 1), 3);
        assert_eq!(five_halves.nearest(-3, 7), 3); // 20 / 7
        assert_eq!(five_halves.ceiling(10, 1), 1);
        assert_eq!(five_halves.nearest(200, 1), 0);
        // The longest shift there is, of the greatest mantissa.
        let great = Dyadic::new(true, u64::MAX, 0);
        assert_eq!(great.nearest(-62, 1), u128::from(u64::MAX) << 62);
        assert_eq!(great.ceiling(-63, 1), u128::MAX);
        assert_eq!(five_halves.greater(Dyadic::ZERO), five_halves);
        assert_eq!(Dyadic::ZERO.greater(five_halves), five_halves);
    }
}
