//! Sixteen sums into a fixed row: rounding shift, limit, bias.
//!
//! What is rare is left to the portable code: shifts that are not to the right, and sums that leave
//! the limit.

use core::arch::x86_64::*;

use super::gemm::Sums;
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
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn finish_group(
    target: &Target<'_>,
    sums: &Sums,
    exponent: i32,
    out: &mut [i32],
) -> bool {
    let out = &mut out[..target.lanes];
    let mask = u16::MAX >> (GROUP - target.lanes);
    let one = _mm512_set1_epi32(1);
    // SAFETY: the array has sixteen entries.
    let units = unsafe { _mm512_loadu_si512(target.units.as_ptr().cast()) };
    let offset = _mm512_set1_epi32(-(exponent + i32::from(target.frac)));
    let shifts = _mm512_mask_sub_epi32(one, mask, offset, units);
    let left = _mm512_cmplt_epi32_mask(shifts, one);
    // One less: the last place is shifted away after its rounding.
    let shifts = _mm512_sub_epi32(_mm512_min_epi32(shifts, _mm512_set1_epi32(SHIFT_MAX)), one);
    let even = round(sums[0], _mm512_and_si512(shifts, _mm512_set1_epi64(0xffff_ffff)));
    let odd = round(sums[1], _mm512_srli_epi64::<32>(shifts));
    let greatest = _mm512_max_epu64(_mm512_abs_epi64(even), _mm512_abs_epi64(odd));
    let over = _mm512_cmpge_epu64_mask(greatest, _mm512_set1_epi64(LIMIT));
    let mut values = _mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64::<32>(odd));
    let mut over_bias = 0;
    if let Some(bias) = target.bias {
        // SAFETY: the mask covers the slice's own entries.
        let bias = unsafe { _mm512_maskz_loadu_epi32(mask, bias.as_ptr()) };
        values = _mm512_add_epi32(values, bias);
        let limit = _mm512_set1_epi32(LIMIT as i32);
        over_bias = _mm512_cmpge_epu32_mask(_mm512_abs_epi32(values), limit);
    }
    if left | u16::from(over) | over_bias != 0 {
        return slowly(target, sums, exponent, out);
    }
    // SAFETY: the slice has sixteen entries, or the mask covers only its own.
    unsafe {
        if target.lanes == GROUP {
            _mm512_storeu_si512(out.as_mut_ptr().cast(), values);
        } else {
            _mm512_mask_storeu_epi32(out.as_mut_ptr(), mask, values);
        }
    }
    false
}

/// Rounding shifts of eight sums, to the right by one more than `shifts`.
#[inline]
#[target_feature(enable = "avx512f")]
fn round(sums: __m512i, shifts: __m512i) -> __m512i {
    let halves = _mm512_srav_epi64(sums, shifts);
    _mm512_srai_epi64::<1>(_mm512_add_epi64(halves, _mm512_set1_epi64(1)))
}

#[cold]
#[inline(never)]
#[target_feature(enable = "avx512f")]
fn slowly(target: &Target<'_>, sums: &Sums, exponent: i32, out: &mut [i32]) -> bool {
    let (mut even, mut odd) = ([0_i64; 8], [0_i64; 8]);
    // SAFETY: each array is 64 bytes.
    unsafe {
        _mm512_storeu_si512(even.as_mut_ptr().cast(), sums[0]);
        _mm512_storeu_si512(odd.as_mut_ptr().cast(), sums[1]);
    }
    let sums = core::array::from_fn(|lane| if lane % 2 == 0 { even } else { odd }[lane / 2]);
    matmul::finish_group(&sums, target.units, exponent, target.frac, target.bias, out)
}
