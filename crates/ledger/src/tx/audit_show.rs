//! Kind 32, audit_show: the worker shows the answer that a drawn unit paid, and commits to what it found itself.
//!
//! Never takes the worker's word for it: the payer signed for which job the unit is, and the leaf stood in a log that was
//! anchored before anybody knew what would be drawn.

use chain::records::{
    AnchorSlot, Audit, AuditSlot, AuditStage, Awaited, ChannelId, EpochBookSlot, KeySlot, NodeId,
    NodeSlot, Shown, Slot, StakesSlot, Word,
};
use chain::{Epoch, Time, Voucher};
use commit::{Digest, Network, Reader, WireError, Writer};
use receipt::log::included;
use receipt::{
    AuditConsent, JobLeaf, MissingAnswer, PublicKey, Receipt, Signature, Terms, WorkKind,
};

use super::audit_commit::read_commitment;
use super::missing_answer::ANSWER_BYTES_MAX;
use crate::audits::{check_brought, come_back, find, spoken_for, touches, wait};
use crate::context::{Author, Context};
use crate::dates;
use crate::disputes::check_signer;
use crate::parameters::PART_LEFT;
use crate::receipts;
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::View;
use crate::whole::{JobShown, is_own};

/// Work of a receipt's signatures, at its limits, of a voucher's, of as many hashes as a log has levels, and of what shows how
/// the job's choices end.
const WORK: u64 = 2_300;

/// What is asked, by the node's owner or operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditShow {
    /// In which audit.
    pub audit: AuditSlot,
    /// Whose answer.
    pub node: NodeId,
    /// The answer.
    pub receipt: Receipt,
    /// Its envelope's signature.
    pub signature: Signature,
    /// Leaf 0 of its job: who may audit it.
    pub terms: JobLeaf,
    /// The epoch that it dates its job in; without a date any.
    pub dated: Epoch,
    /// What shows that the answer is whole, exactly where somebody may audit it.
    pub job: Option<JobShown>,
    /// Where the receipt stands in the worker's log.
    pub answer: MissingAnswer,
    /// Which money its payer gave for the job.
    pub voucher: Voucher,
    /// The voucher's signature.
    pub voucher_signature: Signature,
    /// Who opened the channel.
    pub payer: PublicKey,
    /// By which of its transactions: with the payer's key the channel's id.
    pub number: u64,
    /// To the node's own finding.
    pub commitment: Digest,
}

impl AuditShow {
    pub(super) fn write(&self, out: &mut Writer) {
        self.audit.write(out);
        out.bytes(&self.node.0);
        receipts::write(out, &self.receipt);
        out.bytes(&self.signature.0);
        dates::write_leaf(&self.terms, out);
        out.u64(self.dated.0);
        out.u8(self.job.is_some().into());
        if let Some(job) = &self.job {
            job.write(out);
        }
        write_bytes(out, &self.answer.encode());
        self.voucher.write(out);
        out.bytes(&self.voucher_signature.0);
        out.bytes(&self.payer.0);
        out.u64(self.number);
        out.bytes(&self.commitment);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let (audit, node) = (AuditSlot::read(input)?, NodeId::read(input)?);
        let receipt = receipts::read(input)?;
        let signature = receipts::read_signature(input)?;
        let terms = dates::read_leaf(input)?;
        let dated = Epoch(input.u64("the epoch of a job")?);
        let job = match input.u8("whether the job is shown")? {
            0 => None,
            1 => Some(JobShown::read(input)?),
            found => {
                let what = "whether the job is shown";
                return Err(WireError::Unknown { what, found: found.into() });
            }
        };
        let answer = input.bytes_u16("bytes of an answer", ANSWER_BYTES_MAX)?;
        Ok(Self {
            audit,
            node,
            receipt,
            signature,
            terms,
            dated,
            job,
            answer: MissingAnswer::decode(answer)?,
            voucher: Voucher::read(input)?,
            voucher_signature: Signature(input.array("a voucher's signature")?),
            payer: PublicKey(input.array("a channel's payer")?),
            number: input.u64("a transaction's number")?,
            commitment: read_commitment(input)?,
        })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        let mut keys = vec![
            NodeSlot(self.node).key(),
            StakesSlot.key(),
            KeySlot(self.receipt.worker).key(),
            AnchorSlot(self.receipt.worker).key(),
        ];
        keys.extend(touches(self.audit));
        keys.extend(dates::touches(self.dated));
        keys.extend(self.job.iter().flat_map(JobShown::touches));
        keys
    }

    pub(super) fn work(&self) -> u64 {
        WORK + self.job.as_ref().map_or(0, JobShown::work)
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let (mut audit, goes_by) = find(context, view, self.audit)?;
        require(audit.node == self.node, Rejection::DisputeNames)?;
        let mut node = spoken_for(view, self.node, author)?;
        check_brought(context, (&audit, &goes_by), Awaited::Show)?;
        let terms = self.check_receipt(context, view)?;
        self.check_paid(context.network, &audit)?;
        self.check_anchored(view)?;
        come_back((context, author), view, &mut node, (&mut audit, &goes_by))?;
        audit.shown = Shown {
            worker: self.receipt.worker,
            job: self.receipt.job,
            receipt: self.receipt.id(context.network),
            tokens: self.receipt.usage.prompt.saturating_add(self.receipt.usage.output),
        };
        if is_open(&terms) && !audit.auditors.is_empty() {
            audit.word = Word::Committed(self.commitment);
            wait(context, &mut audit, AuditStage::Commit, goes_by.commit_ms);
        } else {
            audit.auditors.clear();
            audit.stage = AuditStage::Over;
        }
        view.put(&NodeSlot(self.node), &node)?;
        view.put(&self.audit, &audit)
    }

    /// The node's worker signed the receipt, alone, and the job's own leaf says what it is about, who may audit it, and since
    /// when it is there. Where somebody may, the answer is whole.
    fn check_receipt(&self, context: &Context, view: &View) -> Result<Terms, Stop> {
        let network = context.network;
        let key = check_signer(view, self.receipt.worker, self.node)?;
        let unsigned = Rejection::ReceiptUnsigned;
        receipts::check_signed(&self.receipt, self.signature, network, unsigned)?;
        let its_own = self.terms.is_of(network, &self.receipt.job);
        let terms = self.terms.terms().ok().filter(|_| its_own);
        let terms = terms.ok_or(Rejection::ShownOther)?;
        require(repeats(&self.receipt, &terms), Rejection::ShownOther)?;
        require(is_own(&self.receipt), Rejection::AnswerPart)?;
        let began = match terms.beacon_height {
            0 => self.settled(view)?,
            _ => self.asked(context, view)?,
        };
        dates::check_key(&key, began)?;
        require(self.job.is_some() == is_open(&terms), Rejection::ShownOther)?;
        if let Some(job) = &self.job {
            job.check(network, view, (&self.receipt, &terms.requester))?;
        }
        Ok(terms)
    }

    /// When the epoch of the job's date began. It was settled in time: what happens to it since makes it no older.
    fn asked(&self, context: &Context, view: &View) -> Result<Time, Stop> {
        let start = dates::check_dated(context, view, &self.terms, self.dated)?;
        let epochs = start.judged.0.saturating_sub(self.dated.0) / PART_LEFT;
        require(self.audit.epoch.0 <= self.dated.0.saturating_add(epochs), Rejection::NoDate)?;
        Ok(start.time)
    }

    /// When the epoch began in which it was settled: what has no date is of then. Else a leaf of a key that was given up,
    /// which contradicts nothing that the next key signs, would be shown for whatever that one lies about.
    fn settled(&self, view: &View) -> Result<Time, Stop> {
        let book = view.get(&EpochBookSlot(self.audit.epoch))?;
        Ok(book.ok_or(Fault::Lacking("the book of an audit's epoch"))?.began)
    }

    /// The drawn unit was paid for this job: the payer says so, and the leaf said the same when nobody knew the draw.
    fn check_paid(&self, network: Network, audit: &Audit) -> Result<(), Rejection> {
        require(
            ChannelId::of(network, self.payer, self.number) == audit.channel,
            Rejection::ChannelPayer,
        )?;
        let (leaf, voucher) = (&self.answer.leaf, &self.voucher);
        let one = leaf.receipt == self.receipt.id(network)
            && (leaf.channel, leaf.from, leaf.to)
                == (voucher.channel.0, voucher.from.0, voucher.cumulative.0)
            && voucher.channel == audit.channel
            && voucher.job == self.receipt.job;
        let inside = voucher.from <= audit.unit && audit.unit < voucher.cumulative;
        require(one && inside, Rejection::ShownOther)?;
        require(
            voucher.holds(network, self.payer, &self.voucher_signature),
            Rejection::VoucherSignature,
        )
    }

    /// The leaf stands in the worker's log, and stood there before the draw.
    fn check_anchored(&self, view: &View) -> Result<(), Stop> {
        let MissingAnswer { leaf, index, proof } = &self.answer;
        let anchor = view.get(&AnchorSlot(self.receipt.worker))?.ok_or(Rejection::NotIncluded)?;
        require(
            included(&leaf.hash(), *index, proof, anchor.size, &anchor.root),
            Rejection::NotIncluded,
        )?;
        Ok(require(*index < anchor.size_by(self.audit.epoch.next()), Rejection::AnchoredLate)?)
    }
}

/// Whether somebody may audit it: nobody may look at other jobs, or could dispute what he finds.
fn is_open(terms: &Terms) -> bool {
    let open = terms.consent == AuditConsent::Open && terms.kind == WorkKind::Generate;
    open && terms.beacon_height != 0
}

/// Whether the receipt says what leaf 0 of its job does.
fn repeats(receipt: &Receipt, terms: &Terms) -> bool {
    let said = (receipt.kind, receipt.model, receipt.arithmetic, receipt.sampling);
    said == (terms.kind, terms.model, terms.arithmetic, terms.sampling)
        && receipt.consent == terms.consent.number()
}

fn write_bytes(out: &mut Writer, bytes: &[u8]) {
    out.length_u16(bytes.len());
    out.bytes(bytes);
}
