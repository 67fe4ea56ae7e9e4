//! The rows' queries against the pages of their sequences, by group of heads that share a KV head.
//!
//! Never reads a position after the row's own.

use std::sync::{Mutex, PoisonError};

use canon::{AttentionScratch, AttentionTask, KvPage, TileQueue};

use super::Means;
use crate::forward::Feed;
use crate::plan::Attend;
use crate::row::Row;

/// Rows of one claim.
const ATTENTION_ROWS: usize = 8;

/// Attends with the active rows' queries.
pub(crate) fn run(
    means: &mut Means<'_>,
    scratches: &mut [AttentionScratch],
    step: &Attend,
    active: &mut [&mut Row],
    feeds: &[Feed<'_>],
) {
    let Means { plan, kernels, team, .. } = means;
    let width = plan.slots[step.out.0];
    let mut values: Vec<Vec<i32>> =
        active.iter_mut().map(|row| row.take(step.out, width)).collect();
    let tile = step.group * step.shape.head_width;
    let rows: Vec<&Row> = active.iter().map(|row| &**row).collect();
    let queues = rows.chunks(ATTENTION_ROWS).zip(values.chunks_mut(ATTENTION_ROWS));
    let queues: Vec<_> = queues
        .map(|(rows, values)| {
            (rows, TileQueue::new(values.iter_mut().map(Vec::as_mut_slice), width, tile))
        })
        .collect();
    let pages = pages_of(step.layer, feeds);
    let faults = Mutex::new(Vec::new());
    let scratches = Mutex::new(scratches.iter_mut());
    team.run(&|| {
        let scratch = scratches.lock().unwrap_or_else(PoisonError::into_inner).next();
        let Some(scratch) = scratch else { return };
        for (rows, queue) in &queues {
            while let Some(mut tile_out) = queue.claim() {
                let head = tile_out.columns().start / tile;
                for (i, row) in rows.iter().enumerate() {
                    let end = row.position + 1;
                    let start = if step.window == 0 { 0 } else { end.saturating_sub(step.window) };
                    let task = AttentionTask {
                        shape: &step.shape,
                        queries: &row.queries[head * step.group..][..step.group],
                        pages: &pages[row.feed][head],
                        positions: start..end,
                    };
                    if kernels.attention(&task, scratch, tile_out.row_mut(i)) {
                        let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
                        faults.push((row.feed, row.position));
                    }
                }
            }
        }
    });
    drop(queues);
    let faults = faults.into_inner().unwrap_or_else(PoisonError::into_inner);
    for (row, value) in active.iter_mut().zip(values) {
        row.values[step.out.0] = value;
        let overflow = faults.contains(&(row.feed, row.position));
        row.note(step.op, overflow);
    }
}

/// The pages of a KV layer: by feed, then head.
fn pages_of<'a>(layer: usize, feeds: &'a [Feed<'_>]) -> Vec<Vec<Vec<&'a KvPage>>> {
    let heads = |feed: &'a Feed<'_>| {
        let heads = feed.sequence.layers[layer].iter();
        heads.map(|head| head.pages.iter().map(|page| &**page).collect()).collect()
    };
    feeds.iter().map(heads).collect()
}
