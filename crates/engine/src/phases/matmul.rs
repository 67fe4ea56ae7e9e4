//! One weight matrix against all rows; threads claim its outputs.
//!
//! Never cuts the sum of one output between threads.

use std::sync::{Mutex, PoisonError};

use canon::{Finish, GROUP, TileQueue};

use super::Means;
use crate::plan::{InputSlot, MatmulOut};
use crate::row::Row;

/// Claims per thread that a matmul is cut into, so that a slow thread is not waited for long.
const CLAIMS_PER_THREAD: usize = 6;
/// Least and most outputs of a claim.
const CLAIM_OUTPUTS: (usize, usize) = (4 * GROUP, 1024);

/// Multiplies the active rows' inputs with a matrix.
pub(crate) fn run(
    means: &mut Means<'_>,
    input: InputSlot,
    step: &MatmulOut,
    active: &mut [&mut Row],
) {
    let Means { plan, weights, kernels, team } = means;
    let matrix = weights.matrix(step.weight);
    let width = plan.slots[step.out.0];
    let mut values: Vec<Vec<i32>> =
        active.iter_mut().map(|row| row.take(step.out, width)).collect();
    let inputs: Vec<_> = active.iter().map(|row| &row.inputs[input.0]).collect();
    let tile = tile_width(width, team.threads());
    let queue = TileQueue::new(values.iter_mut().map(Vec::as_mut_slice), width, tile);
    let faults = Mutex::new(vec![false; inputs.len()]);
    team.run(&|| {
        let mut overflow = Vec::new();
        while let Some(mut tile) = queue.claim() {
            overflow.resize(inputs.len(), false);
            let columns = tile.columns();
            let groups = columns.start / GROUP..columns.end.div_ceil(GROUP);
            let finish = Finish { frac: step.frac, bias: step.bias.as_deref() };
            kernels.matmul(matrix, groups, &inputs, finish, &mut tile, &mut overflow);
        }
        if overflow.contains(&true) {
            let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
            faults.iter_mut().zip(overflow).for_each(|(fault, o)| *fault |= o);
        }
    });
    drop(queue);
    let faults = faults.into_inner().unwrap_or_else(PoisonError::into_inner);
    for ((row, value), overflow) in active.iter_mut().zip(values).zip(faults) {
        row.values[step.out.0] = value;
        row.note(step.op, overflow);
    }
}

/// Outputs of one claim: whole groups, enough claims for every thread, not too small.
fn tile_width(width: usize, threads: usize) -> usize {
    if threads == 1 {
        return width;
    }
    let even = width.div_ceil(threads * CLAIMS_PER_THREAD).next_multiple_of(4 * GROUP);
    even.clamp(CLAIM_OUTPUTS.0, CLAIM_OUTPUTS.1)
}
