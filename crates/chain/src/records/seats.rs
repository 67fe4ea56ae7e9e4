//! Who orders blocks in an epoch.

use commit::{Digest, Network, Reader, WireError, Writer};
use receipt::PublicKey;

use super::{NodeId, Record, Slot, Tag};
use crate::domains::SEATS;

/// Seats there may be.
pub const SEATS_MAX: usize = 128;

/// Where the seats stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatsSlot;

/// One voice of those that certify blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The node that has it.
    pub node: NodeId,
    /// The key it votes with.
    pub key: PublicKey,
}

/// All of them; a node may have several. None: nobody certifies anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seats(pub Vec<Seat>);

impl Seats {
    /// What a header says of them.
    #[must_use]
    pub fn digest(&self, network: Network) -> Digest {
        SEATS.hash(network, &[&self.encode()])
    }

    /// How many must have signed: more than two thirds.
    #[must_use]
    pub fn quorum(&self) -> usize {
        self.0.len() * 2 / 3 + 1
    }
}

impl Slot for SeatsSlot {
    type Record = Seats;

    fn key(&self) -> Vec<u8> {
        Tag::Seats.key(&[])
    }
}

impl Record for Seats {
    fn write(&self, out: &mut Writer) {
        out.length_u16(self.0.len());
        for seat in &self.0 {
            out.bytes(&seat.node.0);
            out.bytes(&seat.key.0);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let seats = input.list_u16("seats", SEATS_MAX, |input| {
            let node = NodeId::read(input)?;
            Ok(Seat { node, key: PublicKey(input.array("a seat's key")?) })
        })?;
        Ok(Self(seats))
    }
}
