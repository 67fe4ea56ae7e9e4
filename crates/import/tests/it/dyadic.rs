//! Bit patterns against numbers worked out by hand, and against the machine's own widening.
// floats: f32 to f64 by the machine is what the integer decoding is compared with

use import::dyadic::{Dyadic, F32Bits, F64Bits, NonFinite};
use proptest::prelude::*;

fn parts(number: Dyadic) -> (bool, u64, i32) {
    (number.negative(), number.mantissa(), number.exponent())
}

#[test]
fn known_patterns() {
    let cases = [
        (F32Bits(0x47c3_5000).decode(), (false, 3125, 5)),
        (F32Bits(0x3dcc_cccd).decode(), (false, 13_421_773, -27)),
        (F32Bits(0x8000_0001).decode(), (true, 1, -149)),
        (F32Bits(0x7f7f_ffff).decode(), (false, (1 << 24) - 1, 104)),
        (F64Bits(0x3ff8_0000_0000_0000).decode(), (false, 3, -1)),
        (F64Bits(1).decode(), (false, 1, -1074)),
        (F64Bits(0x7fef_ffff_ffff_ffff).decode(), (false, (1 << 53) - 1, 971)),
    ];
    for (index, (decoded, expected)) in cases.into_iter().enumerate() {
        assert_eq!(parts(decoded.unwrap()), expected, "case {index}");
    }
}

#[test]
fn both_zeros_are_zero() {
    for zero in [F32Bits(0).decode(), F32Bits(1 << 31).decode(), F64Bits(1 << 63).decode()] {
        assert_eq!(zero, Ok(Dyadic::ZERO));
    }
}

#[test]
fn infinities_and_nans_are_refused() {
    assert_eq!(F32Bits(0xff80_0000).decode(), Err(NonFinite));
    assert_eq!(F32Bits(0x7fc0_0000).decode(), Err(NonFinite));
    assert_eq!(F64Bits(u64::MAX).decode(), Err(NonFinite));
}

/// The f64 of a number that has one exactly: its mantissa times a power of two written as bits.
fn to_f64_bits(number: Dyadic) -> u64 {
    if number.is_zero() {
        return 0;
    }
    let top = number.mantissa().ilog2();
    let exponent = number.floor_log2().unwrap();
    let sign = u64::from(number.negative()) << 63;
    if exponent < -1022 {
        let shift = u32::try_from(number.exponent() + 1074).unwrap();
        return sign | (number.mantissa() << shift);
    }
    let fraction = (number.mantissa() << (52 - top)) & ((1 << 52) - 1);
    sign | u64::try_from(exponent + 1023).unwrap() << 52 | fraction
}

proptest! {
    #[test]
    fn f64_round_trips(bits: u64) {
        if let Ok(number) = F64Bits(bits).decode() {
            let expected = if bits << 1 == 0 { 0 } else { bits };
            prop_assert_eq!(to_f64_bits(number), expected);
        }
    }

    #[test]
    fn f32_widens_exactly(bits: u32) {
        if let Ok(number) = F32Bits(bits).decode() {
            let wide = f64::from(f32::from_bits(bits)).to_bits();
            prop_assert_eq!(to_f64_bits(number), if wide << 1 == 0 { 0 } else { wide });
        }
    }
}
