//! Kind 7, unstake: money begins to leave a node's stake. It stays liable until it was withdrawn.

use chain::Amount;
use chain::records::{NodeId, NodeSlot, Slot, StakesSlot, UNBONDING_MAX, Unbonding};
use commit::{Reader, WireError, Writer};

use crate::context::{Author, Context};
use crate::nodes::{lower, owned, stakes};
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::View;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unstake {
    /// Out of which node.
    pub node: NodeId,
    /// How much.
    pub amount: Amount,
}

impl Unstake {
    pub(super) fn write(self, out: &mut Writer) {
        out.bytes(&self.node.0);
        out.u128(self.amount.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { node: NodeId::read(input)?, amount: Amount(input.u128("how much")?) })
    }

    pub(super) fn touches(self) -> Vec<Vec<u8>> {
        vec![NodeSlot(self.node).key(), StakesSlot.key()]
    }

    pub(super) fn execute(
        self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let Self { node: id, amount } = self;
        require(amount != Amount::ZERO, Rejection::NothingMoved)?;
        let mut node = owned(view, id, author)?;
        let left = node.stake.minus(amount).ok_or(Rejection::StakeLess)?;
        let owed = node.owed.all().ok_or(Fault::Money("what is owed"))?;
        require(left >= owed, Rejection::Owed)?;
        require(node.unbonding.len() != UNBONDING_MAX, Rejection::UnbondingFull)?;
        lower(view, &mut node, amount)?;
        let (made, least) = (context.clock.time, stakes(view)?.voting_ends);
        node.unbonding.push(Unbonding { amount, made, least, judged: context.judged });
        view.put(&NodeSlot(id), &node)
    }
}
