//! A header says of the state behind its block what the state says of itself.
//!
//! Would catch: a header that a light client would be misled by though every validator agrees on it.

use super::{Seen, Step, holds};
use crate::scene::{clock, seats};

pub(crate) fn check(step: &Step<'_>) -> Seen {
    let header = &step.block.header;
    let network = step.after.network();
    let clock = clock(step.after).ok_or("the state has no clock")?;
    let seats = seats(step.after).ok_or("the state has no seats")?;
    let count = usize::try_from(header.transactions).unwrap_or(usize::MAX);
    let said = [
        ("height", header.height == clock.height),
        ("stamp", header.stamp == clock.stamp),
        ("time", header.time == clock.time),
        ("epoch", header.epoch == clock.epoch),
        ("beacon", header.beacon == clock.beacon),
        ("seats", header.seats == seats.digest(network)),
        ("count of transactions", count == step.block.transactions.len()),
        ("parent", header.parent == step.parent.hash(network)),
        ("state root", header.state_root == step.after.root()),
    ];
    for (field, same) in said {
        holds(same, || format!("the {field} of header {} is not the state's", header.height.0))?;
    }
    holds(!seats.0.is_empty(), || "nobody has a seat".to_owned())
}
