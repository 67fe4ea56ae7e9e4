//! Kinds 6 to 8.

use chain::records::{Node, NodeId, NodeSlot, Owed, ParametersSlot, StakesSlot, Unbonding};
use chain::{Amount, Epoch, Genesis, Time};
use ledger::tx::{Action, Stake, Unstake, Withdraw};
use ledger::{Parameter, Rejection, Working};

use crate::nodes::{made, retire};
use crate::rejections::Case;
use crate::seats::parameters;
use crate::world::{RICH, STEP_MS, SWIFT, UNBOND_MS, World, genesis};

/// Every rejection of these kinds that others don't have.
pub(crate) const REJECTIONS: &[Case] = &[
    (Rejection::StakeLess, |world| {
        let node = staked(world, 1, 100);
        world.signed(1, &unstake(node, 101))
    }),
    (Rejection::Owed, |world| {
        let node = staked(world, 1, 100);
        change(world, node, |node| node.owed.cases = Amount(60));
        world.signed(1, &unstake(node, 41))
    }),
    (Rejection::UnbondingFull, |world| {
        let node = staked(world, 1, 100);
        (0..8).for_each(|_| world.take(1, &unstake(node, 1)));
        world.signed(1, &unstake(node, 1))
    }),
    (Rejection::NothingDue, |world| {
        let node = staked(world, 1, 100);
        world.take(1, &unstake(node, 50));
        world.signed(1, &withdraw(node))
    }),
];

pub(crate) fn stake(node: NodeId, amount: u128) -> Action {
    Action::Stake(Stake { node, amount: Amount(amount) })
}

pub(crate) fn unstake(node: NodeId, amount: u128) -> Action {
    Action::Unstake(Unstake { node, amount: Amount(amount) })
}

pub(crate) fn withdraw(node: NodeId) -> Action {
    Action::Withdraw(Withdraw { node })
}

/// A node of an account, which has put this at stake.
pub(crate) fn staked(world: &mut World, owner: u8, amount: u128) -> NodeId {
    let node = made(world, owner, 100 + owner * 3);
    world.take(owner, &stake(node, amount));
    node
}

/// Changes a node behind the rules' back.
pub(crate) fn change(world: &mut World, id: NodeId, change: impl FnOnce(&mut Node)) {
    let mut node = world.record(&NodeSlot(id)).unwrap();
    change(&mut node);
    let mut working = Working::new(world.state.clone());
    working.put(&NodeSlot(id), &node);
    world.state = working.finish();
    world.header.state_root = world.state.root();
}

fn world() -> World {
    World::of(Genesis { parameters: parameters(&SWIFT), ..genesis() })
}

fn node(world: &World, id: NodeId) -> Node {
    world.record(&NodeSlot(id)).unwrap()
}

fn total(world: &World) -> Amount {
    world.record(&StakesSlot).unwrap_or_default().total
}

#[test]
fn anybody_stakes_and_the_owner_gets_it() {
    let mut world = world();
    let before = total(&world).0;
    let id = staked(&mut world, 1, 100);
    world.take(2, &stake(id, 50));
    assert_eq!((node(&world, id).stake, total(&world).0), (Amount(150), before + 150));
    let refused = |name, action| world.rejection(&world.signed(name, &action));
    assert_eq!(refused(2, unstake(id, 50)), Some(Rejection::NotOwner));
    assert_eq!(refused(2, withdraw(id)), Some(Rejection::NotOwner));
    assert_eq!(refused(1, stake(id, 0)), Some(Rejection::NothingMoved));
    assert_eq!(refused(1, unstake(id, 0)), Some(Rejection::NothingMoved));
    assert_eq!(refused(1, stake(id, RICH)), Some(Rejection::Balance));
    assert_eq!(refused(1, stake(NodeId([1; 32]), 1)), Some(Rejection::NoNode));
}

#[test]
fn stake_leaves_after_its_time() {
    let mut world = world();
    let before = total(&world).0;
    let id = staked(&mut world, 1, 100);
    world.take(1, &unstake(id, 30));
    world.take(1, &unstake(id, 20));
    let left = |amount, made| Unbonding {
        amount: Amount(amount),
        made: Time(made),
        least: Time(0),
        judged: Epoch(7),
    };
    let unbonding = [left(30, 3), left(20, 4)];
    assert_eq!(node(&world, id).unbonding, unbonding);
    assert_eq!((node(&world, id).stake, total(&world).0), (Amount(50), before + 50));
    (0..89).for_each(|_| world.block(STEP_MS, &[]));
    world.block(STEP_MS - 3, &[]);
    assert_eq!(world.header.time, Time(UNBOND_MS + 1));
    assert_eq!(world.rejection(&world.signed(1, &withdraw(id))), Some(Rejection::NothingDue));
    world.block(1, &[]);
    let rich = world.account(1).balance.0;
    world.take(1, &withdraw(id));
    assert_eq!(node(&world, id).unbonding, unbonding[1..]);
    // 160 bytes and 32 of a body, one unit of work and 60 of the signature.
    assert_eq!(world.account(1).balance.0, rich + 30 - 10 * (128 + 32) - 6_100);
    world.take(1, &withdraw(id));
    assert_eq!(node(&world, id).unbonding, []);
}

/// What is judged longer is answered for longer, by what left before that, too.
#[test]
fn an_entry_is_due_by_the_time_that_unbonding_takes_now() {
    let mut world = world();
    let id = staked(&mut world, 1, 100);
    world.take(1, &unstake(id, 30));
    (0..91).for_each(|_| world.block(STEP_MS, &[]));
    let takes = |milliseconds: u128| {
        let mut world = world.clone();
        let mut values = world.record(&ParametersSlot).unwrap();
        values.0.insert(Parameter::UnbondMs.number(), milliseconds);
        world.put(&ParametersSlot, &values);
        world.rejection(&world.signed(1, &withdraw(id)))
    };
    let passed = u128::from(world.header.time.0 + 1 - node(&world, id).unbonding[0].made.0);
    assert_eq!(takes(UNBOND_MS.into()), None);
    assert_eq!(takes(passed), None);
    assert_eq!(takes(passed + 1), Some(Rejection::NothingDue));
}

/// In epochs, besides: how long those take may have changed meanwhile, and how long is judged.
#[test]
fn an_entry_stays_as_long_as_what_was_dated_before_it_is_judged() {
    let mut world = world();
    let id = staked(&mut world, 1, 100);
    world.take(1, &unstake(id, 30));
    assert_eq!(node(&world, id).unbonding[0].judged, Epoch(7));
    world.at(Time(10 * UNBOND_MS));
    for (epoch, wanted) in [(9, Some(Rejection::NothingDue)), (10, None)] {
        world.epoch(Epoch(epoch));
        assert_eq!(world.rejection(&world.signed(1, &withdraw(id))), wanted, "{epoch}");
    }
}

#[test]
fn what_disputes_may_take_does_not_leave() {
    let mut world = world();
    let id = staked(&mut world, 1, 100);
    world.take(1, &unstake(id, 60));
    (0..91).for_each(|_| world.block(STEP_MS, &[]));
    let with = |owed: u128| {
        let mut world = world.clone();
        // Whatever of it is of cases and what of draws.
        let (cases, draws) = (Amount(owed / 3), Amount(owed - owed / 3));
        change(&mut world, id, |node| node.owed = Owed { cases, draws });
        [withdraw(id), unstake(id, 1)].map(|action| world.rejection(&world.signed(1, &action)))
    };
    assert_eq!(with(39), [None, None]);
    assert_eq!(with(40), [None, Some(Rejection::Owed)]);
    assert_eq!(with(41), [Some(Rejection::Owed), Some(Rejection::Owed)]);
}

#[test]
fn a_retired_node_takes_no_stake_and_gives_it_back() {
    let mut world = world();
    let id = staked(&mut world, 1, 100);
    world.take(1, &retire(id));
    let refused = world.rejection(&world.signed(1, &stake(id, 1)));
    assert_eq!(refused, Some(Rejection::Retired));
    world.take(1, &unstake(id, 100));
    (0..91).for_each(|_| world.block(STEP_MS, &[]));
    world.take(1, &withdraw(id));
    assert_eq!(node(&world, id).stake, Amount::ZERO);
}
