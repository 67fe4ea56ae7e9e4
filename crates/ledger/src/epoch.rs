//! What happens where an epoch ends: who had the seats is paid, and they are shared anew.
//!
//! Never depends on the block's transactions: it is done before them. Bounded by seats and candidates.

use chain::records::{
    AccountSlot, Candidates, CandidatesSlot, Clock, EpochStart, EpochStartSlot, NodeId, NodeSlot,
    Purse, Seats, SeatsSlot,
};
use chain::{Amount, Epoch};

use crate::audits;
use crate::context::Context;
use crate::parameters::Parameter;
use crate::seats::{Standing, obstacle, share};
use crate::stop::Fault;
use crate::view::Working;

/// How many epochs later an epoch's start goes. More than any window that is counted in epochs.
const STARTS_KEPT: u64 = 4_096;

/// Ends an epoch; gives the purse after it.
///
/// # Errors
/// [`Fault`] where the state is none.
pub(crate) fn end(working: &mut Working, purse: Purse, context: &Context) -> Result<Purse, Fault> {
    let seats = working.get(&SeatsSlot)?.ok_or(Fault::Lacking("its seats"))?;
    let purse = pay(working, &seats, purse, context)?;
    let candidates = working.get(&CandidatesSlot)?.unwrap_or_default();
    let standing = standing(working, &candidates, context)?;
    let left = Candidates(standing.iter().map(|one| one.node).collect());
    match left.0.is_empty() {
        true => working.remove(&CandidatesSlot),
        false => working.put(&CandidatesSlot, &left),
    }
    if let Some(shared) = reshared(standing, context) {
        working.put(&SeatsSlot, &shared);
    }
    audits::seat(working, context)?;
    start(working, context);
    Ok(purse)
}

/// Keeps which block began its epoch. Of those that are too old one goes.
pub(crate) fn start(working: &mut Working, context: &Context) {
    let Context { clock, judged, .. } = context;
    let Clock { height, time, beacon, .. } = *clock;
    let start = EpochStart { height, time, beacon, judged: *judged };
    working.put(&EpochStartSlot(clock.epoch), &start);
    if let Some(old) = clock.epoch.0.checked_sub(STARTS_KEPT) {
        working.remove(&EpochStartSlot(Epoch(old)));
    }
}

/// The seats that these candidates get; `None` where they are too few to change them.
pub(crate) fn reshared(standing: Vec<Standing>, context: &Context) -> Option<Seats> {
    let get = |parameter| usize::try_from(context.parameters.get(parameter)).unwrap_or(usize::MAX);
    let enough = standing.len() >= get(Parameter::CandidatesMin);
    enough.then(|| share(standing, get(Parameter::SeatsMax)))
}

/// Fees and what is issued go to the owners of the nodes that have the seats, to each seat as much. The rest of the
/// division goes to the treasury, and what is for a node that is not there: seats of a genesis may be nobody's.
fn pay(
    working: &mut Working,
    seats: &Seats,
    purse: Purse,
    context: &Context,
) -> Result<Purse, Fault> {
    let wanted = Amount(context.parameters.get(Parameter::IssuedEpoch));
    let (new, issued) = match purse.issued.plus(wanted) {
        Some(issued) => (wanted, issued),
        None => (Amount::ZERO, purse.issued),
    };
    let pot = purse.fees.plus(new).ok_or(Fault::Money("an epoch's pay"))?;
    let (each, rest) = pot.among(seats.0.len()).ok_or(Fault::Lacking("its seats"))?;
    let mut treasury = purse.treasury.plus(rest).ok_or(Fault::Money("the treasury"))?;
    for seat in &seats.0 {
        if !give(working, seat.node, each)? {
            treasury = treasury.plus(each).ok_or(Fault::Money("the treasury"))?;
        }
    }
    Ok(Purse { fees: Amount::ZERO, treasury, issued, ..purse })
}

/// Gives to a node's owner; whether there is one.
fn give(working: &mut Working, node: NodeId, amount: Amount) -> Result<bool, Fault> {
    let Some(node) = working.get(&NodeSlot(node))? else { return Ok(false) };
    if amount == Amount::ZERO {
        return Ok(true);
    }
    let slot = AccountSlot(node.owner);
    let mut account = working.get(&slot)?.unwrap_or_default();
    account.balance = account.balance.plus(amount).ok_or(Fault::Money("a balance"))?;
    working.put(&slot, &account);
    Ok(true)
}

/// The candidates that may have seats.
fn standing(
    working: &Working,
    candidates: &Candidates,
    context: &Context,
) -> Result<Vec<Standing>, Fault> {
    let mut all = Vec::with_capacity(candidates.0.len());
    for id in &candidates.0 {
        let node = working.get(&NodeSlot(*id))?.ok_or(Fault::Lacking("a node that stands"))?;
        if obstacle(&node, context).is_none() {
            all.push(Standing { node: *id, key: node.validator, stake: node.stake });
        }
    }
    Ok(all)
}
