//! Matmuls with one of many experts: rows that chose the same one share its weights, whatever slot they chose it for.
//!
//! Every thread goes over all (matrix, expert) pairs and claims some of their outputs. Never reads the weights of an expert
//! that no row chose.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use canon::{Finish, GROUP, InputRow, TileQueue};
use program::{OpIndex, TensorId};

use super::{Means, in_order};
use crate::plan::ExpertOut;
use crate::row::Row;

/// Claims per thread that the work of a phase is cut into: a pair with many rows is cut into more of them.
const CLAIMS_PER_THREAD: usize = 6;
/// Most outputs of a claim.
const CLAIM_OUTPUTS_MAX: usize = 1024;

/// What rows have in common that go to one expert of a matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    weight: TensorId,
    expert: usize,
    /// Entries and fractional bits of the output.
    width: usize,
    frac: u8,
}

/// The rows that go there.
#[derive(Default)]
struct Sent<'a> {
    /// Numbers of the active rows, and the op of each.
    rows: Vec<(usize, OpIndex)>,
    inputs: Vec<&'a InputRow>,
    outputs: Vec<&'a mut [i32]>,
}

/// The same as work to claim.
struct Job<'a> {
    pair: Pair,
    rows: Vec<(usize, OpIndex)>,
    inputs: Vec<&'a InputRow>,
    queue: TileQueue<'a>,
}

/// Multiplies the active rows' inputs with the matrices of the experts that they chose.
pub(crate) fn run(means: &mut Means<'_>, steps: &[ExpertOut], active: &mut [&mut Row]) {
    let Means { plan, weights, kernels, team } = means;
    let threads = team.threads();
    let sent = sent(steps, &plan.slots, active);
    let work: usize = sent.iter().map(|(pair, sent)| pair.width * sent.rows.len()).sum();
    let jobs: Vec<Job<'_>> = sent
        .into_iter()
        .map(|(pair, Sent { rows, inputs, outputs })| {
            let claim = match threads {
                1 => pair.width,
                _ => claim(work.div_ceil(threads * CLAIMS_PER_THREAD), rows.len(), pair.width),
            };
            let queue = TileQueue::new(outputs, pair.width, claim);
            Job { pair, rows, inputs, queue }
        })
        .collect();
    let faults = Mutex::new(Vec::new());
    team.run(&|thread| {
        for job in in_order(thread, threads, jobs.len()).map(|at| &jobs[at]) {
            let Job { pair, rows, inputs, queue } = job;
            let group = pair.expert * pair.width / GROUP;
            let mut overflow = vec![false; inputs.len()];
            while let Some(mut tile) = queue.claim() {
                let columns = tile.columns();
                let groups = group + columns.start / GROUP..group + columns.end.div_ceil(GROUP);
                let finish = Finish { frac: pair.frac, bias: None };
                let matrix = weights.matrix(pair.weight);
                kernels.matmul(matrix, groups, inputs, finish, &mut tile, &mut overflow);
            }
            for (found, _) in rows.iter().zip(overflow).filter(|(_, over)| *over) {
                let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
                faults.push(*found);
            }
        }
    });
    drop(jobs);
    for (row, op) in faults.into_inner().unwrap_or_else(PoisonError::into_inner) {
        active[row].note(op, true);
    }
}

/// How many outputs a claim has, so that it is about so much work.
fn claim(work: usize, rows: usize, width: usize) -> usize {
    let claims = (rows * width).div_ceil(work.max(1));
    width.div_ceil(claims.max(1)).next_multiple_of(GROUP).min(CLAIM_OUTPUTS_MAX)
}

/// The rows by matrix and expert.
fn sent<'a>(
    steps: &[ExpertOut],
    slots: &[usize],
    active: &'a mut [&mut Row],
) -> BTreeMap<Pair, Sent<'a>> {
    let mut sent: BTreeMap<Pair, Sent<'a>> = BTreeMap::new();
    for (number, row) in active.iter_mut().enumerate() {
        let Row { values, inputs, .. } = &mut **row;
        // Before any output: an output may stand where a routing that nobody reads later was.
        let chosen = |step: &ExpertOut| {
            let expert = values[step.routing.0][step.slot];
            usize::try_from(expert).expect("route names experts that are there")
        };
        let chosen: Vec<usize> = steps.iter().map(chosen).collect();
        for (slot, value) in values.iter_mut().enumerate() {
            let Some(at) = steps.iter().position(|step| step.out.0 == slot) else { continue };
            let (step, expert, width) = (&steps[at], chosen[at], slots[slot]);
            value.resize(width, 0);
            let pair = Pair { weight: step.weight, expert, width, frac: step.frac };
            let sent = sent.entry(pair).or_default();
            sent.rows.push((number, step.op));
            sent.inputs.push(&inputs[step.input.0]);
            sent.outputs.push(value);
        }
    }
    sent
}
