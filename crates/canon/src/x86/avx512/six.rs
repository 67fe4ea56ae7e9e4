//! Six-bit weights with A8 inputs: unpacked to eight bits, chunk by chunk, and multiplied as such.

use core::arch::x86_64::*;

use super::eight::{self, Eight};
use super::gemm::{Place, Scheme, UNPACKED_MAX, Unpacked, Waiting};
use crate::inputs::InputRow;
use crate::packed::{HALF_SIX, PAIR_SIX, SCALES_SIX};

/// Bytes of a register, which is a line of sixteen rows.
const LINE: usize = 64;
/// Halves of blocks in a pair.
const HALVES: usize = 4;
const _: () = assert!(PAIR_SIX == SCALES_SIX + 2 * LINE && HALF_SIX == 3 * LINE, "whole lines");

/// The scheme of this file.
pub(super) enum Six {}

impl Scheme for Six {
    const GROUPS: usize = Eight::GROUPS;
    const COLUMNS: usize = Eight::COLUMNS;
    const CHUNK: usize = UNPACKED_MAX;
    const UNPACK: Option<unsafe fn(*const u8) -> Unpacked> = Some(unpack);

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    #[inline(never)]
    unsafe fn tile<const G: usize, const C: usize>(
        place: &Place<'_, G>,
        inputs: &[&InputRow; C],
        waiting: Waiting<'_, G, C>,
    ) {
        // SAFETY: the caller's; the pairs are unpacked.
        unsafe { eight::tile::<G, C, true>(place, inputs, waiting) }
    }
}

/// The pair as one of 8-bit weights.
///
/// # Safety
/// The machine has the features; `pair` is one of 6-bit weights.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn unpack(pair: *const u8) -> Unpacked {
    let mut lines = [_mm512_setzero_si512(); size_of::<Unpacked>() / LINE];
    for half in 0..HALVES {
        // SAFETY: as the caller says; a half of a block is three lines.
        let three = unsafe { [0, 1, 2].map(|line| load(pair.add(half * HALF_SIX + line * LINE))) };
        lines[4 * half..][..4].copy_from_slice(&four_of(three));
    }
    for block in 0..2 {
        // SAFETY: as above; each block has a line of scales.
        lines[4 * HALVES + block] = unsafe { load(pair.add(SCALES_SIX + block * LINE)) };
    }
    lines
}

/// # Safety
/// There are 64 bytes.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn load(line: *const u8) -> __m512i {
    // SAFETY: the caller's.
    unsafe { _mm512_loadu_si512(line.cast()) }
}

/// Four steps' weights as bytes, `quant ^ 0x80`, out of three lines.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn four_of([a, b, c]: [__m512i; 3]) -> [__m512i; 4] {
    let six = _mm512_set1_epi8(63);
    let low = _mm512_and_si512(_mm512_srli_epi16::<6>(a), _mm512_set1_epi8(0b11));
    let middle = _mm512_and_si512(_mm512_srli_epi16::<4>(b), _mm512_set1_epi8(0b1100));
    let high = _mm512_and_si512(_mm512_srli_epi16::<2>(c), _mm512_set1_epi8(0b11_0000));
    let last = _mm512_or_si512(_mm512_or_si512(low, middle), high);
    let first = [a, b, c].map(|line| _mm512_and_si512(line, six));
    // They count from 32, those of eight bits from 128: 96 more.
    let offset = _mm512_set1_epi8(96);
    [first[0], first[1], first[2], last].map(|weights| _mm512_add_epi8(weights, offset))
}
