//! A node that is away is never slashed for fraud, and loses no more than what was held for its silences.
//!
//! Would catch: a silence that counts as a lie, one that costs more than the rules hold for it, stake that is held and
//! does not come back when the node does.

use chain::records::{Course, Held, NodeId, Outcome, Slot};
use ledger::Parameter;
use std::collections::{BTreeMap, BTreeSet};

use super::super::{Seen, holds};
use super::Hearing;
use super::wealth::{Wealth, asked, case};
use crate::court::{Hall, Standing};

/// What was held of nodes that are away, all together.
#[derive(Debug, Default)]
pub(super) struct Away {
    held: BTreeMap<NodeId, u128>,
    /// Which were silent since they did something last.
    silent: BTreeSet<NodeId>,
    /// How often each came back.
    back: BTreeMap<NodeId, u32>,
}

/// What a node does that was away, when it comes back.
const RETURNS: &[u16] = &[21, 32, 34, 39, 51, 54, 62, 65];

/// What is held of whom for a silence, by the key under which that stands.
fn silence(held: &Held) -> Option<(Vec<u8>, NodeId, u128)> {
    if let Held::Dispute(slot, _) = held {
        return case(held).map(|(node, case)| (slot.key(), node, case.held.0));
    }
    if let Held::Audit(slot, audit) = held {
        return Some((slot.key(), audit.node, audit.held.0));
    }
    asked(held).map(|(key, asked)| (key, asked.node, asked.held.0))
}

/// The most that is held of a node for one silence.
fn of_one(held: &[Held], node: NodeId) -> u128 {
    let own = held.iter().filter_map(silence).filter(|(_, of, _)| *of == node);
    own.map(|(_, _, held)| held).max().unwrap_or(0)
}

fn away(hall: &Hall) -> impl Iterator<Item = NodeId> {
    let parties = hall.parties.iter().filter(|party| party.standing == Standing::Offline);
    parties.flat_map(|party| party.nodes.iter().copied())
}

impl Away {
    pub(super) fn check(&mut self, hearing: &Hearing<'_>) -> Seen {
        for node in away(hearing.hall) {
            self.note(hearing, node)?;
            // Each silence costs the same, but of who came back and was away again.
            let doublings = self.follow(hearing, node);
            let most = hearing.amount(Parameter::Slash) << doublings;
            let one = of_one(&hearing.after.held, node);
            holds(one <= most, || {
                format!("{one} is held for a silence of a node that came back {doublings} times")
            })?;
            let fell = hearing.had.fell(node, hearing.has);
            let held = hearing.had.means(node).held;
            holds(fell <= held, || format!("a node that is away loses {fell}; {held} was held"))?;
        }
        Ok(())
    }

    /// How often a node came back from silence.
    fn follow(&mut self, hearing: &Hearing<'_>, node: NodeId) -> u32 {
        let keys = hearing.hall.of_node(node).map_or(&[][..], |party| party.keys);
        let mut made = hearing.block.transactions.iter();
        let returns = made.any(|made| {
            RETURNS.contains(&made.kind.0) && keys.iter().any(|key| key.public == made.payer)
        });
        let back = self.back.entry(node).or_default();
        if returns && self.silent.remove(&node) {
            *back += 1;
        }
        if of_one(&hearing.after.held, node) > 0 {
            self.silent.insert(node);
        }
        *back
    }

    /// What is held of a node since this block: a file that was not shown may be asked for again, and is held for again.
    fn note(&mut self, hearing: &Hearing<'_>, node: NodeId) -> Seen {
        let of = |held: &[Held]| -> BTreeMap<Vec<u8>, u128> {
            let silences = held.iter().filter_map(silence).filter(|(_, of, _)| *of == node);
            silences.map(|(key, _, held)| (key, held)).collect()
        };
        let (was, is) = (of(hearing.before), of(&hearing.after.held));
        let before = |key| was.get(key).copied().unwrap_or_default();
        let more: u128 = is.iter().map(|(key, held)| held.saturating_sub(before(key))).sum();
        *self.held.entry(node).or_default() += more;
        let refuted = hearing.after.held.iter().any(|held| {
            let Held::Dispute(_, dispute) = held else { return false };
            dispute.node == node && dispute.course == Course::Ended(Outcome::ClaimantRefuted)
        });
        holds(!refuted, || "a node that was away is refuted".to_owned())
    }

    /// All that it lost was held first.
    pub(super) fn end(&self, hall: &Hall, begun: &Wealth, ended: &Wealth) -> Seen {
        for node in away(hall) {
            let lost = begun.fell(node, ended);
            let held = self.held.get(&node).copied().unwrap_or_default();
            holds(lost <= held, || format!("a node that was away lost {lost}; {held} was held"))?;
        }
        Ok(())
    }
}
