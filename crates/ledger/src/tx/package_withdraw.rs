//! Kind 12, package_withdraw: who published a model says that it shall be used no more.
//!
//! Never takes anything away: receipts about the model stay judgeable, and so does what others published of it.

use chain::records::{PackageSlot, Slot};
use commit::{Digest, Reader, WireError, Writer};

use crate::context::{Author, Context};
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// What is asked, by the publisher's own account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackageWithdraw {
    /// The model id.
    pub model: Digest,
}

impl PackageWithdraw {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.model);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { model: input.array("a model id")? })
    }

    pub(super) fn touches(&self, author: &Author) -> Vec<Vec<u8>> {
        vec![self.slot(author).key()]
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let slot = self.slot(author);
        let mut package = view.get(&slot)?.ok_or(Rejection::PackageAbsent)?;
        require(package.withdrawn.is_none(), Rejection::Withdrawn)?;
        package.withdrawn = Some(context.clock.time);
        view.put(&slot, &package)
    }

    fn slot(&self, author: &Author) -> PackageSlot {
        PackageSlot { model: self.model, publisher: author.payer }
    }
}
