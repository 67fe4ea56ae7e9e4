//! All the money of a state, counted record by record, is what was issued less what was burnt.
//!
//! Would catch: a rule that makes money or loses it, a record with money that nobody counts, a record that can't be
//! read.

use chain::state::State;

use super::{Seen, holds};

pub(crate) fn check(state: &State) -> Seen {
    let counted = ledger::supply(state).map_err(|fault| format!("can't be counted: {fault}"))?;
    holds(counted.there == counted.booked, || {
        format!("{} is there, {} by the books", counted.there.0, counted.booked.0)
    })
}
