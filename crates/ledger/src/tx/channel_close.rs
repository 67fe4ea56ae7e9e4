//! Kind 22, channel_close: the payer wants the rest back after a while, or the node's owner lets it go at once.

use chain::records::{Channel, ChannelId, ChannelSlot, Closing, NodeId, NodeSlot, Slot};
use commit::{Reader, WireError, Writer};

use crate::channels::{may_end, paying};
use crate::context::{Author, Context};
use crate::nodes;
use crate::parameters::Parameter;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// What is asked, by the channel's payer or the owner of its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelClose {
    /// Which channel.
    pub channel: ChannelId,
    /// Whom it pays.
    pub node: NodeId,
}

impl ChannelClose {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.channel.0);
        out.bytes(&self.node.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let channel = ChannelId::read(input)?;
        Ok(Self { channel, node: NodeId::read(input)? })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        vec![ChannelSlot(self.channel).key(), NodeSlot(self.node).key()]
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let channel = paying(view, self.channel, self.node)?;
        let owner = nodes::find(view, self.node)?.owner;
        let (now, epoch) = (context.clock.time, context.clock.epoch);
        let (closing, too_late) = if author.payer == owner {
            let before = channel.closing.is_some_and(|closing| may_end(context, &closing));
            (Closing { due: now, epoch }, before)
        } else if author.payer == channel.payer {
            let due = now.after(context.parameters.get_u64(Parameter::ChannelCloseMs));
            (Closing { due, epoch: epoch.next().next() }, channel.closing.is_some())
        } else {
            return Err(Rejection::NotParty.into());
        };
        require(!too_late, Rejection::Closing)?;
        view.put(&ChannelSlot(self.channel), &Channel { closing: Some(closing), ..channel })
    }
}
