//! Kind 26, hold: what a worker took for a job is not paid out while a step of the job is disputed.
//!
//! Never says that anything is void: that is known when the dispute has ended, and done by a release.

use chain::records::{
    AnchorSlot, ChannelId, ClaimedStep, Course, Dispute, DisputeSlot, Hold, HoldSlot, NodeId,
    Outcome, Settlement, SettlementSlot, Slot, Span,
};
use chain::{Amount, Epoch};
use commit::{Digest, Network, Reader, WireError, Writer};
use receipt::{MissingAnswer, PublicKey, Receipt};

use super::missing_answer::{ANSWER_BYTES_MAX, shows};
use crate::context::Context;
use crate::receipts;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// Work of a receipt's bytes and as many hashes as a log has levels.
pub(super) const WORK: u64 = 50;

/// What is asked, by anybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldPay {
    /// The dispute.
    pub dispute: DisputeSlot,
    /// Who is accused.
    pub node: NodeId,
    /// A choice of the job, and which step of it is disputed: with worker and job of the receipt the dispute's id.
    pub step: DisputedStep,
    /// What the worker gave out for the job.
    pub receipt: Receipt,
    /// Where it stands in the worker's log, and what paid it.
    pub answer: MissingAnswer,
    /// Settled in which epoch.
    pub epoch: Epoch,
    /// Who opened the channel.
    pub payer: PublicKey,
    /// By which of its transactions: with the payer's key the channel's id.
    pub number: u64,
}

/// What is claimed, without worker and job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisputedStep {
    /// Which of the job's choices.
    pub choice: u32,
    /// As in [`ClaimedStep`].
    pub position: u32,
    /// As in [`ClaimedStep`].
    pub kind: u8,
    /// As in [`ClaimedStep`].
    pub what: u32,
}

impl DisputedStep {
    pub(super) fn write(self, out: &mut Writer) {
        out.u32(self.choice);
        out.u32(self.position);
        out.u8(self.kind);
        out.u32(self.what);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            choice: input.u32("a choice")?,
            position: input.u32("where a step is")?,
            kind: input.u8("what is claimed")?,
            what: input.u32("a token or an op")?,
        })
    }

    /// What this worker claims of the step of this job.
    pub(super) fn claimed(self, worker: PublicKey, job: Digest) -> ClaimedStep {
        let Self { choice, position, kind, what } = self;
        ClaimedStep { worker, job, choice, position, kind, what }
    }
}

impl HoldPay {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.dispute.0);
        out.bytes(&self.node.0);
        self.step.write(out);
        for bytes in [self.receipt.encode(), self.answer.encode()] {
            out.length_u16(bytes.len());
            out.bytes(&bytes);
        }
        out.u64(self.epoch.0);
        out.bytes(&self.payer.0);
        out.u64(self.number);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let (dispute, node) = (DisputeSlot::read(input)?, NodeId::read(input)?);
        let step = DisputedStep::read(input)?;
        let receipt = receipts::read(input)?;
        let answer = input.bytes_u16("bytes of an answer", ANSWER_BYTES_MAX)?;
        Ok(Self {
            dispute,
            node,
            step,
            receipt,
            answer: MissingAnswer::decode(answer)?,
            epoch: Epoch(input.u64("an epoch")?),
            payer: PublicKey(input.array("a channel's payer")?),
            number: input.u64("a transaction's number")?,
        })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        vec![
            self.dispute.key(),
            self.settlement().key(),
            AnchorSlot(self.receipt.worker).key(),
            self.slot().key(),
        ]
    }

    pub(super) fn execute(&self, context: &Context, view: &mut View) -> Result<(), Stop> {
        self.judge(context.network, view)?;
        let slot = self.settlement();
        let mut settlement = view.get(&slot)?.ok_or(Rejection::NoSettlement)?;
        require(settlement.node == self.node, Rejection::SettlementNode)?;
        let receipt = self.receipt.id(context.network);
        require(shows(view, self.receipt.worker, &self.answer, &receipt)?, Rejection::NotIncluded)?;
        let hold = view.get(&self.slot())?;
        if hold.is_none() {
            settlement.held = settlement.held.checked_add(1).ok_or(Rejection::HoldsFull)?;
        }
        let spans = self.spans(&settlement, hold.map(|hold| hold.spans).unwrap_or_default())?;
        view.put(&slot, &settlement)?;
        view.put(&self.slot(), &Hold { payer: self.payer, spans })
    }

    /// Whether something may be held for the dispute, and on this channel.
    fn judge(&self, network: Network, view: &View) -> Result<(), Stop> {
        let Dispute { node, challenger, course, .. } =
            view.get(&self.dispute)?.ok_or(Rejection::NoDispute)?;
        let step = self.step.claimed(self.receipt.worker, self.receipt.job);
        // What stands under a claim ended against the node, too, and has nobody's key in its id.
        let ids = [challenger, PublicKey::NONE].map(|key| step.disputed_by(network, key));
        require(node == self.node && ids.contains(&self.dispute), Rejection::DisputeNames)?;
        let doubted = match course {
            Course::Open(_)
            | Course::Ended(
                Outcome::ClaimantRefuted | Outcome::ClaimantSilent | Outcome::Planted,
            ) => true,
            Course::Ended(Outcome::ChallengerRefuted | Outcome::ChallengerSilent) => false,
        };
        require(doubted, Rejection::EndedForNode)?;
        let channel = ChannelId::of(network, self.payer, self.number);
        Ok(require(channel == self.settlement().channel, Rejection::ChannelPayer)?)
    }

    /// What is held then, with what was held before.
    fn spans(&self, settlement: &Settlement, before: Vec<Span>) -> Result<Vec<Span>, Rejection> {
        let leaf = &self.answer.leaf;
        let paid = Span { from: Amount(leaf.from), to: Amount(leaf.to) };
        let whole = settlement.span;
        let span = whole.within(paid).ok_or(Rejection::SpanElsewhere)?;
        let spans = whole.joined(&before, span);
        require(
            spans != before && whole.joined(&settlement.voided, span) != settlement.voided,
            Rejection::SpanHeld,
        )?;
        Ok(spans)
    }

    fn settlement(&self) -> SettlementSlot {
        SettlementSlot { epoch: self.epoch, channel: ChannelId(self.answer.leaf.channel) }
    }

    fn slot(&self) -> HoldSlot {
        HoldSlot { dispute: self.dispute, settlement: self.settlement() }
    }
}
