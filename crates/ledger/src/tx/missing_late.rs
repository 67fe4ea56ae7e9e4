//! Kind 63, missing_late: nobody showed the receipt in time; at first what silence costs is held, then it ends.

use chain::records::{AccountSlot, Missing, MissingSlot, NodeId, NodeSlot, Slot, StakesSlot};
use commit::{Reader, WireError, Writer};
use receipt::PublicKey;

use crate::asked::late;
use crate::context::Context;
use crate::stop::{Rejection, Stop};
use crate::view::View;

/// What is asked. All but the first repeats what the record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingLate {
    /// What is missing.
    pub missing: MissingSlot,
    /// Who answers for it.
    pub node: NodeId,
    /// Who asks.
    pub challenger: PublicKey,
}

impl MissingLate {
    pub(super) fn write(self, out: &mut Writer) {
        out.bytes(&self.missing.0);
        out.bytes(&self.node.0);
        out.bytes(&self.challenger.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            missing: MissingSlot::read(input)?,
            node: NodeId::read(input)?,
            challenger: PublicKey(input.array("a challenger")?),
        })
    }

    pub(super) fn touches(self) -> Vec<Vec<u8>> {
        vec![
            self.missing.key(),
            NodeSlot(self.node).key(),
            StakesSlot.key(),
            AccountSlot(self.challenger).key(),
        ]
    }

    pub(super) fn execute(self, context: &Context, view: &mut View) -> Result<(), Stop> {
        let missing = view.get(&self.missing)?.ok_or(Rejection::NoMissing)?;
        match late(context, view, missing.asked, (self.node, self.challenger))? {
            Some(asked) => view.put(&self.missing, &Missing { asked, ..missing }),
            None => view.remove(&self.missing),
        }
    }
}
