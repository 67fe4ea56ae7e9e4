//! Kind 39, audit_opening: the opening that an auditor asked for, in the open. The job's consent is that anybody may have it.

use chain::Amount;
use chain::records::{
    AccountSlot, AuditSlot, AuditStage, Awaited, NodeId, NodeSlot, Slot, StakesSlot,
};
use commit::{Reader, WireError, Writer};
use receipt::{Opening, PublicKey, Receipt};

use crate::accounts::add;
use crate::audits::{check_brought, come_back, find, touches, wait};
use crate::context::{Author, Context};
use crate::nodes;
use crate::receipts;
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::View;

/// Bytes of an opening: a body has room for a receipt beside it.
const OPENING_BYTES_MAX: usize = (1 << 18) - (1 << 13);
/// Work of a receipt.
const WORK: u64 = 100;
/// Bytes of an opening that are read and hashed in a unit of work: a token.
const BYTES_OF_WORK: u64 = 4;

/// What is asked, by anybody who has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditOpening {
    /// In which audit.
    pub audit: AuditSlot,
    /// Whose answer it is.
    pub node: NodeId,
    /// The node's owner.
    pub owner: PublicKey,
    /// Who asked.
    pub asker: PublicKey,
    /// The receipt that was shown.
    pub receipt: Receipt,
    /// What it commits to.
    pub opening: Opening,
    /// Bytes of the opening.
    pub bytes: usize,
}

impl AuditOpening {
    pub(super) fn write(&self, out: &mut Writer) {
        self.audit.write(out);
        for hash in [&self.node.0, &self.owner.0, &self.asker.0] {
            out.bytes(hash);
        }
        receipts::write(out, &self.receipt);
        let opening = self.opening.encode();
        out.length_u32(opening.len());
        out.bytes(&opening);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let audit = AuditSlot::read(input)?;
        let node = NodeId::read(input)?;
        let owner = PublicKey(input.array("a node's owner")?);
        let asker = PublicKey(input.array("who asked for an opening")?);
        let receipt = receipts::read(input)?;
        let bytes = input.bytes_u32("bytes of an opening", OPENING_BYTES_MAX)?;
        let (opening, bytes) = (Opening::decode(bytes)?, bytes.len());
        Ok(Self { audit, node, owner, asker, receipt, opening, bytes })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        let mut keys = vec![
            NodeSlot(self.node).key(),
            StakesSlot.key(),
            AccountSlot(self.owner).key(),
            AccountSlot(self.asker).key(),
        ];
        keys.extend(touches(self.audit));
        keys
    }

    pub(super) fn work(&self) -> u64 {
        WORK + u64::try_from(self.bytes).unwrap_or(u64::MAX) / BYTES_OF_WORK
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let (mut audit, terms) = find(context, view, self.audit)?;
        let mut node = nodes::find(view, self.node)?;
        require(
            (self.node, self.owner, self.asker) == (audit.node, node.owner, audit.asker),
            Rejection::DisputeNames,
        )?;
        check_brought(context, (&audit, &terms), Awaited::Opening)?;
        let network = context.network;
        let shown = self.receipt.id(network) == audit.shown.receipt;
        let opens = self.opening.opens(&self.receipt, network)
            && self.opening.repeats(&self.receipt, network);
        require(shown && opens, Rejection::ShownOther)?;
        let bond = std::mem::take(&mut audit.bond);
        if come_back((context, author), view, &mut node, (&mut audit, &terms))? {
            add(view, self.asker, bond)?;
        } else {
            let half = Amount(bond.0 / 2);
            add(view, self.owner, half)?;
            add(view, self.asker, bond.minus(half).ok_or(Fault::Money("a bond"))?)?;
        }
        view.put(&NodeSlot(self.node), &node)?;
        wait(context, &mut audit, AuditStage::Commit, terms.commit_ms);
        view.put(&self.audit, &audit)
    }
}
