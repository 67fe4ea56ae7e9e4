//! A channel: money that a payer locked for one node, which the node takes by the payer's vouchers.
//!
//! Never one id twice: it is made of the payer's key and its transaction's number. Money of a channel is what is not
//! settled.

use commit::{Digest, Network, Reader, WireError, Writer};
use receipt::PublicKey;

use super::{NodeId, Record, Slot, Tag};
use crate::domains::CHANNEL;
use crate::values::{Amount, Epoch, Time};

/// Which channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelId(pub Digest);

/// Where a channel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelSlot(pub ChannelId);

/// A channel that is open, or being closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Who pays, signs vouchers, and gets the rest.
    pub payer: PublicKey,
    /// Who is paid.
    pub node: NodeId,
    /// What was locked.
    pub deposit: Amount,
    /// What of it was settled.
    pub settled: Amount,
    /// Since when.
    pub opened: Time,
    /// When it may end, where somebody closes it.
    pub closing: Option<Closing>,
}

/// When a channel may end: both have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closing {
    /// Not before this moment.
    pub due: Time,
    /// Nor before this epoch, so that the node has a whole one to settle in.
    pub epoch: Epoch,
}

impl ChannelId {
    /// The id of a channel that this transaction of its payer opens.
    #[must_use]
    pub fn of(network: Network, payer: PublicKey, number: u64) -> Self {
        Self(CHANNEL.hash(network, &[&payer.0, &number.to_le_bytes()]))
    }

    /// Reads an id.
    ///
    /// # Errors
    /// [`WireError::Truncated`].
    pub fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.array("a channel's id").map(Self)
    }
}

impl Channel {
    /// What is not settled.
    #[must_use]
    pub fn left(&self) -> Amount {
        self.deposit.minus(self.settled).expect("no more is settled than was locked")
    }
}

impl ChannelSlot {
    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        ChannelId::read(input).map(Self)
    }
}

impl Slot for ChannelSlot {
    type Record = Channel;

    fn key(&self) -> Vec<u8> {
        Tag::Channel.key(&[&self.0.0])
    }
}

impl Record for Channel {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.payer.0);
        out.bytes(&self.node.0);
        self.deposit.write(out);
        self.settled.write(out);
        out.u64(self.opened.0);
        let closing = self.closing.unwrap_or(Closing { due: Time(0), epoch: Epoch(0) });
        out.u64(closing.due.0);
        out.u64(closing.epoch.0);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let payer = PublicKey(input.array("a channel's payer")?);
        let node = NodeId::read(input)?;
        let deposit = Amount::read(input, "what was locked")?;
        let settled = Amount::read(input, "what was settled")?;
        let opened = Time(input.u64("when a channel was opened")?);
        let due = Time(input.u64("when a channel may end")?);
        let epoch = Epoch(input.u64("in which epoch a channel may end")?);
        let refuse = |reason| Err(WireError::Value { what: "a channel", reason });
        if settled > deposit {
            return refuse("more is settled than was locked");
        }
        let closing = match (due, epoch) {
            (Time(0), Epoch(0)) => None,
            (_, Epoch(0)) => return refuse("there is no epoch 0 to end in"),
            (due, epoch) => Some(Closing { due, epoch }),
        };
        Ok(Self { payer, node, deposit, settled, opened, closing })
    }
}
