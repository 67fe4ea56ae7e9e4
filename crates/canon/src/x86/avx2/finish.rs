//! Sixteen sums into a fixed row: rounding shift, limit, bias.
//!
//! What is rare is left to the portable code: shifts that are not to the right, sums that leave the
//! limit, and the last group of a matrix whose rows are no whole groups.

use core::arch::x86_64::*;

use super::walk::Sums;
use crate::fixed::LIMIT;
use crate::kernels::Finish;
use crate::packed::{GROUP, PackedMatrix};
use crate::portable::matmul;

/// The longest shift that is done: |sum| < 2^60, so it gives 0 as every longer one does.
const SHIFT_MAX: i32 = 62;

/// The rows that a group's sums are finished into.
pub(super) struct Target<'a> {
    units: &'a [i32; GROUP],
    lanes: usize,
    bias: Option<&'a [i32]>,
    frac: u8,
}

impl<'a> Target<'a> {
    pub(super) fn new(weights: &'a PackedMatrix, group: usize, finish: Finish<'a>) -> Self {
        let lanes = (weights.rows() - group * GROUP).min(GROUP);
        let units = weights.units(group).try_into().expect("a group has this many rows");
        let bias = finish.bias.map(|bias| &bias[group * GROUP..][..lanes]);
        Self { units, lanes, bias, frac: finish.frac }
    }
}

/// Rounds the sums of a group and column into `out`; true where one overflowed.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn finish_group(
    target: &Target<'_>,
    sums: &Sums,
    exponent: i32,
    out: &mut [i32],
) -> bool {
    let out = &mut out[..target.lanes];
    if target.lanes < GROUP {
        return slowly(target, sums, exponent, out);
    }
    let offset = _mm256_set1_epi32(-(exponent + i32::from(target.frac)));
    let mut rare = _mm256_setzero_si256();
    let mut rounded = [_mm256_setzero_si256(); 2];
    for half in 0..2 {
        // SAFETY: the units are sixteen entries.
        let units = unsafe { _mm256_loadu_si256(target.units.as_ptr().add(8 * half).cast()) };
        let shifts = _mm256_sub_epi32(offset, units);
        let left = _mm256_cmpgt_epi32(_mm256_set1_epi32(1), shifts);
        let shifts = _mm256_min_epi32(shifts, _mm256_set1_epi32(SHIFT_MAX));
        let low = _mm256_blend_epi32::<0xaa>(shifts, _mm256_setzero_si256());
        let even = round(sums[half][0], low);
        let odd = round(sums[half][1], _mm256_srli_epi64::<32>(shifts));
        let mut values = _mm256_blend_epi32::<0xaa>(even, _mm256_slli_epi64::<32>(odd));
        rare = _mm256_or_si256(rare, _mm256_or_si256(left, _mm256_or_si256(over(even), over(odd))));
        if let Some(bias) = target.bias {
            // SAFETY: the bias has an entry for each of the sixteen rows.
            let bias = unsafe { _mm256_loadu_si256(bias.as_ptr().add(8 * half).cast()) };
            values = _mm256_add_epi32(values, bias);
            let most = _mm256_set1_epi32(LIMIT as i32 - 1);
            rare = _mm256_or_si256(rare, _mm256_cmpgt_epi32(_mm256_abs_epi32(values), most));
        }
        rounded[half] = values;
    }
    if _mm256_testz_si256(rare, rare) == 0 {
        return slowly(target, sums, exponent, out);
    }
    for (half, values) in rounded.into_iter().enumerate() {
        // SAFETY: there are sixteen lanes.
        unsafe { _mm256_storeu_si256(out.as_mut_ptr().add(8 * half).cast(), values) };
    }
    false
}

/// Rounding shifts of four sums below 2^60 in magnitude, to the right by 1..=62.
///
/// There is no arithmetic shift of 64-bit lanes: 2^62 makes the sums positive, and what it becomes
/// is taken off again.
#[inline]
#[target_feature(enable = "avx2")]
fn round(sums: __m256i, shifts: __m256i) -> __m256i {
    let one = _mm256_set1_epi64x(1);
    let bias = _mm256_set1_epi64x(1 << 62);
    let half = _mm256_sllv_epi64(one, _mm256_sub_epi64(shifts, one));
    let shifted = _mm256_srlv_epi64(_mm256_add_epi64(_mm256_add_epi64(sums, half), bias), shifts);
    _mm256_sub_epi64(shifted, _mm256_srlv_epi64(bias, shifts))
}

/// A rounding shift of all lanes by the same count, to the right by 1..=62.
pub(super) struct Shift {
    count: __m128i,
    /// Half of the last bit and 2^62, which makes sums of less than 2^62 in magnitude positive.
    before: __m256i,
    /// What 2^62 becomes.
    after: __m256i,
}

impl Shift {
    /// `None` where the shift is not to the right. Longer ones give 0, as `SHIFT_MAX` does for sums
    /// below 2^60.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn right(count: i32) -> Option<Self> {
        if count < 1 {
            return None;
        }
        let count = count.min(SHIFT_MAX);
        Some(Self {
            count: _mm_cvtsi32_si128(count),
            before: _mm256_set1_epi64x((1 << (count - 1)) + (1 << 62)),
            after: _mm256_set1_epi64x((1 << 62) >> count),
        })
    }

    /// The shifted sums.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn round(&self, sums: __m256i) -> __m256i {
        let shifted = _mm256_srl_epi64(_mm256_add_epi64(sums, self.before), self.count);
        _mm256_sub_epi64(shifted, self.after)
    }
}

/// Ones where a value is not below the limit in magnitude.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn over(values: __m256i) -> __m256i {
    let above = _mm256_cmpgt_epi64(values, _mm256_set1_epi64x(LIMIT - 1));
    let below = _mm256_cmpgt_epi64(_mm256_set1_epi64x(1 - LIMIT), values);
    _mm256_or_si256(above, below)
}

#[cold]
#[inline(never)]
#[target_feature(enable = "avx2")]
fn slowly(target: &Target<'_>, sums: &Sums, exponent: i32, out: &mut [i32]) -> bool {
    let mut flat = [0_i64; GROUP];
    for (at, four) in sums.as_flattened().iter().enumerate() {
        // SAFETY: four sums of 32 bytes each fill the array.
        unsafe { _mm256_storeu_si256(flat.as_mut_ptr().add(4 * at).cast(), *four) };
    }
    let sums = core::array::from_fn(|lane| flat[lane / 8 * 8 + lane % 2 * 4 + lane % 8 / 2]);
    matmul::finish_group(&sums, target.units, exponent, target.frac, target.bias, out)
}
