//! Numbers of vectors as JSON and as binary32, made by integers alone: both say exactly what was signed.
//!
//! A number is an integer of 24 fractional bits, at most 1 in magnitude. Never rounds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Fractional bits of a number.
const FRAC: u32 = 24;
/// 5^24: a number times it has 24 decimal places.
const FIVES: u128 = 5_u128.pow(FRAC);
/// 10^24.
const TENS: u128 = 10_u128.pow(FRAC);
/// What is added to the exponent of a binary32, and how many bits stand behind its leading one.
const EXPONENT_BIAS: u32 = 127;
const MANTISSA_BITS: u32 = 23;

/// The exact decimals, as a JSON list.
pub(super) fn list(vector: &[i32]) -> String {
    let numbers: Vec<String> = vector.iter().map(|number| decimal(*number)).collect();
    format!("[{}]", numbers.join(","))
}

/// The numbers as binary32, little endian, in base64.
pub(super) fn base64(vector: &[i32]) -> String {
    let bytes: Vec<u8> = vector.iter().flat_map(|number| binary32(*number).to_le_bytes()).collect();
    STANDARD.encode(bytes)
}

fn decimal(number: i32) -> String {
    let units = u128::from(number.unsigned_abs()) * FIVES;
    let (whole, part) = (units / TENS, units % TENS);
    let sign = if number < 0 { "-" } else { "" };
    let part = format!("{part:024}");
    let part = part.trim_end_matches('0');
    format!("{sign}{whole}.{}", if part.is_empty() { "0" } else { part })
}

/// The bits of the binary32 that is the number: it has 24 bits at most, or is 1.
fn binary32(number: i32) -> u32 {
    let magnitude = number.unsigned_abs();
    let Some(top) = magnitude.checked_ilog2() else { return 0 };
    let sign = u32::from(number < 0) << 31;
    let exponent = (top + EXPONENT_BIAS - FRAC) << MANTISSA_BITS;
    let mantissa = match MANTISSA_BITS.checked_sub(top) {
        Some(left) => magnitude << left,
        None => magnitude >> (top - MANTISSA_BITS),
    };
    sign | exponent | (mantissa & ((1 << MANTISSA_BITS) - 1))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn decimals_are_exact_and_always_have_a_point() {
        for (number, text) in [
            (0, "0.0"),
            (1 << 24, "1.0"),
            (-(1 << 24), "-1.0"),
            (1 << 23, "0.5"),
            (-1, "-0.000000059604644775390625"),
            (10_066_329, "0.599999964237213134765625"),
        ] {
            assert_eq!(decimal(number), text);
        }
        assert_eq!(list(&[1 << 23, 0]), "[0.5,0.0]");
        assert_eq!(list(&[]), "[]");
    }

    /// What the bits of a binary32 stand for, in units of 2^-24; they have no part below that.
    fn units(bits: u32) -> i64 {
        let (exponent, mantissa) = (bits >> 23 & 0xff, i64::from(bits & 0x7f_ffff));
        if exponent == 0 {
            assert_eq!(bits, 0, "nothing below the least, and one zero");
            return 0;
        }
        // Of 2^(exponent - 150), in units of 2^-24; none is above 1.
        let (doubled, down) = ((mantissa | 1 << 23) << 1, 127 - exponent);
        assert!(doubled.trailing_zeros() >= down, "a part below 2^-24");
        let magnitude = doubled >> down;
        if bits >> 31 == 1 { -magnitude } else { magnitude }
    }

    /// What exact decimals stand for, in units of 2^-24.
    fn read(text: &str) -> i64 {
        let (sign, text) = text.strip_prefix('-').map_or((1, text), |text| (-1, text));
        let (whole, part) = text.split_once('.').unwrap();
        let units: u128 = format!("{whole}{part:0<24}").parse().unwrap();
        assert!(units.is_multiple_of(FIVES), "a part below 2^-24");
        sign * i64::try_from(units / FIVES).unwrap()
    }

    #[test]
    fn both_forms_are_the_number() {
        let mut all: Vec<i32> = (0..=24).flat_map(|bit| [(1 << bit) - 1, 1 << bit]).collect();
        all.extend((0..2000).map(|step| step * 8_388 + 17));
        for number in all.into_iter().flat_map(|number| [number, -number]) {
            assert_eq!(units(binary32(number)), i64::from(number));
            assert_eq!(read(&decimal(number)), i64::from(number));
        }
        assert_eq!(base64(&[1 << 24, -(1 << 23)]), "AACAPwAAAL8=");
    }
}
