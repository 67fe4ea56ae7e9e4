//! What others send has bounds wherever a sound validator keeps it.
//!
//! Would catch: a table that a seat, a peer or a client can fill or let grow.

use super::{Seen, holds};
use crate::validator::{BODIES_MAX, Held, POOL_BYTES_MAX, POOL_MAX, VIEWS_AHEAD_MAX};

/// A sound validator did something.
pub(crate) fn check(held: &Held) -> Seen {
    let views = held.view.0.saturating_add(1).saturating_add(VIEWS_AHEAD_MAX);
    let of_seats = usize::try_from(views).unwrap_or(usize::MAX).saturating_mul(held.seats);
    let bounds = [
        ("blocks", held.bodies, BODIES_MAX),
        ("seats' words", held.words, of_seats),
        ("votes to finalize", held.signatures, of_seats),
        ("transactions", held.waiting, POOL_MAX),
        ("transactions' bytes", held.waiting_bytes, POOL_BYTES_MAX),
    ];
    let broken = bounds.iter().find(|(_, found, most)| found > most);
    holds(broken.is_none(), || format!("more is kept than may be: {broken:?}"))
}
