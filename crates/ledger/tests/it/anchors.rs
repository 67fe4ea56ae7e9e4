//! Kind 24: receipt logs.

use chain::records::{Anchor, AnchorSlot, BoundKey, KeyRole, KeySlot, NodeId};
use chain::{Epoch, Time};
use ledger::Rejection;
use ledger::tx::{Action, AnchorLog};
use receipt::log::{LOG_LEAVES_MAX, Log, LogLeaf, empty_root};

use crate::nodes::made;
use crate::rejections::Case;
use crate::world::{World, public};

/// The node's operator key, which pays for its anchors.
const OPERATOR: u8 = 3;

pub(crate) const REJECTIONS: &[Case] = &[
    (Rejection::NotOperator, |world| {
        made(world, 2, OPERATOR);
        world.signed(2, &anchor(&log(3), 0))
    }),
    (Rejection::AnchoredBefore, |world| {
        made(world, 2, OPERATOR);
        world.take(OPERATOR, &anchor(&log(3), 0));
        world.signed(OPERATOR, &anchor(&log(4), 3))
    }),
    (Rejection::LogOther, |world| {
        made(world, 2, OPERATOR);
        world.take(OPERATOR, &anchor(&log(3), 0));
        world.epoch(Epoch(2));
        world.signed(OPERATOR, &anchor(&log(2), 0))
    }),
];

/// A log of so many receipts.
fn log(leaves: u8) -> Log {
    Log::over((0..leaves).map(|at| LogLeaf::offline([at; 32]).hash()).collect())
}

fn anchor(log: &Log, since: u64) -> Action {
    let proof = log.consistency(since, log.size()).unwrap();
    Action::Anchor(AnchorLog { size: log.size(), root: log.root(), proof })
}

fn refused(world: &World, action: &Action) -> Option<Rejection> {
    world.rejection(&world.signed(OPERATOR, action))
}

#[test]
fn a_log_is_anchored_once_an_epoch_and_only_grows() {
    let mut world = World::new();
    made(&mut world, 2, OPERATOR);
    let mut earlier = Vec::new();
    for (epoch, before, leaves) in [(1, 0, 0), (2, 0, 3), (3, 3, 3), (4, 3, 20), (9, 20, 21)] {
        world.epoch(Epoch(epoch));
        world.take(OPERATOR, &anchor(&log(leaves), before));
        let (log, time) = (log(leaves), world.header.time);
        let (size, root) = (log.size(), log.root());
        let wanted = Anchor { size, root, epoch: Epoch(epoch), time, earlier: earlier.clone() };
        assert_eq!(world.record(&AnchorSlot(public(OPERATOR))), Some(wanted));
        earlier.push((Epoch(epoch), size));
    }
}

#[test]
fn a_log_that_did_not_grow_out_of_the_last_is_refused() {
    let mut world = World::new();
    made(&mut world, 2, OPERATOR);
    world.take(OPERATOR, &anchor(&log(5), 0));
    world.epoch(Epoch(2));
    let Action::Anchor(good) = anchor(&log(9), 5) else { panic!() };
    let other = |change: &dyn Fn(&mut AnchorLog)| {
        let mut anchor = good.clone();
        change(&mut anchor);
        refused(&world, &Action::Anchor(anchor))
    };
    assert_eq!(other(&|_| ()), None);
    assert_eq!(other(&|anchor| anchor.root[0] ^= 1), Some(Rejection::LogOther));
    assert_eq!(other(&|anchor| anchor.proof[0][0] ^= 1), Some(Rejection::LogOther));
    assert_eq!(other(&|anchor| anchor.proof.push([0; 32])), Some(Rejection::LogOther));
    assert_eq!(other(&|anchor| anchor.proof.truncate(1)), Some(Rejection::LogOther));
    assert_eq!(other(&|anchor| anchor.size = 8), Some(Rejection::LogOther));
    assert_eq!(other(&|anchor| anchor.size = LOG_LEAVES_MAX + 1), Some(Rejection::Body));
    assert_eq!(other(&|anchor| anchor.proof = vec![[0; 32]; 55]), Some(Rejection::Body));
    assert_eq!(refused(&world, &anchor(&log(4), 0)), Some(Rejection::LogOther));
    let empty = AnchorLog { size: 0, root: empty_root(), proof: Vec::new() };
    assert_eq!(refused(&world, &Action::Anchor(empty)), Some(Rejection::LogOther));
}

/// A first anchor needs no proof; an empty log has one root.
#[test]
fn the_first_anchor_grew_out_of_nothing() {
    let mut world = World::new();
    made(&mut world, 2, OPERATOR);
    let first = |size, root, proof| Action::Anchor(AnchorLog { size, root, proof });
    assert_eq!(refused(&world, &first(3, [1; 32], Vec::new())), None);
    assert_eq!(refused(&world, &first(3, [1; 32], vec![[0; 32]])), Some(Rejection::LogOther));
    assert_eq!(refused(&world, &first(0, [1; 32], Vec::new())), Some(Rejection::LogOther));
    assert_eq!(refused(&world, &first(0, empty_root(), Vec::new())), None);
}

/// Receipts that a key signed last are anchored after it was changed, for a while; transport keys have no log.
#[test]
fn a_key_that_was_changed_anchors_for_a_while() {
    let world = World::new();
    let now = world.header.time.0 + 1;
    let refused = |role, until| {
        let mut world = world.clone();
        let bound = BoundKey { node: NodeId([1; 32]), role, from: Time(0), until: Time(until) };
        world.put(&KeySlot(public(OPERATOR)), &bound);
        world.at(Time(crate::dates::late()));
        let log = anchor(&log(1), 0);
        world.rejection(&world.signed(OPERATOR, &log))
    };
    assert_eq!(refused(KeyRole::Operator, 0), None);
    assert_eq!(refused(KeyRole::Operator, now), Some(Rejection::NotOperator));
    assert_eq!(refused(KeyRole::Operator, now + 1), None);
    assert_eq!(refused(KeyRole::Transport, 0), Some(Rejection::NotOperator));
}
