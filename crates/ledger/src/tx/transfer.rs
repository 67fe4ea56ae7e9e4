//! Kind 1, transfer: money goes from the payer's account to another one.

use chain::Amount;
use chain::records::{AccountSlot, Slot};
use commit::{Reader, WireError, Writer};
use receipt::PublicKey;

use crate::accounts::{add, subtract};
use crate::context::Author;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// To whom.
    pub to: PublicKey,
    /// How much.
    pub amount: Amount,
}

impl Transfer {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.to.0);
        out.u128(self.amount.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let to = PublicKey(input.array("who gets it")?);
        Ok(Self { to, amount: Amount(input.u128("how much")?) })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        vec![AccountSlot(self.to).key()]
    }

    pub(super) fn execute(&self, author: &Author, view: &mut View) -> Result<(), Stop> {
        require(self.amount != Amount::ZERO, Rejection::NothingMoved)?;
        require(self.to != author.payer, Rejection::ToItself)?;
        subtract(view, author.payer, self.amount, Rejection::Balance)?;
        add(view, self.to, self.amount)
    }
}
