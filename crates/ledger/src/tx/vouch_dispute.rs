//! Kind 37, vouch_dispute: an auditor found nothing false in an answer, and somebody says that one step of it is.
//!
//! Never asks whether the worker lost a dispute about the step: it may have lost on purpose, and the auditor defends what
//! it said itself. Never about another answer than the one that was audited.

use chain::records::{AuditSlot, DisputeSlot, Matter, NodeId, NodeSlot, Slot, Vouching, Word};
use commit::{Network, Reader, WireError, Writer};
use dispute::{Claim, Filing};
use receipt::{PublicKey, Receipt};

use super::dispute_open::{FILING_BYTES_MAX, claimed, none_there};
use crate::accounts::subtract;
use crate::audits;
use crate::context::{Author, Context};
use crate::disputes::{NamedModel, Open, begun};
use crate::liability::{owe, promised};
use crate::nodes::find;
use crate::parameters::Parameter;
use crate::receipts;
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::View;

/// Work of a filing's signatures and hashes, and of a receipt's bytes.
const WORK: u64 = 1_050;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VouchDispute {
    /// In which audit.
    pub audit: AuditSlot,
    /// Which auditor.
    pub node: NodeId,
    /// The model that the job is about.
    pub model: NamedModel,
    /// The receipt that was audited.
    pub receipt: Receipt,
    /// What shows the step.
    pub filing: Filing,
}

impl VouchDispute {
    pub(super) fn write(&self, out: &mut Writer) {
        self.audit.write(out);
        out.bytes(&self.node.0);
        self.model.write(out);
        receipts::write(out, &self.receipt);
        let filing = self.filing.encode();
        out.length_u16(filing.len());
        out.bytes(&filing);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let (audit, node) = (AuditSlot::read(input)?, NodeId::read(input)?);
        let model = NamedModel::read(input)?;
        let receipt = receipts::read(input)?;
        let filing = input.bytes_u16("bytes of a filing", FILING_BYTES_MAX)?;
        Ok(Self { audit, node, model, receipt, filing: Filing::decode(filing)? })
    }

    pub(super) fn touches(&self, author: &Author) -> Vec<Vec<u8>> {
        let (claim, dispute) = self.slots(author.network, author.payer);
        let mut keys = vec![NodeSlot(self.node).key(), claim.key()];
        keys.extend(dispute.iter().map(DisputeSlot::key));
        keys.extend(audits::touches(self.audit));
        keys.extend(self.model.touches());
        keys
    }

    pub(super) fn work(&self) -> u64 {
        WORK + self.model.work()
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        self.check_vouched(context, view)?;
        let mut node = find(view, self.node)?;
        let network = context.network;
        let (claim, slot) = self.slots(network, author.payer);
        none_there(view, [Some(claim), slot].into_iter().flatten())?;
        let (cost, bond) = owe(context, &mut node, Matter::Vouching)?;
        let shown = (&self.filing, None);
        let first = self.model.judge(view, |model| begun((network, model), shown))?;
        let slot = slot.ok_or(Rejection::Filing)?;
        let put_in = bond.all().ok_or(Fault::Money("a bond"))?;
        subtract(view, author.payer, put_in, Rejection::Balance)?;
        let price = (bond, cost, promised(context)?);
        let opened = context.clock.time;
        let deadline = opened.after(context.parameters.get_u64(Parameter::MoveMs));
        let about = (claim, Matter::Vouching);
        let case = self.model.case(about, first, price, (deadline, true));
        Open { slot, node: self.node, challenger: author.payer, opened, case }.put(view)?;
        view.put(&NodeSlot(self.node), &node)
    }

    /// Whether the auditor said that every step of this answer is true, and may still be held to it.
    fn check_vouched(&self, context: &Context, view: &View) -> Result<(), Stop> {
        let (audit, terms) = audits::find(context, view, self.audit)?;
        let mut auditors = audit.auditors.iter().filter(|auditor| auditor.node == self.node);
        let word = auditors.find(|auditor| !auditor.closed).map(|auditor| auditor.word);
        let Some(Word::Root(_)) = word else { return Err(Rejection::NotVouched.into()) };
        require(!audits::is_vouching_over(context, &audit, &terms), Rejection::MoveLate)?;
        require(self.receipt.id(context.network) == audit.shown.receipt, Rejection::ShownOther)?;
        Ok(require(self.is_of_receipt(), Rejection::Filing)?)
    }

    /// Whether the step stands in the receipt, and its worker answers for it: it may have signed another answer, too,
    /// which nobody audited.
    fn is_of_receipt(&self) -> bool {
        let Self { receipt, filing, .. } = self;
        let mut choices = receipt.choices.iter();
        let choice = choices.find(|choice| choice.index == filing.head.head.choice);
        let head = choice.is_some_and(|choice| choice.segments.contains(&filing.head));
        let claim = match &filing.claim {
            Claim::Token(_) => true,
            Claim::Fault(fault) => **fault == *receipt,
        };
        head && claim && filing.head.worker == receipt.worker
    }

    /// Where stands that the auditor's word was refuted, and where the dispute does: nowhere where the filing is about no
    /// step.
    fn slots(&self, network: Network, challenger: PublicKey) -> (DisputeSlot, Option<DisputeSlot>) {
        let vouching = Vouching { audit: self.audit, node: self.node };
        let step = claimed(&self.filing);
        let dispute = step.map(|step| vouching.disputed_by(network, &step, challenger));
        (vouching.slot(network), dispute)
    }
}
