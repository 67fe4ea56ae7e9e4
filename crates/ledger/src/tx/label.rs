//! Kind 15, label: a name's owner says which model a label names.

use chain::records::{Label, LabelRecord, LabelSlot, Name, NameSlot, PackageSlot, Slot};
use commit::{Digest, Reader, WireError, Writer};
use receipt::PublicKey;

use crate::context::{Author, Context};
use crate::names::owned;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// What is asked, by the name's owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetLabel {
    /// Under which name.
    pub name: Name,
    /// The name's tenure, as its record says.
    pub tenure: u64,
    /// Which label.
    pub label: Label,
    /// The model id.
    pub model: Digest,
    /// By whom it was published.
    pub publisher: PublicKey,
}

impl SetLabel {
    pub(super) fn write(&self, out: &mut Writer) {
        self.name.write(out);
        out.u64(self.tenure);
        self.label.write(out);
        out.bytes(&self.model);
        out.bytes(&self.publisher.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            name: Name::read(input)?,
            tenure: input.u64("a name's tenure")?,
            label: Label::read(input)?,
            model: input.array("a model id")?,
            publisher: PublicKey(input.array("a publisher's key")?),
        })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        vec![NameSlot(self.name).key(), self.slot().key(), self.package().key()]
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let name = owned(context, view, &self.name, author.payer)?;
        require(name.tenure == self.tenure, Rejection::NameTenure)?;
        let package = view.get(&self.package())?.ok_or(Rejection::PackageAbsent)?;
        require(package.withdrawn.is_none(), Rejection::Withdrawn)?;
        require(
            !self.label.is_version() || view.get(&self.slot())?.is_none(),
            Rejection::VersionSet,
        )?;
        let (model, publisher, set) = (self.model, self.publisher, context.clock.time);
        view.put(&self.slot(), &LabelRecord { model, publisher, set })
    }

    fn slot(&self) -> LabelSlot {
        LabelSlot { name: self.name, tenure: self.tenure, label: self.label.clone() }
    }

    fn package(&self) -> PackageSlot {
        PackageSlot { model: self.model, publisher: self.publisher }
    }
}
