//! Kind 66, part_late: nobody showed the chunk in time; at first what silence costs is held, then it ends.

use chain::records::{AccountSlot, NodeId, NodeSlot, Slot, StakesSlot, Withheld, WithheldSlot};
use commit::{Reader, WireError, Writer};
use receipt::PublicKey;

use crate::asked::late;
use crate::context::Context;
use crate::stop::{Rejection, Stop};
use crate::view::View;

/// What is asked. All but the first repeats what the record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartLate {
    /// What is withheld.
    pub part: WithheldSlot,
    /// Who answers for it.
    pub node: NodeId,
    /// Who asks.
    pub challenger: PublicKey,
}

impl PartLate {
    pub(super) fn write(self, out: &mut Writer) {
        out.bytes(&self.part.0);
        out.bytes(&self.node.0);
        out.bytes(&self.challenger.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            part: WithheldSlot::read(input)?,
            node: NodeId::read(input)?,
            challenger: PublicKey(input.array("a challenger")?),
        })
    }

    pub(super) fn touches(self) -> Vec<Vec<u8>> {
        vec![
            self.part.key(),
            NodeSlot(self.node).key(),
            StakesSlot.key(),
            AccountSlot(self.challenger).key(),
        ]
    }

    pub(super) fn execute(self, context: &Context, view: &mut View) -> Result<(), Stop> {
        let withheld = view.get(&self.part)?.ok_or(Rejection::NoPart)?;
        match late(context, view, withheld.asked, (self.node, self.challenger))? {
            Some(asked) => view.put(&self.part, &Withheld { asked, ..withheld }),
            None => view.remove(&self.part),
        }
    }
}
