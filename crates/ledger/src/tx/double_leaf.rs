//! Kind 41, double_leaf: the logs of a node's keys have two leaves that say that the same money paid two answers. One may be
//! shown where the other is drawn.
//!
//! Never asks which of them was paid.

use chain::Epoch;
use chain::records::{AnchorSlot, NodeId, Slot};
use commit::{Network, Reader, WireError, Writer};
use receipt::{JobLeaf, MissingAnswer, PublicKey, Receipt};

use super::missing_answer::{ANSWER_BYTES_MAX, shows};
use crate::context::{Author, Context};
use crate::contradictions::{Contradiction, Matters};
use crate::dates::{read_leaf, write_leaf};
use crate::receipts;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// Work of a receipt's bytes and twice as many hashes as a log has levels.
pub(super) const WORK: u64 = 80;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoubleLeaf {
    /// Whose.
    pub node: NodeId,
    /// In which epoch the job is dated.
    pub epoch: Epoch,
    /// Leaf 0 of the job, with its date.
    pub terms: JobLeaf,
    /// The receipt of the first leaf. Nobody need have signed it: its worker anchored it.
    pub receipt: Receipt,
    /// A leaf, and where it stands in that worker's log.
    pub one: MissingAnswer,
    /// Another one, of another receipt.
    pub other: MissingAnswer,
    /// In whose log that one stands: the same key's, or that of another key of the node.
    pub worker: PublicKey,
}

impl DoubleLeaf {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.node.0);
        out.u64(self.epoch.0);
        write_leaf(&self.terms, out);
        receipts::write(out, &self.receipt);
        for answer in [&self.one, &self.other] {
            let bytes = answer.encode();
            out.length_u16(bytes.len());
            out.bytes(&bytes);
        }
        out.bytes(&self.worker.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let node = NodeId::read(input)?;
        let epoch = Epoch(input.u64("the epoch of a date")?);
        let terms = read_leaf(input)?;
        let receipt = receipts::read(input)?;
        let mut answer =
            || MissingAnswer::decode(input.bytes_u16("bytes of an answer", ANSWER_BYTES_MAX)?);
        let (one, other) = (answer()?, answer()?);
        let worker = PublicKey(input.array("the key of another log")?);
        Ok(Self { node, epoch, terms, receipt, one, other, worker })
    }

    pub(super) fn touches(&self, author: &Author) -> Vec<Vec<u8>> {
        let mut keys = self.contradiction().touches(author.network);
        keys.extend([self.receipt.worker, self.worker].map(|key| AnchorSlot(key).key()));
        keys
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let contradiction = self.contradiction();
        let found = contradiction.find(context, view)?;
        require(self.differ(context.network), Rejection::NoDouble)?;
        for (worker, answer) in [(self.receipt.worker, &self.one), (self.worker, &self.other)] {
            let there = shows(view, worker, answer, &answer.leaf.receipt)?;
            require(there, Rejection::NotIncluded)?;
        }
        contradiction.lost(context, author, found, view)
    }

    /// Two receipts, and money of one channel that both leaves have.
    fn differ(&self, network: Network) -> bool {
        let (one, other) = (&self.one.leaf, &self.other.leaf);
        one.receipt == self.receipt.id(network)
            && one.receipt != other.receipt
            && one.channel == other.channel
            && one.from.max(other.from) < one.to.min(other.to)
    }

    fn contradiction(&self) -> Contradiction<'_> {
        let Receipt { worker, job, .. } = self.receipt;
        Contradiction {
            node: self.node,
            worker,
            other: self.worker,
            job,
            choice: 0,
            matter: Matters::Leaves,
            terms: &self.terms,
            epoch: self.epoch,
        }
    }
}
