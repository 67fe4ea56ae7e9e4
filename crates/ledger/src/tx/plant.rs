//! Kind 70, plant: somebody says beforehand, hidden, that a node will answer a step of a job falsely.
//!
//! Never shows which job, or whose answer: whoever could read it would know where to look.

use chain::Amount;
use chain::Epoch;
use chain::records::{Plant, PlantSlot, Slot};
use commit::{Digest, Reader, WireError, Writer};
use receipt::PublicKey;

use crate::accounts::subtract;
use crate::context::{Author, Context};
use crate::parameters::Parameter;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// What is asked, by any key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PutPlant {
    /// Now.
    pub epoch: Epoch,
    /// Which of the payer's in this epoch.
    pub index: u8,
    /// What it hides.
    pub commitment: Digest,
}

impl PutPlant {
    /// Where it stands when this key puts it.
    #[must_use]
    pub fn slot(self, planter: PublicKey) -> PlantSlot {
        PlantSlot { planter, epoch: self.epoch, index: self.index }
    }

    pub(super) fn write(self, out: &mut Writer) {
        out.u64(self.epoch.0);
        out.u8(self.index);
        out.bytes(&self.commitment);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            epoch: Epoch(input.u64("the epoch of a plant")?),
            index: input.u8("which plant of an epoch")?,
            commitment: input.array("a plant's commitment")?,
        })
    }

    pub(super) fn touches(self, author: &Author) -> Vec<Vec<u8>> {
        vec![self.slot(author.payer).key()]
    }

    pub(super) fn execute(
        self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        require(self.epoch == context.clock.epoch, Rejection::EpochOther)?;
        let most = context.parameters.get_u64(Parameter::PlantsEpoch);
        let slot = self.slot(author.payer);
        require(u64::from(self.index) < most && view.get(&slot)?.is_none(), Rejection::PlantThere)?;
        let bond = Amount(context.parameters.get(Parameter::PlantBond));
        subtract(view, author.payer, bond, Rejection::Balance)?;
        let epochs = context.parameters.get_u64(Parameter::PlantEpochs);
        view.put(&slot, &Plant { commitment: self.commitment, bond, met: false, epochs })
    }
}
