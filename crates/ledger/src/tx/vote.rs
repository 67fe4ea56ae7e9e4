//! Kind 81, vote: a node's stake is for a proposal or against it.

use chain::Amount;
use chain::records::{
    Ballot, BallotSlot, NodeId, NodeSlot, Proposal, ProposalId, ProposalSlot, Slot,
};
use commit::{Reader, WireError, Writer};

use crate::context::{Author, Context};
use crate::nodes::owned;
use crate::proposals::open;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// On which proposal.
    pub proposal: ProposalId,
    /// Which node votes.
    pub node: NodeId,
    /// Whether it is for it.
    pub yes: bool,
}

impl Vote {
    pub(super) fn write(self, out: &mut Writer) {
        out.bytes(&self.proposal.0);
        out.bytes(&self.node.0);
        out.u8(self.yes.into());
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let (proposal, node) = (ProposalId::read(input)?, NodeId::read(input)?);
        let what = "whether a vote is for a proposal";
        let yes = match input.u8(what)? {
            0 => false,
            1 => true,
            found => return Err(WireError::Unknown { what, found: found.into() }),
        };
        Ok(Self { proposal, node, yes })
    }

    pub(super) fn touches(self) -> Vec<Vec<u8>> {
        vec![ProposalSlot(self.proposal).key(), NodeSlot(self.node).key(), self.slot().key()]
    }

    fn slot(self) -> BallotSlot {
        BallotSlot { proposal: self.proposal, node: self.node }
    }

    pub(super) fn execute(
        self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let mut proposal = open(view, self.proposal)?;
        require(context.clock.time < proposal.ends, Rejection::VoteOver)?;
        let weight = owned(view, self.node, author)?.stake;
        require(weight != Amount::ZERO, Rejection::NoVoice)?;
        if let Some(earlier) = view.get(&self.slot())? {
            let side = side(&mut proposal, earlier.yes);
            *side = Amount(side.0.saturating_sub(earlier.weight.0));
        }
        let side = side(&mut proposal, self.yes);
        *side = Amount(side.0.saturating_add(weight.0));
        view.put(&self.slot(), &Ballot { yes: self.yes, weight })?;
        view.put(&ProposalSlot(self.proposal), &proposal)
    }
}

fn side(proposal: &mut Proposal, yes: bool) -> &mut Amount {
    match yes {
        true => &mut proposal.yes,
        false => &mut proposal.no,
    }
}
