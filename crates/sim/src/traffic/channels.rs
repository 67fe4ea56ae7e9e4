//! Kinds 20 to 23 and 25: channels that actors open, vouchers that they signed or others did, settled by owners, operators
//! and strangers, closed, ended and collected, in time and not.
//!
//! Never asks for less than a voucher cheat would: old vouchers, greater ones than were locked, other epochs, twice.

use chain::records::{Channel, ChannelId, ClockSlot, Held, Node, NodeId, NodeSlot, SettlementSlot};
use chain::{Amount, Epoch, Time, Voucher};
use ledger::tx::{Action, ChannelClose, ChannelEnd, ChannelOpen, Collect, Settle};
use receipt::PublicKey;

use super::Wish;
use super::nodes::there;
use crate::keys::{ACTORS, Key, actor, key_of};
use crate::random::Random;
use crate::scene::Scene;

pub(super) fn make(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    match random.below(10) {
        0..=2 => open(random, scene),
        3..=5 => settle(random, scene),
        6 => close(random, scene),
        7 => end(random, scene),
        _ => collect(random, scene),
    }
}

fn open(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let payer = actor(random.index(ACTORS));
    let node = match random.once_in(16) {
        true => NodeId(random.bytes()),
        false => random.choose(&there(scene))?.0,
    };
    let deposit = random.amount(scene.account(payer.public).balance);
    Some(Wish { payer, action: Action::ChannelOpen(ChannelOpen { node, deposit }) })
}

fn channels(scene: &Scene<'_>) -> Vec<(ChannelId, Channel)> {
    let channels = scene.held.iter().filter_map(|held| {
        if let Held::Channel(slot, channel) = held { Some((slot.0, *channel)) } else { None }
    });
    channels.collect()
}

/// A channel's own node, mostly, and somebody who may act for it, mostly; another node, and who may act for that one.
fn node(
    random: &mut Random,
    scene: &Scene<'_>,
    channel: &Channel,
) -> Option<(NodeId, &'static Key)> {
    let record = scene.record(&NodeSlot(channel.node))?;
    let Node { owner, operator, .. } = record;
    let payer = match random.below(16) {
        0 => actor(random.index(ACTORS)),
        1..=6 => key_of(&operator)?,
        _ => key_of(&owner)?,
    };
    let other = random.once_in(16);
    let nodes = there(scene);
    if !other {
        return Some((channel.node, payer));
    }
    let (id, record) = random.choose(&nodes)?;
    let payer = if random.once_in(2) { payer } else { key_of(&record.owner)? };
    Some((*id, payer))
}

fn settle(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let (id, channel) = *random.choose(&channels(scene))?;
    let (node, payer) = node(random, scene, &channel)?;
    let clock = scene.record(&ClockSlot)?;
    let left = channel.deposit.minus(channel.settled).unwrap_or(Amount::ZERO);
    let cumulative = match random.below(8) {
        0 => channel.settled,
        1 => random.amount(channel.deposit),
        2 => channel.deposit.plus(Amount(1)).unwrap_or(channel.deposit),
        _ => Amount(channel.settled.0.saturating_add(1 + random.long() % (left.0 / 4 + 1))),
    };
    let expiry = match random.once_in(12) {
        true => clock.time,
        false => Time(u64::MAX),
    };
    let from = match random.once_in(32) {
        true => cumulative,
        false => Amount(random.long() % cumulative.0.max(1)),
    };
    let voucher = Voucher { channel: id, from, cumulative, expiry, job: random.bytes() };
    let signer = match random.once_in(16) {
        true => actor(random.index(ACTORS)),
        false => key_of(&channel.payer)?,
    };
    let signature = voucher.sign(scene.state.network(), &signer.secret);
    let later = u64::from(random.once_in(16));
    let epoch = Epoch(clock.epoch.0.saturating_add(later));
    Some(Wish { payer, action: Action::Settle(Settle { node, epoch, voucher, signature }) })
}

fn close(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let (channel, record) = *random.choose(&channels(scene))?;
    let (node, mut payer) = node(random, scene, &record)?;
    if random.once_in(2) {
        payer = key_of(&record.payer)?;
    }
    Some(Wish { payer, action: Action::ChannelClose(ChannelClose { channel, node }) })
}

fn end(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let all = channels(scene);
    let closing: Vec<_> = all.iter().filter(|(_, channel)| channel.closing.is_some()).collect();
    let (channel, record) = match random.choose(&closing) {
        Some(closing) if !random.once_in(8) => **closing,
        Some(_) | None => *random.choose(&all)?,
    };
    let payer: PublicKey = match random.once_in(16) {
        true => actor(random.index(ACTORS)).public,
        false => record.payer,
    };
    let by = actor(random.index(ACTORS));
    Some(Wish { payer: by, action: Action::ChannelEnd(ChannelEnd { channel, payer }) })
}

fn collect(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let settlements = scene.held.iter().filter_map(|held| {
        if let Held::Settlement(slot, record) = held { Some((*slot, record.node)) } else { None }
    });
    let settlements: Vec<(SettlementSlot, NodeId)> = settlements.collect();
    let (SettlementSlot { epoch, channel }, node) = *random.choose(&settlements)?;
    let owner = scene.record(&NodeSlot(node))?.owner;
    let other = actor(random.index(ACTORS)).public;
    let collect = match random.below(16) {
        0 => Collect { epoch, channel, node: NodeId(random.bytes()), owner },
        1 => Collect { epoch, channel, node, owner: other },
        2 => Collect { epoch: Epoch(epoch.0 + 1), channel, node, owner },
        _ => Collect { epoch, channel, node, owner },
    };
    let payer = actor(random.index(ACTORS));
    Some(Wish { payer, action: Action::Collect(collect) })
}
