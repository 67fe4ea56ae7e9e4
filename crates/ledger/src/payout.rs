//! What of a settlement is void: it goes back to who paid, less the audits' share, which was kept of all that was settled.
//!
//! Never makes a span void twice.

use chain::Amount;
use chain::records::{Settlement, Span};

use crate::stop::{Fault, Stop};

/// Makes spans void. Gives what of the settlement's money that was which was not void before: it goes to who paid.
pub(crate) fn void(settlement: &mut Settlement, spans: &[Span]) -> Result<Amount, Stop> {
    let before = settlement.left();
    for span in spans {
        settlement.voided = settlement.span.joined(&settlement.voided, *span);
    }
    Ok(before.minus(settlement.left()).ok_or(Fault::Money("what is void"))?)
}
