//! Kind 54, appeal: a silent node takes up its case where it stood, with a bond.

use chain::records::{DisputeSlot, NodeId, NodeSlot, Slot, Stage};
use commit::{Reader, WireError, Writer};

use crate::accounts::subtract;
use crate::context::{Author, Context};
use crate::disputes::Open;
use crate::liability::answer;
use crate::nodes::find;
use crate::parameters::Parameter;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appeal {
    /// In which dispute.
    pub dispute: DisputeSlot,
    /// Who was silent.
    pub node: NodeId,
}

impl Appeal {
    pub(super) fn write(self, out: &mut Writer) {
        out.bytes(&self.dispute.0);
        out.bytes(&self.node.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { dispute: DisputeSlot::read(input)?, node: NodeId::read(input)? })
    }

    pub(super) fn touches(self) -> Vec<Vec<u8>> {
        vec![self.dispute.key(), NodeSlot(self.node).key()]
    }

    pub(super) fn execute(
        self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let mut open = Open::find(view, self.dispute, self.node)?;
        let mut node = find(view, self.node)?;
        // A stranger's moves would bind the node: nobody else may ruin its case.
        require([node.owner, node.operator].contains(&author.payer), Rejection::NotAsked)?;
        let now = context.clock.time;
        require(
            open.case.stage == Stage::Silent && now <= open.case.deadline,
            Rejection::NotSilent,
        )?;
        let bond = open.case.bond.usual;
        subtract(view, author.payer, bond, Rejection::Balance)?;
        (open.case.appellant, open.case.appeal_bond) = (author.payer, bond);
        open.case.stage = Stage::Claimant;
        open.case.deadline = now.after(context.parameters.get_u64(Parameter::MoveMs));
        answer(context, author, &mut node);
        view.put(&NodeSlot(self.node), &node)?;
        open.put(view)
    }
}
