//! A receipt that somebody holds and asks its worker to show in the log that it anchors.
//!
//! Never says that it is not there: nobody can prove that. It goes when the worker has answered, or has been silent for good.

use commit::{Digest, Network, Reader, WireError, Writer};
use receipt::PublicKey;

use super::{Asked, Record, Slot, Tag};
use crate::domains::MISSING;

/// Which receipt. One asks for it at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MissingSlot(pub Digest);

/// A receipt that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The key that signed it, whose log it should be in.
    pub worker: PublicKey,
    /// Its id.
    pub receipt: Digest,
    /// Who asks whom.
    pub asked: Asked,
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
        out.bytes(&self.worker.0);
        out.bytes(&self.receipt);
        self.asked.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            worker: PublicKey(input.array("a worker's key")?),
            receipt: input.array("a receipt's id")?,
            asked: Asked::read(input)?,
        })
    }
}
