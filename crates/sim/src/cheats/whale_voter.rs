//! Votes with one node, takes the stake out, puts it into another node of its own, and votes again: for the treasury, or
//! for a slash of nothing.
//!
//! It wants one stake to count twice. What is taken out is not free before the vote ends.

use chain::Amount;
use chain::records::{Content, Decision, Held, NodeSlot, Proposal, ProposalId};
use ledger::Parameter;
use ledger::tx::{Action, Enact, Propose, Stake, Unstake, Vote, Withdraw};

use crate::court::{Player, Stage};
use crate::random::Random;

struct WhaleVoter {
    /// Whether it wants the treasury; else nobody shall be slashed.
    treasury: bool,
    proposed: bool,
}

pub(super) fn cast(random: &mut Random) -> Box<dyn Player> {
    Box::new(WhaleVoter { treasury: random.once_in(2), proposed: false })
}

impl Player for WhaleVoter {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        let owner = stage.party().owner();
        let Some((id, proposal)) = own_proposal(stage) else {
            if !self.proposed {
                let content = self.content(stage);
                stage.wish(owner, Some(Action::Propose(Propose { content })));
                self.proposed = stage.random.once_in(4);
            }
            return;
        };
        if stage.clock.time < proposal.ends {
            vote_twice(stage, id);
        }
        let over = stage.clock.time >= proposal.ends || stage.random.once_in(8);
        if over && proposal.decision == Decision::Open {
            let content = proposal.content;
            let enact = Enact { proposal: id, proposer: owner.public, content };
            stage.wish(owner, Some(Action::Enact(enact)));
        }
    }
}

/// What it proposed.
fn own_proposal(stage: &Stage<'_, '_>) -> Option<(ProposalId, Proposal)> {
    let own = stage.party().owner().public;
    stage.scene.held.iter().find_map(|held| {
        let Held::Proposal(slot, proposal) = held else { return None };
        (proposal.proposer == own).then_some((slot.0, *proposal))
    })
}

impl WhaleVoter {
    fn content(&self, stage: &Stage<'_, '_>) -> Content {
        match self.treasury {
            true => Content::Spend { to: stage.party().owner().public, amount: Amount(1_000_000) },
            false => Content::Parameter { number: Parameter::Slash.number(), value: 0 },
        }
    }
}

/// Votes with what is there; takes it out; puts what it can get into the other node.
fn vote_twice(stage: &mut Stage<'_, '_>, proposal: ProposalId) {
    let (owner, nodes) = (stage.party().owner(), stage.party().nodes.clone());
    for node in &nodes {
        let vote = Action::Vote(Vote { proposal, node: *node, yes: true });
        let now = stage.random.once_in(2);
        stage.wish(owner, now.then_some(vote));
    }
    let (Some(first), Some(second)) = (nodes.first().copied(), nodes.last().copied()) else {
        return;
    };
    let Some(record) = stage.scene.record(&NodeSlot(first)) else { return };
    if record.stake > Amount::ZERO {
        // Half of what is left, so that it leaves in more pieces than may.
        let amount = Amount(record.stake.0.div_ceil(2));
        stage.wish(owner, Some(Action::Unstake(Unstake { node: first, amount })));
    }
    if stage.random.once_in(2) {
        stage.wish(owner, Some(Action::Withdraw(Withdraw { node: first })));
    }
    if stage.random.once_in(4) {
        // Never so much that it would have the majority of what is at stake: that decides by right.
        let amount = Amount(stage.scene.account(owner.public).balance.0 / 512);
        stage.wish(owner, Some(Action::Stake(Stake { node: second, amount })));
    }
}
