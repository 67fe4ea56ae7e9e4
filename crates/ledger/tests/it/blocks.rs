//! Blocks that may follow, and all the ways in which one may not.

use chain::records::{Address, ClockSlot, EpochStart, EpochStartSlot, KeyRole, NodeId, Roles};
use chain::{Authentic, Block, Epoch, Header, Height, Stamp, Time, transactions_root};
use commit::Network;
use ledger::tx::{Action, NodeCreate};
use ledger::{BLOCK_WORK_MAX, BlockError, Claim, Rejection, apply, propose};
use receipt::Signature;

use crate::nodes::claim;
use crate::transfer::transfer;
use crate::world::{FEE_MAX, World, public};

fn made(world: &World) -> Block {
    let transactions = [world.signed(1, &transfer(2, 5)), world.signed(2, &transfer(3, 5))];
    let opening = world.opening(250);
    propose(&world.state, &world.header, public(11), &opening, &transactions).unwrap().block
}

#[test]
fn a_block_is_followed_by_the_next_one() {
    let mut world = World::new();
    for _ in 0..3 {
        let block = made(&world);
        world.state = apply(&world.state, &world.header, block.clone()).unwrap();
        world.header = block.header;
    }
    assert_eq!(world.header.height.0, 3);
    assert_eq!(world.header.time, Time(750));
}

#[test]
fn no_field_of_a_header_may_differ() {
    let world = World::new();
    let block = made(&world);
    let refused = |change: fn(&mut Header)| {
        let mut other = block.clone();
        change(&mut other.header);
        apply(&world.state, &world.header, other).unwrap_err()
    };
    let header = BlockError::Header;
    assert_eq!(refused(|header| header.protocol = 2), BlockError::Protocol { found: 2 });
    assert_eq!(refused(|header| header.height.0 += 1), header("height"));
    assert_eq!(refused(|header| header.parent[0] ^= 1), header("parent"));
    assert_eq!(refused(|header| header.time.0 += 1), header("time"));
    assert_eq!(refused(|header| header.stamp.0 += 1), header("time"));
    assert_eq!(refused(|header| header.stamp.0 -= 250), BlockError::Stamp);
    assert_eq!(refused(|header| header.proposer = public(1)), header("proposer"));
    assert_eq!(refused(|header| header.epoch.0 += 1), header("epoch"));
    assert_eq!(refused(|header| header.transactions += 1), header("count of transactions"));
    assert_eq!(refused(|header| header.transactions_root[0] ^= 1), header("root of transactions"));
    assert_eq!(refused(|header| header.seats[0] ^= 1), header("seats"));
    assert_eq!(refused(|header| header.state_root[0] ^= 1), header("state root"));
    assert_eq!(refused(|header| header.beacon[0] ^= 1), header("state root"));
}

#[test]
fn no_transaction_may_be_rejected_unsigned_or_elsewhere() {
    let world = World::new();
    let block = made(&world);
    let refused = |change: fn(&mut Block)| {
        let mut other = block.clone();
        change(&mut other);
        apply(&world.state, &world.header, other).unwrap_err()
    };
    assert_eq!(
        refused(|block| {
            block.transactions.push(block.transactions[0].clone());
            rooted(block);
        }),
        BlockError::Rejected { at: 2, why: Rejection::Number }
    );
    assert_eq!(
        refused(|block| {
            block.transactions[1].signature = Signature::NONE;
            rooted(block);
        }),
        BlockError::Signature { at: 1 }
    );
    assert_eq!(
        refused(|block| block.transactions.swap(0, 1)),
        BlockError::Header("root of transactions")
    );
    assert_eq!(
        refused(|block| drop(block.transactions.pop())),
        BlockError::Header("count of transactions")
    );
}

/// Its header says so of the transactions that it has now.
fn rooted(block: &mut Block) {
    let network = World::new().network();
    block.header.transactions = block.transactions.len().try_into().unwrap();
    block.header.transactions_root = transactions_root(network, &block.transactions);
}

/// Who makes up a header has nobody check signatures for it, much less execute.
#[test]
fn what_costs_least_is_looked_at_first() {
    let world = World::new();
    let mut block = made(&world);
    block.transactions[0].signature = Signature::NONE;
    let unsigned = block.header;
    rooted(&mut block);
    let refused = |change: fn(&mut Header)| {
        let mut other = block.clone();
        change(&mut other.header);
        apply(&world.state, &world.header, other).unwrap_err()
    };
    let header = BlockError::Header;
    assert_eq!(refused(|_| ()), BlockError::Signature { at: 0 });
    assert_eq!(refused(|header| header.state_root[0] ^= 1), BlockError::Signature { at: 0 });
    assert_eq!(refused(|header| header.height.0 += 1), header("height"));
    assert_eq!(refused(|header| header.parent[0] ^= 1), header("parent"));
    assert_eq!(refused(|header| header.time.0 += 1), header("time"));
    assert_eq!(refused(|header| header.epoch.0 += 1), header("epoch"));
    assert_eq!(refused(|header| header.transactions = 1), header("count of transactions"));
    block.header = unsigned;
    assert_eq!(
        apply(&world.state, &world.header, block).unwrap_err(),
        header("root of transactions")
    );
}

/// Transactions of just as much work as a block has room for, and one more.
fn work_of_a_block(world: &World) -> Vec<Authentic> {
    let signed = |at: usize, action: &Action| {
        world.signed_as(1, world.account(1).made + u64::try_from(at).unwrap(), FEE_MAX, action)
    };
    let manifest = crate::packages::manifest();
    let package = |name| crate::packages::published(manifest.clone(), name, world.network());
    let mut actions: Vec<Action> = (1..=100).map(package).collect();
    for at in 0..73 {
        let number = world.account(1).made + actions.len() as u64;
        let node = NodeId::of(world.network(), public(1), number);
        actions.push(Action::NodeCreate(NodeCreate {
            roles: Roles::default(),
            address: Address::default(),
            operator: claim(world, node, KeyRole::Operator, 120 + at),
            transport: Claim::NONE,
            validator: Claim::NONE,
        }));
    }
    let work: u64 = actions.iter().map(Action::work).sum();
    let transfers = (BLOCK_WORK_MAX - work) / transfer(2, 1).work();
    assert_eq!(work + transfers * transfer(2, 1).work(), BLOCK_WORK_MAX, "just as much");
    actions.extend((0..=transfers).map(|_| transfer(2, 1)));
    (0..).zip(&actions).map(|(at, action)| signed(at, action)).collect()
}

#[test]
fn a_block_has_room_for_so_much_work() {
    let mut world = World::new();
    world.take(1, &crate::packages::program());
    let all = work_of_a_block(&world);
    let proposed =
        propose(&world.state, &world.header, public(11), &world.opening(1), &all).unwrap();
    assert_eq!(proposed.left_out, [], "what has no room was not rejected");
    let mut block = proposed.block;
    assert_eq!(block.transactions.len(), all.len() - 1);
    let follows = apply(&world.state, &world.header, block.clone()).unwrap();
    assert_eq!(follows.root(), proposed.state.root());
    block.transactions.push(all[all.len() - 1].get().clone());
    block.header.transactions += 1;
    block.header.transactions_root = transactions_root(world.network(), &block.transactions);
    let refused = apply(&world.state, &world.header, block).unwrap_err();
    assert_eq!(refused, BlockError::Work);
}

/// Transactions that are rejected late keep nobody from proposing in time.
#[test]
fn a_proposer_tries_so_much_work() {
    let mut world = World::new();
    world.take(1, &crate::packages::program());
    let unsigned = crate::packages::published(crate::packages::manifest(), 1, Network::OFFLINE);
    let rejected = world.signed(1, &unsigned);
    let tried = 2 * BLOCK_WORK_MAX / unsigned.work() + 1;
    let mut all = vec![rejected; usize::try_from(tried).unwrap() + 5];
    all.push(world.signed(1, &transfer(2, 1)));
    let propose = |all: &[Authentic]| {
        propose(&world.state, &world.header, public(11), &world.opening(1), all).unwrap()
    };
    let proposed = propose(&all);
    assert_eq!(proposed.left_out.len() as u64, tried);
    assert_eq!(proposed.block.transactions, []);
    let proposed = propose(&all[6..]);
    assert_eq!((proposed.left_out.len() as u64, proposed.block.transactions.len()), (tried - 1, 1));
}

#[test]
fn a_proposer_leaves_out_what_is_rejected() {
    let world = World::new();
    let transactions = [
        world.signed(1, &transfer(2, 0)),
        world.signed(1, &transfer(2, 7)),
        world.signed(1, &transfer(2, 7)),
    ];
    let opening = world.opening(1);
    let proposed =
        propose(&world.state, &world.header, public(11), &opening, &transactions).unwrap();
    assert_eq!(proposed.left_out, [(0, Rejection::NothingMoved), (2, Rejection::Number)]);
    let state = apply(&world.state, &world.header, proposed.block).unwrap();
    assert_eq!(state.root(), proposed.state.root());
}

/// A day without a block is ten seconds of block time.
#[test]
fn block_time_stands_still_while_the_network_does() {
    let mut world = World::new();
    world.block(86_400_000, &[]);
    assert_eq!(world.header.time, Time(10_000));
    assert_eq!(world.header.stamp, Stamp(world.genesis.stamp.0 + 86_400_000));
    world.block(400, &[]);
    assert_eq!(world.header.time, Time(10_400));
}

#[test]
fn epochs_begin_with_the_first_block_of_their_time() {
    let mut world = World::new();
    for _ in 0..359 {
        world.block(10_000, &[]);
    }
    assert_eq!((world.header.epoch, world.header.time), (Epoch(1), Time(3_590_000)));
    world.block(9_999, &[]);
    assert_eq!(world.header.epoch, Epoch(1));
    world.block(5, &[]);
    assert_eq!((world.header.epoch, world.header.time), (Epoch(2), Time(3_600_004)));
    assert_eq!(world.record(&ClockSlot).unwrap().epoch_began, Time(3_600_004));
}

#[test]
fn the_start_of_an_epoch_is_kept_for_a_while() {
    let mut world = World::new();
    let network = world.network().0;
    let start = |world: &World, epoch| world.record(&EpochStartSlot(Epoch(epoch)));
    let genesis =
        EpochStart { height: Height(0), time: Time(0), beacon: network, judged: Epoch(241) };
    assert_eq!(start(&world, 1), Some(genesis));
    world.at(Time(3_599_999));
    world.block(1, &[]);
    let second = EpochStart {
        height: Height(1),
        time: Time(3_600_000),
        beacon: [9; 32],
        judged: Epoch(242),
    };
    assert_eq!(start(&world, 2), Some(second));
    world.block(10_000, &[]);
    assert_eq!(start(&world, 2), Some(second), "it is of the first block");
    for (next, gone) in [(4_096, 0), (4_097, 1), (4_098, 2)] {
        world.epoch(Epoch(next - 1));
        world.at(Time(next * 3_600_000));
        world.block(1, &[]);
        assert_eq!(world.header.epoch, Epoch(next));
        assert!(start(&world, next).is_some());
        let (one, two) = (start(&world, 1), start(&world, 2));
        assert_eq!((one.is_some(), two.is_some()), (gone < 1, gone < 2));
    }
}
