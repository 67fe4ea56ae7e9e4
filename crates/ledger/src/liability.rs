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
use crate::stop::{Fault, Rejection, Stop, require};
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
    require(beyond <= BOND_DOUBLINGS_MAX, Rejection::DisputesFull)?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Parameters;
    use crate::view::Working;
    use chain::records::{Address, Clock, Roles, Slot, Stakes, StakesSlot};
    use chain::state::State;
    use chain::{Epoch, Height, KindNumber, Stamp};
    use commit::Network;

    /// A case against the node: whether what it is about is a lie, and how far it has come.
    struct Case {
        lie: bool,
        opened: Time,
        owed: Amount,
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
        Context { network: Network::OFFLINE, clock, parameters }
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
            let about = (Matter::Claim, case.opened, &mut case.owed);
            case.held = Some(silence(context, view, node, about).unwrap());
            return;
        }
        let held = case.held.unwrap_or_default();
        close(node, &mut case.owed).unwrap();
        if case.lie || (case.held.is_some() && below(seed, 4) == 0) {
            lose(context, view, node, (Matter::Claim, held)).unwrap();
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
                let open = cases.iter().position(|case| !case.over && below(&mut seed, 2) == 0);
                if let Some(at) = open {
                    step(&mut cases[at], &mut seed, &context, &mut view, &mut node);
                } else if cases.len() < count {
                    let (owed, _) = owe(&context, &mut node, Matter::Claim).unwrap();
                    let (lie, opened) = (below(&mut seed, 2) == 0, context.clock.time);
                    cases.push(Case { lie, opened, owed, held: None, over: false });
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
            assert_eq!((node.owed, node.disputes), (Amount::ZERO, 0));
        }
    }
}
