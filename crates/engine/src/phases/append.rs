//! The rows' key and value heads go into the pages of their sequences.
//!
//! Each page is one piece, so no page has two writers.

use canon::{PAGE, Team};

use super::Pieces;
use crate::feed::Feed;
use crate::row::Row;

/// Appends the active rows' heads to a KV layer.
pub(crate) fn run(team: &mut Team, layer: usize, active: &[&mut Row], feeds: &mut [Feed<'_>]) {
    let rows: Vec<&Row> = active.iter().map(|row| &**row).collect();
    let fed = feeds.iter_mut().enumerate().filter(|(_, feed)| !feed.tokens.is_empty());
    let pages = fed.flat_map(|(feed, Feed { sequence, .. })| {
        let first = sequence.length() / PAGE;
        let spans = sequence.spans.iter_mut().enumerate().skip(first);
        spans.flat_map(move |(at, span)| {
            let pages = span.layer_mut(layer).iter_mut().enumerate();
            pages.map(move |(head, page)| (feed, at, head, page))
        })
    });
    let pieces = Pieces::new(pages, team.threads());
    let work = |thread| {
        for (feed, at, head, page) in pieces.taken_by(thread) {
            let place = |row: &Row| (row.feed, row.position / PAGE);
            let start = rows.partition_point(|row| place(row) < (feed, at));
            for row in rows[start..].iter().take_while(|row| place(row) == (feed, at)) {
                let (key, value) = &row.kv[head];
                page.put(row.position % PAGE, key, value);
            }
        }
    };
    if rows.len() == 1 { work(0) } else { team.run(&work) }
}
