//! Eight-bit weights with A8 inputs: exact products in two 32-bit sums, widened after every run.
//!
//! A block's sixteen dot products fit 20 bits, times the input's block scale 26. Two blocks' products are
//! split at bit 14 and put side by side, so that one instruction multiplies the high parts of both with
//! the weights' scales and adds them, and one the low parts. Multiplications are the scarce unit: ten
//! per block, group and column. Where the halves of a block have scales of their own (six bits, unpacked),
//! they stand for the two blocks.

use core::arch::x86_64::*;
use core::ops::Range;

use super::four::add_all_minima;
use super::gemm::{Place, Scheme, Sums, Unpacked, Waiting, started};
use crate::inputs::{InputRow, WIDE_SHIFT};
use crate::packed::{GROUP, PAIR_EIGHT, SCALES_EIGHT, SCALES_HALVES};
use crate::quant::{BLOCK, SCALE_MAX_8};
use crate::reference::{QUANT_MAX, ROW_SCALE_MAX};

/// Steps of four inputs in a block.
const STEPS: usize = BLOCK / 4;
/// Bits of a low part.
const LOW: u32 = 16 - WIDE_SHIFT;
/// Pairs whose low parts are summed before what is above them is carried; with halves, one has as many.
const CARRY: usize = 2;
/// Pairs between two widenings.
pub(super) const RUN: usize = 16;
const _: () = {
    let scale = SCALE_MAX_8 as u64;
    let product = BLOCK as u64 * 128 * (QUANT_MAX * ROW_SCALE_MAX) as u64;
    assert!(product << WIDE_SHIFT < 1 << 31, "a product fits its lane");
    // A carry leaves less than one more low part.
    let low = (2 * CARRY as u64 * scale + 1) * ((1 << LOW) - 1);
    assert!(low < 1 << 31, "low parts fit until they are carried");
    let carried = (RUN / CARRY) as u64 * ((low >> LOW) + 1);
    let high = 2 * RUN as u64 * scale * ((product >> LOW) + 1);
    assert!(high + carried < 1 << 31, "high parts fit a run");
    // Halves: twice as many products, of half the size, carried after each pair.
    assert!(CARRY == 2, "a pair of halves is carried as two pairs are");
    let high = 4 * RUN as u64 * scale * ((product >> (LOW + 1)) + 1);
    assert!(high + 2 * carried < 1 << 31, "high parts of halves fit a run");
};

/// The scheme of this file.
pub(super) enum Eight {}

impl Scheme for Eight {
    const GROUPS: usize = 2;
    const COLUMNS: usize = 3;
    const CHUNK: usize = 12;

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
    #[inline(never)]
    unsafe fn tile<const G: usize, const C: usize>(
        place: &Place<'_, G>,
        inputs: &[&InputRow; C],
        waiting: Waiting<'_, G, C>,
    ) {
        // SAFETY: the caller's.
        unsafe { tile::<G, C, false>(place, inputs, waiting) }
    }
}

/// A tile of 8-bit weights; see [`Scheme::tile`].
///
/// # Safety
/// As of [`Scheme::tile`], of pairs of 8-bit weights, with scales of halves or not.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
pub(super) unsafe fn tile<const G: usize, const C: usize, const HALVES: bool>(
    place: &Place<'_, G>,
    inputs: &[&InputRow; C],
    mut waiting: Waiting<'_, G, C>,
) {
    let (weights, pairs) = (place.weights, place.pairs.clone());
    for start in pairs.clone().step_by(RUN) {
        let run = start..pairs.end.min(start + RUN);
        // SAFETY: the caller says that groups, pairs and inputs exist, and that the sums are
        // initialised where the pairs are not a row's first.
        unsafe {
            let skipped = (start - pairs.start) * pair_bytes::<HALVES>();
            let quants = place.quants.map(|quants| quants.add(skipped));
            add_run::<G, C, HALVES>(quants, run, inputs, &mut waiting);
        }
    }
    if weights.width().has_minima() {
        // SAFETY: as above; the runs have put sums there.
        unsafe {
            add_all_minima(weights, place.group, pairs, inputs, &mut started(waiting, false));
        }
    }
}

/// Bytes of a pair.
const fn pair_bytes<const HALVES: bool>() -> usize {
    if HALVES { size_of::<Unpacked>() } else { PAIR_EIGHT }
}

/// Where a run of an input row lies: numbers that one load puts into all lanes.
#[derive(Clone, Copy)]
struct Column {
    /// Four quants at a time.
    quants: *const i32,
    /// Of blocks, or of their first and of their second halves.
    starts: [*const i32; 2],
    scales: *const i32,
}

impl Column {
    const NONE: Self = {
        let none = core::ptr::null();
        Self { quants: none, starts: [none; 2], scales: none }
    };
}

/// Adds the products of at most `RUN` pairs to the sums.
///
/// # Safety
/// As of [`tile`]; `quants` are the pairs of each group.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn add_run<const G: usize, const C: usize, const HALVES: bool>(
    quants: [*const u8; G],
    pairs: Range<usize>,
    inputs: &[&InputRow; C],
    waiting: &mut Waiting<'_, G, C>,
) {
    let mut columns = [Column::NONE; C];
    for c in 0..C {
        // SAFETY: as the caller says, the row has these pairs, two blocks each.
        unsafe {
            columns[c] = Column {
                quants: inputs[c].quants.signed().as_ptr().add(2 * pairs.start * BLOCK).cast(),
                starts: starts_of::<HALVES>(inputs[c]).map(|starts| starts.add(2 * pairs.start)),
                scales: inputs[c].wide_scales.as_ptr().add(2 * pairs.start),
            };
        }
    }
    // Unknown to the compiler, which would unroll the loop and then run out of registers.
    let steps = core::hint::black_box(if HALVES { STEPS / 2 } else { STEPS });
    let mut high = [[_mm512_setzero_si512(); C]; G];
    let mut low = high;
    let mut pair = 0;
    while pair < pairs.len() {
        let end = pairs.len().min(pair + if HALVES { 1 } else { CARRY });
        while pair < end {
            // SAFETY: as above; a pair is so many bytes.
            unsafe {
                let at = quants.map(|quants| quants.add(pair * pair_bytes::<HALVES>()));
                add_pair::<G, C, HALVES>(&mut high, &mut low, at, &columns, pair, steps);
            }
            pair += 1;
        }
        carry(&mut high, &mut low);
    }
    for g in 0..G {
        for c in 0..C {
            let [mut even, mut odd] = widened(high[g][c], low[g][c]);
            if pairs.start > 0 {
                // SAFETY: the run before has put sums there.
                let before = unsafe { waiting[g][c].assume_init() };
                even = _mm512_add_epi64(even, before[0]);
                odd = _mm512_add_epi64(odd, before[1]);
            }
            waiting[g][c].write([even, odd]);
        }
    }
}

/// Carries what is above the low parts.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn carry<const G: usize, const C: usize>(
    high: &mut [[__m512i; C]; G],
    low: &mut [[__m512i; C]; G],
) {
    for g in 0..G {
        for c in 0..C {
            let above = _mm512_srai_epi32::<LOW>(low[g][c]);
            high[g][c] = _mm512_add_epi32(high[g][c], above);
            low[g][c] = _mm512_and_si512(low[g][c], _mm512_set1_epi32((1 << LOW) - 1));
        }
    }
}

/// Adds the products of one pair.
///
/// # Safety
/// As of [`scaled`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn add_pair<const G: usize, const C: usize, const HALVES: bool>(
    high: &mut [[__m512i; C]; G],
    low: &mut [[__m512i; C]; G],
    at: [*const u8; G],
    columns: &[Column; C],
    pair: usize,
    steps: usize,
) {
    // SAFETY: the caller's.
    unsafe {
        let first = scaled::<G, C, HALVES, 0>(at, columns, pair, steps);
        let second = scaled::<G, C, HALVES, 1>(at, columns, pair, steps);
        if HALVES {
            add_scaled(high, low, first, second, at.map(|at| scales_of_halves(at, 0)));
            let first = scaled::<G, C, HALVES, 2>(at, columns, pair, steps);
            let second = scaled::<G, C, HALVES, 3>(at, columns, pair, steps);
            add_scaled(high, low, first, second, at.map(|at| scales_of_halves(at, 1)));
        } else {
            add_scaled(high, low, first, second, at.map(|at| scales(at)));
        }
    }
}

/// What a row's dot products start from: those of whole blocks, or those of both halves.
fn starts_of<const HALVES: bool>(row: &InputRow) -> [*const i32; 2] {
    if HALVES {
        [row.half_starts[0].as_ptr(), row.half_starts[1].as_ptr()]
    } else {
        [row.minus_sums_128.as_ptr(); 2]
    }
}

/// Adds two parts' products times the weights' scales.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn add_scaled<const G: usize, const C: usize>(
    high: &mut [[__m512i; C]; G],
    low: &mut [[__m512i; C]; G],
    first: [[__m512i; C]; G],
    second: [[__m512i; C]; G],
    scales: [__m512i; G],
) {
    for g in 0..G {
        for c in 0..C {
            let [upper, lower] = side_by_side(first[g][c], second[g][c]);
            high[g][c] = _mm512_dpwssd_epi32(high[g][c], upper, scales[g]);
            low[g][c] = _mm512_dpwssd_epi32(low[g][c], lower, scales[g]);
        }
    }
}

/// The dot products of one part of a pair, a block or a half of one, times the input's block scale, high
/// part in the upper half.
///
/// # Safety
/// `at` are pairs of 8-bit weights of a group each, the columns have pair `pair`, `steps` are those of a part.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")]
unsafe fn scaled<const G: usize, const C: usize, const HALVES: bool, const PART: usize>(
    at: [*const u8; G],
    columns: &[Column; C],
    pair: usize,
    steps: usize,
) -> [[__m512i; C]; G] {
    let (b, half) = if HALVES { (2 * pair + PART / 2, PART % 2) } else { (2 * pair + PART, 0) };
    let part_steps = if HALVES { STEPS / 2 } else { STEPS };
    let mut dots = [[_mm512_setzero_si512(); C]; G];
    for c in 0..C {
        // SAFETY: as the caller says.
        let start = unsafe { _mm512_set1_epi32(columns[c].starts[half].add(b).read()) };
        for g in 0..G {
            dots[g][c] = start;
        }
    }
    for step in 0..steps {
        let mut w = [_mm512_setzero_si512(); G];
        // SAFETY: as the caller says; a row has whole pairs of blocks.
        unsafe {
            for g in 0..G {
                let step = at[g].add((PART * part_steps + step) * GROUP * 4);
                w[g] = _mm512_loadu_si512(step.cast());
            }
            for c in 0..C {
                let x = _mm512_set1_epi32(
                    columns[c].quants.add(b * STEPS + half * part_steps + step).read(),
                );
                for g in 0..G {
                    dots[g][c] = _mm512_dpbusd_epi32(dots[g][c], w[g], x);
                }
            }
        }
    }
    for c in 0..C {
        // SAFETY: as the caller says.
        let scale = unsafe { _mm512_set1_epi32(columns[c].scales.add(b).read()) };
        for g in 0..G {
            dots[g][c] = _mm512_mullo_epi32(dots[g][c], scale);
        }
    }
    dots
}

/// The high parts of two blocks' products side by side, and the low ones.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn side_by_side(first: __m512i, second: __m512i) -> [__m512i; 2] {
    const UPPER: __mmask32 = 0xaaaa_aaaa;
    let high = _mm512_mask_blend_epi16(UPPER, _mm512_srli_epi32::<16>(first), second);
    let low = _mm512_mask_blend_epi16(UPPER, first, _mm512_slli_epi32::<16>(second));
    [high, _mm512_srli_epi16::<WIDE_SHIFT>(low)]
}

/// The scales of both halves of a block, of each row side by side.
///
/// # Safety
/// `at` is a pair of 8-bit weights with halves.
#[inline]
#[target_feature(enable = "avx512f")]
unsafe fn scales_of_halves(at: *const u8, block: usize) -> __m512i {
    // SAFETY: as the caller says.
    unsafe { _mm512_loadu_si512(at.add(SCALES_EIGHT + block * SCALES_HALVES).cast()) }
}

/// A pair's scales: of each row, both blocks' side by side.
///
/// # Safety
/// `at` is a pair of 8-bit weights.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn scales(at: *const u8) -> __m512i {
    const ORDER: [i16; 2 * GROUP] = {
        let mut order = [0; 2 * GROUP];
        let mut row = 0;
        while row < GROUP {
            order[2 * row] = row as i16;
            order[2 * row + 1] = (GROUP + row) as i16;
            row += 1;
        }
        order
    };
    // SAFETY: both loads are of 64 bytes that the array, and as the caller says the pair, has.
    unsafe {
        let order = _mm512_loadu_si512(ORDER.as_ptr().cast());
        _mm512_permutexvar_epi16(order, _mm512_loadu_si512(at.add(SCALES_EIGHT).cast()))
    }
}

/// `high << LOW | low` of the even lanes, then of the odd ones, where no low part has more than `LOW` bits.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn widened(high: __m512i, low: __m512i) -> Sums {
    let even = _mm512_srai_epi64::<{ 32 - LOW }>(_mm512_slli_epi64::<32>(high));
    let odd = _mm512_slli_epi64::<LOW>(_mm512_srai_epi64::<32>(high));
    let even_low = _mm512_and_si512(low, _mm512_set1_epi64(0xffff_ffff));
    [_mm512_or_si512(even, even_low), _mm512_or_si512(odd, _mm512_srli_epi64::<32>(low))]
}
