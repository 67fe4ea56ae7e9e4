//! The exact numbers that importers make: epsilon and the attention scale.

use crate::dyadic::Dyadic;

/// `nr(2^62 * log2(e))`, the source of the attention scale.
const LOG2_E: u128 = 6_653_256_548_922_161_246;

/// `max(1, nr(epsilon * width * 2^(2 * frac)))`; `None` where it is negative or too large.
pub(crate) fn eps(epsilon: Dyadic, width: u32, frac: u8) -> Option<u64> {
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

/// The nearest `C * 2^ce` with `2^14 <= C < 2^15` to `log2(e) / sqrt(divisor) * factor / 2^48`.
///
/// The divisor is the head's width, but where the architecture has another.
///
/// Where query and key were transformed in Hadamard blocks of `block` = 2^m entries, their score is
/// 2^(m mod 2) times as great, which the exponent takes back.
///
/// From the floor of its root at 60 fractional bits, whose error no rounding to 15 bits can show
/// for any head width up to 1024 (a test compares all of them with exact squares); that floor is
/// the number meant where the factor is not 2^48.
pub(crate) fn attention_scale(divisor: u32, block: u32, factor: u64) -> (u16, i32) {
    let root = ((LOG2_E >> 2) * (LOG2_E >> 2) / u128::from(divisor)).isqrt();
    // Below 2^61 * 2^64; a factor of at least 2^32 leaves more than 15 bits of it.
    let root = (root * u128::from(factor)) >> 48;
    let (mantissa, exponent) = normal(root);
    let twice = i32::from(block.trailing_zeros() % 2 == 1);
    (mantissa, exponent - 60 - twice)
}

/// The nearest `C * 2^ce` with `2^14 <= C < 2^15` to `sqrt(width)`, from the floor of its root at 40 fractional bits.
pub(crate) fn root(width: u32) -> (u16, i32) {
    let (mantissa, exponent) = normal((u128::from(width) << 80).isqrt());
    (mantissa, exponent - 40)
}

/// The nearest `C * 2^ce` with `2^14 <= C < 2^15` to an integer of more than 15 bits.
fn normal(value: u128) -> (u16, i32) {
    let bits = i32::try_from(u128::BITS - value.leading_zeros()).expect("at most 128");
    let drop = bits - 15;
    let mantissa = (value + (1 << (drop - 1))) >> drop;
    let (mantissa, drop) =
        if mantissa == 1 << 15 { (mantissa >> 1, drop + 1) } else { (mantissa, drop) };
    (u16::try_from(mantissa).expect("15 bits"), drop)
}

/// `nr(cap * 2^frac)`: a cap of logits; `None` where it is no cap that an op takes.
pub(crate) fn logits_cap(cap: Dyadic, frac: u8) -> Option<u32> {
    within(cap, cap.nearest(-i32::from(frac), 1))
}

/// `nr(cap * log2(e) * 2^16)`: a cap of scores, which are logarithms to the base 2 with 16 fractional bits.
pub(crate) fn score_cap(cap: Dyadic) -> Option<u32> {
    // 32 fractional bits of the cap and 62 of log2(e).
    let product = cap.nearest(-32, 1).checked_mul(LOG2_E)?;
    within(cap, product.checked_add(1 << 77)? >> 78)
}

fn within(cap: Dyadic, units: u128) -> Option<u32> {
    let units = u32::try_from(units).ok().filter(|units| (1..1 << 30).contains(units));
    units.filter(|_| !cap.negative())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: u64 = 1 << 48;

    #[test]
    fn a_factor_multiplies() {
        let (mantissa, exponent) = attention_scale(64, 1, ONE);
        assert_eq!(attention_scale(64, 1, 4 * ONE), (mantissa, exponent + 2));
        assert_eq!(attention_scale(64, 1, ONE / 16), (mantissa, exponent - 4));
        assert_eq!(attention_scale(16, 1, ONE), attention_scale(64, 1, 2 * ONE));
    }

    #[test]
    fn scales_are_nearest() {
        for head_width in (32..=1024).step_by(32) {
            let (mantissa, exponent) = attention_scale(head_width, 1, ONE);
            assert!((1 << 14..1 << 15).contains(&u32::from(mantissa)));
            // |C - 1/2| * 2^ce <= log2(e) / sqrt(D) <= |C + 1/2| * 2^ce, squared, at 2^-64.
            let square = (LOG2_E >> 31).pow(2) / u128::from(head_width);
            let shift = u32::try_from(2 * exponent + 62 - 2).unwrap();
            let low = (2 * u128::from(mantissa) - 1).pow(2) << shift;
            let high = (2 * u128::from(mantissa) + 1).pow(2) << shift;
            assert!(low <= square && square <= high, "head width {head_width}");
        }
        assert_eq!(attention_scale(64, 64, ONE), (23_637, -17));
        assert_eq!(attention_scale(128, 128, ONE).1, attention_scale(128, 1, ONE).1 - 1);
    }

    #[test]
    fn roots_of_widths() {
        // 48 and 8 are exact; 25.298 is the root of 640.
        assert_eq!((root(2304), root(64)), ((48 << 9, -9), (1 << 14, -11)));
        assert_eq!(root(640), (25_905, -10));
    }

    #[test]
    fn caps_of_gemma_2() {
        let [fifty, thirty] = [50, 30].map(Dyadic::from_integer);
        assert_eq!(logits_cap(thirty, 12), Some(30 << 12));
        // 50 * 1.442695 * 65536 = 4,727,422.8.
        assert_eq!(score_cap(fifty), Some(4_727_423));
        for cap in [Dyadic::ZERO, Dyadic::new(true, 1, 0), Dyadic::from_integer(1 << 30)] {
            assert_eq!((logits_cap(cap, 12), score_cap(cap)), (None, None));
        }
    }

    #[test]
    fn eps_of_smollm2() {
        // The f32 nearest to 1e-5, times 576 * 2^24.
        let epsilon = crate::dyadic::F32Bits(0x3727_c5ac).decode().unwrap();
        assert_eq!(eps(epsilon, 576, 12), Some(96_637));
        assert_eq!(eps(Dyadic::ZERO, 576, 12), Some(1));
    }
}
