//! Once the last fault has ended, every sound validator goes on, and what a client asks of all of them is done.
//!
//! Would catch: a validator that stands still for ever, a network that does, a transaction that is kept out by a full
//! pool or by leaders who cheat.

use chain::Height;

use super::{Seen, holds};

/// Heights that every sound validator must make after the last fault.
pub(crate) const HEIGHTS: u64 = 3;
/// Within how long.
pub(crate) const BOUND_MS: u64 = 180_000;

/// What must be reached after the last fault.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goal {
    /// When the faults had ended.
    pub(crate) healed_ms: u64,
    /// The greatest height that anybody had then.
    pub(crate) height: Height,
}

impl Goal {
    /// Whether all is reached: by the least height of a sound validator, and whether the client's transaction is taken.
    pub(crate) fn is_reached(&self, least: Height, asked: bool) -> bool {
        least.0 >= self.height.0 + HEIGHTS && asked
    }

    /// Whether it takes too long.
    pub(crate) fn check(&self, now_ms: u64, least: Height, asked: bool) -> Seen {
        let took = now_ms.saturating_sub(self.healed_ms);
        holds(took <= BOUND_MS || self.is_reached(least, asked), || {
            let (from, least) = (self.height.0, least.0);
            let done = if asked { "is" } else { "is not" };
            format!(
                "{took} ms after height {from} somebody is at {least}; what was asked {done} done"
            )
        })
    }
}
