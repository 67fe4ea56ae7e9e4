//! A worker's receipt log, as it was anchored last.
//!
//! Never shrinks, nor changes what it was: so a later root speaks for every leaf under an earlier one.

use commit::{Digest, Reader, WireError, Writer};
use receipt::PublicKey;
use receipt::log::LOG_LEAVES_MAX;

use super::{Record, Slot, Tag};
use crate::values::{Epoch, Time};

/// Whose log: the key that signs the receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnchorSlot(pub PublicKey);

/// A log's size and root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Leaves.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// In which epoch it was anchored.
    pub epoch: Epoch,
    /// When.
    pub time: Time,
}

impl Slot for AnchorSlot {
    type Record = Anchor;

    fn key(&self) -> Vec<u8> {
        Tag::Anchor.key(&[&self.0.0])
    }
}

impl AnchorSlot {
    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.array("a log's key").map(|key| Self(PublicKey(key)))
    }
}

impl Anchor {
    /// Reads a log's size.
    ///
    /// # Errors
    /// [`WireError::Value`] for one that no log has.
    pub fn read_size(input: &mut Reader<'_>) -> Result<u64, WireError> {
        let (what, reason) = ("a log's size", "no log has so many leaves");
        let size = input.u64(what)?;
        (size <= LOG_LEAVES_MAX).then_some(size).ok_or(WireError::Value { what, reason })
    }
}

impl Record for Anchor {
    fn write(&self, out: &mut Writer) {
        out.u64(self.size);
        out.bytes(&self.root);
        out.u64(self.epoch.0);
        out.u64(self.time.0);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            size: Self::read_size(input)?,
            root: input.array("a log's root")?,
            epoch: Epoch(input.u64("the epoch of an anchor")?),
            time: Time(input.u64("the time of an anchor")?),
        })
    }
}
