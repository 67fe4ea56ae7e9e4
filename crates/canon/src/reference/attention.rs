//! Int8 head rows and attention (sections 4.5, 4.6 and 4.13), page by page with exact sums.

use crate::fixed::{Overflow, fit, greatest, least_shift, rs};
use crate::functions::{exp2, reciprocal};
use crate::reference::rows::soft_cap;

/// A head's row as int8: entries stand for `quant * mantissa * 2^(shift - frac)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadRow {
    /// The int8 values, -127..=127.
    pub quants: Vec<i8>,
    /// 1..=255.
    pub mantissa: u8,
    /// Power of two above the row's own unit.
    pub shift: u8,
}

/// Quantises one head of a fixed row.
#[must_use]
pub fn head_row(row: &[i32]) -> HeadRow {
    let shift = least_shift(greatest(row), 127 * 255);
    let z: Vec<i64> = row.iter().map(|y| rs(i128::from(*y), shift as i32) as i64).collect();
    let peak = z.iter().map(|z| z.unsigned_abs()).max().unwrap_or(0);
    let mantissa = peak.div_ceil(127).max(1);
    let reciprocal = i64::from(reciprocal(22, mantissa as u32));
    let quants = z.iter().map(|z| ((z * reciprocal + (1 << 21)) >> 22) as i8).collect();
    HeadRow { quants, mantissa: mantissa as u8, shift: shift as u8 }
}

/// The attributes of attention that a score or a value depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttentionShape {
    /// Entries of a head.
    pub head_width: usize,
    /// Fractional bits of the query row before it became int8.
    pub query_frac: u8,
    /// Fractional bits of the key row before it became int8.
    pub key_frac: u8,
    /// Fractional bits of the value row before it became int8.
    pub value_frac: u8,
    /// Fractional bits of the output row.
    pub frac: u8,
    /// The scale's mantissa, 2^14 <= C < 2^15.
    pub scale: u16,
    /// The scale's exponent.
    pub scale_exponent: i32,
    /// Of a score, in its units: log2 with 16 fractional bits, below 2^30 (section 4.13).
    pub cap: Option<u32>,
}

/// The query's share of every score's scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueryScale {
    /// `A15`.
    pub mantissa: u32,
    /// The right shift of a score whose key has shift 0; the key's shift is taken off.
    pub shift: i32,
}

/// Step 1 and the key-independent part of step 3.
#[must_use]
pub fn query_scale(shape: &AttentionShape, query: &HeadRow) -> QueryScale {
    let a = u32::from(query.mantissa) * u32::from(shape.scale);
    let ga = (u32::BITS - a.leading_zeros()) as i32 - 15;
    let fracs = i32::from(shape.query_frac) + i32::from(shape.key_frac);
    let exponents = dot_shift(shape.head_width) + 8 + ga + shape.scale_exponent;
    QueryScale { mantissa: a >> ga, shift: fracs - (exponents + i32::from(query.shift)) - 16 }
}

/// `cs`: brings a dot product of `width` int8 pairs into 15 bits and a sign.
fn dot_shift(width: usize) -> i32 {
    let most = width as u64 * 127 * 127;
    ((u64::BITS - most.leading_zeros()) as i32 - 15).max(0)
}

/// Steps 2 and 3, and the cap of section 4.13: the score of one key, in log2 units with 16 fractional bits.
///
/// # Errors
/// [`Overflow`] where the score leaves the limit, before any cap.
pub fn score(
    shape: &AttentionShape,
    scale: QueryScale,
    query: &[i8],
    key: &HeadRow,
) -> Result<i32, Overflow> {
    let shift = scale.shift - i32::from(key.shift);
    let dot: i64 = query.iter().zip(&key.quants).map(|(q, k)| i64::from(*q) * i64::from(*k)).sum();
    let d = rs(i128::from(dot), dot_shift(shape.head_width));
    let b = (scale.mantissa * u32::from(key.mantissa) + 128) >> 8;
    let score = fit(rs(d * i128::from(b), shift))?;
    Ok(shape.cap.map_or(score, |cap| soft_cap(score, cap)))
}

/// The running maxima of step 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peak {
    /// Greatest score.
    pub score: i32,
    /// Greatest shift of a value row.
    pub shift: u8,
}

/// Step 4 over some positions, going on from an earlier result.
#[must_use]
pub fn peak(before: Option<Peak>, scores: &[i32], values: &[HeadRow]) -> Option<Peak> {
    let mut peak = before;
    for (score, value) in scores.iter().zip(values) {
        let old = peak.unwrap_or(Peak { score: *score, shift: value.shift });
        peak = Some(Peak { score: old.score.max(*score), shift: old.shift.max(value.shift) });
    }
    peak
}

/// The exact sums of step 5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Sum of the unnormalised probabilities.
    pub probability: u64,
    /// Sum of the weighted values, per entry of the head.
    pub value: Vec<i64>,
}

/// Step 5 over some positions, added to `sums`.
pub fn sums(sums: &mut Sums, peak: Peak, scores: &[i32], values: &[HeadRow]) {
    for (score, value) in scores.iter().zip(values) {
        let probability = exp2((i64::from(peak.score) - i64::from(*score)) as u32);
        sums.probability += u64::from(probability);
        let scaled = u64::from(probability) * u64::from(value.mantissa);
        let weight = rs(i128::from(scaled), 8 + i32::from(peak.shift - value.shift)) as i64;
        for (sum, v) in sums.value.iter_mut().zip(&value.quants) {
            *sum += weight * i64::from(*v);
        }
    }
}

/// Step 6: one entry of the output.
///
/// # Errors
/// [`Overflow`] where it leaves the limit.
pub fn finish_value(
    shape: &AttentionShape,
    peak: Peak,
    probability: u64,
    value: i64,
) -> Result<i32, Overflow> {
    let reciprocal = (1_u64 << 47) / probability;
    let shift = 39 - i32::from(peak.shift) + i32::from(shape.value_frac) - i32::from(shape.frac);
    fit(rs(i128::from(value) * i128::from(reciprocal), shift))
}
