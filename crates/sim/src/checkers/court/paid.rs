//! No part of a channel's money is settled twice, and no settlement that was collected comes again.
//!
//! Would catch: a voucher that pays two settlements in different epochs, a settlement that stays when it was collected,
//! money that was void and is paid out after all.

use chain::KindNumber;
use chain::records::{ChannelId, Held, SettlementSlot, Span};
use ledger::tx::Action;
use std::collections::{BTreeMap, BTreeSet};

use super::super::{Seen, holds};
use super::Hearing;

/// The kind that pays settlements out.
const COLLECT: KindNumber = KindNumber(25);

/// All that was ever settled.
#[derive(Debug, Default)]
pub(super) struct Paid {
    spans: BTreeMap<ChannelId, Vec<Span>>,
    there: BTreeMap<SettlementSlot, Vec<Span>>,
    gone: BTreeSet<SettlementSlot>,
}

impl Paid {
    pub(super) fn check(&mut self, hearing: &Hearing<'_>) -> Seen {
        let mut there = BTreeMap::new();
        for held in &hearing.after.held {
            if let Held::Settlement(slot, settlement) = held {
                holds(!self.gone.contains(slot), || "a settlement comes again".to_owned())?;
                match self.there.get(slot) {
                    None => self.settled(slot.channel, settlement.span)?,
                    Some(before) => covers(&settlement.voided, before)?,
                }
                there.insert(*slot, settlement.voided.clone());
            }
        }
        for made in hearing.block.transactions.iter().filter(|made| made.kind == COLLECT) {
            if let Ok(Action::Collect(paid)) = Action::decode(made.kind, &made.body) {
                let slot = SettlementSlot { epoch: paid.epoch, channel: paid.channel };
                let gone = !there.contains_key(&slot);
                holds(gone, || "a settlement stays when it is collected".to_owned())?;
            }
        }
        self.gone.extend(self.there.keys().filter(|slot| !there.contains_key(slot)));
        self.there = there;
        Ok(())
    }

    /// More of a channel is settled.
    fn settled(&mut self, channel: ChannelId, span: Span) -> Seen {
        let before = self.spans.entry(channel).or_default();
        let apart = before.iter().all(|other| other.within(span).is_none());
        holds(apart, || format!("{span:?} of a channel is settled twice: {before:?}"))?;
        before.push(span);
        Ok(())
    }
}

/// What was void stays so.
fn covers(now: &[Span], before: &[Span]) -> Seen {
    let within = |old: &Span| now.iter().any(|span| span.from <= old.from && old.to <= span.to);
    holds(before.iter().all(within), || format!("what was void is {now:?}, and was {before:?}"))
}
