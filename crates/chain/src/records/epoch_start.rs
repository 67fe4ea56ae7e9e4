//! The block that began an epoch: jobs are dated by its height, and judged as long as it says; draws read its beacon.
//!
//! Never changes. It goes when nothing can ask for it any more.

use commit::{Digest, Reader, WireError, Writer};

use super::{Record, Slot, Tag};
use crate::values::{Epoch, Height, Time};

/// Where an epoch's start stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochStartSlot(pub Epoch);

/// The first block of an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochStart {
    /// Its number.
    pub height: Height,
    /// Its time.
    pub time: Time,
    /// Public randomness that it brought.
    pub beacon: Digest,
    /// The last epoch in which what is dated in this one is judged.
    pub judged: Epoch,
}

impl Slot for EpochStartSlot {
    type Record = EpochStart;

    fn key(&self) -> Vec<u8> {
        Tag::EpochStart.key(&[&self.0.0.to_le_bytes()])
    }
}

impl EpochStartSlot {
    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.u64("an epoch").map(|epoch| Self(Epoch(epoch)))
    }
}

impl Record for EpochStart {
    fn write(&self, out: &mut Writer) {
        out.u64(self.height.0);
        out.u64(self.time.0);
        out.bytes(&self.beacon);
        out.u64(self.judged.0);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            height: Height(input.u64("the height of an epoch's start")?),
            time: Time(input.u64("the time of an epoch's start")?),
            beacon: input.array("the beacon of an epoch's start")?,
            judged: Epoch(input.u64("until when an epoch's jobs are judged")?),
        })
    }
}
