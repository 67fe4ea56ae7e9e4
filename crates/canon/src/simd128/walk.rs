//! Walks a matmul: groups of rows outside, then chunks of pairs, then columns.
//!
//! A chunk of a group's weights stays in the first-level cache while a block of columns passes; the
//! 64-bit sums wait on the stack meanwhile. Sums are exact, so no order changes a bit.

use core::ops::Range;

use crate::fixed::LIMIT;
use crate::inputs::{InputRow, minima_fit};
use crate::kernels::Finish;
use crate::packed::{GROUP, PackedMatrix};
use crate::portable::matmul;
use crate::tile::Tile;

/// Columns whose sums wait on the stack.
const COLUMN_BLOCK: usize = 64;
/// Pairs of a chunk: a group's share fits the first-level cache. A power of two, so that a chunk
/// lies inside an aligned chunk of the matrix or is whole ones of them.
pub(crate) const CHUNK: usize = 16;
/// Rows of a register of 32-bit lanes.
pub(crate) const QUARTER: usize = 4;
/// Registers of 32-bit lanes of a group.
pub(crate) const QUARTERS: usize = GROUP / QUARTER;
/// The longest shift that is done: |sum| < 2^60, so it gives 0 as every longer one does.
const SHIFT_MAX: i32 = 62;

const _: () = assert!(minima_fit(CHUNK), "minima fit 32-bit sums");

/// The sums of one group and column, by row.
pub(crate) type Sums = [i64; GROUP];

/// Where the weights of a tile are.
pub(crate) struct Place<'a> {
    /// The matrix.
    pub(crate) weights: &'a PackedMatrix,
    /// The group of rows.
    pub(crate) group: usize,
    /// At most `CHUNK` pairs of blocks, starting at a multiple of it.
    pub(crate) pairs: Range<usize>,
}

/// One way to multiply packed weights with inputs.
pub(crate) trait Scheme {
    /// Adds the products of some pairs of a group with `C` columns to the sums.
    ///
    /// # Safety
    /// The machine has the scheme's features; the place exists, and the inputs have its pairs.
    unsafe fn tile<const C: usize>(
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
}

/// The kernel of a scheme.
pub(crate) fn matmul<S: Scheme>(
    weights: &PackedMatrix,
    groups: Range<usize>,
    inputs: &[&InputRow],
    finish: Finish<'_>,
    out: &mut Tile<'_>,
    overflow: &mut [bool],
) {
    let mut job = Job { weights, first: groups.start, inputs, finish, out, overflow };
    // Here once: zeros for a whole block, made for every group, would cost one column dearly.
    let mut sums = [[0; GROUP]; COLUMN_BLOCK];
    for group in groups {
        one_group::<S>(&mut job, group, &mut sums);
    }
}

/// All columns of a group.
fn one_group<S: Scheme>(job: &mut Job<'_, '_>, group: usize, sums: &mut [Sums; COLUMN_BLOCK]) {
    let lanes = (job.weights.rows() - group * GROUP).min(GROUP);
    let start = (group - job.first) * GROUP;
    let units = job.weights.units(group).try_into().expect("a group has this many rows");
    let bias = job.finish.bias.map(|bias| &bias[group * GROUP..][..lanes]);
    let all = job.weights.pairs();
    for first in (0..job.inputs.len()).step_by(COLUMN_BLOCK) {
        let columns = first..job.inputs.len().min(first + COLUMN_BLOCK);
        let inputs = &job.inputs[columns.clone()];
        let sums = &mut sums[..inputs.len()];
        sums.fill([0; GROUP]);
        for first in (0..all).step_by(CHUNK) {
            let pairs = first..all.min(first + CHUNK);
            let place = Place { weights: job.weights, group, pairs };
            some_columns::<S>(&place, inputs, sums);
        }
        for (column, sums) in columns.zip(sums) {
            let out = &mut job.out.row_mut(column)[start..][..lanes];
            let (exponent, frac) = (job.inputs[column].exponent, job.finish.frac);
            let quickly = finish_group(sums, units, exponent + i32::from(frac), bias, out);
            job.overflow[column] |= quickly.unwrap_or_else(|Rare| {
                matmul::finish_group(sums, units, exponent, frac, bias, out)
            });
        }
    }
}

/// A chunk of a group against a block of columns.
fn some_columns<S: Scheme>(place: &Place<'_>, inputs: &[&InputRow], sums: &mut [Sums]) {
    let (mut inputs, mut sums) = (inputs, sums);
    while !inputs.is_empty() {
        let count = match inputs.len() {
            4.. => 4,
            2.. => 2,
            _ => 1,
        };
        let (now, later) = inputs.split_at(count);
        let (now_sums, later_sums) = sums.split_at_mut(count);
        match count {
            4 => one_tile::<S, 4>(place, now, now_sums),
            2 => one_tile::<S, 2>(place, now, now_sums),
            _ => one_tile::<S, 1>(place, now, now_sums),
        }
        (inputs, sums) = (later, later_sums);
    }
}

fn one_tile<S: Scheme, const C: usize>(place: &Place<'_>, inputs: &[&InputRow], sums: &mut [Sums]) {
    let inputs = inputs.first_chunk::<C>().expect("the caller counted the columns");
    let sums = sums.first_chunk_mut::<C>().expect("as many sums as columns");
    // SAFETY: the table is only handed out with the scheme's features; the place is of this matrix,
    // and `Kernels::matmul` has compared the inputs' lengths with it.
    unsafe { S::tile::<C>(place, inputs, sums) }
}

/// What `finish_group` leaves to the portable code: shifts that are not to the right, values at the
/// limit, and the last group of a matrix whose rows are no whole groups.
struct Rare;

/// Rounds the sums of a group and column into `out`, without a branch in a lane.
#[inline]
fn finish_group(
    sums: &Sums,
    units: &[i32; GROUP],
    offset: i32,
    bias: Option<&[i32]>,
    out: &mut [i32],
) -> Result<bool, Rare> {
    let out: &mut [i32; GROUP] = out.try_into().map_err(|_| Rare)?;
    let mut rare = false;
    let mut rounded = [0; GROUP];
    for lane in 0..GROUP {
        let shift = -(units[lane] + offset);
        let right = shift.clamp(1, SHIFT_MAX);
        let value = (sums[lane] + ((1_i64 << right) >> 1)) >> right;
        rare |= shift < 1 || !(-LIMIT + 1..LIMIT).contains(&value);
        rounded[lane] = value as i32;
    }
    if rare {
        return Err(Rare);
    }
    if let Some(bias) = bias {
        let bias: &[i32; GROUP] = bias.try_into().map_err(|_| Rare)?;
        for lane in 0..GROUP {
            // Both are below 2^30 in magnitude, so the sum fits.
            rounded[lane] += bias[lane];
            rare |= i64::from(rounded[lane].unsigned_abs()) >= LIMIT;
        }
    }
    if rare {
        return Err(Rare);
    }
    *out = rounded;
    Ok(false)
}
