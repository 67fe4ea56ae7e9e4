//! A receipt that somebody holds and asks its worker to show in the log that it anchors.
//!
//! Never says that it is not there: nobody can prove that. It goes when the worker has answered, or has been silent for good.

use commit::{Digest, Network, Reader, WireError, Writer};
use receipt::PublicKey;

use super::{Bond, NodeId, Record, Slot, Tag, read_bool};
use crate::domains::MISSING;
use crate::values::{Amount, Time};

/// Which receipt. One asks for it at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MissingSlot(pub Digest);

/// A receipt that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Who answers for it.
    pub node: NodeId,
    /// The key that signed it, whose log it should be in.
    pub worker: PublicKey,
    /// Its id.
    pub receipt: Digest,
    /// Who asks.
    pub challenger: PublicKey,
    /// Since when.
    pub opened: Time,
    /// Until when an answer is taken.
    pub deadline: Time,
    /// What the challenger put in.
    pub bond: Bond,
    /// What the node answers with for this.
    pub owed: Amount,
    /// Whether the first deadline has passed.
    pub silent: bool,
    /// What was taken for that.
    pub held: Amount,
}

impl MissingSlot {
    /// Of a receipt.
    #[must_use]
    pub fn of(network: Network, receipt: &Digest) -> Self {
        Self(MISSING.hash(network, &[receipt]))
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`WireError::Truncated`].
    pub fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.array("the id of what is missing").map(Self)
    }
}

impl Slot for MissingSlot {
    type Record = Missing;

    fn key(&self) -> Vec<u8> {
        Tag::Missing.key(&[&self.0])
    }
}

impl Record for Missing {
    fn write(&self, out: &mut Writer) {
        for hash in [&self.node.0, &self.worker.0, &self.receipt, &self.challenger.0] {
            out.bytes(hash);
        }
        out.u64(self.opened.0);
        out.u64(self.deadline.0);
        self.bond.write(out);
        self.owed.write(out);
        out.u8(self.silent.into());
        self.held.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            node: NodeId::read(input)?,
            worker: PublicKey(input.array("a worker's key")?),
            receipt: input.array("a receipt's id")?,
            challenger: PublicKey(input.array("a challenger")?),
            opened: Time(input.u64("when a receipt was asked for")?),
            deadline: Time(input.u64("a deadline")?),
            bond: Bond::read(input)?,
            owed: Amount::read(input, "what is owed")?,
            silent: read_bool(input, "whether a worker was silent")?,
            held: Amount::read(input, "what is held")?,
        })
    }
}
