//! Kind 25, collect: a settlement whose epoch could be audited is paid to the node's owner.

use chain::Epoch;
use chain::records::{
    AccountSlot, ChannelId, EpochBook, EpochBookSlot, Node, NodeId, NodeSlot, Settlement,
    SettlementSlot, Slot,
};
use commit::{Reader, WireError, Writer};
use receipt::PublicKey;

use crate::accounts::add;
use crate::context::Context;
use crate::nodes::{self, pay_debt};
use crate::parameters::Parameter;
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::View;

/// What is asked, by anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collect {
    /// Settled in which epoch.
    pub epoch: Epoch,
    /// On which channel.
    pub channel: ChannelId,
    /// By which node.
    pub node: NodeId,
    /// Whose node that is.
    pub owner: PublicKey,
}

impl Collect {
    pub(super) fn write(&self, out: &mut Writer) {
        out.u64(self.epoch.0);
        out.bytes(&self.channel.0);
        out.bytes(&self.node.0);
        out.bytes(&self.owner.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            epoch: Epoch(input.u64("an epoch")?),
            channel: ChannelId::read(input)?,
            node: NodeId::read(input)?,
            owner: PublicKey(input.array("a node's owner")?),
        })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        vec![
            self.slot().key(),
            EpochBookSlot(self.epoch).key(),
            NodeSlot(self.node).key(),
            AccountSlot(self.owner).key(),
        ]
    }

    pub(super) fn execute(&self, context: &Context, view: &mut View) -> Result<(), Stop> {
        let settlement = view.get(&self.slot())?.ok_or(Rejection::NoSettlement)?;
        let mut node = self.judge(context, view, &settlement)?;
        let rest = pay_debt(view, &mut node, settlement.left())?;
        add(view, self.owner, rest)?;
        view.put(&NodeSlot(self.node), &node)?;
        view.remove(&self.slot())?;
        let slot = EpochBookSlot(self.epoch);
        let book = view.get(&slot)?.ok_or(Fault::Lacking("an epoch's book"))?;
        match book.settlements.saturating_sub(1) {
            0 => view.remove(&slot),
            settlements => view.put(&slot, &EpochBook { settlements, ..book }),
        }
    }

    /// Whether it may be paid out now. Gives the node.
    fn judge(&self, context: &Context, view: &View, settlement: &Settlement) -> Result<Node, Stop> {
        require(settlement.node == self.node, Rejection::SettlementNode)?;
        let node = nodes::find(view, self.node)?;
        require(node.owner == self.owner, Rejection::OwnerOther)?;
        let epochs = context.parameters.get_u64(Parameter::CollectEpochs);
        require(
            context.clock.epoch.0 > self.epoch.0.saturating_add(epochs),
            Rejection::CollectEarly,
        )?;
        require(settlement.held == 0, Rejection::SettlementHeld)?;
        require(context.clock.time >= node.jailed_until, Rejection::JailedUnpaid)?;
        let has = node.money().ok_or(Fault::Money("a node"))?;
        require(node.owed.cases <= has, Rejection::CasesAbove)?;
        Ok(node)
    }

    fn slot(&self) -> SettlementSlot {
        SettlementSlot { epoch: self.epoch, channel: self.channel }
    }
}
