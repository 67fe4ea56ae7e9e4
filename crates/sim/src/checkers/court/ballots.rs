//! One stake votes once: what voted in a proposal is no more than all nodes have, and what they lost since.
//!
//! Would catch: stake that leaves a node, comes into another and votes again before the vote has ended.

use chain::records::{Decision, Held};

use super::super::{Seen, holds};
use super::Hearing;

/// What nodes lost.
#[derive(Debug, Default)]
pub(super) struct Lost(u128);

impl Lost {
    pub(super) fn check(&mut self, hearing: &Hearing<'_>) -> Seen {
        for (node, _) in hearing.had.nodes() {
            self.0 += hearing.had.fell(*node, hearing.has);
        }
        let there: u128 = hearing.has.nodes().map(|(_, means)| means.own + means.held).sum();
        for held in &hearing.after.held {
            if let Held::Proposal(_, proposal) = held
                && proposal.decision == Decision::Open
                && hearing.now < proposal.ends
            {
                let voted = proposal.yes.0.saturating_add(proposal.no.0);
                holds(voted <= there + self.0, || {
                    format!("{voted} voted; nodes have {there} and lost {}", self.0)
                })?;
            }
        }
        Ok(())
    }
}
