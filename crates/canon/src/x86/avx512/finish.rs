//! Sums into fixed rows: rounding shift, limit, bias.
//!
//! What is rare is left to the portable code: shifts that are not to the right, and sums that come
//! near the limit. Whether a tile has any is asked once, after all of it.

use core::arch::x86_64::*;

use super::gemm::Sums;
use crate::fixed::LIMIT;
use crate::kernels::Finish;
use crate::packed::{GROUP, PackedMatrix};
use crate::portable::matmul;

/// Doubled results of less than this magnitude are done here: half the limit, so that a bias fits.
const NEAR: i64 = LIMIT;
const _: () = assert!(NEAR.count_ones() == 1, "high bits have to tell");

/// The rows that a group's sums are finished into.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    units: &'a [i32; GROUP],
    lanes: usize,
    bias: Option<&'a [i32]>,
    frac: u8,
    /// Per row the shift to the right for the exponent 0, less one: even lanes, then odd ones. The
    /// last place is shifted away after its rounding.
    shifts: Sums,
    /// Up to this exponent all shifts are to the right.
    exponent_max: i32,
}

impl<'a> Target<'a> {
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn new(weights: &'a PackedMatrix, group: usize, finish: Finish<'a>) -> Self {
        let lanes = (weights.rows() - group * GROUP).min(GROUP);
        let units: &[i32; GROUP] =
            weights.units(group).try_into().expect("a group has this many rows");
        let bias = finish.bias.map(|bias| &bias[group * GROUP..][..lanes]);
        // SAFETY: the array has sixteen entries.
        let all = unsafe { _mm512_loadu_si512(units.as_ptr().cast()) };
        let least = -i32::from(finish.frac) - 1;
        let shifts = _mm512_sub_epi32(_mm512_set1_epi32(least), all);
        let even = _mm512_srai_epi64::<32>(_mm512_slli_epi64::<32>(shifts));
        let odd = _mm512_srai_epi64::<32>(shifts);
        let exponent_max = _mm512_mask_reduce_min_epi32(u16::MAX >> (GROUP - lanes), shifts);
        Self { units, lanes, bias, frac: finish.frac, shifts: [even, odd], exponent_max }
    }
}

/// Where a tile has what the portable code has to do.
pub(super) struct Rare {
    /// Has a high bit where a result came near the limit.
    near: __m512i,
    over: __mmask16,
    left: bool,
}

impl Rare {
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn none() -> Self {
        Self { near: _mm512_setzero_si512(), over: 0, left: false }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(super) fn any(&self) -> bool {
        let high = _mm512_set1_epi64(!(2 * NEAR - 1));
        self.left || self.over != 0 || _mm512_test_epi64_mask(self.near, high) != 0
    }
}

/// Rounds the sums of a group and column into `out`; what it wrote counts only where `rare` has
/// nothing.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) fn finish_group(
    target: &Target<'_>,
    sums: &Sums,
    exponent: i32,
    out: &mut [i32],
    rare: &mut Rare,
) {
    let out = &mut out[..target.lanes];
    rare.left |= exponent > target.exponent_max;
    let offset = _mm512_set1_epi64(exponent.into());
    let [even, odd] = target.shifts;
    // A count above 63 gives 0 or -1, which round to 0, as does every shift above 62: |sum| < 2^60.
    let even = _mm512_srav_epi64(sums[0], _mm512_sub_epi64(even, offset));
    let odd = _mm512_srav_epi64(sums[1], _mm512_sub_epi64(odd, offset));
    let near = _mm512_set1_epi64(NEAR);
    let spread = _mm512_or_si512(_mm512_add_epi64(even, near), _mm512_add_epi64(odd, near));
    rare.near = _mm512_or_si512(rare.near, spread);
    let halves = _mm512_mask_blend_epi32(0xaaaa, even, _mm512_slli_epi64::<32>(odd));
    let mut values = _mm512_srai_epi32::<1>(_mm512_add_epi32(halves, _mm512_set1_epi32(1)));
    let mask = u16::MAX >> (GROUP - target.lanes);
    if let Some(bias) = target.bias {
        // SAFETY: the mask covers the slice's own entries.
        let bias = unsafe { _mm512_maskz_loadu_epi32(mask, bias.as_ptr()) };
        values = _mm512_add_epi32(values, bias);
        let limit = _mm512_set1_epi32(LIMIT as i32);
        rare.over |= _mm512_cmpge_epu32_mask(_mm512_abs_epi32(values), limit);
    }
    // SAFETY: the slice has sixteen entries, or the mask covers only its own.
    unsafe {
        if target.lanes == GROUP {
            _mm512_storeu_si512(out.as_mut_ptr().cast(), values);
        } else {
            _mm512_mask_storeu_epi32(out.as_mut_ptr(), mask, values);
        }
    }
}

/// As [`finish_group`], whatever the sums; true where one overflowed.
#[cold]
#[inline(never)]
#[target_feature(enable = "avx512f")]
pub(super) fn slowly(target: &Target<'_>, sums: &Sums, exponent: i32, out: &mut [i32]) -> bool {
    let (mut even, mut odd) = ([0_i64; 8], [0_i64; 8]);
    // SAFETY: each array is 64 bytes.
    unsafe {
        _mm512_storeu_si512(even.as_mut_ptr().cast(), sums[0]);
        _mm512_storeu_si512(odd.as_mut_ptr().cast(), sums[1]);
    }
    let sums = core::array::from_fn(|lane| if lane % 2 == 0 { even } else { odd }[lane / 2]);
    let out = &mut out[..target.lanes];
    matmul::finish_group(&sums, target.units, exponent, target.frac, target.bias, out)
}
