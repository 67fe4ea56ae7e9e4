//! Kind 63, missing_late: nobody showed the receipt in time; at first what silence costs is held, then it ends.

use chain::records::{AccountSlot, MissingSlot, NodeId, NodeSlot, Slot, StakesSlot};
use commit::{Reader, WireError, Writer};
use receipt::PublicKey;

use crate::context::Context;
use crate::liability::{close, silence, silent_for_good};
use crate::nodes::find;
use crate::parameters::Parameter;
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
        let mut missing = view.get(&self.missing)?.ok_or(Rejection::NoMissing)?;
        if (self.node, self.challenger) != (missing.node, missing.challenger) {
            return Err(Rejection::DisputeNames.into());
        }
        let now = context.clock.time;
        if now <= missing.deadline {
            return Err(Rejection::NotLate.into());
        }
        let mut node = find(view, self.node)?;
        if missing.silent {
            close(&mut node, &mut missing.owed)?;
            let money = (self.challenger, missing.bond, missing.held);
            silent_for_good(context, view, &mut node, money)?;
            view.remove(&self.missing)?;
        } else {
            let about = (missing.opened, &mut missing.owed);
            missing.held = silence(context, view, &mut node, about)?;
            missing.silent = true;
            missing.deadline = now.after(context.parameters.get_u64(Parameter::AppealMs));
            view.put(&self.missing, &missing)?;
        }
        view.put(&NodeSlot(self.node), &node)
    }
}
