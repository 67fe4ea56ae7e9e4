//! Kind 60, equivocation: a node signed two tokens for one place. The evidence is whole: nobody need be asked.

use chain::Amount;
use chain::records::{
    ClaimedStep, Course, Dispute, DisputeSlot, KeySlot, NodeId, NodeSlot, Outcome, Slot, StakesSlot,
};
use commit::{Network, Reader, WireError, Writer};
use receipt::Equivocation;

use crate::accounts::add;
use crate::context::{Author, Context};
use crate::disputes::check_signer;
use crate::liability::{jail, lose, share};
use crate::nodes::find;
use crate::stop::{Rejection, Stop};
use crate::view::View;

/// Bytes of evidence: two heads, two tokens with sixteen hashes each.
const EVIDENCE_BYTES_MAX: usize = 1 << 12;
/// Work of four signatures and roots.
pub(super) const WORK: u64 = 300;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShowEquivocation {
    /// Whose.
    pub node: NodeId,
    /// The two tokens.
    pub evidence: Equivocation,
}

impl ShowEquivocation {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.node.0);
        let evidence = self.evidence.encode();
        out.length_u16(evidence.len());
        out.bytes(&evidence);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let node = NodeId::read(input)?;
        let evidence = input.bytes_u16("bytes of evidence", EVIDENCE_BYTES_MAX)?;
        Ok(Self { node, evidence: Equivocation::decode(evidence)? })
    }

    pub(super) fn touches(&self, author: &Author) -> Vec<Vec<u8>> {
        vec![
            NodeSlot(self.node).key(),
            StakesSlot.key(),
            KeySlot(self.evidence.one.0.worker).key(),
            self.slot(author.network).key(),
        ]
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let mut node = find(view, self.node)?;
        check_signer(view, self.evidence.one.0.worker, self.node)?;
        let slot = self.slot(context.network);
        if view.get(&slot)?.is_some() {
            return Err(Rejection::DisputeThere.into());
        }
        if !self.evidence.holds(context.network) {
            return Err(Rejection::NoEquivocation.into());
        }
        let taken = lose(context, view, &mut node, Amount::ZERO)?;
        jail(context, &mut node);
        view.put(&NodeSlot(self.node), &node)?;
        let reward = share(context, view, taken)?;
        add(view, author.payer, reward)?;
        let (challenger, opened) = (author.payer, context.clock.time);
        let course = Course::Ended(Outcome::ClaimantRefuted);
        view.put(&slot, &Dispute { node: self.node, challenger, opened, course })
    }

    /// Of the key's answer to a choice of a job: it pays once, however many places differ.
    fn slot(&self, network: Network) -> DisputeSlot {
        let head = &self.evidence.one.0;
        let (worker, job, choice) = (head.worker, head.head.job, head.head.choice);
        ClaimedStep { worker, job, choice, position: 0, kind: 3, what: 0 }.slot(network)
    }
}
