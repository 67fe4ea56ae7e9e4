//! Weight matrices that share an input, against all rows.
//!
//! A batch of many rows is cut into bands of rows, one for each thread if they are long enough, so
//! that a thread writes and reads rows that stay in its caches: how fast lines go from one core to
//! another differs fivefold between machines. Fewer rows are cut by outputs alone.
//! Never cuts the sum of one output between threads.

use std::sync::{LazyLock, Mutex, PoisonError};

use canon::{Finish, GROUP, InputRow, TileQueue};

use super::{Means, ROWS_TOGETHER, in_order, make_few};
use crate::plan::{InputSlot, MatmulOut};
use crate::row::Row;

/// Least rows of a band: each band reads all weights.
const BAND_ROWS_MIN: usize = 16;
/// Claims per thread that a matmul is cut into, so that a slow thread is not waited for long. A
/// single thread cuts nothing: that keeps more in its caches.
const CLAIMS_PER_THREAD: usize = 6;
/// The same for one row, whose claims are so short that taking one shows: 1.07x of six a thread.
const CLAIMS_OF_ONE_ROW: usize = 2;
/// Most outputs of a claim.
const CLAIM_OUTPUTS_MAX: usize = 1024;

/// Multiplies the active rows' inputs with the matrices.
pub(crate) fn run(
    means: &mut Means<'_>,
    input: InputSlot,
    steps: &[MatmulOut],
    active: &mut [&mut Row],
) {
    let Means { plan, weights, kernels, team } = means;
    let threads = team.threads();
    let (each, least) =
        if active.len() == 1 { (CLAIMS_OF_ONE_ROW, GROUP) } else { (CLAIMS_PER_THREAD, 4 * GROUP) };
    let count = (active.len() / BAND_ROWS_MIN).clamp(1, threads);
    let mut rows: Vec<Vec<&mut [&mut Row]>> = (0..count).map(|_| Vec::new()).collect();
    for (at, together) in active.chunks_mut(ROWS_TOGETHER).enumerate() {
        rows[at % count].push(together);
    }
    let slots = &plan.slots;
    let claims = threads.div_ceil(count) * each;
    let tile_of = |width: usize| match threads {
        1 => width,
        _ => width.div_ceil(claims).next_multiple_of(least).min(CLAIM_OUTPUTS_MAX),
    };
    let bands: Vec<_> = rows
        .into_iter()
        .map(|rows| LazyLock::new(move || Band::new(rows, slots, input, steps, &tile_of)))
        .collect();
    make_few(&bands, threads);
    let faults = Mutex::new(Vec::new());
    team.run(&|thread| {
        let mut overflow = Vec::new();
        for band in in_order(thread, count, count) {
            let Band { inputs, queues } = &*bands[band];
            for (step, queue) in steps.iter().zip(queues) {
                overflow.resize(inputs.len(), false);
                while let Some(mut tile) = queue.claim() {
                    let columns = tile.columns();
                    let groups = columns.start / GROUP..columns.end.div_ceil(GROUP);
                    let finish = Finish { frac: step.frac, bias: step.bias.as_deref() };
                    let matrix = weights.matrix(step.weight);
                    kernels.matmul(matrix, groups, inputs, finish, &mut tile, &mut overflow);
                }
                for (k, _) in overflow.drain(..).enumerate().filter(|(_, over)| *over) {
                    let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
                    faults.push((row_of(k, band, count), step.op));
                }
            }
        }
    });
    drop(bands);
    for (row, op) in faults.into_inner().unwrap_or_else(PoisonError::into_inner) {
        active[row].note(op, true);
    }
}

/// Which row is the k-th of a band.
fn row_of(k: usize, band: usize, bands: usize) -> usize {
    (k / ROWS_TOGETHER * bands + band) * ROWS_TOGETHER + k % ROWS_TOGETHER
}

/// What is read and written of a band's rows; one queue for each matrix.
struct Band<'a> {
    inputs: Vec<&'a InputRow>,
    queues: Vec<TileQueue<'a>>,
}

impl<'a> Band<'a> {
    fn new<'r: 'a>(
        rows: Vec<&'a mut [&'r mut Row]>,
        slots: &[usize],
        input: InputSlot,
        steps: &[MatmulOut],
        tile_of: &dyn Fn(usize) -> usize,
    ) -> Self {
        let count = rows.iter().map(|rows| rows.len()).sum();
        let mut inputs = Vec::with_capacity(count);
        let mut outputs: Vec<Vec<&mut [i32]>> =
            steps.iter().map(|_| Vec::with_capacity(count)).collect();
        for row in rows.into_iter().flatten() {
            let Row { values, inputs: row_inputs, .. } = &mut **row;
            inputs.push(&row_inputs[input.0]);
            for (slot, value) in values.iter_mut().enumerate() {
                if let Some(at) = steps.iter().position(|step| step.out.0 == slot) {
                    value.resize(slots[slot], 0);
                    outputs[at].push(value);
                }
            }
        }
        let queues = steps.iter().zip(outputs).map(|(step, outputs)| {
            let width = slots[step.out.0];
            TileQueue::new(outputs, width, tile_of(width))
        });
        let queues = queues.collect();
        Self { inputs, queues }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_a_band_is_the_one_it_was_cut_from() {
        for bands in [1, 2, 3, 5] {
            let rows: Vec<usize> = (0..bands * BAND_ROWS_MIN + 3).collect();
            let mut cut = vec![Vec::new(); bands];
            for (at, together) in rows.chunks(ROWS_TOGETHER).enumerate() {
                cut[at % bands].extend(together);
            }
            for (band, rows) in cut.iter().enumerate() {
                assert!(!rows.is_empty());
                for (k, row) in rows.iter().enumerate() {
                    assert_eq!(row_of(k, band, bands), *row);
                }
            }
        }
    }
}
