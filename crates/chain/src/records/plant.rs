//! A plant: a word, given beforehand, that a node will answer a step of a job falsely, so that who looks finds it.
//!
//! Never says which node or which job: that is shown when it is met or ends. Its bond is money.

use commit::{Digest, Network, Reader, WireError, Writer};
use receipt::PublicKey;

use super::{NodeId, Record, Slot, Tag, read_bool};
use crate::domains::PLANT;
use crate::values::{Amount, Epoch};

/// Where it stands: a key has so many in an epoch. Whose answer it is for the key does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlantSlot {
    /// Who put it.
    pub planter: PublicKey,
    /// When it was committed to.
    pub epoch: Epoch,
    /// Which of that epoch's.
    pub index: u8,
}

/// A plant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plant {
    /// What it hides.
    pub commitment: Digest,
    /// What was put in, less what was paid of it.
    pub bond: Amount,
    /// Whether somebody found it.
    pub met: bool,
    /// After how many epochs it may end, as that was when it was put; it can be met for twice as many.
    pub epochs: u64,
}

/// What a plant hides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planted {
    /// Who will answer it.
    pub node: NodeId,
    /// The job.
    pub job: Digest,
    /// Which of its choices.
    pub choice: u32,
    /// As in [`super::ClaimedStep`].
    pub position: u32,
    /// Keeps it from being guessed.
    pub salt: Digest,
}

impl Planted {
    /// The commitment to it.
    #[must_use]
    pub fn commitment(&self, network: Network) -> Digest {
        let (choice, position) = (self.choice.to_le_bytes(), self.position.to_le_bytes());
        PLANT.hash(network, &[&self.node.0, &self.job, &choice, &position, &self.salt])
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`WireError::Truncated`].
    pub fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            node: NodeId::read(input)?,
            job: input.array("a job")?,
            choice: input.u32("a choice")?,
            position: input.u32("where a step is")?,
            salt: input.array("a plant's salt")?,
        })
    }

    /// Writes it.
    pub fn write(&self, out: &mut Writer) {
        out.bytes(&self.node.0);
        out.bytes(&self.job);
        out.u32(self.choice);
        out.u32(self.position);
        out.bytes(&self.salt);
    }
}

impl PlantSlot {
    /// Reads it.
    ///
    /// # Errors
    /// [`WireError::Truncated`].
    pub fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            planter: PublicKey(input.array("who put a plant")?),
            epoch: Epoch(input.u64("the epoch of a plant")?),
            index: input.u8("which plant of an epoch")?,
        })
    }

    /// Writes it.
    pub fn write(self, out: &mut Writer) {
        out.bytes(&self.planter.0);
        out.u64(self.epoch.0);
        out.u8(self.index);
    }
}

impl Slot for PlantSlot {
    type Record = Plant;

    fn key(&self) -> Vec<u8> {
        Tag::Plant.key(&[&self.planter.0, &self.epoch.0.to_le_bytes(), &[self.index]])
    }
}

impl Record for Plant {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.commitment);
        self.bond.write(out);
        out.u8(self.met.into());
        out.u64(self.epochs);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            commitment: input.array("a plant's commitment")?,
            bond: Amount::read(input, "a plant's bond")?,
            met: read_bool(input, "whether a plant was met")?,
            epochs: input.u64("how many epochs a plant stays")?,
        })
    }
}
