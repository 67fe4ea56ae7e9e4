//! Kind 50, dispute_open: somebody says that one step of a node's answer is false, and puts a bond behind it.

use chain::Epoch;
use chain::records::{
    AuditSlot, ClaimedStep, DisputeSlot, KeySlot, Matter, NodeId, NodeSlot, Slot, Word,
};
use commit::{Network, Reader, WireError, Writer};
use dispute::{Claim, Filing};
use receipt::{PublicKey, Signature, Stop as Ending};

use crate::accounts::subtract;
use crate::audits;
use crate::context::{Author, Context};
use crate::dates;
use crate::disputes::{NamedModel, Open, begun, check_signer};
use crate::liability::{owe, promised};
use crate::nodes::find;
use crate::parameters::Parameter;
use crate::receipts;
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::View;

/// Bytes of a filing: four pieces of 1,024 bytes, a receipt of 4,096, their lengths.
pub(super) const FILING_BYTES_MAX: usize = 1 << 14;
/// Work of the signatures and hashes of a filing.
const WORK: u64 = 1_000;
/// The same, with a receipt's signatures, at its limits.
const FAULT_WORK: u64 = 1_800;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeOpen {
    /// Who is accused.
    pub node: NodeId,
    /// In which epoch the job is dated.
    pub epoch: Epoch,
    /// The model that the job is about.
    pub model: NamedModel,
    /// What shows the step.
    pub filing: Filing,
    /// That its worker signed the filing's receipt: where a fault is claimed, and only there.
    pub signature: Option<Signature>,
    /// The alarm whose dispute this is, where a drawn auditor opens it.
    pub alarm: Option<Alarm>,
}

/// What an auditor revealed: that a step is false.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// In which audit.
    pub audit: AuditSlot,
    /// The auditor's node.
    pub node: NodeId,
}

impl Alarm {
    fn write(&self, out: &mut Writer) {
        self.audit.write(out);
        out.bytes(&self.node.0);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { audit: AuditSlot::read(input)?, node: NodeId::read(input)? })
    }

    /// Whether the auditor's word is that this dispute's step is false, and may still be disputed.
    fn check(
        &self,
        context: &Context,
        view: &View,
        dispute: Option<DisputeSlot>,
    ) -> Result<(), Stop> {
        let (audit, terms) = audits::find(context, view, self.audit)?;
        let mut auditors = audit.auditors.iter();
        let alarm = dispute.map(Word::Alarm);
        let said = auditors.any(|auditor| auditor.node == self.node && alarm == Some(auditor.word));
        require(said, Rejection::DisputeNames)?;
        let over = audits::is_vouching_over(context, &audit, &terms);
        Ok(require(!over, Rejection::MoveLate)?)
    }
}

impl DisputeOpen {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.node.0);
        out.u64(self.epoch.0);
        self.model.write(out);
        let filing = self.filing.encode();
        out.length_u16(filing.len());
        out.bytes(&filing);
        self.signature.iter().for_each(|signature| out.bytes(&signature.0));
        out.u8(u8::from(self.alarm.is_some()));
        self.alarm.iter().for_each(|alarm| alarm.write(out));
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let node = NodeId::read(input)?;
        let epoch = Epoch(input.u64("the epoch of a date")?);
        let model = NamedModel::read(input)?;
        let filing = Filing::decode(input.bytes_u16("bytes of a filing", FILING_BYTES_MAX)?)?;
        let signature = match &filing.claim {
            Claim::Token(_) => None,
            Claim::Fault(_) => Some(receipts::read_signature(input)?),
        };
        let alarm = match input.u8("whether there is an alarm")? {
            0 => None,
            1 => Some(Alarm::read(input)?),
            found => {
                let what = "whether there is an alarm";
                return Err(WireError::Unknown { what, found: found.into() });
            }
        };
        Ok(Self { node, epoch, model, filing, signature, alarm })
    }

    pub(super) fn touches(&self, author: &Author) -> Vec<Vec<u8>> {
        let mut keys = vec![NodeSlot(self.node).key(), KeySlot(self.filing.head.worker).key()];
        if let Some((claim, dispute)) = self.slots(author.network, author.payer) {
            keys.extend([claim.key(), dispute.key()]);
        }
        keys.extend(dates::touches(self.epoch));
        keys.extend(self.model.touches());
        keys.extend(self.alarm.into_iter().flat_map(|alarm| audits::touches(alarm.audit)));
        keys
    }

    pub(super) fn work(&self) -> u64 {
        let work = if self.signature.is_some() { FAULT_WORK } else { WORK };
        work + self.model.work()
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let mut node = find(view, self.node)?;
        let key = check_signer(view, self.filing.head.worker, self.node)?;
        // What is audited is judged as long as its audit takes.
        let check = if self.alarm.is_some() { dates::check_dated } else { dates::check };
        let start = check(context, view, &self.filing.terms, self.epoch)?;
        dates::check_key(&key, start.time)?;
        let slots = self.slots(context.network, author.payer);
        none_there(view, slots.into_iter().flat_map(<[_; 2]>::from))?;
        let matter = self.matter(context, view, slots.map(|(_, slot)| slot))?;
        let (cost, bond) = owe(context, &mut node, matter)?;
        let network = context.network;
        let shown = (&self.filing, self.signature);
        let (stage, state) = self.model.judge(view, |model| begun((network, model), shown))?;
        let (claim, slot) = slots.ok_or(Rejection::Filing)?;
        let put_in = bond.all().ok_or(Fault::Money("a bond"))?;
        subtract(view, author.payer, put_in, Rejection::Balance)?;
        let price = (bond, cost, promised(context)?);
        let opened = context.clock.time;
        let deadline = opened.after(context.parameters.get_u64(Parameter::MoveMs));
        let rewarded = dates::speaks(context, &key);
        let about = (claim, matter);
        let case = self.model.case(about, (stage, state), price, (deadline, rewarded));
        Open { slot, node: self.node, challenger: author.payer, opened, case }.put(view)?;
        view.put(&NodeSlot(self.node), &node)
    }

    /// What the dispute is about: of an alarm that its auditor revealed it.
    fn matter(
        &self,
        context: &Context,
        view: &View,
        slot: Option<DisputeSlot>,
    ) -> Result<Matter, Stop> {
        let Some(alarm) = self.alarm else { return Ok(Matter::Claim) };
        alarm.check(context, view, slot).map(|()| Matter::Alarm)
    }

    /// Where claim and dispute stand; nowhere where the filing is about no step.
    fn slots(&self, network: Network, challenger: PublicKey) -> Option<(DisputeSlot, DisputeSlot)> {
        let claimed = claimed(&self.filing)?;
        Some((claimed.slot(network), claimed.disputed_by(network, challenger)))
    }
}

/// That no record stands there: nobody comes first twice.
pub(super) fn none_there(
    view: &View,
    slots: impl IntoIterator<Item = DisputeSlot>,
) -> Result<(), Stop> {
    for slot in slots {
        require(view.get(&slot)?.is_none(), Rejection::DisputeThere)?;
    }
    Ok(())
}

/// The step that a filing is about; none where it claims a fault that its receipt does not have of this head. Whether it
/// shows it is not asked.
pub(super) fn claimed(filing: &Filing) -> Option<ClaimedStep> {
    let head = &filing.head.head;
    let (kind, position, what) = match &filing.claim {
        Claim::Token(shown) => (1, shown.position, shown.token),
        Claim::Fault(receipt) => {
            let mut choices = receipt.choices.iter();
            let choice = choices.find(|choice| choice.segments.last() == Some(&filing.head));
            let Ending::Fault { position, op } = choice?.stop else { return None };
            (2, position, op)
        }
    };
    let (worker, job, choice) = (filing.head.worker, head.job, head.choice);
    Some(ClaimedStep { worker, job, choice, position, kind, what })
}
