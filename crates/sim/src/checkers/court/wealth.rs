//! What nodes have: at stake, leaving, and held in cases about them, less what they still owe.
//!
//! Counted record by record, as who reads the ledger would.

use chain::records::{Asked, Bond, Case, Course, Held, Node, NodeId, Slot};
use std::collections::BTreeMap;

/// What a node has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Means {
    /// At stake and leaving.
    pub(super) own: u128,
    /// Held in its cases.
    pub(super) held: u128,
    /// Owed for what it was refuted of.
    pub(super) debt: u128,
}

/// What all of them have.
#[derive(Clone, Debug, Default)]
pub(super) struct Wealth(BTreeMap<NodeId, Means>);

/// Stake and what leaves.
fn own(node: &Node) -> u128 {
    let leaving: u128 = node.unbonding.iter().map(|part| part.amount.0).sum();
    node.stake.0 + leaving
}

/// The case of an open dispute.
pub(super) fn case(held: &Held) -> Option<(NodeId, &Case)> {
    let Held::Dispute(_, dispute) = held else { return None };
    let Course::Open(case) = &dispute.course else { return None };
    Some((dispute.node, case))
}

/// Something that a node is asked to show, by the key under which it stands.
pub(super) fn asked(held: &Held) -> Option<(Vec<u8>, &Asked)> {
    if let Held::Missing(slot, missing) = held {
        Some((slot.key(), &missing.asked))
    } else if let Held::Withheld(slot, withheld) = held {
        Some((slot.key(), &withheld.asked))
    } else {
        None
    }
}

/// A bond.
pub(super) fn all_of(bond: Bond) -> u128 {
    bond.usual.0 + bond.beyond.0
}

impl Means {
    fn all(self) -> i128 {
        let signed = |amount| i128::try_from(amount).unwrap_or(i128::MAX);
        signed(self.own + self.held) - signed(self.debt)
    }
}

impl Wealth {
    pub(super) fn of(held: &[Held]) -> Self {
        let mut all: BTreeMap<NodeId, Means> = BTreeMap::new();
        for record in held {
            if let Held::Node(slot, node) = record {
                let means = all.entry(slot.0).or_default();
                means.own += own(node);
                means.debt += node.debt.0;
            } else if let Some((node, case)) = case(record) {
                all.entry(node).or_default().held += case.held.0;
            } else if let Held::Audit(_, audit) = record {
                all.entry(audit.node).or_default().held += audit.held.0;
            } else if let Some((_, asked)) = asked(record) {
                all.entry(asked.node).or_default().held += asked.held.0;
            }
        }
        Self(all)
    }

    pub(super) fn means(&self, node: NodeId) -> Means {
        self.0.get(&node).copied().unwrap_or_default()
    }

    /// All of a node's, less what it owes.
    pub(super) fn all(&self, node: NodeId) -> i128 {
        self.means(node).all()
    }

    /// How much less a node has than it had.
    pub(super) fn fell(&self, node: NodeId, now: &Self) -> u128 {
        u128::try_from(self.all(node) - now.all(node)).unwrap_or(0)
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = (&NodeId, &Means)> {
        self.0.iter()
    }
}
