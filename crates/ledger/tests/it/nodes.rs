//! Kinds 2 to 5.

use chain::records::{Address, BoundKey, KeyRole, KeySlot, Node, NodeId, NodeSlot, Roles};
use chain::{Amount, Time};
use ledger::tx::{Action, NodeCreate, NodeKey, NodeRetire, NodeSet};
use ledger::{Claim, Rejection};
use receipt::PublicKey;

use crate::rejections::Case;
use crate::world::{World, public, secret};

/// Every rejection of these kinds, brought about.
pub(crate) const REJECTIONS: &[Case] = &[
    (Rejection::KeyUnsigned, |world| {
        let (node, NodeCreate { mut operator, .. }) = (world.next_node(1), create(world, 1, 20));
        operator.signature = claim(world, node, KeyRole::Transport, 20).signature;
        world.signed(1, &Action::NodeCreate(NodeCreate { operator, ..create(world, 1, 20) }))
    }),
    (Rejection::KeyBound, |world| {
        made(world, 1, 20);
        world.signed(2, &Action::NodeCreate(create(world, 2, 22)))
    }),
    (Rejection::NoNode, |world| world.signed(1, &set(NodeId([1; 32]), 1, "a"))),
    (Rejection::NotOwner, |world| {
        let node = made(world, 1, 20);
        world.signed(2, &set(node, 1, "a"))
    }),
    (Rejection::Retired, |world| {
        let node = made(world, 1, 20);
        world.take(1, &retire(node));
        world.signed(1, &retire(node))
    }),
    (Rejection::KeyBefore, |world| {
        let node = made(world, 1, 20);
        world.signed(1, &key(world, (node, KeyRole::Operator), 21, 30))
    }),
];

/// A node of an account, whose keys have this name and the two after it.
pub(crate) fn made(world: &mut World, owner: u8, keys: u8) -> NodeId {
    let node = world.next_node(owner);
    world.take(owner, &Action::NodeCreate(create(world, owner, keys)));
    node
}

fn create(world: &World, owner: u8, keys: u8) -> NodeCreate {
    let node = world.next_node(owner);
    NodeCreate {
        roles: Roles::of(5).unwrap(),
        address: Address::of("example.org:4433").unwrap(),
        operator: claim(world, node, KeyRole::Operator, keys),
        transport: claim(world, node, KeyRole::Transport, keys + 1),
        validator: claim(world, node, KeyRole::Validator, keys + 2),
    }
}

pub(crate) fn claim(world: &World, node: NodeId, role: KeyRole, name: u8) -> Claim {
    let signature = role.bind(world.network(), &secret(name), node);
    Claim { key: public(name), signature }
}

fn set(node: NodeId, roles: u8, address: &str) -> Action {
    let (roles, address) = (Roles::of(roles).unwrap(), Address::of(address).unwrap());
    Action::NodeSet(NodeSet { node, roles, address })
}

pub(crate) fn key(world: &World, (node, role): (NodeId, KeyRole), before: u8, then: u8) -> Action {
    let (before, claim) = (public(before), claim(world, node, role, then));
    Action::NodeKey(NodeKey { node, role, before, claim })
}

pub(crate) fn retire(node: NodeId) -> Action {
    Action::NodeRetire(NodeRetire { node })
}

fn node(world: &World, id: NodeId) -> Node {
    world.record(&NodeSlot(id)).unwrap()
}

#[test]
fn a_node_is_its_payers_and_its_keys_find_it() {
    let mut world = World::new();
    let id = made(&mut world, 1, 20);
    let made = node(&world, id);
    assert_eq!((made.owner, made.created), (public(1), Time(1)));
    assert_eq!((made.stake, made.retired), (Amount::ZERO, false));
    let roles = [KeyRole::Operator, KeyRole::Transport, KeyRole::Validator];
    for (name, role) in (20..).zip(roles) {
        let bound = BoundKey { node: id, role, from: Time(1), until: Time(0) };
        assert_eq!(world.record(&KeySlot(public(name))), Some(bound));
    }
    assert_eq!([made.operator, made.transport, made.validator], [20, 21, 22].map(public));
}

#[test]
fn a_node_may_do_without_all_but_an_operator() {
    let mut world = World::new();
    let full = create(&world, 1, 20);
    let id = world.next_node(1);
    let bare = NodeCreate { transport: Claim::NONE, validator: Claim::NONE, ..full.clone() };
    let none = NodeCreate { operator: Claim::NONE, ..full };
    let refused = world.rejection(&world.signed(1, &Action::NodeCreate(none)));
    assert_eq!(refused, Some(Rejection::Body));
    world.take(1, &Action::NodeCreate(bare));
    assert_eq!(node(&world, id).transport, PublicKey::NONE);
    assert_eq!(world.record(&KeySlot(PublicKey::NONE)), None);
}

#[test]
fn one_key_is_not_two() {
    let world = World::new();
    let twice = NodeCreate {
        transport: claim(&world, world.next_node(1), KeyRole::Transport, 20),
        ..create(&world, 1, 20)
    };
    let refused = world.rejection(&world.signed(1, &Action::NodeCreate(twice)));
    assert_eq!(refused, Some(Rejection::KeyBound));
}

#[test]
fn a_word_for_one_node_is_none_for_another() {
    let world = World::new();
    let others = create(&world, 2, 20);
    let refused = world.rejection(&world.signed(1, &Action::NodeCreate(others)));
    assert_eq!(refused, Some(Rejection::KeyUnsigned));
}

#[test]
fn a_node_says_another_address() {
    let mut world = World::new();
    let id = made(&mut world, 1, 20);
    world.take(1, &set(id, 10, ""));
    let node = node(&world, id);
    assert_eq!((node.roles, node.address.text()), (Roles::of(10).unwrap(), ""));
    assert_eq!(Roles::of(16), None);
    assert_eq!(Address::of("a b"), None);
    assert_eq!(Address::of(&"a".repeat(257)), None);
}

#[test]
fn an_old_key_still_finds_its_node_and_comes_back_nowhere() {
    let mut world = World::new();
    let id = made(&mut world, 1, 20);
    world.take(1, &key(&world, (id, KeyRole::Operator), 20, 30));
    assert_eq!(node(&world, id).operator, public(30));
    let old = world.record(&KeySlot(public(20))).unwrap();
    assert_eq!((old.node, old.from, old.until), (id, Time(1), Time(2)));
    let back = key(&world, (id, KeyRole::Operator), 30, 20);
    assert_eq!(world.rejection(&world.signed(1, &back)), Some(Rejection::KeyBound));
}

#[test]
fn a_transport_key_may_go_and_another_come() {
    let mut world = World::new();
    let id = made(&mut world, 1, 20);
    let role = KeyRole::Transport;
    let gone = NodeKey { node: id, role, before: public(21), claim: Claim::NONE };
    world.take(1, &Action::NodeKey(gone.clone()));
    assert_eq!(node(&world, id).transport, PublicKey::NONE);
    assert_eq!(world.record(&KeySlot(public(21))).unwrap().until, Time(2));
    let again = NodeKey { before: PublicKey::NONE, claim: claim(&world, id, role, 31), ..gone };
    world.take(1, &Action::NodeKey(again));
    assert_eq!(node(&world, id).transport, public(31));
    let none =
        NodeKey { node: id, role: KeyRole::Operator, before: public(20), claim: Claim::NONE };
    let refused = world.rejection(&world.signed(1, &Action::NodeKey(none)));
    assert_eq!(refused, Some(Rejection::Body));
}

#[test]
fn a_retired_node_stays_and_changes_no_more() {
    let mut world = World::new();
    let id = made(&mut world, 1, 20);
    world.take(1, &retire(id));
    assert!(node(&world, id).retired);
    for action in [set(id, 1, ""), key(&world, (id, KeyRole::Operator), 20, 30)] {
        let refused = world.rejection(&world.signed(1, &action));
        assert_eq!(refused, Some(Rejection::Retired));
    }
    assert_eq!(world.record(&KeySlot(public(20))).unwrap().until, Time(0));
}
