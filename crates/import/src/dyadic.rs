//! Floating-point bit patterns as exact numbers `±mantissa * 2^exponent`.
//!
//! Files carry floats (the norm's epsilon, RoPE's base, block scales); an answer's arithmetic has none. Here a bit
//! pattern becomes the number it stands for, with integer operations only.
//!
//! It never rounds. Invariant: a [`Dyadic`] is in its only normal form (odd mantissa, or zero as `+0 * 2^0`), so equal
//! numbers are equal values, from whichever format they came; negative zero is zero.
//!
//! Failure: infinities and NaNs are refused ([`NotFinite`]).

use thiserror::Error;

/// The bits of an IEEE 754 binary16.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct F16Bits(pub u16);

/// The bits of a bfloat16 (the upper half of a binary32).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bf16Bits(pub u16);

/// The bits of an IEEE 754 binary32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct F32Bits(pub u32);

/// The bits of an IEEE 754 binary64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct F64Bits(pub u64);

/// The bit pattern is an infinity or a NaN, which stand for no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{format} bits {bits:#x} are an infinity or a NaN; a finite number is needed")]
pub struct NotFinite {
    pub format: &'static str,
    pub bits: u64,
}

/// An exact number, `±mantissa * 2^exponent`; the mantissa is odd, or all three parts are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dyadic {
    negative: bool,
    mantissa: u64,
    exponent: i32,
}

impl Dyadic {
    pub const ZERO: Self = Self { negative: false, mantissa: 0, exponent: 0 };
    pub const ONE: Self = Self { negative: false, mantissa: 1, exponent: 0 };

    /// A whole number.
    pub fn from_integer(value: u64) -> Self {
        Self::normalised(false, value, 0)
    }

    pub fn negative(self) -> bool {
        self.negative
    }

    pub fn mantissa(self) -> u64 {
        self.mantissa
    }

    pub fn exponent(self) -> i32 {
        self.exponent
    }

    pub fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// `floor(log2 |self|)`; `None` for zero.
    pub fn floor_log2(self) -> Option<i32> {
        let top = i32::try_from(self.mantissa.checked_ilog2()?).expect("at most 63");
        Some(self.exponent + top)
    }

    fn normalised(negative: bool, mantissa: u64, exponent: i32) -> Self {
        if mantissa == 0 {
            return Self::ZERO;
        }
        let zeros = mantissa.trailing_zeros();
        let lifted = i32::try_from(zeros).expect("at most 63");
        Self { negative, mantissa: mantissa >> zeros, exponent: exponent + lifted }
    }
}

impl F16Bits {
    pub fn decode(self) -> Result<Dyadic, NotFinite> {
        decode(&BINARY16, u64::from(self.0))
    }
}

impl Bf16Bits {
    pub fn decode(self) -> Result<Dyadic, NotFinite> {
        decode(&BFLOAT16, u64::from(self.0))
    }
}

impl F32Bits {
    pub fn decode(self) -> Result<Dyadic, NotFinite> {
        decode(&BINARY32, u64::from(self.0))
    }
}

impl F64Bits {
    pub fn decode(self) -> Result<Dyadic, NotFinite> {
        decode(&BINARY64, self.0)
    }
}

/// Where the three parts of a format lie, and the weight of the last bit of a subnormal.
struct Format {
    name: &'static str,
    fraction_bits: u32,
    exponent_bits: u32,
    least_exponent: i32,
}

const BINARY16: Format =
    Format { name: "f16", fraction_bits: 10, exponent_bits: 5, least_exponent: -24 };
const BFLOAT16: Format =
    Format { name: "bf16", fraction_bits: 7, exponent_bits: 8, least_exponent: -133 };
const BINARY32: Format =
    Format { name: "f32", fraction_bits: 23, exponent_bits: 8, least_exponent: -149 };
const BINARY64: Format =
    Format { name: "f64", fraction_bits: 52, exponent_bits: 11, least_exponent: -1074 };

fn decode(format: &Format, bits: u64) -> Result<Dyadic, NotFinite> {
    let fraction = bits & ((1 << format.fraction_bits) - 1);
    let all_ones = (1u64 << format.exponent_bits) - 1;
    let biased = (bits >> format.fraction_bits) & all_ones;
    let negative = bits >> (format.fraction_bits + format.exponent_bits) == 1;
    if biased == all_ones {
        return Err(NotFinite { format: format.name, bits });
    }
    if biased == 0 {
        return Ok(Dyadic::normalised(negative, fraction, format.least_exponent));
    }
    let hidden = 1 << format.fraction_bits;
    let step = i32::try_from(biased).expect("at most 11 bits") - 1;
    Ok(Dyadic::normalised(negative, hidden | fraction, format.least_exponent + step))
}
