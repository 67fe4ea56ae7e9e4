//! Kind 13, name_claim: a name is claimed, or its owner pays for another term.

use chain::Amount;
use chain::records::{Name, NameRecord, NameSlot, Slot};
use commit::{Reader, WireError, Writer};

use crate::accounts::subtract;
use crate::context::{Author, Context};
use crate::names::is_free;
use crate::parameters::Parameter;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// What is asked, for the payer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameClaim {
    /// Which name.
    pub name: Name,
}

impl NameClaim {
    pub(super) fn write(&self, out: &mut Writer) {
        self.name.write(out);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { name: Name::read(input)? })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        vec![self.slot().key()]
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let now = context.clock.time;
        let term = context.parameters.get_u64(Parameter::NameMs);
        let before = view.get(&self.slot())?;
        let reserved = before.is_some_and(|before| before.is_reserved());
        require(!reserved, Rejection::NameReserved)?;
        let record = match before {
            None => NameRecord { owner: author.payer, tenure: 1, until: now.after(term) },
            Some(before) if is_free(context, &before) => NameRecord {
                owner: author.payer,
                tenure: before.tenure.saturating_add(1),
                until: now.after(term),
            },
            Some(before) => {
                require(before.owner == author.payer, Rejection::NameTaken)?;
                let until = before.until.after(term);
                require(
                    until <= now.after(context.parameters.get_u64(Parameter::NameAheadMs)),
                    Rejection::NameAhead,
                )?;
                NameRecord { owner: author.payer, until, ..before }
            }
        };
        let fee = Amount(context.parameters.get(Parameter::NameFee));
        subtract(view, author.payer, fee, Rejection::Balance)?;
        view.to_treasury(fee)?;
        view.put(&self.slot(), &record)
    }

    fn slot(&self) -> NameSlot {
        NameSlot(self.name)
    }
}
