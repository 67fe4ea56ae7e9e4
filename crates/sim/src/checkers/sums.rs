//! Sums that records keep of others are those sums, no part of a channel is settled twice or for another node, and a key
//! is a node's by its own record exactly where it is by the node's.
//!
//! Would catch: a sum that is kept beside what it sums up and forgotten once, a voucher that pays two settlements, a
//! settlement of more than a channel has, a key that a node gave up and that still speaks for it.

use chain::records::{
    AccountSlot, ChannelId, Held, KeyRole, NodeId, SettlementSlot, Slot, Span, Stakes,
};
use chain::state::{Entry, State};
use chain::{Amount, Time};
use receipt::PublicKey;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Seen, holds};

pub(crate) fn check(state: &State) -> Seen {
    let (mut staked, mut kept) = (Amount::ZERO, Stakes::default());
    let mut settled = BTreeMap::new();
    let mut spans: BTreeMap<ChannelId, Vec<(Span, NodeId)>> = BTreeMap::new();
    for entry in others(state) {
        let held = Held::decode(&entry.key, &entry.value);
        let held = held.map_err(|error| format!("an entry is no record: {error}"))?;
        if let Held::Node(_, node) = &held {
            staked = staked.plus(node.stake).ok_or("too much is staked")?;
        } else if let Held::Stakes(stakes) = held {
            kept = stakes;
        } else if let Held::Channel(slot, channel) = &held {
            settled.insert(slot.0, (channel.settled, channel.node));
        } else if let Held::Settlement(SettlementSlot { channel, .. }, settlement) = &held {
            let one = (settlement.span, settlement.node);
            spans.entry(*channel).or_default().push(one);
        }
    }
    holds(staked == kept.total, || {
        format!("{} is at stake, {} by the sum", staked.0, kept.total.0)
    })?;
    for (channel, mut spans) in spans {
        spans.sort_unstable_by_key(|(span, _)| span.from);
        let apart = spans.windows(2).all(|pair| pair[0].0.to <= pair[1].0.from);
        holds(apart, || format!("a channel is settled twice: {spans:?}"))?;
        let Some((most, node)) = settled.get(&channel) else { continue };
        let within = spans.iter().all(|(span, to)| span.to <= *most && to == node);
        holds(within, || format!("more is settled than the channel says: {spans:?}"))?;
    }
    keys(state)
}

/// All that is no account: nothing here is summed up of those, and there are many.
fn others(state: &State) -> impl Iterator<Item = &Arc<Entry>> {
    let account = AccountSlot(PublicKey::NONE).key()[0];
    state.entries().filter(move |entry| entry.key.first() != Some(&account))
}

/// Keys that speak for nodes, as they and the nodes say.
fn keys(state: &State) -> Seen {
    let (mut bound, mut used) = (BTreeSet::new(), BTreeSet::new());
    for entry in others(state) {
        let Ok(held) = Held::decode(&entry.key, &entry.value) else { continue };
        if let Held::Key(slot, key) = held {
            if key.until == Time(0) {
                bound.insert((slot.0, key.node, key.role.number()));
            }
        } else if let Held::Node(slot, node) = held {
            let roles = [KeyRole::Operator, KeyRole::Transport, KeyRole::Validator];
            let keys = roles.into_iter().zip([node.operator, node.transport, node.validator]);
            let there = keys.filter(|(_, key)| *key != PublicKey::NONE);
            used.extend(there.map(|(role, key)| (key, slot.0, role.number())));
        }
    }
    holds(bound == used, || {
        let odd: Vec<_> = bound.symmetric_difference(&used).collect();
        format!("keys are a node's by one record, and not by another: {odd:?}")
    })
}
