//! Kind 6, stake: money of the payer becomes what a node has at stake, and so its owner's. A debt is paid first.

use chain::Amount;
use chain::records::{NodeId, NodeSlot, Slot, StakesSlot};
use commit::{Reader, WireError, Writer};

use crate::accounts::subtract;
use crate::context::Author;
use crate::nodes::{find, raise};
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stake {
    /// Into which node.
    pub node: NodeId,
    /// How much.
    pub amount: Amount,
}

impl Stake {
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

    pub(super) fn execute(self, author: &Author, view: &mut View) -> Result<(), Stop> {
        require(self.amount != Amount::ZERO, Rejection::NothingMoved)?;
        let mut node = find(view, self.node)?;
        require(!node.retired, Rejection::Retired)?;
        subtract(view, author.payer, self.amount, Rejection::Balance)?;
        raise(view, &mut node, self.amount)?;
        view.put(&NodeSlot(self.node), &node)
    }
}
