//! What a dispute holds of a settlement: spans that are void if the node is refuted or stays silent.
//!
//! Never holds money: it waits in the settlement, which counts the disputes that hold something of it.

use commit::{Reader, WireError, Writer};
use receipt::PublicKey;

use super::settlement::{read_spans, write_spans};
use super::{DisputeSlot, Record, SettlementSlot, Slot, Span, Tag};

/// Where it stands: a dispute holds what it holds of a settlement in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldSlot {
    /// By which dispute.
    pub dispute: DisputeSlot,
    /// Of which settlement.
    pub settlement: SettlementSlot,
}

/// Spans of a settlement that a dispute is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Who paid on the channel, and gets what is void.
    pub payer: PublicKey,
    /// In order, none touching another; at least one.
    pub spans: Vec<Span>,
}

impl Slot for HoldSlot {
    type Record = Hold;

    fn key(&self) -> Vec<u8> {
        let SettlementSlot { epoch, channel } = self.settlement;
        Tag::Hold.key(&[&self.dispute.0, &epoch.0.to_le_bytes(), &channel.0])
    }
}

impl HoldSlot {
    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let dispute = DisputeSlot::read(input)?;
        Ok(Self { dispute, settlement: SettlementSlot::read(input)? })
    }
}

impl Record for Hold {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.payer.0);
        write_spans(out, &self.spans);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let payer = PublicKey(input.array("a channel's payer")?);
        let spans = read_spans(input, "spans that are held")?;
        if spans.is_empty() {
            return Err(WireError::Value { what: "spans that are held", reason: "there is none" });
        }
        Ok(Self { payer, spans })
    }
}
