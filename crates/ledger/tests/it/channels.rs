//! Kinds 20 to 23 and 25: channels, settlements and their pay.

use chain::records::{
    Channel, ChannelId, ChannelSlot, ClockSlot, Closing, EpochBook, EpochBookSlot, Node, NodeId,
    NodeSlot, PurseSlot, Settlement, SettlementSlot, Span,
};
use chain::{Amount, Epoch, Time, Voucher};
use commit::Network;
use ledger::Rejection;
use ledger::tx::{Action, ChannelClose, ChannelEnd, ChannelOpen, Collect, Settle};

use crate::disputes::slash;
use crate::nodes::{made, retire};
use crate::rejections::Case;
use crate::stakes::{change, stake, unstake};
use crate::world::{World, public, secret};

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
const DEPOSIT: u128 = 50_000_000;
/// The node's owner; 1 is who pays.
const OWNER: u8 = 2;
/// The node's operator key; it has an account, too.
const OPERATOR: u8 = 3;

pub(crate) const REJECTIONS: &[Case] = &[
    (Rejection::NoChannel, |world| {
        let pair = opened(world);
        settling(world, OWNER, &Promise { channel: ChannelId([1; 32]), ..promise(&pair, 5) })
    }),
    (Rejection::ChannelNode, |world| {
        let (channel, _) = opened(world);
        let other = made(world, 4, 40);
        settling(world, OWNER, &promise(&(channel, other), 5))
    }),
    (Rejection::NotNode, |world| {
        let pair = opened(world);
        settling(world, 1, &promise(&pair, 5))
    }),
    (Rejection::EpochOther, |world| {
        let pair = opened(world);
        settling(world, OWNER, &Promise { epoch: 2, ..promise(&pair, 5) })
    }),
    (Rejection::CasesAbove, |world| {
        let pair = settled(world);
        change(world, pair.1, |node| node.owed.cases = Amount(slash() + 1));
        world.signed(5, &collect(&pair, 1, OWNER))
    }),
    (Rejection::VoucherSignature, |world| {
        let pair = opened(world);
        settling(world, OWNER, &Promise { signer: OWNER, ..promise(&pair, 5) })
    }),
    (Rejection::VoucherExpired, |world| {
        let pair = opened(world);
        let next = world.header.time.0 + 1;
        settling(world, OWNER, &Promise { expiry: next, ..promise(&pair, 5) })
    }),
    (Rejection::VoucherOld, |world| {
        let pair = opened(world);
        settle(world, &promise(&pair, 5));
        settling(world, OWNER, &promise(&pair, 5))
    }),
    (Rejection::VoucherAbove, |world| {
        let pair = opened(world);
        settling(world, OWNER, &promise(&pair, DEPOSIT + 1))
    }),
    (Rejection::SettledBefore, |world| {
        let pair = opened(world);
        settle(world, &promise(&pair, 5));
        settling(world, OWNER, &promise(&pair, 6))
    }),
    (Rejection::NotParty, |world| {
        let pair = opened(world);
        world.signed(OPERATOR, &close(&pair))
    }),
    (Rejection::Closing, |world| {
        let pair = opened(world);
        world.take(1, &close(&pair));
        world.signed(1, &close(&pair))
    }),
    (Rejection::NotEnded, |world| {
        let (channel, _) = opened(world);
        world.signed(1, &end(channel, 1))
    }),
    (Rejection::ChannelPayer, |world| {
        let pair = opened(world);
        world.take(OWNER, &close(&pair));
        world.signed(OWNER, &end(pair.0, OWNER))
    }),
    (Rejection::NoSettlement, |world| {
        let pair = opened(world);
        world.signed(5, &collect(&pair, 1, OWNER))
    }),
    (Rejection::SettlementNode, |world| {
        let (channel, _) = settled(world);
        world.signed(5, &collect(&(channel, NodeId([1; 32])), 1, OWNER))
    }),
    (Rejection::OwnerOther, |world| {
        let pair = settled(world);
        world.signed(5, &collect(&pair, 1, 5))
    }),
    (Rejection::CollectEarly, |world| {
        let pair = settled(world);
        world.epoch(Epoch(49));
        world.signed(5, &collect(&pair, 1, OWNER))
    }),
    (Rejection::SettlementHeld, |world| {
        let pair = settled(world);
        altered(world, pair.0, |settlement| settlement.held = 1);
        world.signed(5, &collect(&pair, 1, OWNER))
    }),
    (Rejection::JailedUnpaid, |world| {
        let pair = settled(world);
        let node = world.record(&NodeSlot(pair.1)).unwrap();
        let jailed_until = Time(world.header.time.0 + 2);
        world.put(&NodeSlot(pair.1), &Node { jailed_until, ..node });
        world.signed(5, &collect(&pair, 1, OWNER))
    }),
];

/// A channel and the node it pays.
type Pair = (ChannelId, NodeId);

/// What a voucher says, who signed it, and when it is settled.
#[derive(Clone, Copy)]
struct Promise {
    channel: ChannelId,
    node: NodeId,
    cumulative: u128,
    expiry: u64,
    signer: u8,
    epoch: u64,
}

fn promise(&(channel, node): &Pair, cumulative: u128) -> Promise {
    Promise { channel, node, cumulative, expiry: u64::MAX, signer: 1, epoch: 1 }
}

fn settle_in(network: Network, promise: &Promise) -> Action {
    let voucher = Voucher {
        channel: promise.channel,
        from: Amount(promise.cumulative - 1),
        cumulative: Amount(promise.cumulative),
        expiry: Time(promise.expiry),
        job: [7; 32],
    };
    let signature = voucher.sign(network, &secret(promise.signer));
    let epoch = Epoch(promise.epoch);
    Action::Settle(Settle { node: promise.node, epoch, voucher, signature })
}

fn settling(world: &World, by: u8, promise: &Promise) -> chain::Authentic {
    world.signed(by, &settle_in(world.network(), promise))
}

fn settle(world: &mut World, promise: &Promise) {
    let action = settle_in(world.network(), promise);
    world.take(OWNER, &action);
}

fn open(node: NodeId, deposit: u128) -> Action {
    Action::ChannelOpen(ChannelOpen { node, deposit: Amount(deposit) })
}

fn close(&(channel, node): &Pair) -> Action {
    Action::ChannelClose(ChannelClose { channel, node })
}

fn end(channel: ChannelId, payer: u8) -> Action {
    Action::ChannelEnd(ChannelEnd { channel, payer: public(payer) })
}

fn collect(&(channel, node): &Pair, epoch: u64, owner: u8) -> Action {
    Action::Collect(Collect { epoch: Epoch(epoch), channel, node, owner: public(owner) })
}

/// A channel of account 1 to a node of [`OWNER`].
fn opened(world: &mut World) -> Pair {
    let node = made(world, OWNER, OPERATOR);
    world.take(OWNER, &stake(node, slash()));
    (channel(world, node), node)
}

fn channel(world: &mut World, node: NodeId) -> ChannelId {
    let channel = ChannelId::of(world.network(), public(1), world.account(1).made);
    world.take(1, &open(node, DEPOSIT));
    channel
}

/// The same, with 30 million settled in epoch 1, which is long ago.
fn settled(world: &mut World) -> Pair {
    let pair = opened(world);
    settle(world, &promise(&pair, 30_000_000));
    world.epoch(Epoch(50));
    pair
}

fn altered(world: &mut World, channel: ChannelId, change: impl Fn(&mut Settlement)) {
    let slot = SettlementSlot { epoch: Epoch(1), channel };
    let mut settlement = world.record(&slot).unwrap();
    change(&mut settlement);
    world.put(&slot, &settlement);
}

fn stands(world: &World, channel: ChannelId) -> Channel {
    world.record(&ChannelSlot(channel)).unwrap()
}

fn refused(world: &World, by: u8, action: &Action) -> Option<Rejection> {
    world.rejection(&world.signed(by, action))
}

#[test]
fn a_channel_locks_what_its_payer_has() {
    let mut world = World::new();
    let (id, node) = opened(&mut world);
    let wanted = Channel {
        payer: public(1),
        node,
        deposit: Amount(DEPOSIT),
        settled: Amount::ZERO,
        opened: Time(3),
        closing: None,
    };
    assert_eq!(stands(&world, id), wanted);
    assert_eq!(refused(&world, 1, &open(node, 0)), Some(Rejection::NothingMoved));
    assert_eq!(refused(&world, 1, &open(node, u128::MAX)), Some(Rejection::Balance));
    assert_eq!(refused(&world, 1, &open(NodeId([1; 32]), 5)), Some(Rejection::NoNode));
    world.take(OWNER, &retire(node));
    assert_eq!(refused(&world, 1, &open(node, 5)), Some(Rejection::Retired));
}

#[test]
fn channels_never_share_an_id() {
    let mut world = World::new();
    let (first, node) = opened(&mut world);
    world.take(OWNER, &close(&(first, node)));
    world.take(1, &end(first, 1));
    let second = channel(&mut world, node);
    assert_ne!(first, second);
    assert_eq!(refused(&world, OWNER, &close(&(first, node))), Some(Rejection::NoChannel));
}

#[test]
fn a_settlement_lies_behind_the_ones_before_it() {
    let mut world = World::new();
    let (first, node) = opened(&mut world);
    let second = channel(&mut world, node);
    settle(&mut world, &promise(&(first, node), 5));
    let action = settle_in(world.network(), &promise(&(second, node), 7));
    world.take(OPERATOR, &action);
    let lies = |channel, from, to, starts| {
        let span = Span { from: Amount(from), to: Amount(to) };
        let (starts, voided) = (Amount(starts), vec![]);
        let wanted = Settlement { node, span, starts, share: 40_000, voided, held: 0 };
        assert_eq!(world.record(&SettlementSlot { epoch: Epoch(1), channel }), Some(wanted));
    };
    lies(first, 0, 5, 0);
    lies(second, 0, 7, 5);
    let book = world.record(&EpochBookSlot(Epoch(1))).unwrap();
    let wanted = EpochBook { began: Time(0), settled: Amount(12), settlements: 2, ..book };
    assert_eq!(book, wanted);
    assert_eq!(stands(&world, second).settled, Amount(7));
}

#[test]
fn the_next_epoch_goes_on_where_this_one_ended() {
    let mut world = World::new();
    let pair = opened(&mut world);
    settle(&mut world, &promise(&pair, 5));
    world.epoch(Epoch(2));
    settle(&mut world, &Promise { epoch: 2, ..promise(&pair, DEPOSIT) });
    let second = world.record(&SettlementSlot { epoch: Epoch(2), channel: pair.0 }).unwrap();
    assert_eq!(second.span, Span { from: Amount(5), to: Amount(DEPOSIT) });
    assert_eq!(second.starts, Amount::ZERO);
}

#[test]
fn a_voucher_is_its_payers_for_one_channel_and_network() {
    let mut world = World::new();
    let pair = opened(&mut world);
    let other = channel(&mut world, pair.1);
    let refused = |action: &Action| refused(&world, OWNER, action);
    let elsewhere = settle_in(Network([1; 32]), &promise(&pair, 5));
    assert_eq!(refused(&elsewhere), Some(Rejection::VoucherSignature));
    let Action::Settle(mut moved) = settle_in(world.network(), &promise(&pair, 5)) else {
        panic!()
    };
    moved.voucher.channel = other;
    assert_eq!(refused(&Action::Settle(moved)), Some(Rejection::VoucherSignature));
    moved.voucher.channel = pair.0;
    assert_eq!(refused(&Action::Settle(moved)), None);
    let next = world.header.time.0 + 1;
    let expires = |at| settle_in(world.network(), &Promise { expiry: at, ..promise(&pair, 5) });
    assert_eq!(refused(&expires(next)), Some(Rejection::VoucherExpired));
    assert_eq!(refused(&expires(next + 1)), None);
}

#[test]
fn who_closes_a_channel_leaves_the_node_its_time() {
    let mut world = World::new();
    let pair = opened(&mut world);
    world.take(1, &close(&pair));
    let due = world.header.time.0 + DAY;
    assert_eq!(stands(&world, pair.0).closing, Some(Closing { due: Time(due), epoch: Epoch(3) }));
    settle(&mut world, &promise(&pair, 5));
    let ends = |world: &World| refused(world, 5, &end(pair.0, 1));
    world.at(Time(due - 2));
    world.epoch(Epoch(3));
    assert_eq!(ends(&world), Some(Rejection::NotEnded), "a moment too early");
    world.at(Time(due));
    world.epoch(Epoch(2));
    assert_eq!(ends(&world), Some(Rejection::NotEnded), "an epoch too early");
    settle(&mut world, &Promise { epoch: 2, ..promise(&pair, 6) });
    world.epoch(Epoch(3));
    let before = world.account(1).balance;
    world.take(5, &end(pair.0, 1));
    assert_eq!(world.account(1).balance, before.plus(Amount(DEPOSIT - 6)).unwrap());
    assert_eq!(world.record(&ChannelSlot(pair.0)), None);
}

#[test]
fn the_nodes_owner_lets_a_channel_go_at_once() {
    let mut world = World::new();
    let pair = opened(&mut world);
    world.take(1, &close(&pair));
    world.take(OWNER, &close(&pair));
    assert_eq!(refused(&world, OWNER, &close(&pair)), Some(Rejection::Closing));
    assert_eq!(refused(&world, 1, &close(&pair)), Some(Rejection::Closing));
    world.take(5, &end(pair.0, 1));
    assert_eq!(world.record(&ChannelSlot(pair.0)), None);
}

#[test]
fn a_settlement_is_paid_less_the_audits_share() {
    let mut world = World::new();
    let (first, node) = opened(&mut world);
    let second = channel(&mut world, node);
    let treasury = |world: &World| world.record(&PurseSlot).unwrap().treasury;
    let empty = treasury(&world);
    settle(&mut world, &promise(&(first, node), 30_000_033));
    let kept = treasury(&world).minus(empty);
    assert_eq!(kept, Some(Amount(1_200_001)), "audits are paid before anybody collects");
    settle(&mut world, &promise(&(second, node), 1));
    world.epoch(Epoch(50));
    let before_pay = treasury(&world);
    let before = world.account(OWNER).balance;
    world.take(5, &collect(&(first, node), 1, OWNER));
    assert_eq!(world.account(OWNER).balance, before.plus(Amount(30_000_033 - 1_200_001)).unwrap());
    assert_eq!(treasury(&world), before_pay);
    let book = world.record(&EpochBookSlot(Epoch(1))).unwrap();
    assert_eq!((book.settled, book.settlements), (Amount(30_000_034), 1));
    world.take(5, &collect(&(second, node), 1, OWNER));
    assert_eq!(world.record(&EpochBookSlot(Epoch(1))), None, "the last one takes the book along");
    assert_eq!(
        refused(&world, 5, &collect(&(second, node), 1, OWNER)),
        Some(Rejection::NoSettlement)
    );
}

/// Who is paid answers for it.
#[test]
fn a_node_with_less_at_stake_than_a_lie_costs_settles_nothing() {
    let mut world = World::new();
    let pair = opened(&mut world);
    let settles = settle_in(world.network(), &promise(&pair, 5));
    change(&mut world, pair.1, |node| node.stake = Amount(slash() - 1));
    assert_eq!(refused(&world, OWNER, &settles), Some(Rejection::StakeLess));
    change(&mut world, pair.1, |node| node.stake = Amount(slash()));
    assert_eq!(refused(&world, OWNER, &settles), None);
}

/// What waits answers for a debt, and waits for cases that may become one.
#[test]
fn pay_answers_for_what_a_node_is_accused_of() {
    let mut world = World::new();
    let pair = settled(&mut world);
    let collect = collect(&pair, 1, OWNER);
    let paid = 30_000_000 - 1_200_000;
    // Draws accuse it of nothing; what is unbonding answers as stake does.
    change(&mut world, pair.1, |node| node.owed.draws = Amount(u128::MAX - slash()));
    assert_eq!(refused(&world, 5, &collect), None);
    change(&mut world, pair.1, |node| node.owed.draws = Amount::ZERO);
    world.take(OWNER, &unstake(pair.1, 7));
    change(&mut world, pair.1, |node| node.owed.cases = Amount(slash()));
    assert_eq!(refused(&world, 5, &collect), None);
    change(&mut world, pair.1, |node| node.owed.cases = Amount(slash() + 1));
    assert_eq!(refused(&world, 5, &collect), Some(Rejection::CasesAbove));
    change(&mut world, pair.1, |node| node.owed.cases = Amount::ZERO);
    for debt in [0, 1, paid, paid + 9] {
        let mut world = world.clone();
        change(&mut world, pair.1, |node| node.debt = Amount(debt));
        let before = (world.account(OWNER).balance.0, world.record(&PurseSlot).unwrap().burnt.0);
        world.take(5, &collect);
        let burnt = world.record(&PurseSlot).unwrap().burnt.0 - before.1;
        let got = world.account(OWNER).balance.0 - before.0;
        assert_eq!((got, burnt), (paid - debt.min(paid), debt.min(paid)));
        let left = world.record(&NodeSlot(pair.1)).unwrap().debt.0;
        assert_eq!(left, debt - debt.min(paid));
    }
}

/// However a settlement becomes void, bit by bit, its payer and its node get the same together, and audits what they got.
#[test]
fn a_share_is_of_the_whole_whatever_becomes_void() {
    let span = |from, to| Span { from: Amount(from), to: Amount(to) };
    for (whole, share) in [(100, 40_000), (u128::MAX, 500_000), (u128::MAX, 1), (37, 333_333)] {
        let (node, voided) = (NodeId([1; 32]), vec![]);
        let (span_of, starts) = (span(0, whole), Amount::ZERO);
        let mut settlement = Settlement { node, span: span_of, starts, share, voided, held: 0 };
        let (mut back, kept) = (0, settlement.kept(Amount(whole)).0);
        for (from, to) in [(1, 2), (4, 9), (9, 10), (whole / 2, whole / 2 + 3), (0, whole)] {
            let before = settlement.left().0;
            settlement.voided = settlement.span.joined(&settlement.voided, span(from, to));
            back += before - settlement.left().0;
            assert_eq!(back + settlement.left().0 + kept, whole);
        }
        assert_eq!(settlement.left(), Amount::ZERO);
    }
}

#[test]
fn what_is_void_is_not_paid() {
    let mut world = World::new();
    let pair = settled(&mut world);
    let span = |from, to| Span { from: Amount(from), to: Amount(to) };
    altered(&mut world, pair.0, |settlement| settlement.voided = vec![span(0, 5), span(9, 10)]);
    // Whoever makes a span void moves its money: here it goes to the account 5.
    let mut account = world.account(5);
    account.balance = account.balance.plus(Amount(6)).unwrap();
    world.put(&chain::records::AccountSlot(public(5)), &account);
    let before = world.account(OWNER).balance;
    world.take(4, &collect(&pair, 1, OWNER));
    let paid: u128 = 30_000_000 - 1_200_000 - 6;
    assert_eq!(world.account(OWNER).balance, before.plus(Amount(paid)).unwrap());
}

#[test]
fn the_first_epochs_clock_is_the_books() {
    let mut world = World::new();
    let pair = opened(&mut world);
    world.epoch(Epoch(7));
    let began = world.record(&ClockSlot).unwrap().epoch_began;
    settle(&mut world, &Promise { epoch: 7, ..promise(&pair, 5) });
    assert_eq!(world.record(&EpochBookSlot(Epoch(7))).unwrap().began, began);
}
