//! Weight formats and their canonical integers (`spec/arithmetic.md` section 2).
//!
//! A row of a file becomes a unit exponent and, per block of 32, a scale, a minimum and 32 quants.
//! The file's quants are used untouched. Adding a format is one file here and one line per match.
//! Never trusts a file: non-finite scales and units out of range are refused.

mod float;
mod q4_0;
mod q4_1;
mod q8_0;
mod scales;

use crate::dyadic::{Dyadic, NonFinite};

/// Inputs in a block.
pub const BLOCK: usize = 32;
/// Greatest magnitude of a block scale of an 8-bit format.
pub const SCALE_MAX_8: u32 = 32_767;
/// Greatest magnitude of a block scale of a 4-bit format.
pub const SCALE_MAX_4: u32 = 511;
/// Greatest magnitude of a block minimum.
pub const MIN_MAX: u32 = 16_383;
/// Most inputs of a row.
pub const INPUTS_MAX: usize = 1 << 17;
/// Greatest unit exponent of a float row.
const FLOAT_UNIT_MAX: i32 = 64;

/// A weight format of an upstream file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// IEEE binary32.
    F32,
    /// IEEE binary16.
    F16,
    /// Blocks of 32 nibbles, f16 scale.
    Q4_0,
    /// Blocks of 32 nibbles, f16 scale and minimum.
    Q4_1,
    /// Blocks of 32 int8, f16 scale.
    Q8_0,
}

/// Why weights can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// A scale, minimum or weight is an infinity or NaN.
    NonFinite,
    /// The row's numbers need a unit outside the permitted range.
    UnitRange,
    /// The bytes are not a whole row of the format.
    Length,
}

impl core::fmt::Display for Refused {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::NonFinite => "a scale or weight is infinite or not a number",
            Self::UnitRange => "a row's scales are outside the permitted range",
            Self::Length => "the bytes are not a whole row",
        })
    }
}

impl core::error::Error for Refused {}

impl From<NonFinite> for Refused {
    fn from(_: NonFinite) -> Self {
        Self::NonFinite
    }
}

/// The canonical integers of 32 weights: entry k is `scale * quants[k] + min`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Block scale in units of the row.
    pub scale: i32,
    /// Block minimum in units of the row.
    pub min: i32,
    /// The quants as the file has them (float formats: made by the canonical quantiser).
    pub quants: [i8; BLOCK],
}

impl Block {
    /// The integer entry k.
    #[must_use]
    pub fn entry(&self, k: usize) -> i64 {
        i64::from(self.scale) * i64::from(self.quants[k]) + i64::from(self.min)
    }
}

impl Format {
    /// Every format, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::F32, Self::F16, Self::Q4_0, Self::Q4_1, Self::Q8_0];

    /// The number in encodings; never reused.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::F32 => 1,
            Self::F16 => 2,
            Self::Q4_0 => 3,
            Self::Q4_1 => 4,
            Self::Q8_0 => 5,
        }
    }

    /// The format of a number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.number() == number)
    }

    /// The name people use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "F32",
            Self::F16 => "F16",
            Self::Q4_0 => "Q4_0",
            Self::Q4_1 => "Q4_1",
            Self::Q8_0 => "Q8_0",
        }
    }

    /// Bytes of 32 weights in the file.
    #[must_use]
    pub const fn block_bytes(self) -> usize {
        match self {
            Self::F32 => 128,
            Self::F16 => 64,
            Self::Q4_0 => 18,
            Self::Q4_1 => 20,
            Self::Q8_0 => 34,
        }
    }

    /// Bytes of a row of `inputs` weights, a multiple of 32.
    #[must_use]
    pub const fn row_bytes(self, inputs: usize) -> usize {
        inputs / BLOCK * self.block_bytes()
    }

    /// The unit exponent of a row.
    ///
    /// # Errors
    /// [`Refused`] where the row can't be used.
    pub fn unit(self, row: &[u8]) -> Result<i32, Refused> {
        if row.is_empty() || !row.len().is_multiple_of(self.block_bytes()) {
            return Err(Refused::Length);
        }
        let blocks = row.chunks_exact(self.block_bytes());
        match self {
            Self::F32 => float::unit(blocks.flat_map(|b| b.chunks_exact(4)).map(float::read_f32)),
            Self::F16 => float::unit(blocks.flat_map(|b| b.chunks_exact(2)).map(float::read_f16)),
            Self::Q4_0 => q4_0::unit(blocks),
            Self::Q4_1 => q4_1::unit(blocks),
            Self::Q8_0 => q8_0::unit(blocks),
        }
    }

    /// The canonical integers of one block, given its row's unit.
    ///
    /// # Errors
    /// [`Refused`] where the block can't be used with this unit.
    pub fn block(self, bytes: &[u8], unit: i32) -> Result<Block, Refused> {
        if bytes.len() != self.block_bytes() {
            return Err(Refused::Length);
        }
        match self {
            Self::F32 => float::block(bytes.chunks_exact(4).map(float::read_f32), unit),
            Self::F16 => float::block(bytes.chunks_exact(2).map(float::read_f16), unit),
            Self::Q4_0 => q4_0::block(bytes, unit),
            Self::Q4_1 => q4_1::block(bytes, unit),
            Self::Q8_0 => q8_0::block(bytes, unit),
        }
    }
}

/// A norm gain: its unit exponent and entries below 2^24 in magnitude.
///
/// # Errors
/// [`Refused`] for bytes that are not F32 or F16 numbers in range, or an other format.
pub fn gain(format: Format, bytes: &[u8]) -> Result<(i32, Vec<i32>), Refused> {
    let entries = float_entries(format, bytes)?;
    let greatest = entries.iter().fold(Dyadic::ZERO, |a, b| a.greater(*b));
    let mut unit = float::UNIT_MIN;
    while greatest.nearest(unit, 1) >= 1 << 24 {
        unit += 1;
    }
    if unit > FLOAT_UNIT_MAX {
        return Err(Refused::UnitRange);
    }
    Ok((unit, entries.into_iter().map(|e| float::signed(e, unit, 1)).collect()))
}

/// A bias vector as a fixed row of the given fractional bits.
///
/// # Errors
/// [`Refused`] for bytes that are not F32 or F16 numbers, or an entry not below the limit.
pub fn bias(format: Format, bytes: &[u8], frac: u8) -> Result<Vec<i32>, Refused> {
    let unit = -i32::from(frac);
    let entries = float_entries(format, bytes)?;
    let limit = crate::LIMIT as u128;
    if entries.iter().any(|e| e.nearest(unit, 1) >= limit) {
        return Err(Refused::UnitRange);
    }
    Ok(entries.into_iter().map(|e| float::signed(e, unit, 1)).collect())
}

fn float_entries(format: Format, bytes: &[u8]) -> Result<Vec<Dyadic>, Refused> {
    match format {
        Format::F32 if bytes.len().is_multiple_of(4) => {
            bytes.chunks_exact(4).map(float::read_f32).map(|r| r.map_err(Refused::from)).collect()
        }
        Format::F16 if bytes.len().is_multiple_of(2) => {
            bytes.chunks_exact(2).map(float::read_f16).map(|r| r.map_err(Refused::from)).collect()
        }
        Format::F32 | Format::F16 | Format::Q4_0 | Format::Q4_1 | Format::Q8_0 => {
            Err(Refused::Length)
        }
    }
}
