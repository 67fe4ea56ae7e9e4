//! Channels as transactions find them.
//!
//! Never pays anybody: what a voucher gives a node waits in a settlement until its epoch could be audited.

use chain::records::{Channel, ChannelId, ChannelSlot, Closing, NodeId};

use crate::context::Context;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// A channel that is there.
///
/// # Errors
/// [`Rejection::NoChannel`].
pub(crate) fn find(view: &View, id: ChannelId) -> Result<Channel, Stop> {
    Ok(view.get(&ChannelSlot(id))?.ok_or(Rejection::NoChannel)?)
}

/// A channel that pays this node.
///
/// # Errors
/// [`Rejection::NoChannel`], [`Rejection::ChannelNode`].
pub(crate) fn paying(view: &View, id: ChannelId, node: NodeId) -> Result<Channel, Stop> {
    let channel = find(view, id)?;
    require(channel.node == node, Rejection::ChannelNode)?;
    Ok(channel)
}

/// Whether a channel that is closing so may end.
pub(crate) fn may_end(context: &Context, closing: &Closing) -> bool {
    context.clock.time >= closing.due && context.clock.epoch >= closing.epoch
}
