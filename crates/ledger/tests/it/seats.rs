//! Kind 9, and what happens where an epoch ends.

use chain::records::{
    AccountSlot, Address, Candidates, CandidatesSlot, Node, NodeId, NodeSlot, ParameterValues,
    PurseSlot, Roles, Seats, SeatsSlot,
};
use chain::{Amount, Epoch, Genesis, GenesisNode, Time};
use ledger::tx::{Action, Stand, Wish};
use ledger::{GenesisError, Parameter, Rejection, Working, begin, seated};
use receipt::PublicKey;

use crate::nodes::{made, retire};
use crate::rejections::Case;
use crate::stakes::{change, staked};
use crate::world::{RICH, World, genesis, public};

/// What a candidate needs.
const ENOUGH: u128 = 1_000;

/// Every rejection of this kind that others don't have.
pub(crate) const REJECTIONS: &[Case] = &[
    (Rejection::Jailed, |world| {
        *world = poor();
        let node = staked(world, 1, ENOUGH);
        change(world, node, |node| node.jailed_until = Time(1_000));
        world.signed(1, &stand(node))
    }),
    (Rejection::NoValidatorKey, |world| {
        *world = poor();
        let node = staked(world, 1, ENOUGH);
        change(world, node, |node| node.validator = PublicKey::NONE);
        world.signed(1, &stand(node))
    }),
    (Rejection::StakeShort, |world| {
        *world = poor();
        let node = staked(world, 1, ENOUGH - 1);
        world.signed(1, &stand(node))
    }),
    (Rejection::Standing, |world| {
        *world = poor();
        let node = staked(world, 1, ENOUGH);
        world.take(1, &stand(node));
        world.signed(1, &stand(node))
    }),
    (Rejection::NotStanding, |world| {
        let node = made(world, 1, 20);
        world.signed(1, &leave(node))
    }),
    (Rejection::CandidatesFull, |world| {
        *world = poor();
        let (first, _) = fill(world);
        let node = staked(world, 1, ENOUGH);
        change(world, first, |node| node.stake = Amount(ENOUGH));
        world.signed(1, &instead(node, first))
    }),
];

fn stand(node: NodeId) -> Action {
    instead(node, NodeId::default())
}

fn instead(node: NodeId, instead: NodeId) -> Action {
    Action::Stand(Stand { node, wish: Wish::Join { instead } })
}

fn leave(node: NodeId) -> Action {
    Action::Stand(Stand { node, wish: Wish::Leave })
}

pub(crate) fn parameters(set: &[(Parameter, u128)]) -> ParameterValues {
    ParameterValues(set.iter().map(|(parameter, value)| (parameter.number(), *value)).collect())
}

/// A network in which little stake is enough.
fn poor() -> World {
    let parameters = parameters(&[(Parameter::StakeValidator, ENOUGH)]);
    World::of(Genesis { parameters, ..genesis() })
}

/// A network that begins with four nodes, which have these stakes.
fn begun(stakes: [u128; 4], set: &[(Parameter, u128)]) -> Genesis {
    let node = |(name, stake): (u8, u128)| GenesisNode {
        owner: public(name + 50),
        operator: public(name + 70),
        transport: PublicKey::NONE,
        validator: public(name),
        roles: Roles::default(),
        address: Address::default(),
        stake: Amount(stake),
    };
    let nodes = (11..).zip(stakes).map(node).collect();
    let set: Vec<_> = [(Parameter::StakeValidator, ENOUGH)].iter().chain(set).copied().collect();
    let parameters = parameters(&set);
    seated(Genesis { nodes, parameters, ..genesis() }).unwrap()
}

fn candidates(world: &World) -> Candidates {
    world.record(&CandidatesSlot).unwrap_or_default()
}

fn seats(world: &World) -> Seats {
    world.record(&SeatsSlot).unwrap()
}

/// How many seats these validators have.
fn shares(seats: &Seats, names: &[u8]) -> Vec<usize> {
    let count = |name| seats.0.iter().filter(|seat| seat.key == public(name)).count();
    names.iter().map(|name| count(*name)).collect()
}

/// Fills the list of candidates, behind the rules' back, with nodes of no stake: the first, and all of them.
fn fill(world: &mut World) -> (NodeId, Candidates) {
    let id = |at: u16| NodeId([[0; 30].as_slice(), &at.to_be_bytes()].concat().try_into().unwrap());
    let all = Candidates((0..256).map(id).collect());
    let mut working = Working::new(world.state.clone());
    working.put(&CandidatesSlot, &all);
    let said = (Roles::default(), Address::default());
    let node = Node::new(public(1), [PublicKey::NONE; 3], said, Time(0));
    all.0.iter().for_each(|id| working.put(&NodeSlot(*id), &node));
    world.state = working.finish();
    world.header.state_root = world.state.root();
    (id(0), all)
}

/// The last block of an epoch, and the first of the next.
fn end_epoch(world: &mut World) {
    let epoch = world.header.epoch;
    while world.header.epoch == epoch {
        world.block(10_000, &[]);
    }
}

#[test]
fn a_node_stands_and_leaves() {
    let mut world = poor();
    let node = staked(&mut world, 1, ENOUGH);
    world.take(1, &stand(node));
    assert_eq!(candidates(&world), Candidates([node].into()));
    assert_eq!(world.rejection(&world.signed(2, &leave(node))), Some(Rejection::NotOwner));
    world.take(1, &leave(node));
    assert_eq!(world.record(&CandidatesSlot), None);
    world.take(1, &stand(node));
    world.take(1, &retire(node));
    assert_eq!(world.record(&CandidatesSlot), None);
    assert_eq!(world.rejection(&world.signed(1, &stand(node))), Some(Rejection::Retired));
}

#[test]
fn where_the_list_is_full_more_stake_takes_the_place_of_less() {
    let mut world = poor();
    let (first, all) = fill(&mut world);
    let node = staked(&mut world, 1, ENOUGH);
    let refused = |other| world.rejection(&world.signed(1, &instead(node, other)));
    assert_eq!(refused(NodeId([9; 32])), Some(Rejection::CandidatesFull), "nobody's");
    world.take(1, &instead(node, first));
    let left = candidates(&world);
    assert_eq!(left.0.len(), all.0.len());
    assert!(left.0.contains(&node) && !left.0.contains(&first));
}

#[test]
fn a_genesis_gives_its_nodes_seats() {
    let genesis = begun([ENOUGH * 4, ENOUGH, ENOUGH, ENOUGH], &[]);
    let world = World::of(genesis.clone());
    assert_eq!(shares(&seats(&world), &[11, 12, 13, 14]), [10, 7, 7, 7]);
    assert_eq!(candidates(&world).0.len(), 4);
    assert_eq!(world.record(&PurseSlot).unwrap().issued, Amount(6 * RICH + 7 * ENOUGH));
    let counted = ledger::supply(&world.state).unwrap();
    assert_eq!(counted.there, counted.booked);
    let refused = |change: &dyn Fn(&mut Genesis)| {
        let mut other = genesis.clone();
        change(&mut other);
        begin(&other).unwrap_err()
    };
    assert_eq!(refused(&|other| other.seats.0.truncate(30)), GenesisError::Seats);
    assert_eq!(refused(&|other| other.nodes[3].operator = PublicKey::NONE), GenesisError::Keys);
    assert_eq!(refused(&|other| other.nodes[3].transport = public(81)), GenesisError::Keys);
    let money = refused(&|other| other.nodes[3].stake = Amount(u128::MAX - 5));
    assert!(matches!(money, GenesisError::Money(_) | GenesisError::Seats), "{money}");
}

#[test]
fn fewer_than_enough_keep_the_seats_of_the_genesis() {
    let founders = begun([ENOUGH, ENOUGH, ENOUGH, ENOUGH - 1], &[]);
    assert_eq!(founders.seats, genesis().seats);
    let mut world = World::of(founders);
    assert_eq!(candidates(&world).0.len(), 3);
    end_epoch(&mut world);
    assert_eq!(seats(&world), genesis().seats);
}

#[test]
fn seats_are_shared_anew_with_every_epoch() {
    let mut world = World::of(begun([ENOUGH; 4], &[]));
    let node = staked(&mut world, 1, ENOUGH * 4);
    world.take(1, &stand(node));
    let before = world.header.seats;
    assert_eq!(shares(&seats(&world), &[105]), [0], "until the epoch ends");
    end_epoch(&mut world);
    assert_eq!(world.header.epoch, Epoch(2));
    assert_ne!(world.header.seats, before);
    let now = shares(&seats(&world), &[105, 11, 12, 13, 14]);
    assert_eq!((now[0], now.iter().sum::<usize>()), (10, 31));
}

#[test]
fn who_may_no_longer_stand_loses_seats_and_place() {
    let genesis = begun([ENOUGH; 4], &[(Parameter::CandidatesMin, 2)]);
    let ids: Vec<_> = (0..).zip(&genesis.nodes).map(|(place, node)| node.id(place)).collect();
    let mut world = World::of(genesis);
    change(&mut world, ids[1], |node| node.jailed_until = Time(u64::MAX));
    change(&mut world, ids[2], |node| node.stake = Amount(ENOUGH - 1));
    change(&mut world, ids[3], |node| node.stake = Amount(ENOUGH + 1));
    end_epoch_unbooked(&mut world);
    assert_eq!(candidates(&world), Candidates([ids[0], ids[3]].into()));
    assert_eq!(shares(&seats(&world), &[11, 12, 13, 14]), [15, 0, 0, 16]);
}

/// The same, where money was changed behind the rules' back.
fn end_epoch_unbooked(world: &mut World) {
    while world.header.epoch == Epoch(1) {
        let opening = world.opening(10_000);
        let proposer = seats(world).0[0].key;
        let made = ledger::propose(&world.state, &world.header, proposer, &opening, &[]).unwrap();
        (world.state, world.header) = (made.state, made.block.header);
    }
}

#[test]
fn fees_and_what_is_issued_go_to_the_seats() {
    let set = [(Parameter::IssuedEpoch, 1_000_000)];
    let mut world = World::of(begun([ENOUGH * 4, ENOUGH, ENOUGH, ENOUGH], &set));
    world.take(1, &crate::transfer::transfer(2, 5));
    let before = world.record(&PurseSlot).unwrap();
    let pot = before.fees.0 + 1_000_000;
    end_epoch(&mut world);
    let each = pot / 31;
    let owned = |name: u8| world.record(&AccountSlot(public(name + 50))).unwrap().balance.0;
    assert_eq!([11, 12, 13, 14].map(owned), [each * 10, each * 7, each * 7, each * 7]);
    let after = world.record(&PurseSlot).unwrap();
    assert_eq!(after.fees, Amount::ZERO);
    assert_eq!(after.issued.0, before.issued.0 + 1_000_000);
    assert_eq!(after.treasury.0, before.treasury.0 + pot % 31);
}

#[test]
fn what_is_for_nobodys_seats_goes_to_the_treasury() {
    let mut world = World::new();
    world.take(1, &crate::transfer::transfer(2, 5));
    let before = world.record(&PurseSlot).unwrap();
    end_epoch(&mut world);
    let after = world.record(&PurseSlot).unwrap();
    assert_eq!((after.fees, after.treasury.0), (Amount::ZERO, before.treasury.0 + before.fees.0));
}
