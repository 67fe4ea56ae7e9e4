//! Ops of single rows, several of them in one go while the row is in the cache.
//!
//! Never lets one row see another.

use program::OpIndex;

use super::{Means, Pieces, ROWS_TOGETHER};
use crate::plan::RowOp;
use crate::row::Row;

/// Runs the ops on every active row.
pub(crate) fn run(means: &mut Means<'_>, ops: &[(OpIndex, RowOp)], active: &mut [&mut Row]) {
    let Means { plan, weights, kernels, team } = means;
    let run = |row: &mut Row| {
        ops.iter().for_each(|(op, row_op)| row.run(plan, weights, kernels, *op, row_op));
    };
    if let [row] = active {
        return run(row);
    }
    let pieces = Pieces::new(active.chunks_mut(ROWS_TOGETHER), team.threads());
    team.run(&|thread| {
        pieces.taken_by(thread).for_each(|rows| rows.iter_mut().for_each(|row| run(row)));
    });
}
