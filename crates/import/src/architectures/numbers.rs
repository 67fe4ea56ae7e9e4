//! The exact numbers that importers make: epsilon and the attention scale.

use crate::dyadic::Dyadic;

/// `nr(2^62 * log2(e))`, the source of the attention scale.
const LOG2_E: u128 = 6_653_256_548_922_161_246;

/// `max(1, nr(epsilon * width * 2^(2 * frac)))`; `None` where it is negative or too large.
pub(super) fn eps(epsilon: Dyadic, width: u32, frac: u8) -> Option<u64> {
    if epsilon.negative() {
        return None;
    }
    let product = u128::from(epsilon.mantissa()) * u128::from(width);
    let shift = epsilon.exponent() + 2 * i32::from(frac);
    let value = match shift {
        _ if product == 0 => 0,
        0..=16 => product << shift,
        17.. => return None,
        -120..=-1 => {
            let right = shift.unsigned_abs();
            (product + (1 << (right - 1))) >> right
        }
        _ => 0,
    };
    u64::try_from(value.max(1)).ok().filter(|eps| *eps <= 1 << 62)
}

/// The nearest `C * 2^ce` with `2^14 <= C < 2^15` to `log2(e) / sqrt(head_width)`.
///
/// Where query and key were transformed in Hadamard blocks of `block` = 2^m entries, their score is
/// 2^(m mod 2) times as great, which the exponent takes back.
///
/// From the floor of its root at 60 fractional bits, whose error no rounding to 15 bits can show
/// for any head width up to 1024 (a test compares all of them with exact squares).
pub(super) fn attention_scale(head_width: u32, block: u32) -> (u16, i32) {
    let root = ((LOG2_E >> 2) * (LOG2_E >> 2) / u128::from(head_width)).isqrt();
    let bits = i32::try_from(u128::BITS - root.leading_zeros()).expect("at most 128");
    let drop = bits - 15;
    let mantissa = (root + (1 << (drop - 1))) >> drop;
    let (mantissa, drop) =
        if mantissa == 1 << 15 { (mantissa >> 1, drop + 1) } else { (mantissa, drop) };
    let twice = i32::from(block.trailing_zeros() % 2 == 1);
    (u16::try_from(mantissa).expect("15 bits"), drop - 60 - twice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_nearest() {
        for head_width in (32..=1024).step_by(32) {
            let (mantissa, exponent) = attention_scale(head_width, 1);
            assert!((1 << 14..1 << 15).contains(&u32::from(mantissa)));
            // |C - 1/2| * 2^ce <= log2(e) / sqrt(D) <= |C + 1/2| * 2^ce, squared, at 2^-64.
            let square = (LOG2_E >> 31).pow(2) / u128::from(head_width);
            let shift = u32::try_from(2 * exponent + 62 - 2).unwrap();
            let low = (2 * u128::from(mantissa) - 1).pow(2) << shift;
            let high = (2 * u128::from(mantissa) + 1).pow(2) << shift;
            assert!(low <= square && square <= high, "head width {head_width}");
        }
        assert_eq!(attention_scale(64, 64), (23_637, -17));
        assert_eq!(attention_scale(128, 128).1, attention_scale(128, 1).1 - 1);
    }

    #[test]
    fn eps_of_smollm2() {
        // The f32 nearest to 1e-5, times 576 * 2^24.
        let epsilon = crate::dyadic::F32Bits(0x3727_c5ac).decode().unwrap();
        assert_eq!(eps(epsilon, 576, 12), Some(96_637));
        assert_eq!(eps(Dyadic::ZERO, 576, 12), Some(1));
    }
}
