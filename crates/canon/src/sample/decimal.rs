//! Decimal text as an exact number of micro-units.
//!
//! Never rounds and never passes through a float: what is not a whole number of micro-units is
//! refused. Reads the numbers JSON can write, exponents included.

use core::fmt;

/// Longest text of a number.
const TEXT_MAX: usize = 64;
/// Digits of a micro-unit after the point.
const DIGITS: i64 = 6;
/// Most significant digits of a result: it fits an i64.
const SIGNIFICANT_MAX: i64 = 18;

/// A number of millionths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Micro(i64);

/// Why a text is no number of micro-units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Not a decimal number.
    #[error("not a decimal number such as 0.8")]
    Malformed,
    /// More than six digits after the point.
    #[error("more than six digits after the point, and nothing is rounded here: shorten it")]
    Inexact,
    /// Too large for any parameter.
    #[error("far too large")]
    TooLarge,
}

impl Micro {
    /// Zero.
    pub const ZERO: Self = Self(0);
    /// One.
    pub const ONE: Self = Self(1_000_000);

    /// This many millionths.
    #[must_use]
    pub const fn new(millionths: i64) -> Self {
        Self(millionths)
    }

    /// How many millionths.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Reads an exact decimal: `-?digits[.digits][e[+-]digits]`.
    ///
    /// # Errors
    /// [`DecimalError`] where it is none, or not a whole number of micro-units.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        if text.len() > TEXT_MAX {
            return Err(DecimalError::Malformed);
        }
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (number, exponent) = match rest.split_once(['e', 'E']) {
            Some((number, exponent)) => (number, read_exponent(exponent)?),
            None => (rest, 0),
        };
        let (whole, part) = match number.split_once('.') {
            Some((whole, part)) if !part.is_empty() => (whole, part),
            Some(_) => return Err(DecimalError::Malformed),
            None => (number, ""),
        };
        if !is_digits(whole) || !(part.is_empty() || is_digits(part)) {
            return Err(DecimalError::Malformed);
        }
        let magnitude = scale(whole, part, exponent)?;
        Ok(Self(if negative { -magnitude } else { magnitude }))
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn read_exponent(text: &str) -> Result<i64, DecimalError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !is_digits(digits) || digits.len() > 9 {
        return Err(DecimalError::Malformed);
    }
    let exponent: i64 = digits.parse().map_err(|_| DecimalError::Malformed)?;
    Ok(if negative { -exponent } else { exponent })
}

/// `whole.part * 10^exponent` in micro-units.
fn scale(whole: &str, part: &str, exponent: i64) -> Result<i64, DecimalError> {
    let digits = || whole.bytes().chain(part.bytes()).map(|byte| i64::from(byte - b'0'));
    let zeros = digits().rev().take_while(|digit| *digit == 0).count();
    let all = whole.len() + part.len();
    let significant: Vec<i64> =
        digits().take(all - zeros).skip_while(|digit| *digit == 0).collect();
    if significant.is_empty() {
        return Ok(0);
    }
    let length = |n: usize| i64::try_from(n).map_err(|_| DecimalError::TooLarge);
    let power = exponent + DIGITS + length(zeros)? - length(part.len())?;
    let power = u32::try_from(power).map_err(|_| DecimalError::Inexact)?;
    if length(significant.len())? + i64::from(power) > SIGNIFICANT_MAX {
        return Err(DecimalError::TooLarge);
    }
    let number = significant.into_iter().fold(0, |number, digit| number * 10 + digit);
    Ok(number * 10_i64.pow(power))
}

impl fmt::Display for Micro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        if part == 0 {
            return write!(f, "{sign}{whole}");
        }
        let part = format!("{part:06}");
        write!(f, "{sign}{whole}.{}", part.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn exact_texts_are_read() {
        for (text, want) in [
            ("0", 0),
            ("-0.0", 0),
            ("0.8", 800_000),
            ("1", 1_000_000),
            ("0.950000000", 950_000),
            ("-1.999999", -1_999_999),
            ("1e-06", 1),
            ("12.5E+1", 125_000_000),
            ("0.000000000e-300", 0),
            ("100000000000", 100_000_000_000_000_000),
        ] {
            assert_eq!(Micro::parse(text), Ok(Micro::new(want)), "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for (text, want) in [
            ("", DecimalError::Malformed),
            ("-", DecimalError::Malformed),
            ("+1", DecimalError::Malformed),
            (".5", DecimalError::Malformed),
            ("5.", DecimalError::Malformed),
            ("1.-5", DecimalError::Malformed),
            ("0x10", DecimalError::Malformed),
            ("NaN", DecimalError::Malformed),
            ("1e", DecimalError::Malformed),
            ("1e5e5", DecimalError::Malformed),
            ("1 ", DecimalError::Malformed),
            ("٣", DecimalError::Malformed),
            ("0.1234567", DecimalError::Inexact),
            ("1e-7", DecimalError::Inexact),
            ("1e-999999999", DecimalError::Inexact),
            ("1e999999999", DecimalError::TooLarge),
            ("1000000000000", DecimalError::TooLarge),
        ] {
            assert_eq!(Micro::parse(text), Err(want), "{text}");
        }
        assert_eq!(Micro::parse(&"0".repeat(65)), Err(DecimalError::Malformed));
    }

    #[test]
    fn display_reads_back() {
        for millionths in [0, 1, -1, 800_000, -2_000_000, 1_000_001, 99_999_999] {
            let micro = Micro::new(millionths);
            assert_eq!(Micro::parse(&micro.to_string()), Ok(micro));
        }
        assert_eq!(Micro::new(-1_250_000).to_string(), "-1.25");
    }
}
