//! Kind 31, draw: a unit of what was settled is audited, and who audits it is drawn with it.
//!
//! Never chooses: the beacon of a block behind every anchor of the epoch does. Whoever draws only names what it chose.

use chain::Amount;
use chain::records::{
    Audit, AuditSlot, AuditStage, AuditTerms, ChannelId, EpochBookSlot, EpochStartSlot, Matter,
    NodeId, NodeSlot, PanelSlot, SettlementSlot, Shown, Slot, Word,
};
use commit::{Reader, WireError, Writer};
use receipt::PublicKey;

use crate::accounts::add;
use crate::audits::{auditors, drawn_in, number, owe, unit, wait};
use crate::context::{Author, Context};
use crate::liability::costs;
use crate::nodes::find;
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::View;

/// Work of as many hashes as there are tries, over the greatest panel.
pub(super) const WORK: u64 = 60;

/// What is asked, by anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawAudit {
    /// Which draw.
    pub audit: AuditSlot,
    /// On which channel the unit was settled.
    pub channel: ChannelId,
    /// By which node.
    pub node: NodeId,
}

impl DrawAudit {
    pub(super) fn write(self, out: &mut Writer) {
        self.audit.write(out);
        out.bytes(&self.channel.0);
        out.bytes(&self.node.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            audit: AuditSlot::read(input)?,
            channel: ChannelId::read(input)?,
            node: NodeId::read(input)?,
        })
    }

    pub(super) fn touches(self) -> Vec<Vec<u8>> {
        vec![
            self.audit.key(),
            EpochBookSlot(self.audit.epoch).key(),
            EpochStartSlot(drawn_in(self.audit)).key(),
            self.settlement().key(),
            NodeSlot(self.node).key(),
            PanelSlot.key(),
        ]
    }

    pub(super) fn execute(
        self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let epoch = drawn_in(self.audit);
        require(context.clock.epoch == epoch, Rejection::EpochOther)?;
        let start = view.get(&EpochStartSlot(epoch))?;
        let beacon = start.ok_or(Fault::Lacking("the start of its epoch"))?.beacon;
        let book = view.get(&EpochBookSlot(self.audit.epoch))?.ok_or(Rejection::NothingDrawn)?;
        let number = number(context, self.audit, &book, &beacon).ok_or(Rejection::NothingDrawn)?;
        require(view.get(&self.audit)?.is_none(), Rejection::DrawnBefore)?;
        let mut settlement = view.get(&self.settlement())?.ok_or(Rejection::NoSettlement)?;
        require(settlement.node == self.node, Rejection::SettlementNode)?;
        let unit = unit(&settlement, number).ok_or(Rejection::NothingDrawn)?;
        settlement.held = settlement.held.checked_add(1).ok_or(Rejection::HoldsFull)?;
        let mut node = find(view, self.node)?;
        let panel = view.get(&PanelSlot)?.unwrap_or_default();
        let AuditTerms { auditors: wanted, show_ms, draw_fee, .. } = book.terms;
        let auditors = auditors(context, self.audit, &beacon, (&panel, node.owner), wanted)?;
        let mut audit = Audit { auditors, ..self.drawn(context, unit) };
        owe(&mut node, &audit)?;
        wait(context, &mut audit, AuditStage::Show, show_ms);
        view.put(&NodeSlot(self.node), &node)?;
        view.put(&self.settlement(), &settlement)?;
        view.put(&self.audit, &audit)?;
        let paid = view.spend_at_most(draw_fee)?;
        add(view, author.payer, paid)
    }

    /// An audit of which nothing is said yet.
    fn drawn(self, context: &Context, unit: Amount) -> Audit {
        Audit {
            node: self.node,
            channel: self.channel,
            unit,
            drawn: context.clock.time,
            stage: AuditStage::Show,
            deadline: context.clock.time,
            cost: costs(context, Matter::Claim),
            held: Amount::ZERO,
            shown: Shown::NONE,
            asker: PublicKey::NONE,
            bond: Amount::ZERO,
            word: Word::None,
            planted: false,
            auditors: Vec::new(),
        }
    }

    fn settlement(self) -> SettlementSlot {
        SettlementSlot { epoch: self.audit.epoch, channel: self.channel }
    }
}
