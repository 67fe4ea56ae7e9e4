//! Kind 36, audit_late: a worker let pass what an audit asked it for; at first what silence costs is held, then it ends.

use chain::Amount;
use chain::records::{
    AccountSlot, Audit, AuditSlot, AuditStage, Awaited, ChannelId, NodeId, NodeSlot,
    SettlementSlot, Slot, StakesSlot,
};
use commit::{Reader, WireError, Writer};
use receipt::PublicKey;

use crate::accounts::add;
use crate::audits::{awaited, check_after, fall_silent, find, let_go, owe_no_more, touches};
use crate::context::Context;
use crate::liability::lose;
use crate::nodes;
use crate::payout::void;
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::View;

/// What is asked, by anybody. All but the first repeats what the records say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditLate {
    /// In which audit.
    pub audit: AuditSlot,
    /// Whose answer it is.
    pub node: NodeId,
    /// The channel that paid it.
    pub channel: ChannelId,
    /// Who opened the channel.
    pub payer: PublicKey,
    /// By which of its transactions: with the payer's key the channel's id.
    pub number: u64,
    /// Who asked for an opening; zeros: nobody.
    pub asker: PublicKey,
}

impl AuditLate {
    pub(super) fn write(&self, out: &mut Writer) {
        self.audit.write(out);
        out.bytes(&self.node.0);
        out.bytes(&self.channel.0);
        out.bytes(&self.payer.0);
        out.u64(self.number);
        out.bytes(&self.asker.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            audit: AuditSlot::read(input)?,
            node: NodeId::read(input)?,
            channel: ChannelId::read(input)?,
            payer: PublicKey(input.array("a channel's payer")?),
            number: input.u64("a transaction's number")?,
            asker: PublicKey(input.array("who asked for an opening")?),
        })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        let mut keys = vec![
            NodeSlot(self.node).key(),
            StakesSlot.key(),
            self.settlement().key(),
            AccountSlot(self.payer).key(),
            AccountSlot(self.asker).key(),
        ];
        keys.extend(touches(self.audit));
        keys
    }

    pub(super) fn execute(&self, context: &Context, view: &mut View) -> Result<(), Stop> {
        let (mut audit, terms) = find(context, view, self.audit)?;
        require(
            (self.node, self.channel, self.asker) == (audit.node, audit.channel, audit.asker),
            Rejection::DisputeNames,
        )?;
        require(
            ChannelId::of(context.network, self.payer, self.number) == self.channel,
            Rejection::ChannelPayer,
        )?;
        let awaited = awaited(&audit).ok_or(Rejection::NotAwaited)?;
        require(context.clock.time > audit.deadline, Rejection::NotLate)?;
        if let AuditStage::Silent(_) = audit.stage {
            return self.end(context, view, &mut audit);
        }
        let mut node = nodes::find(view, self.node)?;
        fall_silent(context, view, &mut node, (&mut audit, &terms), awaited)?;
        view.put(&NodeSlot(self.node), &node)?;
        view.put(&self.audit, &audit)
    }

    /// It stayed silent: what is held is lost, and what the channel paid in the epoch is void. Where it kept its word back
    /// alone, the audit stays until its auditors are closed.
    fn end(&self, context: &Context, view: &mut View, audit: &mut Audit) -> Result<(), Stop> {
        check_after(context, self.audit)?;
        let mut node = nodes::find(view, self.node)?;
        owe_no_more(&mut node, audit)?;
        let taken = lose(view, &mut node, (audit.cost, audit.held))?;
        view.burn(taken)?;
        view.put(&NodeSlot(self.node), &node)?;
        if audit.bond > Amount::ZERO {
            add(view, self.asker, audit.bond)?;
        }
        let slot = self.settlement();
        let settlement = view.get(&slot)?;
        let mut settlement = settlement.ok_or(Fault::Lacking("a settlement that is held"))?;
        let all = [settlement.span];
        let back = void(&mut settlement, &all)?;
        add(view, self.payer, back)?;
        // What auditors said that were not kept waiting for it is closed as ever.
        if audit.stage == AuditStage::Silent(Awaited::Reveal) && !audit.auditors.is_empty() {
            (audit.cost, audit.held, audit.bond) = (Amount::ZERO, Amount::ZERO, Amount::ZERO);
            (audit.stage, audit.deadline) = (AuditStage::Over, context.clock.time);
            view.put(&slot, &settlement)?;
            return view.put(&self.audit, audit);
        }
        let_go(&mut settlement)?;
        view.put(&slot, &settlement)?;
        view.remove(&self.audit)
    }

    fn settlement(&self) -> SettlementSlot {
        SettlementSlot { epoch: self.audit.epoch, channel: self.channel }
    }
}
