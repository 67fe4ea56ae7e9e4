//! Nodes as transactions find them, and what they have at stake.
//!
//! Never changes a stake without the sum of all.

use chain::Amount;
use chain::records::{Node, NodeId, NodeSlot, Stakes, StakesSlot};

use crate::context::Author;
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::View;

/// A node that is there.
///
/// # Errors
/// [`Rejection::NoNode`].
pub(crate) fn find(view: &View, id: NodeId) -> Result<Node, Stop> {
    Ok(view.get(&NodeSlot(id))?.ok_or(Rejection::NoNode)?)
}

/// A node of the author's.
///
/// # Errors
/// [`Rejection::NoNode`], [`Rejection::NotOwner`].
pub(crate) fn owned(view: &View, id: NodeId, author: &Author) -> Result<Node, Stop> {
    let node = find(view, id)?;
    require(node.owner == author.payer, Rejection::NotOwner)?;
    Ok(node)
}

/// A node that the author may speak for: its owner, or its operator's key.
///
/// # Errors
/// [`Rejection::NoNode`], [`Rejection::NotNode`].
pub(crate) fn spoken_for(view: &View, id: NodeId, author: &Author) -> Result<Node, Stop> {
    let node = find(view, id)?;
    require([node.owner, node.operator].contains(&author.payer), Rejection::NotNode)?;
    Ok(node)
}

/// A node of the author's that has not ended.
///
/// # Errors
/// [`Rejection::NoNode`], [`Rejection::NotOwner`], [`Rejection::Retired`].
pub(crate) fn active(view: &View, id: NodeId, author: &Author) -> Result<Node, Stop> {
    let node = owned(view, id, author)?;
    require(!node.retired, Rejection::Retired)?;
    Ok(node)
}

/// All stakes together.
pub(crate) fn stakes(view: &View) -> Result<Stakes, Stop> {
    Ok(view.get(&StakesSlot)?.unwrap_or_default())
}

/// Puts them back.
pub(crate) fn put_stakes(view: &mut View, stakes: &Stakes) -> Result<(), Stop> {
    match *stakes == Stakes::default() {
        true => view.remove(&StakesSlot),
        false => view.put(&StakesSlot, stakes),
    }
}

/// Pays what the node has in debt of money that was taken from a record before: so much is burnt. Gives the rest.
pub(crate) fn pay_debt(view: &mut View, node: &mut Node, amount: Amount) -> Result<Amount, Stop> {
    let paid = amount.at_most(node.debt);
    view.burn(paid)?;
    node.debt = node.debt.minus(paid).ok_or(Fault::Money("a debt"))?;
    Ok(amount.minus(paid).ok_or(Fault::Money("a debt"))?)
}

/// Puts money at stake that was taken from a record before. What the node has in debt is paid of it first, and ends.
/// Whoever calls puts the node and names [`StakesSlot`].
pub(crate) fn raise(view: &mut View, node: &mut Node, amount: Amount) -> Result<(), Stop> {
    let amount = pay_debt(view, node, amount)?;
    let all = stakes(view)?;
    let total = all.total.plus(amount).ok_or(Fault::Money("the sum of stakes"))?;
    node.stake = node.stake.plus(amount).ok_or(Fault::Money("a stake"))?;
    put_stakes(view, &Stakes { total, ..all })
}

/// Takes money from a stake, which has it. Whoever calls says where it goes, puts the node and names [`StakesSlot`].
pub(crate) fn lower(view: &mut View, node: &mut Node, amount: Amount) -> Result<(), Stop> {
    let all = stakes(view)?;
    let total = all.total.minus(amount).ok_or(Fault::Money("the sum of stakes"))?;
    node.stake = node.stake.minus(amount).ok_or(Fault::Money("a stake"))?;
    put_stakes(view, &Stakes { total, ..all })
}

/// Takes so much from a node, or all it has: its stake first, then what is unbonding, from the newest on. Gives what was
/// taken; whoever calls says where it goes, puts the node and names [`StakesSlot`].
///
/// # Errors
/// [`Fault`] where the sum of stakes is not what it has to be.
pub fn slash(view: &mut View, node: &mut Node, amount: Amount) -> Result<Amount, Stop> {
    let mut taken = amount.at_most(node.stake);
    lower(view, node, taken)?;
    while let Some(newest) = node.unbonding.last_mut() {
        let part = Amount(amount.0 - taken.0).at_most(newest.amount);
        taken = taken.plus(part).ok_or(Fault::Money("what is slashed"))?;
        newest.amount = Amount(newest.amount.0 - part.0);
        if newest.amount > Amount::ZERO {
            break;
        }
        node.unbonding.pop();
    }
    Ok(taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::Working;
    use chain::records::{Address, Roles, Slot, Unbonding};
    use chain::state::State;
    use chain::{Epoch, KindNumber, Time};
    use commit::Network;
    use receipt::PublicKey;

    fn node(stake: u128, unbonding: &[u128]) -> Node {
        let part = |(at, amount): (u64, &u128)| Unbonding {
            amount: Amount(*amount),
            made: Time(at),
            least: Time(at),
            judged: Epoch(1),
        };
        let said = (Roles::default(), Address::default());
        let node = Node::new(PublicKey::NONE, [PublicKey::NONE; 3], said, Time(0));
        let unbonding = (1..).zip(unbonding).map(part).collect();
        Node { stake: Amount(stake), unbonding, ..node }
    }

    /// What is taken, what is left at stake, and what is left unbonding.
    fn slashed(amount: u128) -> (u128, u128, Vec<u128>) {
        let mut working = Working::new(State::empty(Network::OFFLINE));
        working.put(&StakesSlot, &Stakes { total: Amount(1_000), voting_ends: Time(7) });
        let mut view = working.view(KindNumber(0), vec![StakesSlot.key()]);
        let mut node = node(100, &[10, 20, 30]);
        let taken = slash(&mut view, &mut node, Amount(amount)).unwrap();
        let left = Stakes { total: Amount(900 + node.stake.0), voting_ends: Time(7) };
        assert_eq!(stakes(&view).unwrap(), left, "the sum goes with the stake alone");
        (taken.0, node.stake.0, node.unbonding.iter().map(|part| part.amount.0).collect())
    }

    #[test]
    fn the_stake_is_slashed_first_and_then_the_newest_that_leaves() {
        assert_eq!(slashed(0), (0, 100, vec![10, 20, 30]));
        assert_eq!(slashed(99), (99, 1, vec![10, 20, 30]));
        assert_eq!(slashed(100), (100, 0, vec![10, 20, 30]));
        assert_eq!(slashed(101), (101, 0, vec![10, 20, 29]));
        assert_eq!(slashed(130), (130, 0, vec![10, 20]));
        assert_eq!(slashed(145), (145, 0, vec![10, 5]));
        assert_eq!(slashed(159), (159, 0, vec![1]));
        assert_eq!(slashed(160), (160, 0, vec![]));
        assert_eq!(slashed(u128::MAX), (160, 0, vec![]));
    }
}
