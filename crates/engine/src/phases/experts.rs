//! Matmuls with one of many experts: rows that chose the same one share its weights.
//!
//! Every thread goes over all (matmul, expert) pairs and claims some of its outputs. Never reads the weights of an expert
//! that no row chose.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use canon::{Finish, GROUP, InputRow, TileQueue};

use super::{Means, in_order};
use crate::plan::ExpertOut;
use crate::row::Row;

/// Claims per thread that a matmul is cut into.
const CLAIMS_PER_THREAD: usize = 2;
/// Most outputs of a claim.
const CLAIM_OUTPUTS_MAX: usize = 1024;

/// The rows that a matmul sends to one expert.
#[derive(Default)]
struct Sent<'a> {
    /// Numbers of the active rows.
    rows: Vec<usize>,
    inputs: Vec<&'a InputRow>,
    outputs: Vec<&'a mut [i32]>,
}

/// The same as work to claim.
struct Job<'a> {
    step: &'a ExpertOut,
    /// The first of the expert's groups of rows.
    group: usize,
    rows: Vec<usize>,
    inputs: Vec<&'a InputRow>,
    queue: TileQueue<'a>,
}

/// Multiplies the active rows' inputs with the matrices of the experts that they chose.
pub(crate) fn run(means: &mut Means<'_>, steps: &[ExpertOut], active: &mut [&mut Row]) {
    let Means { plan, weights, kernels, team } = means;
    let threads = team.threads();
    let jobs: Vec<Job<'_>> = sent(steps, &plan.slots, active)
        .into_iter()
        .map(|((step, expert), sent)| {
            let (step, Sent { rows, inputs, outputs }) = (&steps[step], sent);
            let width = plan.slots[step.out.0];
            let claim = match threads {
                1 => width,
                _ => width.div_ceil(threads * CLAIMS_PER_THREAD).next_multiple_of(GROUP),
            };
            let queue = TileQueue::new(outputs, width, claim.clamp(GROUP, CLAIM_OUTPUTS_MAX));
            Job { step, group: expert * width / GROUP, rows, inputs, queue }
        })
        .collect();
    let faults = Mutex::new(Vec::new());
    team.run(&|thread| {
        for job in in_order(thread, threads, jobs.len()).map(|at| &jobs[at]) {
            let Job { step, group, rows, inputs, queue } = job;
            let mut overflow = vec![false; inputs.len()];
            while let Some(mut tile) = queue.claim() {
                let columns = tile.columns();
                let groups = group + columns.start / GROUP..group + columns.end.div_ceil(GROUP);
                let finish = Finish { frac: step.frac, bias: None };
                let matrix = weights.matrix(step.weight);
                kernels.matmul(matrix, groups, inputs, finish, &mut tile, &mut overflow);
            }
            for (row, _) in rows.iter().zip(overflow).filter(|(_, over)| *over) {
                let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
                faults.push((*row, step.op));
            }
        }
    });
    drop(jobs);
    for (row, op) in faults.into_inner().unwrap_or_else(PoisonError::into_inner) {
        active[row].note(op, true);
    }
}

/// The rows by matmul and expert.
fn sent<'a>(
    steps: &[ExpertOut],
    slots: &[usize],
    active: &'a mut [&mut Row],
) -> BTreeMap<(usize, usize), Sent<'a>> {
    let mut sent: BTreeMap<(usize, usize), Sent<'a>> = BTreeMap::new();
    for (number, row) in active.iter_mut().enumerate() {
        let Row { values, inputs, .. } = &mut **row;
        // Before any output: an output may stand where a routing that nobody reads later was.
        let chosen = |step: &ExpertOut| {
            let expert = values[step.routing.0][step.slot];
            usize::try_from(expert).expect("route names experts that are there")
        };
        let chosen: Vec<usize> = steps.iter().map(chosen).collect();
        for (slot, value) in values.iter_mut().enumerate() {
            if let Some(step) = steps.iter().position(|step| step.out.0 == slot) {
                value.resize(slots[slot], 0);
                let sent = sent.entry((step, chosen[step])).or_default();
                sent.rows.push(number);
                sent.inputs.push(&inputs[steps[step].input.0]);
                sent.outputs.push(value);
            }
        }
    }
    sent
}
