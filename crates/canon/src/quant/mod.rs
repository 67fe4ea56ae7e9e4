//! Weight formats and their canonical integers (`spec/arithmetic.md` section 2).
//!
//! A row of a file becomes a unit exponent and, per block of 32, two scales, two minima and 32 quants:
//! most formats have one of each for the whole block, some one for each half. The file's quants are used
//! untouched. Adding a format is one file here and one line per match.
//! Never trusts a file: non-finite scales and units out of range are refused.

mod float;
mod iq4_nl;
mod iq4_xs;
mod less_one;
mod q2_k;
mod q3_k;
mod q4_0;
mod q4_1;
mod q4_k;
mod q5_0;
mod q5_1;
mod q5_k;
mod q6_k;
mod q8_0;
mod scales;

use crate::dyadic::{Dyadic, NonFinite};
use scales::Numbers;

/// Inputs in a block.
pub const BLOCK: usize = 32;
/// Inputs in a half of a block: the least that have a scale of their own.
pub const HALF: usize = BLOCK / 2;
/// Inputs in a super-block of the formats that have such.
pub const SUPER_BLOCK: usize = 256;
/// Greatest magnitude of a block scale of a format that is multiplied as bytes.
pub const SCALE_MAX_8: u32 = 32_767;
/// Greatest magnitude of a block scale of a format that is multiplied as nibbles.
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
    /// The upper half of an IEEE binary32.
    Bf16,
    /// Blocks of 32 quants of 5 bits, f16 scale.
    Q5_0,
    /// Blocks of 32 quants of 5 bits, f16 scale and minimum.
    Q5_1,
    /// Super-blocks of 256 quants of 2 bits; every 16 have a 4-bit sub-scale and sub-minimum.
    Q2K,
    /// Super-blocks of 256 quants of 3 bits; every 16 have a 6-bit sub-scale.
    Q3K,
    /// Super-blocks of 256 nibbles; every 32 have a 6-bit sub-scale and sub-minimum.
    Q4K,
    /// Super-blocks of 256 quants of 5 bits; every 32 have a 6-bit sub-scale and sub-minimum.
    Q5K,
    /// Super-blocks of 256 quants of 6 bits; every 16 have an 8-bit sub-scale.
    Q6K,
    /// Blocks of 32 indexes into a table of int8, f16 scale.
    Iq4Nl,
    /// Super-blocks of 256 indexes into a table of int8; every 32 have a 6-bit sub-scale.
    Iq4Xs,
    /// IEEE binary32, each number one less than the gain it stands for.
    F32LessOne,
    /// The same as IEEE binary16.
    F16LessOne,
    /// The same as the upper half of an IEEE binary32.
    Bf16LessOne,
}

/// How a format's bytes are read.
enum Reading {
    /// Numbers, which the canonical quantiser takes: how many bytes each, and what they stand for.
    Floats(usize, fn(&[u8]) -> Result<Dyadic, NonFinite>),
    /// Quants with scales.
    Quants(Rule),
}

/// How a format of quants is read: both functions are given a span's bytes and the number of a block in
/// it.
struct Rule {
    scale_max: u32,
    numbers: ReadNumbers,
    quants: ReadQuants,
}

type ReadNumbers = fn(&[u8], usize) -> Result<Numbers, Refused>;
type ReadQuants = fn(&[u8], usize) -> [i8; BLOCK];

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

/// The canonical integers of 32 weights: entry k is `scales[h] * quants[k] + mins[h]`, where h is the half
/// of the block that k is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// The scales of both halves in units of the row.
    pub scales: [i32; 2],
    /// The minima of both halves in units of the row.
    pub mins: [i32; 2],
    /// The quants as the file has them (float formats: made by the canonical quantiser).
    pub quants: [i8; BLOCK],
}

impl Block {
    /// The integer entry k.
    #[must_use]
    pub fn entry(&self, k: usize) -> i64 {
        let half = k / HALF;
        i64::from(self.scales[half]) * i64::from(self.quants[k]) + i64::from(self.mins[half])
    }
}

impl Format {
    /// Every format, in the order of their numbers.
    pub const ALL: [Self; 18] = [
        Self::F32,
        Self::F16,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q8_0,
        Self::Bf16,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q2K,
        Self::Q3K,
        Self::Q4K,
        Self::Q5K,
        Self::Q6K,
        Self::Iq4Nl,
        Self::Iq4Xs,
        Self::F32LessOne,
        Self::F16LessOne,
        Self::Bf16LessOne,
    ];

    /// The number in encodings; never reused. A frozen vector refuses 6.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::F32 => 1,
            Self::F16 => 2,
            Self::Q4_0 => 3,
            Self::Q4_1 => 4,
            Self::Q8_0 => 5,
            Self::Bf16 => 7,
            Self::Q5_0 => 8,
            Self::Q5_1 => 9,
            Self::Q2K => 10,
            Self::Q3K => 11,
            Self::Q4K => 12,
            Self::Q5K => 13,
            Self::Q6K => 14,
            Self::Iq4Nl => 15,
            Self::Iq4Xs => 16,
            Self::F32LessOne => 17,
            Self::F16LessOne => 18,
            Self::Bf16LessOne => 19,
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
            Self::Bf16 => "BF16",
            Self::Q5_0 => "Q5_0",
            Self::Q5_1 => "Q5_1",
            Self::Q2K => "Q2_K",
            Self::Q3K => "Q3_K",
            Self::Q4K => "Q4_K",
            Self::Q5K => "Q5_K",
            Self::Q6K => "Q6_K",
            Self::Iq4Nl => "IQ4_NL",
            Self::Iq4Xs => "IQ4_XS",
            Self::F32LessOne => "F32_LESS_ONE",
            Self::F16LessOne => "F16_LESS_ONE",
            Self::Bf16LessOne => "BF16_LESS_ONE",
        }
    }

    /// The format whose numbers are one less than what they stand for, of one of plain numbers.
    #[must_use]
    pub const fn less_one(self) -> Option<Self> {
        match self {
            Self::F32 => Some(Self::F32LessOne),
            Self::F16 => Some(Self::F16LessOne),
            Self::Bf16 => Some(Self::Bf16LessOne),
            Self::F32LessOne | Self::F16LessOne | Self::Bf16LessOne => None,
            Self::Q4_0
            | Self::Q4_1
            | Self::Q8_0
            | Self::Q5_0
            | Self::Q5_1
            | Self::Q2K
            | Self::Q3K
            | Self::Q4K
            | Self::Q5K
            | Self::Q6K
            | Self::Iq4Nl
            | Self::Iq4Xs => None,
        }
    }

    /// Whether its numbers are one less than what they stand for: gains alone may have it.
    #[must_use]
    pub const fn gains_only(self) -> bool {
        matches!(self, Self::F32LessOne | Self::F16LessOne | Self::Bf16LessOne)
    }

    /// Inputs and bytes of a *span*: the least piece of a row that can be read alone. It is a block, or a
    /// super-block of eight.
    const fn span_and_bytes(self) -> (usize, usize) {
        match self {
            Self::F32 | Self::F32LessOne => (BLOCK, 128),
            Self::F16 | Self::Bf16 | Self::F16LessOne | Self::Bf16LessOne => (BLOCK, 64),
            Self::Q4_0 | Self::Iq4Nl => (BLOCK, 18),
            Self::Q4_1 => (BLOCK, 20),
            Self::Q5_0 => (BLOCK, 22),
            Self::Q5_1 => (BLOCK, 24),
            Self::Q8_0 => (BLOCK, 34),
            Self::Q2K => (SUPER_BLOCK, 84),
            Self::Q3K => (SUPER_BLOCK, 110),
            Self::Q4K => (SUPER_BLOCK, 144),
            Self::Q5K => (SUPER_BLOCK, 176),
            Self::Q6K => (SUPER_BLOCK, 210),
            Self::Iq4Xs => (SUPER_BLOCK, 136),
        }
    }

    /// Inputs of a span: the least piece of a row that can be read alone.
    #[must_use]
    pub const fn span(self) -> usize {
        self.span_and_bytes().0
    }

    /// Bytes of a span in the file.
    #[must_use]
    pub const fn span_bytes(self) -> usize {
        self.span_and_bytes().1
    }

    /// Bytes of a number, where the format is one of plain numbers: vectors may have it.
    #[must_use]
    pub const fn number_bytes(self) -> Option<usize> {
        match self.reading() {
            Reading::Floats(bytes, _) => Some(bytes),
            Reading::Quants(_) => None,
        }
    }

    /// Bytes of a row of `inputs` weights, a multiple of the span.
    #[must_use]
    pub const fn row_bytes(self, inputs: usize) -> usize {
        inputs / self.span() * self.span_bytes()
    }

    const fn reading(self) -> Reading {
        let (scale_max, numbers, quants): (u32, ReadNumbers, ReadQuants) = match self {
            Self::F32 => return Reading::Floats(4, float::read_f32),
            Self::F16 => return Reading::Floats(2, float::read_f16),
            Self::Bf16 => return Reading::Floats(2, float::read_bf16),
            Self::F32LessOne => return Reading::Floats(4, less_one::read_f32),
            Self::F16LessOne => return Reading::Floats(2, less_one::read_f16),
            Self::Bf16LessOne => return Reading::Floats(2, less_one::read_bf16),
            Self::Q4_0 => (SCALE_MAX_4, q4_0::numbers, q4_0::quants),
            Self::Q4_1 => (SCALE_MAX_4, q4_1::numbers, q4_1::quants),
            Self::Q8_0 => (SCALE_MAX_8, q8_0::numbers, q8_0::quants),
            Self::Q5_0 => (SCALE_MAX_8, q5_0::numbers, q5_0::quants),
            Self::Q5_1 => (SCALE_MAX_8, q5_1::numbers, q5_1::quants),
            Self::Q2K => (SCALE_MAX_4, q2_k::numbers, q2_k::quants),
            Self::Q3K => (SCALE_MAX_4, q3_k::numbers, q3_k::quants),
            Self::Q4K => (SCALE_MAX_4, q4_k::numbers, q4_k::quants),
            Self::Q5K => (SCALE_MAX_8, q5_k::numbers, q5_k::quants),
            Self::Q6K => (SCALE_MAX_8, q6_k::numbers, q6_k::quants),
            Self::Iq4Nl => (SCALE_MAX_8, iq4_nl::numbers, iq4_nl::quants),
            Self::Iq4Xs => (SCALE_MAX_8, iq4_xs::numbers, iq4_xs::quants),
        };
        Reading::Quants(Rule { scale_max, numbers, quants })
    }

    /// The unit exponent of a row.
    ///
    /// # Errors
    /// [`Refused`] where the row can't be used.
    pub fn unit(self, row: &[u8]) -> Result<i32, Refused> {
        if row.is_empty() || !row.len().is_multiple_of(self.span_bytes()) {
            return Err(Refused::Length);
        }
        match self.reading() {
            Reading::Floats(bytes, read) => float::unit(row.chunks_exact(bytes).map(read)),
            Reading::Quants(rule) => {
                let spans = row.chunks_exact(self.span_bytes());
                let blocks =
                    spans.flat_map(|span| (0..self.span() / BLOCK).map(move |b| (span, b)));
                scales::unit(blocks.map(|(span, b)| (rule.numbers)(span, b)), rule.scale_max)
            }
        }
    }

    /// The canonical integers of whole spans of a row, given its unit.
    ///
    /// # Errors
    /// [`Refused`] where the bytes are not whole spans, or can't be used with this unit.
    pub fn blocks(self, bytes: &[u8], unit: i32) -> Result<Vec<Block>, Refused> {
        if !bytes.len().is_multiple_of(self.span_bytes()) {
            return Err(Refused::Length);
        }
        let spans = bytes.chunks_exact(self.span_bytes());
        match self.reading() {
            Reading::Floats(bytes, read) => {
                spans.map(|span| float::block(span.chunks_exact(bytes).map(read), unit)).collect()
            }
            Reading::Quants(rule) => spans
                .flat_map(|span| (0..self.span() / BLOCK).map(move |b| (span, b)))
                .map(|(span, b)| rule.block(span, b, unit))
                .collect(),
        }
    }
}

impl Rule {
    fn block(&self, span: &[u8], b: usize, unit: i32) -> Result<Block, Refused> {
        let (scales, mins) = (self.numbers)(span, b)?.rounded(unit, self.scale_max)?;
        Ok(Block { scales, mins, quants: (self.quants)(span, b) })
    }
}

/// A norm gain: its unit exponent and entries below 2^24 in magnitude.
///
/// # Errors
/// [`Refused`] for bytes that are not plain numbers in range, or an other format.
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

/// The entries of (a part of) a gain under a unit that is given, not found: the unit's rule needs the whole vector.
///
/// # Errors
/// [`Refused`] for bytes that are not plain numbers, or a unit that is not theirs.
pub fn gain_part(format: Format, bytes: &[u8], unit: i32) -> Result<Vec<i32>, Refused> {
    let entries = float_entries(format, bytes)?;
    let fits = |entry: &Dyadic| entry.nearest(unit, 1) < 1 << 24;
    if (float::UNIT_MIN..=FLOAT_UNIT_MAX).contains(&unit) && entries.iter().all(fits) {
        return Ok(entries.into_iter().map(|e| float::signed(e, unit, 1)).collect());
    }
    Err(Refused::UnitRange)
}

/// A bias vector as a fixed row of the given fractional bits.
///
/// # Errors
/// [`Refused`] for bytes that are not plain numbers, or an entry not below the limit.
pub fn bias(format: Format, bytes: &[u8], frac: u8) -> Result<Vec<i32>, Refused> {
    let unit = -i32::from(frac);
    let entries = float_entries(format, bytes)?;
    let limit = crate::LIMIT as u128;
    if entries.iter().any(|e| e.nearest(unit, 1) >= limit) {
        return Err(Refused::UnitRange);
    }
    Ok(entries.into_iter().map(|e| float::signed(e, unit, 1)).collect())
}

/// The numbers of a vector or a part of one.
///
/// # Errors
/// [`Refused`] for bytes that are not finite plain numbers.
pub fn float_entries(format: Format, bytes: &[u8]) -> Result<Vec<Dyadic>, Refused> {
    match format.reading() {
        Reading::Floats(size, read) if bytes.len().is_multiple_of(size) => {
            bytes.chunks_exact(size).map(read).map(|r| r.map_err(Refused::from)).collect()
        }
        Reading::Floats(..) | Reading::Quants(_) => Err(Refused::Length),
    }
}
