//! The rows' key and value heads go into the pages of their sequences.
//!
//! Each head of a sequence is one claim, so no page has two writers.

use canon::Team;

use super::Claims;
use crate::forward::Feed;
use crate::row::Row;

/// Appends the active rows' heads to a KV layer.
pub(crate) fn run(team: &mut Team, layer: usize, active: &[&mut Row], feeds: &mut [Feed<'_>]) {
    let rows: Vec<&Row> = active.iter().map(|row| &**row).collect();
    let heads = feeds.iter_mut().enumerate().flat_map(|(feed, Feed { sequence, .. })| {
        let heads = sequence.layers[layer].iter_mut().enumerate();
        heads.map(move |(head, pages)| (feed, head, pages))
    });
    let claims = Claims::new(heads);
    let work = || {
        while let Some((feed, head, pages)) = claims.claim() {
            let start = rows.partition_point(|row| row.feed < feed);
            for row in rows[start..].iter().take_while(|row| row.feed == feed) {
                let (key, value) = &row.kv[head];
                pages.put(row.position, key, value);
            }
        }
    };
    if rows.len() == 1 { work() } else { team.run(&work) }
}
