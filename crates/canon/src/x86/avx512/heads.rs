//! Hadamard transform, int8 head rows and sums of rows with AVX-512.
//!
//! Heads of a width that is not whole vectors, and rows whose sums could leave 32 bits, are left to
//! the portable code.

use core::arch::x86_64::*;

use super::rows::{LANES, lanes_from, load, store};
use crate::fixed::{LIMIT, least_shift};
use crate::portable::rows::{self, RECIPROCAL_HEAD};
use crate::reference::HeadRow;

pub(super) fn hadamard(row: &mut [i32], width: usize) -> bool {
    // SAFETY: this table is only handed out on a machine with these features.
    unsafe {
        if greatest(row) >= 1 << (31 - width.trailing_zeros()) {
            return rows::hadamard(row, width);
        }
        match width / LANES {
            1 => transform::<1>(row),
            2 => transform::<2>(row),
            4 => transform::<4>(row),
            8 => transform::<8>(row),
            _ => return rows::hadamard(row, width),
        }
    }
    false
}

pub(super) fn head_row(row: &[i32], out: &mut HeadRow) {
    if !row.len().is_multiple_of(LANES) {
        return rows::head_row(row, out);
    }
    // SAFETY: this table is only handed out on a machine with these features.
    unsafe { head_row_fast(row, out) }
}

pub(super) fn add(row: &mut [i32], other: &[i32]) -> bool {
    // SAFETY: this table is only handed out on a machine with these features.
    unsafe { add_fast(row, other) }
}

/// The greatest magnitude of a row.
#[target_feature(enable = "avx512f")]
fn greatest(row: &[i32]) -> u32 {
    let mut peak = _mm512_setzero_si512();
    for at in (0..row.len()).step_by(LANES) {
        peak = _mm512_max_epu32(peak, _mm512_abs_epi32(load(row, at)));
    }
    _mm512_reduce_max_epu32(peak)
}

/// Transforms blocks of `N` vectors, whose sums fit 32 bits. No result leaves the limit: the shift
/// is by two at least.
#[target_feature(enable = "avx512f")]
fn transform<const N: usize>(row: &mut [i32]) {
    let shift = (N * LANES).trailing_zeros() / 2;
    let half = _mm512_set1_epi32(1 << (shift - 1));
    let count = _mm_cvtsi32_si128(shift as i32);
    for block in row.chunks_exact_mut(N * LANES) {
        let mut x = [_mm512_setzero_si512(); N];
        for v in 0..N {
            x[v] = within(load(block, v * LANES));
        }
        let mut distance = 1;
        while distance < N {
            for v in 0..N {
                if v & distance == 0 {
                    let (a, b) = (x[v], x[v + distance]);
                    x[v] = _mm512_add_epi32(a, b);
                    x[v + distance] = _mm512_sub_epi32(a, b);
                }
            }
            distance *= 2;
        }
        for v in 0..N {
            let value = _mm512_sra_epi32(_mm512_add_epi32(x[v], half), count);
            store(block, v * LANES, value);
        }
    }
}

/// The transform of sixteen entries: sums and differences at the distances 1, 2, 4 and 8.
#[inline]
#[target_feature(enable = "avx512f")]
fn within(x: __m512i) -> __m512i {
    let x = butterfly(x, _mm512_shuffle_epi32::<0b10_11_00_01>(x), 0xaaaa);
    let x = butterfly(x, _mm512_shuffle_epi32::<0b01_00_11_10>(x), 0xcccc);
    let x = butterfly(x, _mm512_shuffle_i64x2::<0b10_11_00_01>(x, x), 0xf0f0);
    butterfly(x, _mm512_shuffle_i64x2::<0b01_00_11_10>(x, x), 0xff00)
}

/// Sums in the lower lane of each pair, differences in the upper one.
#[inline]
#[target_feature(enable = "avx512f")]
fn butterfly(x: __m512i, partner: __m512i, upper: u16) -> __m512i {
    _mm512_mask_sub_epi32(_mm512_add_epi32(x, partner), upper, partner, x)
}

#[target_feature(enable = "avx512f")]
fn head_row_fast(row: &[i32], out: &mut HeadRow) {
    let shift = least_shift(greatest(row), 127 * 255);
    let half = _mm512_set1_epi32((1 << shift) >> 1);
    let count = _mm_cvtsi32_si128(shift as i32);
    let mut peak = _mm512_setzero_si512();
    for at in (0..row.len()).step_by(LANES) {
        let z = _mm512_sra_epi32(_mm512_add_epi32(load(row, at), half), count);
        peak = _mm512_max_epu32(peak, _mm512_abs_epi32(z));
    }
    let mantissa = _mm512_reduce_max_epu32(peak).div_ceil(127).max(1);
    let reciprocal = _mm512_set1_epi32(RECIPROCAL_HEAD[mantissa as usize]);
    out.quants.resize(row.len(), 0);
    for (at, quants) in out.quants.chunks_exact_mut(LANES).enumerate() {
        let z = _mm512_sra_epi32(_mm512_add_epi32(load(row, at * LANES), half), count);
        let product = _mm512_mullo_epi32(z, reciprocal);
        let product = _mm512_add_epi32(product, _mm512_set1_epi32(1 << 21));
        let bytes = _mm512_cvtepi32_epi8(_mm512_srai_epi32::<22>(product));
        // SAFETY: the slice has sixteen bytes.
        unsafe { _mm_storeu_si128(quants.as_mut_ptr().cast(), bytes) };
    }
    out.mantissa = mantissa as u8;
    out.shift = shift as u8;
}

#[target_feature(enable = "avx512f")]
fn add_fast(row: &mut [i32], other: &[i32]) -> bool {
    let limit = _mm512_set1_epi32(LIMIT as i32);
    let mut overflow = 0;
    for at in (0..row.len()).step_by(LANES) {
        // Both are below 2^30 in magnitude, so the sum fits.
        let sum = _mm512_add_epi32(load(row, at), load(other, at));
        let fits = _mm512_cmplt_epu32_mask(_mm512_abs_epi32(sum), limit);
        overflow |= !fits & lanes_from(at, row.len());
        store(row, at, _mm512_maskz_mov_epi32(fits, sum));
    }
    overflow != 0
}
