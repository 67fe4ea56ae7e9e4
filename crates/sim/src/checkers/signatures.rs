//! A transaction is its payer's where the payer signed these bytes for this network, and nobody's otherwise.
//!
//! Would catch: a signature that is not looked at, that holds in two networks, or that does not cover every field.

use super::{Seen, Step, holds};

pub(crate) fn check(step: &Step<'_>) -> Seen {
    for (offer, held) in step.offers {
        holds(offer.signed == *held, || {
            let kind = offer.transaction.kind.0;
            match held {
                true => format!("a transaction of kind {kind} is taken for signed, and is not"),
                false => format!("a transaction of kind {kind} is not taken for signed, and is"),
            }
        })?;
    }
    Ok(())
}
