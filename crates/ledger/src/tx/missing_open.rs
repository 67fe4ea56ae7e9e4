//! Kind 61, missing_open: somebody holds a receipt that was due in its worker's log, and asks where it stands.

use chain::Epoch;
use chain::records::{EpochStartSlot, KeySlot, Missing, MissingSlot, NodeId, NodeSlot, Slot};
use commit::{Network, Reader, WireError, Writer};
use receipt::{Receipt, Signature};

use crate::asked::ask;
use crate::context::{Author, Context};
use crate::dates::check_receipt;
use crate::disputes::check_signer;
use crate::nodes::find;
use crate::receipts;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// Work of a receipt's signatures, at its limits.
pub(super) const WORK: u64 = 2_000;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingOpen {
    /// Who answers for it.
    pub node: NodeId,
    /// The receipt.
    pub receipt: Receipt,
    /// Its envelope's signature.
    pub signature: Signature,
}

impl MissingOpen {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.node.0);
        receipts::write(out, &self.receipt);
        out.bytes(&self.signature.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            node: NodeId::read(input)?,
            receipt: receipts::read(input)?,
            signature: receipts::read_signature(input)?,
        })
    }

    pub(super) fn touches(&self, author: &Author) -> Vec<Vec<u8>> {
        vec![
            NodeSlot(self.node).key(),
            KeySlot(self.receipt.worker).key(),
            self.slot(author.network).key(),
            EpochStartSlot(self.anchor_by()).key(),
        ]
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let (network, worker) = (context.network, self.receipt.worker);
        let node = find(view, self.node)?;
        let key = check_signer(view, worker, self.node)?;
        let slot = self.slot(network);
        require(view.get(&slot)?.is_none(), Rejection::MissingThere)?;
        require(context.clock.epoch > self.anchor_by(), Rejection::NotDue)?;
        check_receipt(context, view, &key, self.anchor_by())?;
        let unsigned = Rejection::ReceiptUnsigned;
        receipts::check_signed(&self.receipt, self.signature, network, unsigned)?;
        let asked = ask(context, author, view, (self.node, node))?;
        view.put(&slot, &Missing { worker, receipt: self.receipt.id(network), asked })
    }

    fn anchor_by(&self) -> Epoch {
        Epoch(self.receipt.anchor_by)
    }

    fn slot(&self, network: Network) -> MissingSlot {
        MissingSlot::of(network, &self.receipt.id(network))
    }
}
