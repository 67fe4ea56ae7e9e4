//! Kind 27, release: a dispute has ended, and holds a settlement no more; what a node lied or was silent about is void.
//!
//! Never pays the node: that is collected. What is void goes back to who paid on the channel, less the audits' share, each
//! part of it once.

use chain::Epoch;
use chain::records::{
    AccountSlot, ChannelId, Course, DisputeSlot, HoldSlot, Outcome, SettlementSlot, Slot,
};
use commit::{Reader, WireError, Writer};
use receipt::PublicKey;

use crate::accounts::add;
use crate::payout::void;
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::View;

/// What is asked, by anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleasePay {
    /// What is held, by whom.
    pub hold: HoldSlot,
    /// Who paid on the channel.
    pub payer: PublicKey,
}

impl ReleasePay {
    pub(super) fn write(self, out: &mut Writer) {
        let HoldSlot { dispute, settlement } = self.hold;
        out.bytes(&dispute.0);
        out.u64(settlement.epoch.0);
        out.bytes(&settlement.channel.0);
        out.bytes(&self.payer.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let dispute = DisputeSlot::read(input)?;
        let epoch = Epoch(input.u64("an epoch")?);
        let channel = ChannelId::read(input)?;
        let hold = HoldSlot { dispute, settlement: SettlementSlot { epoch, channel } };
        Ok(Self { hold, payer: PublicKey(input.array("a channel's payer")?) })
    }

    pub(super) fn touches(self) -> Vec<Vec<u8>> {
        let HoldSlot { dispute, settlement } = self.hold;
        vec![self.hold.key(), dispute.key(), settlement.key(), AccountSlot(self.payer).key()]
    }

    pub(super) fn execute(self, view: &mut View) -> Result<(), Stop> {
        let HoldSlot { dispute, settlement: slot } = self.hold;
        let hold = view.get(&self.hold)?.ok_or(Rejection::NoHold)?;
        require(hold.payer == self.payer, Rejection::ChannelPayer)?;
        let dispute = view.get(&dispute)?.ok_or(Fault::Lacking("a dispute that holds pay"))?;
        let Course::Ended(outcome) = dispute.course else {
            return Err(Rejection::DisputeOn.into());
        };
        let settlement = view.get(&slot)?;
        let mut settlement = settlement.ok_or(Fault::Lacking("a settlement that is held"))?;
        let held = settlement.held.checked_sub(1);
        settlement.held = held.ok_or(Fault::Lacking("a settlement's count of disputes"))?;
        match outcome {
            Outcome::ClaimantRefuted | Outcome::ClaimantSilent | Outcome::Planted => {
                let back = void(&mut settlement, &hold.spans)?;
                add(view, self.payer, back)?;
            }
            Outcome::ChallengerRefuted | Outcome::ChallengerSilent => (),
        }
        view.put(&slot, &settlement)?;
        view.remove(&self.hold)
    }
}
