//! Kind 40, double_receipt: a node signed two receipts of one job, with whichever of its keys. One may be shown where the
//! other is asked for.
//!
//! Never asks which of them is true.

use chain::Epoch;
use chain::records::NodeId;
use commit::{Reader, WireError, Writer};
use receipt::{JobLeaf, Receipt, Signature};

use crate::context::{Author, Context};
use crate::contradictions::{Contradiction, Matters};
use crate::dates::{read_leaf, write_leaf};
use crate::receipts;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// Work of two receipts' signatures, at their limits.
pub(super) const WORK: u64 = 4_000;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoubleReceipt {
    /// Whose.
    pub node: NodeId,
    /// In which epoch the job is dated.
    pub epoch: Epoch,
    /// Leaf 0 of the job, with its date.
    pub terms: JobLeaf,
    /// A receipt, and its envelope's signature.
    pub one: (Receipt, Signature),
    /// Another one.
    pub other: (Receipt, Signature),
}

impl DoubleReceipt {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.node.0);
        out.u64(self.epoch.0);
        write_leaf(&self.terms, out);
        for (receipt, signature) in [&self.one, &self.other] {
            receipts::write(out, receipt);
            out.bytes(&signature.0);
        }
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let node = NodeId::read(input)?;
        let epoch = Epoch(input.u64("the epoch of a date")?);
        let terms = read_leaf(input)?;
        let one = (receipts::read(input)?, receipts::read_signature(input)?);
        let other = (receipts::read(input)?, receipts::read_signature(input)?);
        Ok(Self { node, epoch, terms, one, other })
    }

    pub(super) fn touches(&self, author: &Author) -> Vec<Vec<u8>> {
        self.contradiction().touches(author.network)
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let contradiction = self.contradiction();
        let found = contradiction.find(context, view)?;
        require(self.differ(), Rejection::NoDouble)?;
        for (receipt, signature) in [&self.one, &self.other] {
            let unsigned = Rejection::ReceiptUnsigned;
            receipts::check_signed(receipt, *signature, context.network, unsigned)?;
        }
        contradiction.lost(context, author, found, view)
    }

    /// Two for one job. After another's tokens a worker answers given that prefix, and may do so twice.
    fn differ(&self) -> bool {
        let (one, other) = (&self.one.0, &self.other.0);
        let alone =
            |receipt: &Receipt| receipt.choices.iter().all(|choice| choice.segments.len() == 1);
        one != other && one.job == other.job && alone(one) && alone(other)
    }

    fn contradiction(&self) -> Contradiction<'_> {
        let receipt = &self.one.0;
        Contradiction {
            node: self.node,
            worker: receipt.worker,
            other: self.other.0.worker,
            job: receipt.job,
            choice: 0,
            matter: Matters::Receipts,
            terms: &self.terms,
            epoch: self.epoch,
        }
    }
}
