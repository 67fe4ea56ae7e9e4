//! What all nodes have at stake together, and until when it has to stay liable.
//!
//! Never more or less than the nodes' stakes: what is unbonding does not count.

use commit::{Reader, WireError, Writer};

use super::{Record, Slot, Tag};
use crate::values::{Amount, Time};

/// Where the sum stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StakesSlot;

/// All stakes together. Where nothing is at stake, and no vote was ever called, it does not stand in the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stakes {
    /// Their sum.
    pub total: Amount,
    /// When the last vote that was called ends: stake that may have voted in it is not free before.
    pub voting_ends: Time,
}

impl Slot for StakesSlot {
    type Record = Stakes;

    fn key(&self) -> Vec<u8> {
        Tag::Stakes.key(&[])
    }
}

impl Record for Stakes {
    fn write(&self, out: &mut Writer) {
        self.total.write(out);
        out.u64(self.voting_ends.0);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let stakes = Self {
            total: Amount::read(input, "the sum of stakes")?,
            voting_ends: Time(input.u64("the end of the last vote")?),
        };
        if stakes == Self::default() {
            let reason = "where nothing is at stake it does not stand in the state";
            return Err(WireError::Value { what: "the sum of stakes", reason });
        }
        Ok(stakes)
    }
}
