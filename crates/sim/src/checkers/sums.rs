//! Sums that records keep of others are those sums, and no part of a channel is settled twice.
//!
//! Would catch: a sum that is kept beside what it sums up and forgotten once, a voucher that pays two settlements, a
//! settlement of more than a channel has.

use chain::Amount;
use chain::records::{ChannelId, Held, SettlementSlot, Span, Stakes};
use chain::state::State;
use std::collections::BTreeMap;

use super::{Seen, holds};

pub(crate) fn check(state: &State) -> Seen {
    let (mut staked, mut kept) = (Amount::ZERO, Stakes::default());
    let mut settled = BTreeMap::new();
    let mut spans: BTreeMap<ChannelId, Vec<Span>> = BTreeMap::new();
    for entry in state.entries() {
        let held = Held::decode(&entry.key, &entry.value);
        let held = held.map_err(|error| format!("an entry is no record: {error}"))?;
        if let Held::Node(_, node) = &held {
            staked = staked.plus(node.stake).ok_or("too much is staked")?;
        } else if let Held::Stakes(stakes) = held {
            kept = stakes;
        } else if let Held::Channel(slot, channel) = &held {
            settled.insert(slot.0, channel.settled);
        } else if let Held::Settlement(SettlementSlot { channel, .. }, settlement) = &held {
            spans.entry(*channel).or_default().push(settlement.span);
        }
    }
    holds(staked == kept.total, || {
        format!("{} is at stake, {} by the sum", staked.0, kept.total.0)
    })?;
    for (channel, mut spans) in spans {
        spans.sort_unstable_by_key(|span| span.from);
        let apart = spans.windows(2).all(|pair| pair[0].to <= pair[1].from);
        holds(apart, || format!("a channel is settled twice: {spans:?}"))?;
        let last = spans.last().map(|span| span.to);
        let within = settled.get(&channel).is_none_or(|settled| last <= Some(*settled));
        holds(within, || format!("more is settled than the channel says: {spans:?}"))?;
    }
    Ok(())
}
