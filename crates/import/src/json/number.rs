//! A number of JSON, as it is written: an integer, or the binary32 nearest to a decimal.
//!
//! GGUF files have binary32 where a `config.json` has a decimal, so that is what a decimal means here: both kinds of files
//! then give one program. Never uses floating-point arithmetic: the rounding is a division of integers.

use num_bigint::BigUint;

use crate::dyadic::{Dyadic, F32Bits};

/// The most digits of a number that is made a binary32; writers use 17 at most.
const MAX_DIGITS: usize = 64;
/// The greatest magnitude of an exponent that is looked at.
const MAX_EXPONENT: i32 = 400;
/// Bits of a binary32's significand.
const SIGNIFICAND_BITS: u64 = 24;
/// The least exponent of its last bit, and the greatest.
const LEAST_EXPONENT: i64 = -149;
const GREATEST_EXPONENT: i64 = 104;

/// A number's text: digits, perhaps a fraction and an exponent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<'a>(&'a str);

impl<'a> Number<'a> {
    /// The number at the beginning of a text, and how long it is.
    pub(super) fn read(text: &'a str) -> Option<(Self, usize)> {
        let bytes = text.as_bytes();
        let digits = |from: usize| {
            from + bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count()
        };
        let start = usize::from(bytes.first() == Some(&b'-'));
        // No digit follows a zero that leads.
        let mut end = if bytes.get(start) == Some(&b'0') { start + 1 } else { digits(start) };
        if end == start {
            return None;
        }
        if bytes.get(end) == Some(&b'.') {
            let fraction = digits(end + 1);
            if fraction == end + 1 {
                return None;
            }
            end = fraction;
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let exponent = digits(end + 1 + sign);
            if exponent == end + 1 + sign {
                return None;
            }
            end = exponent;
        }
        Some((Self(&text[..end]), end))
    }

    /// An unsigned integer that is written without fraction and exponent.
    #[must_use]
    pub fn integer(self) -> Option<u64> {
        self.0.parse().ok()
    }

    /// The binary32 nearest to the decimal, ties to even; none for one that is too large, or too long to be looked at.
    #[must_use]
    pub fn binary32(self) -> Option<F32Bits> {
        let (negative, text) = match self.0.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, self.0),
        };
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.len() + fraction.len() > MAX_DIGITS || exponent.abs() > MAX_EXPONENT {
            return None;
        }
        let digits = BigUint::parse_bytes([whole, fraction].concat().as_bytes(), 10)?;
        let exponent = exponent - i32::try_from(fraction.len()).ok()?;
        let power = BigUint::from(10u8).pow(exponent.unsigned_abs());
        let (numerator, denominator) =
            if exponent < 0 { (digits, power) } else { (digits * power, BigUint::from(1u8)) };
        let magnitude = nearest(&numerator, &denominator)?;
        Some(F32Bits(u32::from(negative) << 31 | magnitude))
    }

    /// The exact value of that binary32.
    #[must_use]
    pub fn dyadic(self) -> Option<Dyadic> {
        self.binary32()?.decode().ok()
    }
}

/// The bits of the binary32 nearest to a quotient.
fn nearest(numerator: &BigUint, denominator: &BigUint) -> Option<u32> {
    if *numerator == BigUint::ZERO {
        return Some(0);
    }
    let bits = |number: &BigUint| i64::try_from(number.bits()).ok();
    // The quotient has 24 or 25 bits before the point with this exponent; then 24 with the next.
    let first = (bits(numerator)? - bits(denominator)? - 24).max(LEAST_EXPONENT);
    for exponent in [first, first + 1, first + 2] {
        let shift = exponent.unsigned_abs();
        let (up, down) = if exponent < 0 { (shift, 0) } else { (0, shift) };
        let (numerator, denominator) = (numerator << up, denominator << down);
        let (mut quotient, rest) = (&numerator / &denominator, &numerator % &denominator);
        let twice: BigUint = rest << 1u8;
        if twice > denominator || (twice == denominator && quotient.bit(0)) {
            quotient += 1u8;
        }
        if quotient.bits() <= SIGNIFICAND_BITS {
            return encoded(u32::try_from(quotient).ok()?, exponent);
        }
    }
    None
}

/// The bits of `significand * 2^exponent`; none where that is beyond the greatest.
fn encoded(significand: u32, exponent: i64) -> Option<u32> {
    if exponent > GREATEST_EXPONENT {
        return None;
    }
    let hidden = 1 << (SIGNIFICAND_BITS - 1);
    if significand < hidden {
        // Below the normal ones, where the exponent is the least.
        return (exponent == LEAST_EXPONENT).then_some(significand);
    }
    let biased = u32::try_from(exponent - LEAST_EXPONENT + 1).ok()?;
    Some(biased << 23 | (significand - hidden))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn bits(text: &str) -> Option<u32> {
        let (number, length) = Number::read(text).unwrap();
        assert_eq!(length, text.len(), "{text}");
        number.binary32().map(|bits| bits.0)
    }

    /// Rust's own reader rounds correctly.
    #[test]
    fn decimals_are_rounded_as_the_standard_library_does() {
        let known = [
            "0",
            "-0",
            "1",
            "1e-05",
            "1e-5",
            "1e-06",
            "0.1",
            "10000.0",
            "500000",
            "1000000.0",
            "3.4028234e38",
            "3.4028235e38",
            "1.1754944e-38",
            "1.1754942e-38",
            "1e-45",
            "7e-46",
            "7.1e-46",
            "1e-46",
            "0.7937005259840998",
            "-2.5",
            "16777217",
            "16777219",
            "16777217.0000000001",
            "33554433",
            "33554435",
            "8589934591.5",
            "1.00000005960464477539",
            "1.0000000596046447",
            "1.00000017881393432617",
            "0.00000000000000000000000000000000000001",
        ];
        let mut state = 1u64;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        let made: Vec<String> = (0..2_000)
            .map(|_| {
                let (whole, fraction) = (random(1 << 30), random(1 << 30));
                format!("{whole}.{fraction}e{}", i64::try_from(random(90)).unwrap() - 50)
            })
            .collect();
        for text in known.into_iter().chain(made.iter().map(String::as_str)) {
            // floats: what our integers are compared with
            let theirs: f32 = text.parse().unwrap();
            let wanted = theirs.is_finite().then_some(theirs.to_bits());
            assert_eq!(bits(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_too_large_or_too_long_is_none() {
        let long = "1".repeat(65);
        for text in ["3.4028236e38", "1e39", "1e401", "1e-401", "1e99999999999", &long] {
            assert_eq!(bits(text), None, "{text}");
        }
    }

    #[test]
    fn integers_are_those_without_point_and_sign() {
        let integer = |text| Number::read(text).unwrap().0.integer();
        assert_eq!(integer("18446744073709551615"), Some(u64::MAX));
        for text in ["18446744073709551616", "-1", "1.0", "1e3"] {
            assert_eq!(integer(text), None, "{text}");
        }
    }
}
