//! What a node answers with for cases that are open against it, and what it loses when one goes against it.
//!
//! A case is a dispute, a receipt that is asked for, or whatever else awaits a node's word. Every kind of case calls
//! these, so that no kind is cheaper for a node than another. Never decides a case. Whoever calls puts the node back and
//! names its slot and that of the stakes.

use chain::records::{Bond, Matter, Node, Silences};
use chain::{Amount, Time};
use receipt::PublicKey;

use crate::accounts::add;
use crate::context::Context;
use crate::nodes::{raise, slash};
use crate::parameters::Parameter;
use crate::stop::{Fault, Rejection, Stop};
use crate::view::View;

/// A share is counted in millionths.
const MILLION: u128 = 1_000_000;
/// How often at most what is held of a silent node doubles.
const DOUBLINGS_MAX: u16 = 8;
/// How often at most a bond doubles.
const BOND_DOUBLINGS_MAX: u64 = 32;

/// What a case costs a node that loses it. Every case costs what one about a claim does, but that about an auditor's word.
fn costs(context: &Context, matter: Matter) -> Amount {
    Amount(context.parameters.get(match matter {
        Matter::Claim => Parameter::Slash,
        Matter::Vouching => Parameter::LazySlash,
    }))
}

/// Answers with what a refutation costs for one more case, whatever the node has now. Gives what is owed for it, and the
/// bond that it takes: beyond the usual count twice that of the one before, so that nobody can fill a node's list to keep
/// others out.
///
/// # Errors
/// [`Rejection::DisputesFull`].
pub(crate) fn owe(
    context: &Context,
    node: &mut Node,
    matter: Matter,
) -> Result<(Amount, Bond), Stop> {
    let usual = context.parameters.get_u64(Parameter::DisputesMax);
    let open = node.disputes.checked_add(1).ok_or(Rejection::DisputesFull)?;
    let beyond = u64::from(open).saturating_sub(usual);
    if beyond > BOND_DOUBLINGS_MAX {
        return Err(Rejection::DisputesFull.into());
    }
    let usual = Amount(context.parameters.get(Parameter::Bond));
    let more = usual.times((1 << beyond) - 1).ok_or(Fault::Money("a bond"))?;
    let owed = costs(context, matter);
    node.owed = node.owed.plus(owed).ok_or(Fault::Money("what is owed"))?;
    node.disputes = open;
    Ok((owed, Bond { usual, beyond: more }))
}

/// Ends that a node answers for a case.
pub(crate) fn close(node: &mut Node, owed: &mut Amount) -> Result<(), Stop> {
    node.disputes = node.disputes.saturating_sub(1);
    let all = *owed;
    owe_less(node, owed, all)
}

fn owe_less(node: &mut Node, owed: &mut Amount, less: Amount) -> Result<(), Stop> {
    let left = (node.owed.minus(less), owed.minus(less));
    let (Some(all), Some(left)) = left else { return Err(Fault::Money("what is owed").into()) };
    (node.owed, *owed) = (all, left);
    Ok(())
}

/// Out of work for a while.
pub(crate) fn jail(context: &Context, node: &mut Node) {
    let end = context.clock.time.after(context.parameters.get_u64(Parameter::JailMs));
    node.jailed_until = node.jailed_until.max(end);
}

/// A node let the deadline of a case pass: it is jailed, and gives what is held for that. What is held is owed no more;
/// where less was found than is owed, the node goes on owing the rest. The case was opened then: of those that were open
/// side by side one counts as a silence and holds the more the more often that was lately, the others hold what a
/// refutation costs.
pub(crate) fn silence(
    context: &Context,
    view: &mut View,
    node: &mut Node,
    (matter, opened, owed): (Matter, Time, &mut Amount),
) -> Result<Amount, Stop> {
    jail(context, node);
    let times = counted(context, &mut node.silences, opened);
    let amount = costs(context, matter).times(times);
    let held = slash(view, node, amount.ok_or(Fault::Money("what is held"))?)?;
    owe_less(node, owed, held.at_most(*owed))?;
    Ok(held)
}

/// How many times what a refutation costs is held for a silence, which counts where its case was opened after the last
/// one that did.
fn counted(context: &Context, silences: &mut Silences, opened: Time) -> u128 {
    let now = context.clock.time;
    let window = context.parameters.get_u64(Parameter::SilenceWindowMs);
    if silences.count == 0 || now > silences.first.after(window) {
        *silences = Silences { count: 1, first: now, last: now };
        return 1;
    }
    if opened <= silences.last {
        return 1;
    }
    let doubled = 1 << silences.count.min(DOUBLINGS_MAX);
    silences.count = silences.count.saturating_add(1);
    silences.last = now;
    doubled
}

/// A case ended against a node: all that is held for it is taken, and where that is less than a refutation costs, the
/// rest of the node. What the node has not is its debt. Gives what was taken; whoever calls says where it goes.
pub(crate) fn lose(
    context: &Context,
    view: &mut View,
    node: &mut Node,
    (matter, held): (Matter, Amount),
) -> Result<Amount, Stop> {
    let lacking = costs(context, matter).minus(held).unwrap_or_default();
    let found = slash(view, node, lacking)?;
    let debt = lacking.minus(found).and_then(|left| node.debt.plus(left));
    node.debt = debt.ok_or(Fault::Money("a debt"))?;
    Ok(held.plus(found).ok_or(Fault::Money("what is taken"))?)
}

/// A refuted node's money: the challenger's share of it goes back to whoever calls, the rest ends.
pub(crate) fn share(context: &Context, view: &mut View, taken: Amount) -> Result<Amount, Stop> {
    let share = taken.times(context.parameters.get(Parameter::ChallengerShare));
    let share = Amount(share.ok_or(Fault::Money("a share"))?.0 / MILLION);
    view.burn(taken.minus(share).ok_or(Fault::Money("a share"))?)?;
    Ok(share)
}

/// A case ended by silence for good: the node loses as much as by a refutation, the challenger has its usual bond and a
/// part of its fees.
pub(crate) fn silent_for_good(
    context: &Context,
    view: &mut View,
    node: &mut Node,
    (challenger, bond): (PublicKey, Bond),
    lost: (Matter, Amount),
) -> Result<(), Stop> {
    let taken = lose(context, view, node, lost)?;
    let fee = Amount(context.parameters.get(Parameter::SilenceFee)).at_most(taken);
    view.burn(taken.minus(fee).ok_or(Fault::Money("what is taken"))?)?;
    view.burn(bond.beyond)?;
    add(view, challenger, bond.usual)?;
    add(view, challenger, fee)
}

/// A case that was without ground: half of the usual bond is the owner's, and the rest ends.
pub(crate) fn forfeit(view: &mut View, owner: PublicKey, bond: Bond) -> Result<(), Stop> {
    let half = Amount(bond.usual.0 / 2);
    add(view, owner, half)?;
    view.burn(bond.usual.minus(half).ok_or(Fault::Money("a bond"))?)?;
    view.burn(bond.beyond)
}

/// A node that was silent at first won its case: what is held goes back, but for as much as this.
pub(crate) fn give_back(
    view: &mut View,
    node: &mut Node,
    held: Amount,
    less: Amount,
) -> Result<(), Stop> {
    let lost = held.at_most(less);
    view.burn(lost)?;
    raise(view, node, held.minus(lost).ok_or(Fault::Money("what is held"))?)
}
