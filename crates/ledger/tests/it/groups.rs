//! The group that certifies blocks: its next key, when that becomes the key, and stake that waits for it.

use chain::records::{Content, Group, GroupSlot, NextGroup, ParametersSlot};
use chain::state::State;
use chain::{
    Amount, Genesis, GroupKey, GroupSignature, Height, NetworkKind, NextWord, Time, name_next,
};
use commit::Network;
use ledger::tx::{Action, GroupNext, Transfer};
use ledger::{
    BlockError, Parameter, Rejection, Working, apply, apply_authentic, apply_with, propose,
};

use crate::proposals::{enact, proposal, proposed, vote, wait};
use crate::rejections::Case;
use crate::seats::parameters;
use crate::signer::Signer;
use crate::stakes::{staked, unstake, withdraw};
use crate::world::{SWIFT, UNBOND_MS, World, genesis, public, secret};

/// Every rejection of groups.
pub(crate) const REJECTIONS: &[Case] = &[
    (Rejection::NoGroup, |world| {
        let content = group(world, 2, 50);
        world.signed(1, &proposal(content))
    }),
    (Rejection::GroupHeight, |world| {
        *world = grouped(&[]);
        world.block(1, &[]);
        let content = group(world, 2, 2);
        world.signed(1, &proposal(content))
    }),
    (Rejection::GroupKey, |world| {
        *world = grouped(&[]);
        let Content::Group { next, .. } = group(world, 2, 50) else { unreachable!() };
        let proof = Signer::new(3).possession(world.network());
        world.signed(1, &proposal(Content::Group { next, proof }))
    }),
    (Rejection::NextQuorum, |world| {
        *world = grouped(&[]);
        let named = named(world, (2, 50), &[11, 13]);
        world.signed(1, &named)
    }),
    (Rejection::NextSignature, |world| {
        *world = grouped(&[]);
        let named = named(world, (2, 50), &[11, 12, 15]);
        world.signed(1, &named)
    }),
];

const VOTES: [(Parameter, u128); 5] = [
    (Parameter::ProposalBond, 1_000),
    (Parameter::VoteMs, 50_000),
    (Parameter::TimelockMs, 60_000),
    (Parameter::EnactMs, 60_000),
    (Parameter::QuorumLeast, 0),
];

/// A network whose first group is the first signer.
fn grouped(set: &[(Parameter, u128)]) -> World {
    let kind = NetworkKind::Test(Signer::new(1).key());
    World::of(Genesis { kind, parameters: parameters(set), ..genesis() })
}

fn key(name: u64) -> GroupKey {
    Signer::new(name).key()
}

fn group(world: &World, name: u64, at: u64) -> Content {
    let next = NextGroup { key: key(name), at: Height(at) };
    Content::Group { next, proof: Signer::new(name).possession(world.network()) }
}

fn stands(world: &World) -> Group {
    world.record(&GroupSlot).unwrap()
}

/// Puts a next key there, as a vote would.
fn announce(world: &mut World, name: u64, at: u64) {
    let next = Some(NextGroup { key: key(name), at: Height(at) });
    let mut working = Working::new(world.state.clone());
    working.put(&GroupSlot, &Group { next, ..stands(world) });
    world.state = working.finish();
    world.header.state_root = world.state.root();
}

#[test]
fn two_thirds_of_all_stake_give_the_group_another_key() {
    let mut world = grouped(&VOTES);
    let node = staked(&mut world, 1, 100);
    let content = group(&world, 2, 60);
    let (id, _) = proposed(&mut world, 1, content);
    world.take(1, &vote(id, node, true));
    wait(&mut world, 50_000);
    assert_eq!(
        world.rejection(&world.signed(2, &enact(id, 1, content))),
        Some(Rejection::Timelock)
    );
    wait(&mut world, 60_000);
    world.take(2, &enact(id, 1, content));
    let next = Some(NextGroup { key: key(2), at: Height(60) });
    assert_eq!(stands(&world), Group { next, ..Group::first(key(1)) });
    while world.header.height < Height(59) {
        world.block(1, &[]);
    }
    assert_eq!(stands(&world).key, key(1));
    assert_eq!(world.header.seats, stands(&world).digest(world.network()));
    world.block(1, &[]);
    let (from, since) = (Height(60), world.header.time);
    let turned = Group { from, since, ..Group::first(key(2)) };
    assert_eq!(stands(&world), turned);
    assert_eq!(world.header.seats, turned.digest(world.network()), "its header names the new one");
}

#[test]
fn a_key_that_comes_too_late_is_not_enacted() {
    let mut world = grouped(&VOTES);
    let node = staked(&mut world, 1, 100);
    let content = group(&world, 2, world.header.height.0 + 3);
    let (id, _) = proposed(&mut world, 1, content);
    world.take(1, &vote(id, node, true));
    wait(&mut world, 110_000);
    let refused = world.rejection(&world.signed(2, &enact(id, 1, content)));
    assert_eq!(refused, Some(Rejection::GroupHeight));
}

#[test]
fn the_same_key_is_no_next_one_and_no_group_is_in_a_simulation() {
    let mut world = grouped(&[]);
    let same = proposal(group(&world, 1, 50));
    assert_eq!(world.rejection(&world.signed(1, &same)), Some(Rejection::GroupHeight));
    let at_once = proposal(group(&world, 2, 1));
    assert_eq!(world.rejection(&world.signed(1, &at_once)), Some(Rejection::GroupHeight));
    let next = proposal(group(&world, 2, 2));
    assert_eq!(world.rejection(&world.signed(1, &next)), None);
    assert!(
        next.work() > 3_000
            && proposal(Content::Spend { to: public(1), amount: Amount(1) }).work() == 61
    );
    let next = NextGroup { key: GroupKey([7; 96]), at: Height(50) };
    let none = Content::Group { next, proof: GroupSignature([7; 48]) };
    let refused = world.rejection(&world.signed(1, &proposal(none)));
    assert_eq!(refused, Some(Rejection::GroupKey));
    world.block(1, &[]);
    assert_eq!(stands(&world), Group::first(key(1)));
}

/// A next key with signatures for it, each as the seat's at whose place it stands, from the first one on.
fn word(world: &World, (name, at): (u64, u64), seats: &[u8], network: Network) -> GroupNext {
    let next = NextGroup { key: key(name), at: Height(at) };
    let group = stands(world);
    let sign = |seat: &u8| name_next(network, &secret(*seat), &group, &next);
    let proof = Signer::new(name).possession(world.network());
    GroupNext { next, proof, word: NextWord((0..).zip(seats.iter().map(sign)).collect()) }
}

fn named(world: &World, next: (u64, u64), seats: &[u8]) -> Action {
    Action::GroupNext(Box::new(word(world, next, seats, world.network())))
}

const QUORUM: [u8; 3] = [11, 12, 13];

#[test]
fn seats_name_the_next_key_without_a_vote() {
    let mut world = grouped(&[]);
    let before = stands(&world);
    let one = named(&world, (2, 50), &QUORUM);
    assert_eq!(one.work(), 3_061 + 3 * 60);
    world.take(5, &one);
    let next = Some(NextGroup { key: key(2), at: Height(50) });
    assert_eq!(stands(&world), Group { next, ..before });
    assert_eq!(world.header.seats, stands(&world).digest(world.network()));
    let again = world.rejection(&world.signed(4, &one));
    assert_eq!(again, Some(Rejection::NextSignature), "it was over the record as it was");
    let height = world.header.height.0 + 2;
    let another = named(&world, (3, height), &[11, 12, 13, 14]);
    world.take(4, &another);
    let replayed = world.rejection(&world.signed(4, &one));
    assert_eq!(replayed, Some(Rejection::NextSignature), "nobody goes back to it");
    while world.header.height < Height(height) {
        world.block(1, &[]);
    }
    assert_eq!((stands(&world).key, stands(&world).next), (key(3), None));
    let replayed = world.rejection(&world.signed(4, &one));
    assert_eq!(replayed, Some(Rejection::NextSignature), "it named what follows another key");
}

#[test]
fn no_next_key_is_named_without_a_quorum_of_the_seats_of_now() {
    let world = grouped(&[]);
    let refused =
        |made: GroupNext| world.rejection(&world.signed(1, &Action::GroupNext(Box::new(made))));
    let made = |next, seats: &[u8]| word(&world, next, seats, world.network());
    let change = |alter: &dyn Fn(&mut GroupNext)| {
        let mut named = made((2, 50), &QUORUM);
        alter(&mut named);
        refused(named)
    };
    assert_eq!(change(&|_| {}), None);
    let of_nobody = Some(Rejection::NextSignature);
    assert_eq!(refused(word(&world, (2, 50), &QUORUM, Network([7; 32]))), of_nobody);
    assert_eq!(change(&|named| named.next.at = Height(51)), of_nobody);
    assert_eq!(change(&|named| named.next.key = key(3)), of_nobody);
    assert_eq!(change(&|named| named.word.0[2].0 = 3), of_nobody, "another seat's place");
    assert_eq!(change(&|named| named.word.0[2].0 = 4), of_nobody, "no seat");
    assert_eq!(refused(made((2, 50), &[12, 13, 14])), of_nobody);
    assert_eq!(refused(made((2, 50), &[])), Some(Rejection::NextQuorum));
    let stolen = Signer::new(3).possession(world.network());
    assert_eq!(change(&|named| named.proof = stolen), Some(Rejection::GroupKey));
    let height = world.header.height.0 + 1;
    assert_eq!(refused(made((2, height), &QUORUM)), Some(Rejection::GroupHeight));
    assert_eq!(refused(made((2, height + 1), &QUORUM)), None);
    assert_eq!(refused(made((1, 50), &QUORUM)), Some(Rejection::GroupHeight));
    let twice = change(&|named| named.word.0[2] = named.word.0[1]);
    assert_eq!(twice, Some(Rejection::Body), "a seat has one voice");
    let simulation = World::new();
    let named = Action::GroupNext(Box::new(made((2, 50), &QUORUM)));
    assert_eq!(simulation.rejection(&simulation.signed(1, &named)), Some(Rejection::NoGroup));
}

/// From genesis on, without a vote: who unbonds in time goes in time.
#[test]
fn stake_leaves_where_the_seats_name_keys_in_time() {
    let mut world = grouped(&SWIFT);
    let node = staked(&mut world, 1, 100);
    world.take(1, &unstake(node, 60));
    let mut name = 2;
    while world.header.time.0 < UNBOND_MS + 20_000 {
        let at = world.header.height.0 + 2;
        let next = named(&world, (name, at), &QUORUM);
        world.take(3, &next);
        world.block(10_000, &[]);
        assert_eq!((stands(&world).key, stands(&world).held), (key(name), Time(0)));
        world.block(10_000, &[]);
        name += 1;
    }
    world.take(1, &withdraw(node));
}

/// An eighth of the least time in which stake leaves.
const TERM_MS: u64 = UNBOND_MS / 8;

/// A node with an entry that has been due for long, at a time of the network.
fn leaving(at: u64, change: Option<u64>) -> (World, Action) {
    let mut world = grouped(&SWIFT);
    let node = staked(&mut world, 1, 100);
    world.take(1, &unstake(node, 60));
    let wait_until = |world: &mut World, at: u64| {
        while world.header.time.0 < at {
            let left = at - world.header.time.0;
            world.block(left.min(10_000), &[]);
        }
    };
    if let Some(change) = change {
        wait_until(&mut world, change - 1);
        let height = world.header.height.0 + 1;
        announce(&mut world, 2, height);
        world.block(1, &[]);
        assert_eq!((stands(&world).key, stands(&world).since), (key(2), Time(change)));
    }
    wait_until(&mut world, at - 1);
    (world, withdraw(node))
}

#[test]
fn no_stake_leaves_while_a_key_is_too_old() {
    let refused = |at, change| {
        let (world, withdraw) = leaving(at, change);
        world.rejection(&world.signed(1, &withdraw))
    };
    let waits = Some(Rejection::NothingDue);
    let late = UNBOND_MS + 10_000;
    assert_eq!(refused(late, None), waits, "the first key is too old");
    assert_eq!(refused(late, Some(TERM_MS)), waits, "so is the second");
    assert_eq!(refused(late, Some(late - TERM_MS)), waits, "the first one was");
    let held = late - TERM_MS + UNBOND_MS;
    assert_eq!(refused(held, Some(late - TERM_MS)), waits, "both were");
}

/// A vote may make stake wait longer, and take that back: a key's term is what the genesis says all the while.
#[test]
fn a_vote_makes_no_term_longer() {
    let mut world = grouped(&SWIFT);
    let mut values = world.record(&ParametersSlot).unwrap();
    values.0.insert(Parameter::UnbondMs.number(), u128::from(4 * UNBOND_MS));
    world.put(&ParametersSlot, &values);
    world.header.state_root = world.state.root();
    while world.header.time.0 <= TERM_MS {
        world.block(10_000, &[]);
    }
    let height = world.header.height.0 + 1;
    announce(&mut world, 2, height);
    world.block(1, &[]);
    assert_eq!(stands(&world).held, Time(world.header.time.0 + UNBOND_MS));
}

#[test]
fn stake_leaves_where_keys_change_in_time() {
    let mut world = grouped(&SWIFT);
    let node = staked(&mut world, 1, 100);
    world.take(1, &unstake(node, 60));
    let mut name = 2;
    while world.header.time.0 < UNBOND_MS + 10_000 {
        let height = world.header.height.0 + 2;
        announce(&mut world, name, height);
        name += 1;
        world.block(10_000, &[]);
        world.block(10_000, &[]);
        assert_eq!(stands(&world).held, Time(0));
    }
    world.take(1, &withdraw(node));
    let mut late = world;
    let before = late.header.time.0;
    while late.header.time.0 < before + TERM_MS {
        late.block(10_000, &[]);
    }
    let height = late.header.height.0 + 1;
    announce(&mut late, name, height);
    late.block(1, &[]);
    assert_eq!(stands(&late).held, Time(late.header.time.0 + UNBOND_MS));
}

/// Where a group certifies, whoever judges a block says which beacon consensus gave, whether it checks signatures or
/// somebody did before.
#[test]
fn a_beacon_is_what_consensus_gives() {
    let refused = Err(BlockError::Header("beacon"));
    let root = |judged: Result<State, BlockError>| judged.map(|state| state.root());
    for mut world in [grouped(&[]), World::new()] {
        world.block(1, &[]);
        let given = world.opening(1);
        let paid = Action::Transfer(Transfer { to: public(2), amount: Amount(7) });
        let sent = [world.signed(1, &paid)];
        let (state, parent) = (&world.state, &world.header);
        let block = propose(state, parent, public(11), &given, &sent).unwrap().block;
        let made = Ok(block.header.state_root);
        let with = |beacon| {
            let judged = root(apply_authentic(state, parent, beacon, &block.header, &sent));
            let again = match beacon {
                None => apply(state, parent, block.clone()),
                Some(beacon) => apply_with(state, parent, beacon, block.clone()),
            };
            assert_eq!(judged, root(again), "signatures are all that is not checked again");
            judged
        };
        assert_eq!(with(Some(given.beacon)), made);
        assert_eq!(with(Some([1; 32])), refused);
        let unknown = if world.genesis.kind.group().is_some() { refused.clone() } else { made };
        assert_eq!(with(None), unknown);
    }
}
