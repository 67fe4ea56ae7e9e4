//! Six-bit weights with A8 inputs.
//!
//! Several columns share chunks that are unpacked to bytes and multiplied as 8-bit weights. One column alone
//! unpacks in registers and reads the weights in the very order in which they lie: the processor then
//! fetches the stream ahead by itself, a third faster than where the scales came out of turn.

use core::arch::x86_64::*;
use core::mem::MaybeUninit;
use core::ops::Range;

use super::eight::{self, Eight, RUN, add_scaled, carry, widened};
use super::gemm::{Place, Scheme, Sums, UNPACKED_MAX, Unpacked, Waiting, started};
use crate::inputs::InputRow;
use crate::packed::{BLOCK_SIX, HALF_SIX, PAIR_SIX, SCALES_HALVES};
use crate::quant::{BLOCK, HALF};

/// Bytes of a register, which is a line of sixteen rows.
const LINE: usize = 64;
/// Steps of four inputs in a half of a block.
const HALF_STEPS: usize = HALF / 4;
const _: () = assert!(SCALES_HALVES == LINE && HALF_SIX == 3 * LINE, "whole lines");

/// Several columns.
pub(super) enum Six {}

impl Scheme for Six {
    const GROUPS: usize = Eight::GROUPS;
    const COLUMNS: usize = Eight::COLUMNS;
    const CHUNK: usize = UNPACKED_MAX;
    const UNPACK: Option<unsafe fn(*const u8, &mut MaybeUninit<Unpacked>)> = Some(unpack);

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

/// One column.
pub(super) enum Alone {}

impl Scheme for Alone {
    const GROUPS: usize = 1;
    const GROUPS_ALONE: usize = 1;
    const COLUMNS: usize = 1;
    const CHUNK: usize = RUN;

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    #[inline(never)]
    unsafe fn tile<const G: usize, const C: usize>(
        place: &Place<'_, G>,
        inputs: &[&InputRow; C],
        waiting: Waiting<'_, G, C>,
    ) {
        // SAFETY: the caller says that groups, pairs and inputs exist, and that the sums are
        // initialised where the pairs are not a row's first.
        unsafe {
            let sums = started(waiting, place.pairs.start == 0);
            for (quants, sums) in place.quants.into_iter().zip(sums) {
                for (row, sums) in inputs.iter().zip(sums) {
                    add_row(quants, place.pairs.clone(), row, sums);
                }
            }
        }
    }
}

/// Adds the products of some pairs of a group, the first of which is `quants`, to the sums.
///
/// # Safety
/// As of [`Scheme::tile`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn add_row(quants: *const u8, pairs: Range<usize>, row: &InputRow, sums: &mut Sums) {
    for start in pairs.clone().step_by(RUN) {
        let mut high = [[_mm512_setzero_si512()]];
        let mut low = high;
        for pair in start..pairs.end.min(start + RUN) {
            for block in 0..2 {
                // SAFETY: as the caller says; a pair is PAIR_SIX bytes.
                unsafe {
                    let at = quants.add((pair - pairs.start) * PAIR_SIX + block * BLOCK_SIX);
                    // Only a volatile read stays where it is, before those of the lines behind it.
                    let scales = at.cast::<__m512i>().read_volatile();
                    let [first, second] = scaled(at.add(SCALES_HALVES), row, 2 * pair + block);
                    add_scaled(&mut high, &mut low, [[first]], [[second]], [scales]);
                }
            }
            carry(&mut high, &mut low);
        }
        let [even, odd] = widened(high[0][0], low[0][0]);
        sums[0] = _mm512_add_epi64(sums[0], even);
        sums[1] = _mm512_add_epi64(sums[1], odd);
    }
}

/// The dot products of both halves of a block, times the input's block scale, high part in the upper
/// half.
///
/// # Safety
/// `at` are the quants of a block of a group, and the row has a block `b`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn scaled(at: *const u8, row: &InputRow, b: usize) -> [__m512i; 2] {
    let mut both = [_mm512_setzero_si512(); 2];
    for half in 0..2 {
        // SAFETY: as the caller says; a half of a block is three lines, and of a row four steps.
        unsafe {
            let weights = four_of(at.add(half * HALF_SIX));
            let mut dots = _mm512_set1_epi32(row.half_starts[half].as_ptr().add(b).read());
            let x: *const i32 = row.quants.signed().as_ptr().add(b * BLOCK + half * HALF).cast();
            for step in 0..HALF_STEPS {
                let x = _mm512_set1_epi32(x.add(step).read());
                dots = _mm512_dpbusd_epi32(dots, weights[step], x);
            }
            let scale = _mm512_set1_epi32(row.wide_scales.as_ptr().add(b).read());
            both[half] = _mm512_mullo_epi32(dots, scale);
        }
    }
    both
}

/// Makes of a pair one of bytes.
///
/// # Safety
/// The machine has the features; `pair` is one of 6-bit weights.
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn unpack(pair: *const u8, into: &mut MaybeUninit<Unpacked>) {
    let into: *mut __m512i = into.as_mut_ptr().cast();
    for block in 0..2 {
        // SAFETY: as the caller says; an unpacked pair has eight lines of quants for each block, then one
        // of scales for each.
        unsafe {
            let at = pair.add(block * BLOCK_SIX);
            into.add(4 * HALF_STEPS + block).write(_mm512_loadu_si512(at.cast()));
            for half in 0..2 {
                let weights = four_of(at.add(SCALES_HALVES + half * HALF_SIX));
                let into = into.add((2 * block + half) * HALF_STEPS);
                for step in 0..HALF_STEPS {
                    into.add(step).write(weights[step]);
                }
            }
        }
    }
}

/// The weights of a half of a block, by steps.
///
/// # Safety
/// There are three lines of a half of a block.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn four_of(at: *const u8) -> [__m512i; HALF_STEPS] {
    // SAFETY: as the caller says.
    let [a, b, c] = unsafe { [0, 1, 2].map(|line| _mm512_loadu_si512(at.add(line * LINE).cast())) };
    let six = _mm512_set1_epi8(63);
    let low = _mm512_and_si512(_mm512_srli_epi16::<6>(a), _mm512_set1_epi8(0b11));
    let middle = _mm512_and_si512(_mm512_srli_epi16::<4>(b), _mm512_set1_epi8(0b1100));
    let high = _mm512_and_si512(_mm512_srli_epi16::<2>(c), _mm512_set1_epi8(0b11_0000));
    let last = _mm512_or_si512(_mm512_or_si512(low, middle), high);
    [_mm512_and_si512(a, six), _mm512_and_si512(b, six), _mm512_and_si512(c, six), last]
}
