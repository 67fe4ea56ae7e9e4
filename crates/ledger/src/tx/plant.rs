//! Kind 70, plant: a node says beforehand, hidden, that it will answer a step of a job falsely.
//!
//! Never shows which job: whoever could read it would know where to look.

use chain::Amount;
use chain::records::{NodeSlot, Plant, PlantSlot, Slot};
use commit::{Digest, Reader, WireError, Writer};

use crate::accounts::subtract;
use crate::context::{Author, Context};
use crate::nodes::spoken_for;
use crate::parameters::Parameter;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PutPlant {
    /// Whose, when, and which of that epoch's.
    pub slot: PlantSlot,
    /// What it hides.
    pub commitment: Digest,
}

impl PutPlant {
    pub(super) fn write(self, out: &mut Writer) {
        self.slot.write(out);
        out.bytes(&self.commitment);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let slot = PlantSlot::read(input)?;
        Ok(Self { slot, commitment: input.array("a plant's commitment")? })
    }

    pub(super) fn touches(self) -> Vec<Vec<u8>> {
        vec![NodeSlot(self.slot.node).key(), self.slot.key()]
    }

    pub(super) fn execute(
        self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let node = spoken_for(view, self.slot.node, author)?;
        require(!node.retired, Rejection::Retired)?;
        require(self.slot.epoch == context.clock.epoch, Rejection::EpochOther)?;
        let most = context.parameters.get_u64(Parameter::PlantsEpoch);
        require(
            u64::from(self.slot.index) < most && view.get(&self.slot)?.is_none(),
            Rejection::PlantThere,
        )?;
        let bond = Amount(context.parameters.get(Parameter::PlantBond));
        subtract(view, author.payer, bond, Rejection::Balance)?;
        view.put(&self.slot, &Plant { commitment: self.commitment, bond, met: false })
    }
}
