//! A worker's receipt log, as it was anchored last.
//!
//! Never shrinks, nor changes what it was: so a later root speaks for every leaf under an earlier one, and an earlier
//! size says which leaves were there then.

use commit::{Digest, Reader, WireError, Writer};
use receipt::PublicKey;
use receipt::log::LOG_LEAVES_MAX;

use super::{Record, Slot, Tag};
use crate::values::{Epoch, Time};

/// Whose log: the key that signs the receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnchorSlot(pub PublicKey);

/// Earlier anchors that a record says the size of.
pub const ANCHORS_EARLIER_MAX: usize = 31;

/// A log's size and root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Leaves.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
    /// In which epoch it was anchored.
    pub epoch: Epoch,
    /// When.
    pub time: Time,
    /// How many leaves it had when it was anchored before, in order; the oldest are forgotten.
    pub earlier: Vec<(Epoch, u64)>,
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
    /// How many leaves were anchored by the end of an epoch, as far as the record reaches back.
    #[must_use]
    pub fn size_by(&self, epoch: Epoch) -> u64 {
        let known = self.earlier.iter().copied().chain([(self.epoch, self.size)]);
        known.take_while(|(of, _)| *of <= epoch).last().map_or(0, |(_, size)| size)
    }

    /// The anchors before the next one: this one too.
    #[must_use]
    pub fn passed(self) -> Vec<(Epoch, u64)> {
        let mut earlier = self.earlier;
        earlier.push((self.epoch, self.size));
        let forgotten = earlier.len().saturating_sub(ANCHORS_EARLIER_MAX);
        earlier.split_off(forgotten)
    }

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
        out.length_u8(self.earlier.len());
        for (epoch, size) in &self.earlier {
            out.u64(epoch.0);
            out.u64(*size);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let what = "earlier anchors";
        let anchor = Self {
            size: Self::read_size(input)?,
            root: input.array("a log's root")?,
            epoch: Epoch(input.u64("the epoch of an anchor")?),
            time: Time(input.u64("the time of an anchor")?),
            earlier: input.list_u8(what, ANCHORS_EARLIER_MAX, |input| {
                Ok((Epoch(input.u64("the epoch of an anchor")?), Self::read_size(input)?))
            })?,
        };
        let all = anchor.earlier.iter().copied().chain([(anchor.epoch, anchor.size)]);
        match all.is_sorted_by(|one, next| one.0 < next.0 && one.1 <= next.1) {
            true => Ok(anchor),
            false => Err(WireError::Order { what }),
        }
    }
}
