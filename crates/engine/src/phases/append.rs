//! The rows' key and value heads go into the pages of their sequences.
//!
//! Each head of a sequence is one piece, so no page has two writers.

use canon::Team;

use super::Pieces;
use crate::feed::Feed;
use crate::row::Row;

/// Appends the active rows' heads to a KV layer.
pub(crate) fn run(team: &mut Team, layer: usize, active: &[&mut Row], feeds: &mut [Feed<'_>]) {
    let rows: Vec<&Row> = active.iter().map(|row| &**row).collect();
    let heads = feeds.iter_mut().enumerate().flat_map(|(feed, Feed { sequence, .. })| {
        let heads = sequence.layers[layer].iter_mut().enumerate();
        heads.map(move |(head, pages)| (feed, head, pages))
    });
    let pieces = Pieces::new(heads, team.threads());
    let work = |thread| {
        for (feed, head, pages) in pieces.taken_by(thread) {
            let start = rows.partition_point(|row| row.feed < feed);
            for row in rows[start..].iter().take_while(|row| row.feed == feed) {
                let (key, value) = &row.kv[head];
                pages.put(row.position, key, value);
            }
        }
    };
    if rows.len() == 1 { work(0) } else { team.run(&work) }
}
