//! An account: what a key has, and how many transactions it has made.

use commit::{Reader, WireError, Writer};
use receipt::PublicKey;

use super::{Record, Slot, Tag};
use crate::values::Amount;

/// Whose account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountSlot(pub PublicKey);

/// An account. One that has nothing and has done nothing does not stand in the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What it has.
    pub balance: Amount,
    /// How many transactions its key has made: the number of its next one.
    pub made: u64,
}

impl AccountSlot {
    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.array("an account's key").map(|key| Self(PublicKey(key)))
    }
}

impl Slot for AccountSlot {
    type Record = Account;

    fn key(&self) -> Vec<u8> {
        Tag::Account.key(&[&self.0.0])
    }
}

impl Record for Account {
    fn write(&self, out: &mut Writer) {
        self.balance.write(out);
        out.u64(self.made);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let account = Self {
            balance: Amount::read(input, "a balance")?,
            made: input.u64("an account's transactions")?,
        };
        if account == Self::default() {
            let reason = "an account of nothing does not stand in the state";
            return Err(WireError::Value { what: "an account", reason });
        }
        Ok(account)
    }
}
