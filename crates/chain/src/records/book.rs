//! What the network itself keeps: its clock, and money that is no account's.

use commit::{Digest, Reader, WireError, Writer};

use super::{Record, Slot, Tag};
use crate::values::{Amount, Epoch, Height, Stamp, Time};

/// Where the clock stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockSlot;

/// Where the network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The block that made this state.
    pub height: Height,
    /// What its proposer's clock said.
    pub stamp: Stamp,
    /// Block time.
    pub time: Time,
    /// The epoch.
    pub epoch: Epoch,
    /// When the epoch began.
    pub epoch_began: Time,
    /// Public randomness that the block brought.
    pub beacon: Digest,
}

impl Slot for ClockSlot {
    type Record = Clock;

    fn key(&self) -> Vec<u8> {
        Tag::Clock.key(&[])
    }
}

impl Record for Clock {
    fn write(&self, out: &mut Writer) {
        out.u64(self.height.0);
        out.u64(self.stamp.0);
        out.u64(self.time.0);
        out.u64(self.epoch.0);
        out.u64(self.epoch_began.0);
        out.bytes(&self.beacon);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            height: Height(input.u64("a height")?),
            stamp: Stamp(input.u64("a stamp")?),
            time: Time(input.u64("block time")?),
            epoch: Epoch(input.u64("an epoch")?),
            epoch_began: Time(input.u64("an epoch's beginning")?),
            beacon: input.array("a beacon")?,
        })
    }
}

/// Where the network's own money stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PurseSlot;

/// Money that is no account's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purse {
    /// Fees of the epoch, which go to who has the seats.
    pub fees: Amount,
    /// What proposals may spend.
    pub treasury: Amount,
    /// All that was ever issued, at genesis and since.
    pub issued: Amount,
    /// All that was ever burnt.
    pub burnt: Amount,
}

impl Slot for PurseSlot {
    type Record = Purse;

    fn key(&self) -> Vec<u8> {
        Tag::Purse.key(&[])
    }
}

impl Record for Purse {
    fn write(&self, out: &mut Writer) {
        [self.fees, self.treasury, self.issued, self.burnt]
            .into_iter()
            .for_each(|amount| amount.write(out));
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            fees: Amount::read(input, "fees")?,
            treasury: Amount::read(input, "the treasury")?,
            issued: Amount::read(input, "what was issued")?,
            burnt: Amount::read(input, "what was burnt")?,
        })
    }
}
