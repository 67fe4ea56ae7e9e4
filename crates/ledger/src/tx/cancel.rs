//! Kind 82, cancel: whoever made a proposal takes it back.

use chain::records::{Decision, ProposalId, ProposalSlot, Slot};
use commit::{Reader, WireError, Writer};

use crate::context::{Author, Context};
use crate::proposals::{end, open};
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancel {
    /// Which proposal.
    pub proposal: ProposalId,
}

impl Cancel {
    pub(super) fn write(self, out: &mut Writer) {
        out.bytes(&self.proposal.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { proposal: ProposalId::read(input)? })
    }

    pub(super) fn touches(self) -> Vec<Vec<u8>> {
        vec![ProposalSlot(self.proposal).key()]
    }

    pub(super) fn execute(
        self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let proposal = open(view, self.proposal)?;
        require(proposal.proposer == author.payer, Rejection::NotProposer)?;
        require(context.clock.time < proposal.ends, Rejection::VoteOver)?;
        end(view, self.proposal, &proposal, Decision::Cancelled)
    }
}
