//! No transaction is taken twice, and an account's number grows by those of it that were taken, and by nothing else.
//!
//! Would catch: a replay, a number that is skipped or goes back, a transaction taken in another one's place.

use commit::Digest;
use receipt::PublicKey;
use std::collections::{BTreeMap, BTreeSet};

use super::{Seen, Step, holds};
use crate::scene::record;
use chain::records::AccountSlot;

/// What was taken so far.
#[derive(Debug, Default)]
pub(crate) struct Taken(BTreeSet<Digest>);

impl Taken {
    pub(crate) fn check(&mut self, step: &Step<'_>) -> Seen {
        let network = step.after.network();
        let mut numbers: BTreeMap<PublicKey, u64> = BTreeMap::new();
        for transaction in &step.block.transactions {
            holds(self.0.insert(transaction.id(network)), || {
                let (kind, number) = (transaction.kind.0, transaction.number);
                format!("number {number} of {} (kind {kind}) is taken again", transaction.payer)
            })?;
            *numbers.entry(transaction.payer).or_default() += 1;
        }
        for (payer, count) in numbers {
            let made = |state| record(state, &AccountSlot(payer)).unwrap_or_default().made;
            let (was, is) = (made(step.before), made(step.after));
            holds(was.checked_add(count) == Some(is), || {
                format!("{payer} made {count} transactions; its number went from {was} to {is}")
            })?;
        }
        Ok(())
    }
}
