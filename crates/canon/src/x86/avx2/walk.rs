//! Walks a matmul in tiles of 256-bit registers: blocks of columns outside, then groups of rows,
//! chunks of pairs and columns.
//!
//! A block of columns stays in the second-level cache, and a chunk of a group's weights in the first
//! one while the block passes; the 64-bit sums wait on the stack meanwhile. Sums are exact, so no
//! order changes a bit. Never allocates, and reads weights and inputs only within their slices.

use core::arch::x86_64::{
    __m256i, _MM_HINT_T0, _mm_prefetch, _mm256_setzero_si256, _mm256_shuffle_epi32,
};
use core::ops::Range;

use super::finish::{Target, finish_group};
use crate::inputs::InputRow;
use crate::kernels::Finish;
use crate::packed::{GROUP, PackedMatrix};
use crate::quant::BLOCK;
use crate::tile::Tile;

/// Columns whose sums wait on the stack.
const COLUMN_BLOCK: usize = 64;
/// Pairs of a chunk: a group's share fits the first-level cache. A power of two, so that a chunk
/// lies inside an aligned chunk of the matrix or is whole ones of them.
pub(in crate::x86) const CHUNK: usize = 16;

/// Steps of four inputs in a block.
pub(in crate::x86) const STEPS: usize = BLOCK / 4;

/// How far before their use weights are asked for where few columns pass over them: the processor's
/// own prefetch falls behind there.
const AHEAD: usize = 2048;

/// Bytes of a step of one half of a group.
pub(in crate::x86) const HALF_STEP: usize = GROUP / 2 * 4;

/// Eight rows of a group: a register of 32-bit lanes.
pub(in crate::x86) type HalfSums = [__m256i; 2];

/// Sixteen 64-bit sums of one group and column: per half the even rows, then the odd ones.
pub(in crate::x86) type Sums = [HalfSums; 2];

/// Where the weights of a tile are.
#[derive(Clone)]
pub(in crate::x86) struct Place<'a> {
    /// The matrix.
    pub(in crate::x86) weights: &'a PackedMatrix,
    /// The group of rows.
    pub(in crate::x86) group: usize,
    /// The first half of the group that the tile covers.
    pub(in crate::x86) half: usize,
    /// At most `CHUNK` pairs of blocks, starting at a multiple of it.
    pub(in crate::x86) pairs: Range<usize>,
}

/// Where the inputs of a tile are.
pub(in crate::x86) struct Columns<const C: usize> {
    /// Per block, eight times four quants.
    pub(in crate::x86) quants: [*const i32; C],
    /// Per pair, the 16-bit scales of both blocks.
    pub(in crate::x86) scales: [*const i32; C],
    /// Per block, minus the sum of its quants.
    pub(in crate::x86) minus_sums: [*const i32; C],
    /// Of A8 inputs, per half of a block, -32 times the sum of its quants.
    pub(in crate::x86) half_starts: [[*const i32; C]; 2],
    /// Steps of four inputs in a block. Wide tiles hide it from LLVM, which would otherwise unroll
    /// the steps, take one column after the other and spill every weight.
    pub(in crate::x86) steps: usize,
}

impl<const C: usize> Columns<C> {
    #[inline(always)]
    pub(in crate::x86) fn of(inputs: &[&InputRow; C]) -> Self {
        Self {
            quants: inputs.map(|row| row.quants.signed().as_ptr().cast()),
            scales: inputs.map(|row| row.scales.words().as_ptr().cast()),
            minus_sums: inputs.map(|row| row.minus_sums.as_ptr()),
            half_starts: [0, 1].map(|half| inputs.map(|row| row.half_starts[half].as_ptr())),
            steps: if C < 4 { STEPS } else { core::hint::black_box(STEPS) },
        }
    }

    /// The low plane of A16 inputs.
    #[inline(always)]
    pub(in crate::x86) fn low_plane(inputs: &[&InputRow; C]) -> Self {
        Self {
            quants: inputs.map(|row| row.low.signed().as_ptr().cast()),
            minus_sums: inputs.map(|row| row.minus_low_sums.as_ptr()),
            ..Self::of(inputs)
        }
    }
}

/// Asks for the weights that follow some time after these, where the tile has few columns. One column
/// alone reads so fast that the processor sees the stream by itself, as long as it is read in its order.
#[inline(always)]
pub(in crate::x86) fn prefetch<const C: usize>(weights: *const u8) {
    if (2..=4).contains(&C) {
        // SAFETY: a prefetch reads nothing and never faults.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(weights.wrapping_add(AHEAD).cast()) };
    }
}

/// The h-th half of a tile of `H` that starts at `half`: a constant where the tile has both.
#[inline(always)]
pub(in crate::x86) fn nth_half<const H: usize>(half: usize, h: usize) -> usize {
    if H == 2 { h } else { half + h }
}

/// One way to multiply packed weights with inputs.
pub(in crate::x86) trait Scheme {
    /// Halves of the widest tile.
    const HALVES: usize;
    /// Columns of the widest tile.
    const COLUMNS: usize;

    /// Adds the products of some pairs of `H` halves of a group with `C` columns to the sums.
    ///
    /// # Safety
    /// The machine has the scheme's features; the place and the inputs exist.
    unsafe fn tile<const H: usize, const C: usize>(
        place: &Place<'_>,
        inputs: &[&InputRow; C],
        sums: &mut [Sums; C],
    );
}

/// What one call works on.
struct Job<'a, 'b> {
    weights: &'a PackedMatrix,
    first: usize,
    inputs: &'a [&'a InputRow],
    finish: Finish<'a>,
    out: &'a mut Tile<'b>,
    overflow: &'a mut [bool],
    /// Where a group's sums wait. Here once: zeros for a whole block, made for every group, would
    /// cost one column a tenth of its time.
    sums: [Sums; COLUMN_BLOCK],
}

/// The kernel of a scheme.
pub(in crate::x86) fn matmul<S: Scheme>(
    weights: &PackedMatrix,
    groups: Range<usize>,
    inputs: &[&InputRow],
    finish: Finish<'_>,
    out: &mut Tile<'_>,
    overflow: &mut [bool],
) {
    // SAFETY: as below; zeros of a vector register.
    let zero = unsafe { [[[_mm256_setzero_si256(); 2]; 2]; COLUMN_BLOCK] };
    let first = groups.start;
    let mut job = Job { weights, first, inputs, finish, out, overflow, sums: zero };
    for first in (0..inputs.len()).step_by(COLUMN_BLOCK) {
        let columns = first..inputs.len().min(first + COLUMN_BLOCK);
        for group in groups.clone() {
            // SAFETY: this table is only handed out on a machine with the scheme's features, AVX2
            // among them.
            unsafe { one_group::<S>(&mut job, group, columns.clone()) }
        }
    }
}

/// A block of columns of a group.
#[target_feature(enable = "avx2")]
fn one_group<S: Scheme>(job: &mut Job<'_, '_>, group: usize, columns: Range<usize>) {
    let target = Target::new(job.weights, group, job.finish);
    let all = job.weights.pairs();
    let start = (group - job.first) * GROUP;
    let inputs = &job.inputs[columns.clone()];
    let sums = &mut job.sums[..inputs.len()];
    sums.fill([[_mm256_setzero_si256(); 2]; 2]);
    for first in (0..all).step_by(CHUNK) {
        let pairs = first..all.min(first + CHUNK);
        let place = Place { weights: job.weights, group, half: 0, pairs };
        some_columns::<S>(place, inputs, sums);
    }
    for (column, sums) in columns.zip(sums) {
        let out = &mut job.out.row_mut(column)[start..];
        let exponent = job.inputs[column].exponent;
        job.overflow[column] |= finish_group(&target, sums, exponent, out);
    }
}

/// A chunk of a group against a block of columns.
#[target_feature(enable = "avx2")]
fn some_columns<S: Scheme>(mut place: Place<'_>, inputs: &[&InputRow], sums: &mut [Sums]) {
    let (mut inputs, mut sums) = (inputs, sums);
    while !inputs.is_empty() {
        let count = match inputs.len().min(S::COLUMNS) {
            8.. => 8,
            6.. => 6,
            4.. => 4,
            2.. => 2,
            _ => 1,
        };
        let (now, later) = inputs.split_at(count);
        let (now_sums, later_sums) = sums.split_at_mut(count);
        let halves = if count >= 4 { S::HALVES } else { 2 };
        for half in (0..2).step_by(halves) {
            place.half = half;
            match (halves, count) {
                (1, 8) => one_tile::<S, 1, 8>(&place, now, now_sums),
                (1, 6) => one_tile::<S, 1, 6>(&place, now, now_sums),
                (1, 4) => one_tile::<S, 1, 4>(&place, now, now_sums),
                (2, 4) => one_tile::<S, 2, 4>(&place, now, now_sums),
                (_, 2) => one_tile::<S, 2, 2>(&place, now, now_sums),
                (_, 1) => one_tile::<S, 2, 1>(&place, now, now_sums),
                _ => unreachable!("no such tile"),
            }
        }
        (inputs, sums) = (later, later_sums);
    }
}

#[target_feature(enable = "avx2")]
fn one_tile<S: Scheme, const H: usize, const C: usize>(
    place: &Place<'_>,
    inputs: &[&InputRow],
    sums: &mut [Sums],
) {
    let inputs = inputs.first_chunk::<C>().expect("the caller counted the columns");
    let sums = sums.first_chunk_mut::<C>().expect("as many sums as columns");
    // SAFETY: the table is only handed out with the scheme's features; the place is of this matrix,
    // and `Kernels::matmul` has compared the inputs' lengths with it.
    unsafe { S::tile::<H, C>(place, inputs, sums) }
}

/// The odd 32-bit lanes in the place of the even ones.
///
/// A shuffle and not a shift: told that the upper half is zero, LLVM no longer sees that
/// `vpmuldq` does what is asked next.
#[inline]
#[target_feature(enable = "avx2")]
pub(in crate::x86) fn odd_lanes(lanes: __m256i) -> __m256i {
    _mm256_shuffle_epi32::<0b11_11_01_01>(lanes)
}
