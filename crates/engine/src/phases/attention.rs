//! The rows' queries against the pages of their sequences, by group of heads that share a KV head.
//!
//! Never reads a position after the row's own.

use std::sync::{LazyLock, Mutex, PoisonError};

use canon::reference::HeadRow;
use canon::{AttentionScratch, AttentionTask, KvPage, TileQueue};

use super::{Means, ROWS_TOGETHER, in_order, make_few};
use crate::feed::Feed;
use crate::plan::Attend;
use crate::row::Row;

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
    let tile = step.group * step.shape.head_width;
    let queues: Vec<_> = active
        .chunks_mut(ROWS_TOGETHER)
        .map(|rows| {
            LazyLock::new(move || {
                let (asking, values): (Vec<_>, Vec<_>) =
                    rows.iter_mut().map(|row| asking(row, step, width)).unzip();
                (asking, TileQueue::new(values, width, tile))
            })
        })
        .collect();
    let pages = pages_of(step.layer, feeds);
    let faults = Mutex::new(Vec::new());
    let scratches = Mutex::new(scratches.iter_mut());
    let threads = team.threads();
    make_few(&queues, threads);
    team.run(&|thread| {
        let scratch = scratches.lock().unwrap_or_else(PoisonError::into_inner).next();
        let Some(scratch) = scratch else { return };
        for at in in_order(thread, threads, queues.len()) {
            let (rows, queue) = &*queues[at];
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
    if !faults.is_empty() {
        for row in active.iter_mut() {
            let overflow = faults.contains(&(row.feed, row.position));
            row.note(step.op, overflow);
        }
    }
}

/// What attention reads of a row.
struct Asking<'a> {
    feed: usize,
    position: usize,
    queries: &'a [HeadRow],
}

/// A row's part, and where its output goes.
fn asking<'a>(row: &'a mut Row, step: &Attend, width: usize) -> (Asking<'a>, &'a mut [i32]) {
    let Row { feed, position, queries, values, .. } = row;
    let value = &mut values[step.out.0];
    if value.len() != width {
        value.resize(width, 0);
    }
    (Asking { feed: *feed, position: *position, queries }, value)
}

/// The pages of a KV layer: by feed, then head.
fn pages_of<'a>(layer: usize, feeds: &'a [Feed<'_>]) -> Vec<Vec<Vec<&'a KvPage>>> {
    let heads = |feed: &'a Feed<'_>| {
        let spans = &feed.sequence.spans;
        let heads = spans.first().map_or(0, |span| span.pages()[layer].len());
        let pages = |head| spans.iter().map(|span| span.page(layer, head)).collect();
        (0..heads).map(pages).collect()
    };
    feeds.iter().map(heads).collect()
}
