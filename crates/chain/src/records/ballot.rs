//! How a node voted on a proposal, and with how much.
//!
//! Never two of one node on one proposal: a later one takes the earlier one's place.

use commit::{Reader, WireError, Writer};

use super::{NodeId, ProposalId, Record, Slot, Tag};
use crate::values::Amount;

/// On which proposal which node voted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BallotSlot {
    /// The proposal.
    pub proposal: ProposalId,
    /// The node.
    pub node: NodeId,
}

/// A vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ballot {
    /// Whether it is for the proposal.
    pub yes: bool,
    /// The node's stake when it voted.
    pub weight: Amount,
}

impl BallotSlot {
    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { proposal: ProposalId::read(input)?, node: NodeId::read(input)? })
    }
}

impl Slot for BallotSlot {
    type Record = Ballot;

    fn key(&self) -> Vec<u8> {
        Tag::Ballot.key(&[&self.proposal.0, &self.node.0])
    }
}

impl Record for Ballot {
    fn write(&self, out: &mut Writer) {
        out.u8(self.yes.into());
        self.weight.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            yes: super::read_bool(input, "whether a vote is for a proposal")?,
            weight: Amount::read(input, "a vote's weight")?,
        })
    }
}
