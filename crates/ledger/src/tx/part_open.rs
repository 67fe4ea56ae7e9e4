//! Kind 64, part_open: somebody holds a receipt about a model, and asks its worker for a chunk of the model's files.

use chain::Epoch;
use chain::records::{
    EpochStartSlot, KeySlot, NodeId, NodeSlot, PackageSlot, Part, Slot, Withheld, WithheldSlot,
};
use commit::{Network, Reader, WireError, Writer};
use receipt::{PublicKey, Receipt, Signature};

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
/// Bytes of a chunk.
pub(super) const CHUNK_BYTES: u64 = 1_024;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartOpen {
    /// Who answers for it.
    pub node: NodeId,
    /// The receipt: who signed it has the model.
    pub receipt: Receipt,
    /// Its envelope's signature.
    pub signature: Signature,
    /// Who published the model.
    pub publisher: PublicKey,
    /// Which of the package's files.
    pub file: u16,
    /// Which chunk of it.
    pub chunk: u64,
}

impl PartOpen {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.node.0);
        receipts::write(out, &self.receipt);
        out.bytes(&self.signature.0);
        out.bytes(&self.publisher.0);
        out.u16(self.file);
        out.u64(self.chunk);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let node = NodeId::read(input)?;
        Ok(Self {
            node,
            receipt: receipts::read(input)?,
            signature: receipts::read_signature(input)?,
            publisher: PublicKey(input.array("a publisher's key")?),
            file: input.u16("a file of a package")?,
            chunk: input.u64("a chunk of a file")?,
        })
    }

    pub(super) fn touches(&self, author: &Author) -> Vec<Vec<u8>> {
        vec![
            NodeSlot(self.node).key(),
            KeySlot(self.receipt.worker).key(),
            self.package().key(),
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
        require(view.get(&slot)?.is_none(), Rejection::PartThere)?;
        check_receipt(context, view, &key, self.anchor_by())?;
        let file = self.file(view)?;
        let unsigned = Rejection::ReceiptUnsigned;
        receipts::check_signed(&self.receipt, self.signature, network, unsigned)?;
        let asked = ask(context, author, view, (self.node, node))?;
        view.put(&slot, &Withheld { file, chunk: self.chunk, asked })
    }

    /// The file, where it has the chunk.
    fn file(&self, view: &View) -> Result<Part, Stop> {
        let package = view.get(&self.package())?.ok_or(Rejection::PackageAbsent)?;
        let file = package.files.get(usize::from(self.file)).copied();
        let start = self.chunk.checked_mul(CHUNK_BYTES);
        let file = file.filter(|file| start.is_some_and(|start| start < file.bytes));
        Ok(file.ok_or(Rejection::NoChunk)?)
    }

    fn anchor_by(&self) -> Epoch {
        Epoch(self.receipt.anchor_by)
    }

    fn package(&self) -> PackageSlot {
        PackageSlot { model: self.receipt.model, publisher: self.publisher }
    }

    fn slot(&self, network: Network) -> WithheldSlot {
        let Receipt { worker, model, .. } = &self.receipt;
        WithheldSlot::of(network, *worker, model, (self.file, self.chunk))
    }
}
