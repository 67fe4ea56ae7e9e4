//! A node that is away is never slashed for fraud, and loses no more than what was held for its silences.
//!
//! Would catch: a silence that counts as a lie, one that costs more than the rules hold for it, stake that is held and
//! does not come back when the node does.

use chain::records::{Course, DisputeSlot, Held, NodeId, Outcome, Slot};
use ledger::Parameter;
use std::collections::{BTreeMap, BTreeSet};

use super::super::{Seen, holds};
use super::Hearing;
use super::wealth::{Wealth, asked, case};
use crate::court::{Hall, Standing};

/// What was held of nodes that are away: by case, of whom, how much.
#[derive(Debug, Default)]
pub(super) struct Away {
    disputes: BTreeMap<DisputeSlot, (NodeId, u128)>,
    asked: BTreeMap<Vec<u8>, (NodeId, u128)>,
    /// Which were silent since they did something last.
    silent: BTreeSet<NodeId>,
    /// How often each came back.
    back: BTreeMap<NodeId, u32>,
}

/// What a node does that was away, when it comes back.
const RETURNS: &[u16] = &[21, 32, 34, 39, 51, 54, 62, 65];

/// The most that is held of a node for one silence.
fn of_one(held: &[Held], node: NodeId) -> u128 {
    let held = held.iter().filter_map(|held| {
        if let Some((of, case)) = case(held) {
            return Some((of, case.held.0));
        }
        if let Held::Audit(_, audit) = held {
            return Some((audit.node, audit.held.0));
        }
        asked(held).map(|(_, asked)| (asked.node, asked.held.0))
    });
    held.filter(|(of, _)| *of == node).map(|(_, held)| held).max().unwrap_or(0)
}

fn away(hall: &Hall) -> impl Iterator<Item = NodeId> {
    let parties = hall.parties.iter().filter(|party| party.standing == Standing::Offline);
    parties.flat_map(|party| party.nodes.iter().copied())
}

impl Away {
    pub(super) fn check(&mut self, hearing: &Hearing<'_>) -> Seen {
        for node in away(hearing.hall) {
            for held in &hearing.after.held {
                self.note(node, held)?;
            }
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

    fn note(&mut self, node: NodeId, held: &Held) -> Seen {
        if let Some((key, asked)) = asked(held)
            && asked.node == node
        {
            self.asked.insert(key, (node, asked.held.0));
        }
        if let Held::Audit(slot, audit) = held
            && audit.node == node
        {
            let entry = self.asked.entry(slot.key()).or_insert((node, 0));
            entry.1 = entry.1.max(audit.held.0);
        }
        let Held::Dispute(slot, dispute) = held else { return Ok(()) };
        if dispute.node != node {
            return Ok(());
        }
        match &dispute.course {
            Course::Open(case) => {
                let entry = self.disputes.entry(*slot).or_insert((node, 0));
                entry.1 = entry.1.max(case.held.0);
                Ok(())
            }
            Course::Ended(Outcome::ClaimantRefuted) => {
                Err("a node that was away is refuted".to_owned())
            }
            Course::Ended(
                Outcome::ClaimantSilent
                | Outcome::ChallengerRefuted
                | Outcome::ChallengerSilent
                | Outcome::Planted,
            ) => Ok(()),
        }
    }

    /// All that it lost was held first.
    pub(super) fn end(&self, hall: &Hall, begun: &Wealth, ended: &Wealth) -> Seen {
        for node in away(hall) {
            let lost = begun.fell(node, ended);
            let of = |held: &(NodeId, u128)| if held.0 == node { held.1 } else { 0 };
            let disputes: u128 = self.disputes.values().map(of).sum();
            let asked: u128 = self.asked.values().map(of).sum();
            holds(lost <= disputes + asked, || {
                format!("a node that was away lost {lost}; {} was held", disputes + asked)
            })?;
        }
        Ok(())
    }
}
