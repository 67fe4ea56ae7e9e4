//! RMS norm (section 4.2): partial sums of squares, one scale, then entry by entry.

use crate::fixed::{Overflow, fit, rs};

/// What the sum of squares of a row makes of its entries: `rs(h * inverse, shift)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NormScale {
    /// Mantissa of sqrt(K / T).
    pub inverse: i64,
    /// Right shift to 20 fractional bits.
    pub shift: i32,
}

/// Fractional bits of the normalised row before the gain.
const NORM_FRAC: i32 = 20;

/// The exact sum of squares of (a part of) a row.
#[must_use]
pub fn sum_of_squares(row: &[i32]) -> u128 {
    row.iter().map(|h| u128::from(h.unsigned_abs()).pow(2)).sum()
}

/// The scale of a row of `width` entries with total `T = eps + sum of squares`, `T >= 1`.
#[must_use]
pub fn norm_scale(total: u128, width: usize) -> NormScale {
    debug_assert!(total >= 1 && width >= 1);
    // The least j with total * 4^-j < 2^64; then it is at least 2^62.
    let bits = u128::BITS - total.leading_zeros();
    let j = (bits as i32 - 64 + 1).div_euclid(2);
    let normal = if j >= 0 { total >> (2 * j) } else { total << (-2 * j) };
    let root = (normal as u64).isqrt();
    let c = ((width as u64) << 32).isqrt();
    // c < 2^25 for every width of up to 2^17.
    let inverse = (u128::from(c) << 31) / u128::from(root);
    NormScale { inverse: inverse as i64, shift: 47 - NORM_FRAC + j }
}

/// One entry of the output.
///
/// # Errors
/// [`Overflow`] where an entry leaves the limit.
pub fn norm_apply(
    h: i32,
    scale: NormScale,
    gain: i32,
    gain_unit: i32,
    frac: u8,
) -> Result<i32, Overflow> {
    let n = fit(rs(i128::from(h) * i128::from(scale.inverse), scale.shift))?;
    fit(rs(i128::from(n) * i128::from(gain), NORM_FRAC - gain_unit - i32::from(frac)))
}

/// The whole row.
///
/// # Errors
/// [`Overflow`] where an entry leaves the limit.
pub fn norm(
    row: &[i32],
    eps: u64,
    gain: &[i32],
    gain_unit: i32,
    frac: u8,
) -> Result<Vec<i32>, Overflow> {
    let scale = norm_scale(u128::from(eps) + sum_of_squares(row), row.len());
    row.iter().zip(gain).map(|(h, g)| norm_apply(*h, scale, *g, gain_unit, frac)).collect()
}
