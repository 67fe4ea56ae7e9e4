//! Kind 8, withdraw: what left a node's stake long enough ago goes to its owner.

use chain::Amount;
use chain::records::{GroupSlot, Node, NodeId, NodeSlot, Slot, Unbonding};
use commit::{Reader, WireError, Writer};

use crate::accounts::add;
use crate::context::{Author, Context};
use crate::groups;
use crate::nodes::owned;
use crate::parameters::Parameter;
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::View;

/// Epochs in which what was signed last is anchored: it can be asked for as much longer.
const ANCHORED_EPOCHS: u64 = 2;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Withdraw {
    /// Out of which node.
    pub node: NodeId,
}

impl Withdraw {
    pub(super) fn write(self, out: &mut Writer) {
        out.bytes(&self.node.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { node: NodeId::read(input)? })
    }

    pub(super) fn touches(self) -> Vec<Vec<u8>> {
        vec![NodeSlot(self.node).key(), GroupSlot.key()]
    }

    pub(super) fn execute(
        self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let node = owned(view, self.node, author)?;
        let window = context.parameters.get_u64(Parameter::UnbondMs);
        let due = |part: &Unbonding| {
            part.made.after(window).max(part.least) <= context.clock.time
                && context.clock.epoch.0 > part.judged.0.saturating_add(ANCHORED_EPOCHS)
        };
        let (due, unbonding): (Vec<_>, Vec<_>) = node.unbonding.iter().copied().partition(due);
        let leaves = !due.is_empty() && groups::lets_go(view, context)?;
        require(leaves, Rejection::NothingDue)?;
        let node = Node { unbonding, ..node };
        let (has, owed) = (node.money(), node.owed.all());
        let (has, owed) = has.zip(owed).ok_or(Fault::Money("a node"))?;
        require(has >= owed, Rejection::Owed)?;
        let sum = due.iter().try_fold(Amount::ZERO, |sum, part| sum.plus(part.amount));
        add(view, node.owner, sum.ok_or(Fault::Money("a node"))?)?;
        view.put(&NodeSlot(self.node), &node)
    }
}
