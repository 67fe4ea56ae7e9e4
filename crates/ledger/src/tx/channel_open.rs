//! Kind 20, channel_open: the payer locks money for one node.

use chain::Amount;
use chain::records::{Channel, ChannelId, ChannelSlot, NodeId, NodeSlot, Slot};
use commit::{Reader, WireError, Writer};

use crate::accounts::subtract;
use crate::context::{Author, Context};
use crate::nodes;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelOpen {
    /// For which node.
    pub node: NodeId,
    /// How much.
    pub deposit: Amount,
}

impl ChannelOpen {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.node.0);
        out.u128(self.deposit.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let node = NodeId::read(input)?;
        Ok(Self { node, deposit: Amount(input.u128("what is locked")?) })
    }

    pub(super) fn touches(&self, author: &Author) -> Vec<Vec<u8>> {
        vec![slot(author).key(), NodeSlot(self.node).key()]
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        require(self.deposit != Amount::ZERO, Rejection::NothingMoved)?;
        require(!nodes::find(view, self.node)?.retired, Rejection::Retired)?;
        subtract(view, author.payer, self.deposit, Rejection::Balance)?;
        let channel = Channel {
            payer: author.payer,
            node: self.node,
            deposit: self.deposit,
            settled: Amount::ZERO,
            opened: context.clock.time,
            closing: None,
        };
        view.put(&slot(author), &channel)
    }
}

fn slot(author: &Author) -> ChannelSlot {
    ChannelSlot(ChannelId::of(author.network, author.payer, author.number))
}
