//! Kind 14, name_transfer: a name goes to another key, with its labels and the term that is paid for.

use chain::records::{Name, NameRecord, NameSlot, Slot};
use commit::{Reader, WireError, Writer};
use receipt::PublicKey;

use crate::context::{Author, Context};
use crate::names::owned;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// What is asked, by the name's owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameTransfer {
    /// Which name.
    pub name: Name,
    /// To whom.
    pub to: PublicKey,
}

impl NameTransfer {
    pub(super) fn write(&self, out: &mut Writer) {
        self.name.write(out);
        out.bytes(&self.to.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let name = Name::read(input)?;
        let what = "who gets a name";
        match PublicKey(input.array(what)?) {
            PublicKey::NONE => {
                Err(WireError::Value { what, reason: "only a vote reserves a name" })
            }
            to => Ok(Self { name, to }),
        }
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        vec![NameSlot(self.name).key()]
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let before = owned(context, view, &self.name, author.payer)?;
        require(self.to != before.owner, Rejection::ToItself)?;
        view.put(&NameSlot(self.name), &NameRecord { owner: self.to, ..before })
    }
}
