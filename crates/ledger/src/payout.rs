//! What of a settlement is void: it goes back to who paid, less the audits' share, which is kept of whatever is settled.
//!
//! Never makes a span void twice.

use chain::Amount;
use chain::records::{Settlement, Span};

use crate::context::Context;
use crate::parameters::Parameter;
use crate::stop::Fault;
use crate::stop::Stop;
use crate::view::View;

/// Parts that a share is counted in.
const MILLION: u128 = 1_000_000;

/// Makes spans void, and keeps the audits' share of what was not void before. Gives the rest, which goes to who paid.
pub(crate) fn void(
    context: &Context,
    view: &mut View,
    settlement: &mut Settlement,
    spans: &[Span],
) -> Result<Amount, Stop> {
    let before = settlement.left();
    for span in spans {
        settlement.voided = settlement.span.joined(&settlement.voided, *span);
    }
    let amount = before.minus(settlement.left()).ok_or(Fault::Money("what is void"))?;
    let (back, kept) = shared(context, amount)?;
    view.to_treasury(kept)?;
    Ok(back)
}

/// What is paid of an amount, and what is kept for audits.
pub(crate) fn shared(context: &Context, amount: Amount) -> Result<(Amount, Amount), Fault> {
    let share = context.parameters.get(Parameter::AuditShare);
    let (whole, rest) = (Amount(amount.0 / MILLION), Amount(amount.0 % MILLION * share / MILLION));
    let kept = whole.times(share).and_then(|whole| whole.plus(rest));
    let parts = kept.and_then(|kept| Some((amount.minus(kept)?, kept)));
    parts.ok_or(Fault::Money("the audits' share"))
}
