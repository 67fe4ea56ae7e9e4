//! Kind 21, settle: a node takes what a voucher gives it, once an epoch on each channel.
//!
//! Never pays at once: the money lies in a settlement, where the epoch's audits find it.

use chain::records::{
    Channel, ChannelSlot, EpochBook, EpochBookSlot, Matter, NodeId, NodeSlot, Settlement,
    SettlementSlot, Slot, Span,
};
use chain::{Amount, Epoch, Voucher};
use commit::{Reader, WireError, Writer};
use receipt::Signature;

use crate::audits::terms;
use crate::channels::paying;
use crate::context::{Author, Context};
use crate::liability::{answer, costs};
use crate::nodes;
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::View;

/// Work: a signature.
const WORK: u64 = 60;

/// What is asked, by the node's owner or operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settle {
    /// Whom the channel pays.
    pub node: NodeId,
    /// The epoch it is now.
    pub epoch: Epoch,
    /// The payer's promise.
    pub voucher: Voucher,
    /// Its signature.
    pub signature: Signature,
}

impl Settle {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.node.0);
        out.u64(self.epoch.0);
        self.voucher.write(out);
        out.bytes(&self.signature.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            node: NodeId::read(input)?,
            epoch: Epoch(input.u64("an epoch")?),
            voucher: Voucher::read(input)?,
            signature: Signature(input.array("a voucher's signature")?),
        })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        vec![
            ChannelSlot(self.voucher.channel).key(),
            NodeSlot(self.node).key(),
            self.book().key(),
            self.slot().key(),
        ]
    }

    pub(super) fn work(&self) -> u64 {
        WORK
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let channel = paying(view, self.voucher.channel, self.node)?;
        let mut node = nodes::find(view, self.node)?;
        require([node.owner, node.operator].contains(&author.payer), Rejection::NotNode)?;
        require(node.stake >= costs(context, Matter::Claim), Rejection::StakeLess)?;
        require(self.epoch == context.clock.epoch, Rejection::EpochOther)?;
        self.judge(context, &channel)?;
        require(view.get(&self.slot())?.is_none(), Rejection::SettledBefore)?;
        let span = Span { from: channel.settled, to: self.voucher.cumulative };
        let (starts, share) = self.enter(context, view, span)?;
        let voided = Vec::new();
        let settlement = Settlement { node: self.node, span, starts, share, voided, held: 0 };
        view.to_treasury(settlement.kept(span.amount()))?;
        view.put(&self.slot(), &settlement)?;
        answer(context, author, &mut node);
        view.put(&NodeSlot(self.node), &node)?;
        let channel = Channel { settled: span.to, ..channel };
        view.put(&ChannelSlot(self.voucher.channel), &channel)
    }

    /// Whether the voucher gives anything.
    fn judge(&self, context: &Context, channel: &Channel) -> Result<(), Rejection> {
        let Self { voucher, signature, .. } = self;
        require(
            voucher.holds(context.network, channel.payer, signature),
            Rejection::VoucherSignature,
        )?;
        require(context.clock.time < voucher.expiry, Rejection::VoucherExpired)?;
        require(voucher.cumulative > channel.settled, Rejection::VoucherOld)?;
        require(voucher.cumulative <= channel.deposit, Rejection::VoucherAbove)
    }

    /// Enters it in the epoch's book, which says by what all of the epoch are audited. Gives what was settled before, and
    /// what share of it is kept.
    fn enter(&self, context: &Context, view: &mut View, span: Span) -> Result<(Amount, u32), Stop> {
        let book = match view.get(&self.book())? {
            Some(book) => book,
            None => EpochBook {
                began: context.clock.epoch_began,
                settled: Amount::ZERO,
                settlements: 0,
                terms: terms(&context.parameters)?,
            },
        };
        let settled = book.settled.plus(span.amount());
        let settled = settled.ok_or(Fault::Money("what is settled in an epoch"))?;
        let settlements = book.settlements.saturating_add(1);
        view.put(&self.book(), &EpochBook { settled, settlements, ..book })?;
        Ok((book.settled, book.terms.audit_share))
    }

    fn book(&self) -> EpochBookSlot {
        EpochBookSlot(self.epoch)
    }

    fn slot(&self) -> SettlementSlot {
        SettlementSlot { epoch: self.epoch, channel: self.voucher.channel }
    }
}
