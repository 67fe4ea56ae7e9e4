//! Kind 23, channel_end: what is left of a channel goes back to its payer, and the channel is no more.

use chain::records::{AccountSlot, ChannelId, ChannelSlot, Slot};
use commit::{Reader, WireError, Writer};
use receipt::PublicKey;

use crate::accounts::add;
use crate::channels::{find, may_end};
use crate::context::Context;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// What is asked, by anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChannelEnd {
    /// Which channel.
    pub channel: ChannelId,
    /// Whose it is.
    pub payer: PublicKey,
}

impl ChannelEnd {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.channel.0);
        out.bytes(&self.payer.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let channel = ChannelId::read(input)?;
        Ok(Self { channel, payer: PublicKey(input.array("a channel's payer")?) })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        vec![ChannelSlot(self.channel).key(), AccountSlot(self.payer).key()]
    }

    pub(super) fn execute(&self, context: &Context, view: &mut View) -> Result<(), Stop> {
        let channel = find(view, self.channel)?;
        require(channel.payer == self.payer, Rejection::ChannelPayer)?;
        require(
            channel.closing.is_some_and(|closing| may_end(context, &closing)),
            Rejection::NotEnded,
        )?;
        add(view, channel.payer, channel.left())?;
        view.remove(&ChannelSlot(self.channel))
    }
}
