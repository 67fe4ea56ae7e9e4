//! Rows into matmul inputs of eight bits with AVX-512.

use core::arch::x86_64::*;

use crate::fixed::least_shift;
use crate::inputs::{InputKind, InputRow};
use crate::portable::rows::{self, RECIPROCAL_A8};
use crate::quant::BLOCK;
use crate::reference::{QUANT_MAX, ROW_SCALE_MAX};

/// 32-bit lanes of a vector.
const LANES: usize = 16;

pub(super) fn quantise(row: &[i32], frac: u8, kind: InputKind, out: &mut InputRow) {
    match kind {
        // SAFETY: this table is only handed out on a machine with these features.
        InputKind::A8 => unsafe { quantise_a8(row, frac, out) },
        // As compiled for every processor: with these features it comes out 1.7 times as slow.
        InputKind::A16 => rows::quantise(row, frac, kind, out),
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn quantise_a8(row: &[i32], frac: u8, out: &mut InputRow) {
    let shift = least_shift(greatest(row), 4 * QUANT_MAX * ROW_SCALE_MAX);
    out.start(InputKind::A8, row.len(), shift as i32 + 2 - i32::from(frac));
    let half = _mm512_set1_epi32((1 << shift) >> 1);
    let count = _mm_cvtsi32_si128(shift as i32);
    for (b, block) in row.chunks_exact(BLOCK).enumerate() {
        let (first, second) = block.split_at(LANES);
        // SAFETY: each has sixteen entries.
        let [first, second] = unsafe {
            [_mm512_loadu_si512(first.as_ptr().cast()), _mm512_loadu_si512(second.as_ptr().cast())]
        };
        let first = _mm512_sra_epi32(_mm512_add_epi32(first, half), count);
        let second = _mm512_sra_epi32(_mm512_add_epi32(second, half), count);
        let peak = _mm512_max_epu32(_mm512_abs_epi32(first), _mm512_abs_epi32(second));
        let scale = _mm512_reduce_max_epu32(peak).div_ceil(4 * QUANT_MAX).max(1);
        let reciprocal = _mm512_set1_epi32(RECIPROCAL_A8[scale as usize]);
        let (first, second) = (quants(first, reciprocal), quants(second, reciprocal));
        let quants = _mm256_set_m128i(second, first);
        let place = &mut out.quants.bytes_mut()[b * BLOCK..][..BLOCK];
        // SAFETY: the slice has 32 bytes.
        unsafe { _mm256_storeu_si256(place.as_mut_ptr().cast(), quants) };
        out.derive_a8(b, scale as i32, sum(quants));
    }
}

/// Sixteen quants from the shifted entries.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn quants(z: __m512i, reciprocal: __m512i) -> __m128i {
    let product = _mm512_add_epi32(_mm512_mullo_epi32(z, reciprocal), _mm512_set1_epi32(1 << 22));
    _mm512_cvtepi32_epi8(_mm512_srai_epi32::<23>(product))
}

/// The sum of 32 signed bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn sum(bytes: __m256i) -> i32 {
    let unsigned = _mm256_xor_si256(bytes, _mm256_set1_epi8(i8::MIN));
    let sums = _mm256_sad_epu8(unsigned, _mm256_setzero_si256());
    let sums = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
    let sums = _mm_add_epi64(sums, _mm_unpackhi_epi64(sums, sums));
    _mm_cvtsi128_si32(sums) - 128 * BLOCK as i32
}

/// The greatest magnitude of a row of whole blocks.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl")]
fn greatest(row: &[i32]) -> u32 {
    let mut peak = [_mm512_setzero_si512(); 2];
    for block in row.chunks_exact(BLOCK) {
        for half in 0..2 {
            let entries = &block[half * LANES..][..LANES];
            // SAFETY: the slice has sixteen entries.
            let entries = unsafe { _mm512_loadu_si512(entries.as_ptr().cast()) };
            peak[half] = _mm512_max_epu32(peak[half], _mm512_abs_epi32(entries));
        }
    }
    _mm512_reduce_max_epu32(_mm512_max_epu32(peak[0], peak[1]))
}
