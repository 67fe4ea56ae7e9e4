//! What a node answers with for cases that are open against it, and what it loses when one goes against it.
//!
//! A case is a dispute, a receipt that is asked for, or whatever else awaits a node's word. Every kind of case calls
//! these, so that no kind is cheaper for a node than another. What a case costs is as it was when the case was opened.
//! Never decides a case. Whoever calls puts the node back and names its slot and that of the stakes.

use chain::records::{Bond, BoundKey, Matter, Node, Promised, Silences};
use chain::{Amount, Time};
use receipt::PublicKey;

use crate::accounts::add;
use crate::context::{Author, Context};
use crate::dates;
use crate::nodes::{raise, slash};
use crate::parameters::Parameter;
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::View;

/// A share is counted in millionths.
const MILLION: u128 = 1_000_000;
/// How often at most what is held of a silent node doubles.
const DOUBLINGS_MAX: u16 = 8;
/// How often at most a bond doubles.
const BOND_DOUBLINGS_MAX: u64 = 32;

/// What a case that begins now costs a node that loses it. Every case costs what one about a claim does, but that about an
/// auditor's word.
pub(crate) fn costs(context: &Context, matter: Matter) -> Amount {
    Amount(context.parameters.get(match matter {
        Matter::Claim | Matter::Alarm => Parameter::Slash,
        Matter::Vouching => Parameter::LazySlash,
    }))
}

/// Answers with what a refutation costs for one more case, whatever the node has now. Gives what that is, and the bond
/// that it takes: beyond the usual count twice that of the one before, so that nobody can fill a node's list to keep
/// others out. A drawn auditor's alarm is in no list: it must be disputed, and there is one for each auditor of an audit.
///
/// # Errors
/// [`Rejection::DisputesFull`].
pub(crate) fn owe(
    context: &Context,
    node: &mut Node,
    matter: Matter,
) -> Result<(Amount, Bond), Stop> {
    let beyond = match matter {
        Matter::Claim | Matter::Vouching => enlist(context, node)?,
        Matter::Alarm => 0,
    };
    let usual = Amount(context.parameters.get(Parameter::Bond));
    let beyond = usual.times((1 << beyond) - 1).ok_or(Fault::Money("a bond"))?;
    let cost = costs(context, matter);
    owe_more(&mut node.owed.cases, cost)?;
    Ok((cost, Bond { usual, beyond }))
}

/// What who accuses now may get beside its bond.
///
/// # Errors
/// [`Fault`] for a share out of its bounds.
pub(crate) fn promised(context: &Context) -> Result<Promised, Fault> {
    let get = |parameter| context.parameters.get(parameter);
    let share = u32::try_from(get(Parameter::ChallengerShare));
    Ok(Promised {
        share: share.map_err(|_| Fault::Lacking("a challenger's share in bounds"))?,
        silence_fee: Amount(get(Parameter::SilenceFee)),
        plant_pay: Amount(get(Parameter::PlantPay)),
    })
}

/// One more in the node's list. Gives how many are beyond the usual count.
fn enlist(context: &Context, node: &mut Node) -> Result<u64, Rejection> {
    let open = node.disputes.checked_add(1).ok_or(Rejection::DisputesFull)?;
    let beyond = u64::from(open).saturating_sub(context.parameters.get_u64(Parameter::DisputesMax));
    require(beyond <= BOND_DOUBLINGS_MAX, Rejection::DisputesFull)?;
    node.disputes = open;
    Ok(beyond)
}

/// Ends that a node answers for a case, for which so much was still owed.
pub(crate) fn close(node: &mut Node, matter: Matter, owed: Amount) -> Result<(), Fault> {
    match matter {
        Matter::Claim | Matter::Vouching => node.disputes = node.disputes.saturating_sub(1),
        Matter::Alarm => {}
    }
    owe_less(&mut node.owed.cases, owed)
}

/// So much more is owed.
pub(crate) fn owe_more(owed: &mut Amount, more: Amount) -> Result<(), Fault> {
    *owed = owed.plus(more).ok_or(Fault::Money("what is owed"))?;
    Ok(())
}

/// So much less.
pub(crate) fn owe_less(owed: &mut Amount, less: Amount) -> Result<(), Fault> {
    *owed = owed.minus(less).ok_or(Fault::Money("what is owed"))?;
    Ok(())
}

/// Who speaks for the node does something that only who is there can do: it is not away.
pub(crate) fn answer(context: &Context, author: &Author, node: &mut Node) {
    if [node.owner, node.operator].contains(&author.payer) {
        node.silences.answered = context.clock.time;
    }
}

/// Whether who shows what a key signed has a share: the key still speaks for the node, and the node is not jailed already.
/// So a key that was stolen gives a share, and not one for each job that is made up for it.
pub(crate) fn is_rewarded(context: &Context, node: &Node, key: &BoundKey) -> bool {
    dates::speaks(context, key) && node.jailed_until <= context.clock.time
}

/// Out of work for a while.
pub(crate) fn jail(context: &Context, node: &mut Node) {
    let end = context.clock.time.after(context.parameters.get_u64(Parameter::JailMs));
    node.jailed_until = node.jailed_until.max(end);
}

/// A node let the deadline of a case pass, which was opened then and costs that: it is jailed, and gives what is held for
/// that. Of cases that were open in one absence one counts as a silence and holds the more the more often that was lately,
/// the others hold what they cost. Whoever calls says that as much is owed no more.
pub(crate) fn silence(
    context: &Context,
    view: &mut View,
    node: &mut Node,
    (opened, cost): (Time, Amount),
) -> Result<Amount, Stop> {
    jail(context, node);
    let amount = cost.times(counted(context, &mut node.silences, opened));
    slash(view, node, amount.ok_or(Fault::Money("what is held"))?)
}

/// How many times what a case costs is held for a silence, which counts where its case was opened after the last one that
/// did, and the node was there since.
fn counted(context: &Context, silences: &mut Silences, opened: Time) -> u128 {
    let now = context.clock.time;
    let window = context.parameters.get_u64(Parameter::SilenceWindowMs);
    if silences.count == 0 || now > silences.first.after(window) {
        *silences = Silences { count: 1, first: now, last: now, ..*silences };
        return 1;
    }
    if opened <= silences.last || silences.answered <= silences.last {
        return 1;
    }
    let doubled = 1 << silences.count.min(DOUBLINGS_MAX);
    silences.count = silences.count.saturating_add(1);
    silences.last = now;
    doubled
}

/// A case ended against a node: all that is held for it is taken, and where that is less than it costs, the rest of the
/// node. What the node has not is its debt. Gives what was taken; whoever calls says where it goes.
pub(crate) fn lose(
    view: &mut View,
    node: &mut Node,
    (cost, held): (Amount, Amount),
) -> Result<Amount, Stop> {
    let lacking = cost.minus(held).unwrap_or_default();
    let found = fine(view, node, lacking)?;
    Ok(held.plus(found).ok_or(Fault::Money("what is taken"))?)
}

/// Takes so much of a node; what it has not is its debt. Gives what was taken; whoever calls says where it goes.
pub(crate) fn fine(view: &mut View, node: &mut Node, amount: Amount) -> Result<Amount, Stop> {
    let found = slash(view, node, amount)?;
    let debt = amount.minus(found).and_then(|left| node.debt.plus(left));
    node.debt = debt.ok_or(Fault::Money("a debt"))?;
    Ok(found)
}

/// A refuted node's money: the challenger's share of it goes back to whoever calls, the rest ends.
pub(crate) fn share(view: &mut View, promised: &Promised, taken: Amount) -> Result<Amount, Stop> {
    let share = taken.times(promised.share.into());
    let share = Amount(share.ok_or(Fault::Money("a share"))?.0 / MILLION);
    view.burn(taken.minus(share).ok_or(Fault::Money("a share"))?)?;
    Ok(share)
}

/// A case ended by silence for good: the node loses as much as by a refutation, the challenger has its usual bond and a
/// part of its fees.
pub(crate) fn silent_for_good(
    view: &mut View,
    node: &mut Node,
    (challenger, bond, fee): (PublicKey, Bond, Amount),
    lost: (Amount, Amount),
) -> Result<(), Stop> {
    let taken = lose(view, node, lost)?;
    let fee = fee.at_most(taken);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Parameters;
    use crate::view::Working;
    use chain::records::{Address, Clock, Owed, Roles, Slot, Stakes, StakesSlot};
    use chain::state::State;
    use chain::{Epoch, Height, KindNumber, Stamp};
    use commit::Network;

    /// A case against the node: whether what it is about is a lie, and how far it has come.
    struct Case {
        lie: bool,
        opened: Time,
        cost: Amount,
        /// What is held, once the node was silent.
        held: Option<Amount>,
        over: bool,
    }

    fn context() -> Context {
        let clock = Clock {
            height: Height(1),
            stamp: Stamp(1),
            time: Time(1_000),
            epoch: Epoch(1),
            epoch_began: Time(0),
            beacon: [0; 32],
        };
        let parameters = Parameters::of(&Default::default()).unwrap();
        Context { network: Network::OFFLINE, clock, parameters, judged: Epoch(241) }
    }

    fn view(stake: u128) -> View {
        let mut working = Working::new(State::empty(Network::OFFLINE));
        working.put(&StakesSlot, &Stakes { total: Amount(stake), voting_ends: Time(7) });
        working.view(KindNumber(0), vec![StakesSlot.key()])
    }

    /// SplitMix64, below a bound.
    fn below(seed: &mut u64, bound: u64) -> u64 {
        *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    /// One more step of a case: the node is silent, or the case ends as it should, or by silence.
    fn step(case: &mut Case, seed: &mut u64, context: &Context, view: &mut View, node: &mut Node) {
        if case.held.is_none() && below(seed, 2) == 0 {
            let held = silence(context, view, node, (case.opened, case.cost)).unwrap();
            owe_less(&mut node.owed.cases, held.at_most(case.cost)).unwrap();
            case.held = Some(held);
            return;
        }
        let held = case.held.unwrap_or_default();
        close(node, Matter::Claim, case.cost.minus(held).unwrap_or_default()).unwrap();
        if case.lie || (case.held.is_some() && below(seed, 4) == 0) {
            lose(view, node, (case.cost, held)).unwrap();
            // By silence for good, a truth is lost as a lie is.
            case.lie = true;
        } else {
            give_back(view, node, held, Amount(4_000_000)).unwrap();
        }
        case.over = true;
    }

    /// Whatever a node is silent about, in whatever order its cases end: it never keeps more than who answers everything,
    /// and loses for each case that goes against it.
    #[test]
    fn no_order_of_silence_and_refutation_shelters_a_stake() {
        let slash = Parameter::Slash.row().default;
        for seed in 0..2_000 {
            let mut seed = seed << 20;
            let mut context = context();
            let stake = slash / 2 * u128::from(below(&mut seed, 12)) + 7;
            let mut view = view(stake);
            let said = (Roles::default(), Address::default());
            let mut node = Node::new(PublicKey::NONE, [PublicKey::NONE; 3], said, Time(0));
            node.stake = Amount(stake);
            let mut cases: Vec<Case> = Vec::new();
            let count = usize::try_from(1 + below(&mut seed, 6)).unwrap();
            while cases.len() < count || cases.iter().any(|case| !case.over) {
                context.clock.time = context.clock.time.after(below(&mut seed, 2));
                if below(&mut seed, 3) == 0 {
                    node.silences.answered = context.clock.time;
                }
                let open = cases.iter().position(|case| !case.over && below(&mut seed, 2) == 0);
                if let Some(at) = open {
                    step(&mut cases[at], &mut seed, &context, &mut view, &mut node);
                } else if cases.len() < count {
                    let (cost, _) = owe(&context, &mut node, Matter::Claim).unwrap();
                    let (lie, opened) = (below(&mut seed, 2) == 0, context.clock.time);
                    cases.push(Case { lie, opened, cost, held: None, over: false });
                }
                let held: u128 = cases
                    .iter()
                    .filter(|case| !case.over)
                    .filter_map(|case| case.held)
                    .map(|held| held.0)
                    .sum();
                assert!(node.debt == Amount::ZERO || node.stake == Amount::ZERO);
                assert!(node.stake.0 + held <= stake, "nothing is made");
            }
            let lost = slash * cases.iter().filter(|case| case.lie).count() as u128;
            assert!(
                node.stake.0 + lost <= stake + node.debt.0,
                "{} {} {}",
                node.stake.0,
                lost,
                node.debt.0
            );
            assert_eq!((node.owed, node.disputes), (Owed::default(), 0));
        }
    }
}
