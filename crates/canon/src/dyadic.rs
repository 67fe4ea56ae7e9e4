//! Float bit patterns read as exact dyadic rationals, without any float arithmetic.
//!
//! Never rounds: a finite pattern is `±mantissa * 2^exponent` exactly; others are refused.

/// A finite number `(-1)^negative * mantissa * 2^exponent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dyadic {
    /// Sign; a negative zero has mantissa 0.
    pub negative: bool,
    /// Magnitude bits, below 2^53.
    pub mantissa: u64,
    /// Power of two of the mantissa's last bit.
    pub exponent: i32,
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
        return Ok(Dyadic { negative, mantissa, exponent: 1 - bias });
    }
    Ok(Dyadic {
        negative,
        mantissa: mantissa | (1 << mantissa_bits),
        exponent: exponent as i32 - bias,
    })
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

impl Dyadic {
    /// `nr(|self| * 2^-unit / divisor)`: the magnitude rounded to the nearest integer, halves up.
    ///
    /// Exact for every finite input; a quotient beyond `u128` gives `u128::MAX`.
    #[must_use]
    pub fn nearest(self, unit: i32, divisor: u32) -> u128 {
        let shift = self.exponent - unit;
        let mantissa = u128::from(self.mantissa);
        let divisor = u128::from(divisor);
        if self.mantissa == 0 {
            return 0;
        }
        if shift >= 0 {
            if shift > 70 {
                return u128::MAX;
            }
            return (2 * (mantissa << shift) + divisor) / (2 * divisor);
        }
        let right = shift.unsigned_abs();
        if right > 70 {
            return 0;
        }
        let denominator = divisor << right;
        (2 * mantissa + denominator) / (2 * denominator)
    }

    /// `ceil(|self| * 2^-unit / divisor)`; a quotient beyond `u128` gives `u128::MAX`.
    #[must_use]
    pub fn ceiling(self, unit: i32, divisor: u32) -> u128 {
        let shift = self.exponent - unit;
        let mantissa = u128::from(self.mantissa);
        let divisor = u128::from(divisor);
        if self.mantissa == 0 {
            return 0;
        }
        if shift >= 0 {
            return if shift > 70 { u128::MAX } else { (mantissa << shift).div_ceil(divisor) };
        }
        let right = shift.unsigned_abs();
        if right > 70 { 1 } else { mantissa.div_ceil(divisor << right) }
    }

    /// The magnitude as a sortable pair for numbers of one source format.
    fn key(self) -> (i32, u64) {
        if self.mantissa == 0 {
            return (i32::MIN, 0);
        }
        let high = 63 - self.mantissa.leading_zeros() as i32;
        (self.exponent + high, self.mantissa << (63 - high))
    }

    /// The number of greater magnitude of the two.
    #[must_use]
    pub fn greater(self, other: Self) -> Self {
        if other.key() > self.key() { other } else { self }
    }
}

/// Zero.
pub const ZERO: Dyadic = Dyadic { negative: false, mantissa: 0, exponent: 0 };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_patterns() {
        assert_eq!(f16(0x3c00), Ok(Dyadic { negative: false, mantissa: 1 << 10, exponent: -10 }));
        assert_eq!(f16(0x8001), Ok(Dyadic { negative: true, mantissa: 1, exponent: -24 }));
        assert_eq!(f16(0x7c00), Err(NonFinite));
        assert_eq!(f32(0x0000_0001), Ok(Dyadic { negative: false, mantissa: 1, exponent: -149 }));
        assert_eq!(f32(0x7fc0_0000), Err(NonFinite));
    }

    #[test]
    fn rounding() {
        let five_halves = Dyadic { negative: false, mantissa: 5, exponent: -1 };
        assert_eq!(five_halves.nearest(0, 1), 3);
        assert_eq!(five_halves.ceiling(0, 1), 3);
        assert_eq!(five_halves.nearest(-3, 7), 3); // 20 / 7
        assert_eq!(five_halves.ceiling(10, 1), 1);
        assert_eq!(five_halves.nearest(200, 1), 0);
        assert_eq!(five_halves.greater(ZERO), five_halves);
        assert_eq!(ZERO.greater(five_halves), five_halves);
    }
}
