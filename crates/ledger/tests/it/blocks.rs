//! Blocks that may follow, and all the ways in which one may not.

use chain::records::{ClockSlot, EpochStart, EpochStartSlot};
use chain::{Block, Epoch, Header, Height, Stamp, Time};
use ledger::{BlockError, Rejection, apply, propose};
use receipt::Signature;

use crate::transfer::transfer;
use crate::world::{World, public};

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
        refused(|block| block.transactions.push(block.transactions[0].clone())),
        BlockError::Rejected { at: 2, why: Rejection::Number }
    );
    assert_eq!(
        refused(|block| block.transactions[1].signature = Signature::NONE),
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
    let genesis = EpochStart { height: Height(0), time: Time(0), beacon: network };
    assert_eq!(start(&world, 1), Some(genesis));
    world.at(Time(3_599_999));
    world.block(1, &[]);
    let second = EpochStart { height: Height(1), time: Time(3_600_000), beacon: [9; 32] };
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
