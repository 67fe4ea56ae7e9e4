//! Kind 52, dispute_late: a deadline has passed. Silence proves nothing, and costs what refutation costs.

use chain::records::{DisputeSlot, NodeId, NodeSlot, Outcome, Slot, Stage, StakesSlot};
use commit::{Reader, WireError, Writer};
use receipt::PublicKey;

use crate::context::Context;
use crate::disputes::Open;
use crate::liability::{owe_less, silence};
use crate::nodes::find;
use crate::parameters::Parameter;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisputeLate {
    /// In which dispute.
    pub dispute: DisputeSlot,
    /// Who is accused.
    pub node: NodeId,
}

impl DisputeLate {
    pub(super) fn write(self, out: &mut Writer) {
        out.bytes(&self.dispute.0);
        out.bytes(&self.node.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { dispute: DisputeSlot::read(input)?, node: NodeId::read(input)? })
    }

    pub(super) fn touches(self) -> Vec<Vec<u8>> {
        vec![self.dispute.key(), NodeSlot(self.node).key(), StakesSlot.key()]
    }

    pub(super) fn execute(self, context: &Context, view: &mut View) -> Result<(), Stop> {
        let mut open = Open::find(view, self.dispute, self.node)?;
        let challenger = match open.case.stage {
            Stage::Claimant => false,
            Stage::Challenger => true,
            Stage::Silent | Stage::Decided(_) => return Err(Rejection::NotAsked.into()),
        };
        let now = context.clock.time;
        require(now > open.case.deadline, Rejection::NotLate)?;
        if challenger {
            open.case.stage = Stage::Decided(Outcome::ChallengerSilent);
        } else if open.case.appellant != PublicKey::NONE {
            open.case.stage = Stage::Decided(Outcome::ClaimantSilent);
        } else {
            let mut node = find(view, self.node)?;
            let cost = open.case.cost;
            open.case.held = silence(context, view, &mut node, (open.opened, cost))?;
            owe_less(&mut node.owed.cases, open.case.held.at_most(cost))?;
            open.case.stage = Stage::Silent;
            open.case.deadline = now.after(context.parameters.get_u64(Parameter::AppealMs));
            view.put(&NodeSlot(self.node), &node)?;
        }
        open.put(view)
    }
}
