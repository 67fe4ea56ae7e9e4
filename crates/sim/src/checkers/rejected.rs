//! What is rejected leaves no trace, and a block holds none of it.
//!
//! Would catch: a rule that puts something before it rejects and a transaction's view that is kept nevertheless; a
//! proposer that leaves out what could be taken. (That the proposer's root has no trace of what it left out is the
//! agreement's to see too: who judges never saw it.)

use super::{Seen, Step, holds};
use crate::random::Random;

/// One of those that were left out is tried alone, and one of those that were taken too.
pub(crate) fn check(step: &Step<'_>, random: &mut Random) -> Seen {
    let taken = step.authentic.len() - step.left_out.len();
    holds(taken == step.block.transactions.len(), || {
        let (given, held) = (step.authentic.len(), step.block.transactions.len());
        format!("of {given} transactions {} were left out and {held} taken", step.left_out.len())
    })?;
    let Some((at, _)) = random.choose(step.left_out) else { return Ok(()) };
    let transaction = &step.authentic[*at];
    let tried = step.subject.attempt(step.before, &step.opening, transaction);
    let tried = tried.map_err(|error| format!("a transaction brings a fault about: {error}"))?;
    let Some(why) = tried.rejection else { return Ok(()) };
    holds(tried.with == tried.without, || {
        let kind = transaction.get().kind.0;
        format!("a transaction of kind {kind} that was rejected ({why}) changed the state's root")
    })
}
