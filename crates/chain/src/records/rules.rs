//! Which rules blocks follow, and which they are to follow.

use commit::{Reader, WireError, Writer};

use super::{Record, Slot, Tag};
use crate::values::Time;

/// The version of the rules that every network begins with.
const FIRST: u16 = 1;

/// Where the rules' version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RulesSlot;

/// The rules' version. Until another one was decided it does not stand in the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The version that holds.
    pub version: u16,
    /// The one that is decided on; 0: none.
    pub next: u16,
    /// From which block time on that one holds.
    pub at: Time,
}

impl Default for Rules {
    fn default() -> Self {
        Self { version: FIRST, next: 0, at: Time(0) }
    }
}

impl Rules {
    /// The rules of a block at this time.
    #[must_use]
    pub fn at(self, time: Time) -> Self {
        match self.next != 0 && time >= self.at {
            true => Self { version: self.next, next: 0, at: Time(0) },
            false => self,
        }
    }
}

impl Slot for RulesSlot {
    type Record = Rules;

    fn key(&self) -> Vec<u8> {
        Tag::Rules.key(&[])
    }
}

impl Record for Rules {
    fn write(&self, out: &mut Writer) {
        out.u16(self.version);
        out.u16(self.next);
        out.u64(self.at.0);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let rules = Self {
            version: input.u16("the rules' version")?,
            next: input.u16("the rules' next version")?,
            at: Time(input.u64("from when on the next rules hold")?),
        };
        let one = rules.next == 0 && rules.at == Time(0) || rules.next > rules.version;
        if !one || rules == Self::default() {
            let reason = "the next one is not above it, or nothing was ever decided";
            return Err(WireError::Value { what: "the rules' version", reason });
        }
        Ok(rules)
    }
}
