//! Bodies of transactions, made of what the hall knows: what a rule wants of a body is said here and nowhere else.
//!
//! Never asks whether a rule takes it.

use chain::records::{
    Audit, AuditSlot, ChannelId, HoldSlot, KeyRole, MissingSlot, NodeId, PackageSlot, PlantSlot,
    SettlementSlot, Vouching, Withheld, WithheldSlot, Word, audit_commitment,
};
use chain::{Amount, Epoch};
use commit::{Digest, Network};
use dispute::{Claim as Disputed, Slice};
use ledger::tx::{
    Action, Alarm, AnchorLog, AnswerMissing, AnswerPart, Appeal, AuditAsk, AuditClose, AuditCommit,
    AuditLate, AuditOpening, AuditReveal, AuditShow, ChannelClose, ChannelEnd, ChannelOpen,
    Collect, DisputeEnd, DisputeLate, DisputeMove, DisputeOpen, DisputedStep, DoubleLeaf,
    DoubleReceipt, DrawAudit, Found, HoldPay, JobShown, MeetPlant, MissingLate, MissingOpen,
    NodeKey, PartLate, PartOpen, PublishPackage, PublishProgram, ReleasePay, Settle,
    ShowEquivocation, VouchDispute,
};
use ledger::{AskedOf, Claim, NamedModel};
use receipt::log::Log;
use receipt::{Equivocation, MissingAnswer, PartialOpening, PublicKey, SignedHead, Stop};
use std::sync::LazyLock;

use super::auditing::salt;
use super::cases::{MANIFEST, Tale};
use super::hall::{Answer, Hall, Party, Paying, Promise, WHICH};
use super::trial::Trial;
use crate::keys::Key;
use crate::tiny::TINY;

/// Bytes of a chunk.
const CHUNK: u64 = 1_024;

/// Program and package.
pub(super) fn published(hall: &Hall) -> [Action; 2] {
    let program = PublishProgram { program: TINY.program.clone() };
    let manifest = MANIFEST.clone();
    let sealed = package::sign(manifest.id(), &hall.bailiff.secret, hall.network);
    let signature = sealed.signature();
    let package = PublishPackage { manifest, publisher: hall.bailiff.public, signature };
    [Action::Program(program), Action::Package(Box::new(package))]
}

/// Its hash, and how many ops it has.
static PROGRAM: LazyLock<(Digest, u16)> = LazyLock::new(|| {
    let part = package::Part::of(&TINY.program).expect("it has bytes");
    (part.hash, u16::try_from(TINY.checked.sites().count()).expect("a tiny program"))
});

/// The model that every job here is about.
fn model(hall: &Hall) -> NamedModel {
    let package = PackageSlot { model: MANIFEST.id().0, publisher: hall.bailiff.public };
    let (program, ops) = *PROGRAM;
    NamedModel { package, program, ops }
}

pub(crate) fn dispute_open(hall: &Hall, trial: &Trial, alarm: Option<Alarm>) -> Action {
    let answer = &hall.answers[trial.answer];
    let (node, model, filing) = (trial.node, model(hall), answer.filing().clone());
    match trial.vouching {
        Some(Vouching { audit, .. }) => {
            let receipt = answer.receipt.clone();
            let open = VouchDispute { audit, node, model, receipt, filing };
            Action::VouchDispute(Box::new(open))
        }
        None => {
            let signature = match &filing.claim {
                Disputed::Token(_) => None,
                Disputed::Fault(_) => Some(answer.signature),
            };
            let open = DisputeOpen { node, epoch: answer.epoch, model, filing, signature, alarm };
            Action::DisputeOpen(Box::new(open))
        }
    }
}

pub(crate) fn dispute_move(hall: &Hall, trial: &Trial, tale: Tale) -> Option<Action> {
    let made = trial.next(&hall.answers[trial.answer], tale)?;
    let (dispute, node) = (trial.slot, trial.node);
    let body = DisputeMove { dispute, node, model: model(hall), state: trial.state(), made };
    Some(Action::DisputeMove(Box::new(body)))
}

pub(crate) fn dispute_late(trial: &Trial) -> Action {
    Action::DisputeLate(DisputeLate { dispute: trial.slot, node: trial.node })
}

pub(crate) fn dispute_end(hall: &Hall, trial: &Trial, appellant: PublicKey) -> Option<Action> {
    Some(Action::DisputeEnd(Box::new(DisputeEnd {
        dispute: trial.slot,
        node: trial.node,
        owner: hall.owner_of(trial.node)?.public,
        challenger: trial.by.public,
        appellant,
        claim: trial.claim.0,
    })))
}

pub(crate) fn appeal(trial: &Trial) -> Action {
    Action::Appeal(Appeal { dispute: trial.slot, node: trial.node })
}

pub(crate) fn equivocation(hall: &Hall, answer: &Answer) -> Option<Action> {
    let worker = hall.party(answer.worker);
    let twin = answer.twin.as_ref()?;
    let shown = |head: SignedHead, output: &[u32]| {
        Some((head, PartialOpening::new(&answer.salts, WHICH, output, answer.case.place())?))
    };
    let one = shown(answer.head, &answer.output)?;
    let other = shown(answer.other_head(worker.key(answer.receipt.worker)?, twin), twin)?;
    let evidence = Equivocation { one, other };
    let (node, epoch, terms) = (worker.node()?, answer.epoch, answer.job.show(&answer.salts, 0)?);
    let shown = ShowEquivocation { node, epoch, terms, evidence };
    Some(Action::Equivocation(Box::new(shown)))
}

/// Its receipt, and another one of its job.
pub(crate) fn double_receipt(hall: &Hall, answer: &Answer, shown: &AuditShow) -> Option<Action> {
    Some(Action::DoubleReceipt(Box::new(DoubleReceipt {
        node: hall.party(answer.worker).node()?,
        epoch: answer.epoch,
        terms: answer.job.show(&answer.salts, 0)?,
        one: (answer.receipt.clone(), answer.signature),
        other: (shown.receipt.clone(), shown.signature),
    })))
}

/// Its leaf, and another one for the same money, in logs of so many leaves.
pub(crate) fn double_leaf(
    hall: &Hall,
    (answer, size): (&Answer, u64),
    (shown, shown_size): (&AuditShow, u64),
) -> Option<Action> {
    let worker = hall.party(answer.worker);
    let (leaf, index) = (shown.answer.leaf, shown.answer.index);
    let proof = worker.log(shown.receipt.worker)?.inclusion(index, shown_size)?;
    let other = MissingAnswer { leaf, index, proof };
    Some(Action::DoubleLeaf(Box::new(DoubleLeaf {
        node: worker.node()?,
        epoch: answer.epoch,
        terms: answer.job.show(&answer.salts, 0)?,
        receipt: answer.receipt.clone(),
        one: place(hall, answer, size)?,
        other,
        worker: shown.receipt.worker,
    })))
}

/// The id under which a receipt is asked for.
pub(crate) fn missing_slot(hall: &Hall, answer: &Answer) -> MissingSlot {
    MissingSlot::of(hall.network, &answer.id())
}

pub(crate) fn missing_open(hall: &Hall, answer: &Answer) -> Option<Action> {
    let node = hall.party(answer.worker).node()?;
    let (receipt, signature) = (answer.receipt.clone(), answer.signature);
    Some(Action::MissingOpen(Box::new(MissingOpen { node, receipt, signature })))
}

/// Where an answer's leaf stands in a log of so many leaves.
fn place(hall: &Hall, answer: &Answer, size: u64) -> Option<MissingAnswer> {
    let (leaf, index) = answer.leaf?;
    let log = hall.party(answer.worker).log(answer.receipt.worker)?;
    let proof = log.inclusion(index, size)?;
    Some(MissingAnswer { leaf, index, proof })
}

/// Who is asked by whom.
fn asked_of(worker: &Party, challenger: PublicKey) -> Option<AskedOf> {
    Some(AskedOf { node: worker.node()?, owner: worker.owner().public, challenger })
}

pub(crate) fn missing_answer(
    hall: &Hall,
    answer: &Answer,
    (missing, asker): (MissingSlot, PublicKey),
    size: u64,
) -> Option<Action> {
    let worker = hall.party(answer.worker);
    Some(Action::MissingAnswer(Box::new(AnswerMissing {
        missing,
        of: asked_of(worker, asker)?,
        worker: answer.receipt.worker,
        answer: place(hall, answer, size)?,
    })))
}

pub(crate) fn missing_late(missing: MissingSlot, node: NodeId, challenger: PublicKey) -> Action {
    Action::MissingLate(MissingLate { missing, node, challenger })
}

/// The id under which a chunk of the model's file is asked of who gave an answer.
pub(crate) fn part_slot(hall: &Hall, answer: &Answer, chunk: u64) -> WithheldSlot {
    let receipt = &answer.receipt;
    WithheldSlot::of(hall.network, receipt.worker, &receipt.model, (0, chunk))
}

pub(crate) fn part_open(hall: &Hall, answer: &Answer, chunk: u64) -> Option<Action> {
    let node = hall.party(answer.worker).node()?;
    let (receipt, signature) = (answer.receipt.clone(), answer.signature);
    let publisher = hall.bailiff.public;
    Some(Action::PartOpen(Box::new(PartOpen {
        node,
        receipt,
        signature,
        publisher,
        file: 0,
        chunk,
    })))
}

pub(crate) fn part_answer(
    owner: PublicKey,
    part: WithheldSlot,
    withheld: &Withheld,
) -> Option<Action> {
    let start = withheld.chunk * CHUNK;
    let range = start..(start + CHUNK).min(withheld.file.bytes);
    let slice = Slice::of(&TINY.weights, core::slice::from_ref(&range))?;
    let (node, challenger) = (withheld.asked.node, withheld.asked.challenger);
    let of = AskedOf { node, owner, challenger };
    Some(Action::PartAnswer(Box::new(AnswerPart { part, of, slice })))
}

pub(crate) fn part_late(part: WithheldSlot, withheld: &Withheld) -> Action {
    let (node, challenger) = (withheld.asked.node, withheld.asked.challenger);
    Action::PartLate(PartLate { part, node, challenger })
}

pub(crate) fn channel_open(node: NodeId, deposit: u128) -> Action {
    Action::ChannelOpen(ChannelOpen { node, deposit: Amount(deposit) })
}

pub(crate) fn channel_close(channel: ChannelId, node: NodeId) -> Action {
    Action::ChannelClose(ChannelClose { channel, node })
}

pub(crate) fn channel_end(channel: ChannelId, payer: PublicKey) -> Action {
    Action::ChannelEnd(ChannelEnd { channel, payer })
}

pub(crate) fn settle(node: NodeId, epoch: Epoch, promise: &Promise) -> Action {
    let Promise { voucher, signature, .. } = *promise;
    Action::Settle(Settle { node, epoch, voucher, signature })
}

pub(crate) fn collect(slot: SettlementSlot, node: NodeId, owner: PublicKey) -> Action {
    let SettlementSlot { epoch, channel } = slot;
    Action::Collect(Collect { epoch, channel, node, owner })
}

pub(crate) fn anchor(log: &Log, from: u64) -> Option<Action> {
    let proof = log.consistency(from, log.size())?;
    Some(Action::Anchor(AnchorLog { size: log.size(), root: log.root(), proof }))
}

pub(crate) fn hold(
    hall: &Hall,
    trial: &Trial,
    paying: &Paying,
    (epoch, size): (Epoch, u64),
) -> Option<Action> {
    let answer = &hall.answers[trial.answer];
    let step = disputed(trial);
    Some(Action::Hold(Box::new(HoldPay {
        dispute: trial.slot,
        node: trial.node,
        step,
        receipt: answer.receipt.clone(),
        answer: place(hall, answer, size)?,
        epoch,
        payer: hall.party(paying.client).owner().public,
        number: paying.number,
    })))
}

pub(crate) fn release(hold: HoldSlot, payer: PublicKey) -> Action {
    Action::Release(ReleasePay { hold, payer })
}

pub(crate) fn draw(audit: AuditSlot, channel: ChannelId, node: NodeId) -> Action {
    Action::Draw(DrawAudit { audit, channel, node })
}

/// An answer, and what its worker says that paid it.
pub(crate) fn audit_show(
    hall: &Hall,
    audit: AuditSlot,
    (answer, promise): (&Answer, &Promise),
    size: u64,
) -> Option<Action> {
    let worker = hall.party(answer.worker);
    let node = worker.node()?;
    let paying = hall.channels.iter().find(|paying| paying.id == promise.voucher.channel)?;
    let tale = if answer.is_true() { Tale::True } else { Tale::False };
    let finding = answer.finding(tale)?;
    let mut stops = answer.receipt.choices.iter().map(|choice| choice.stop);
    let is_fault = stops.any(|stop| matches!(stop, Stop::Fault { .. }));
    Some(Action::AuditShow(Box::new(AuditShow {
        audit,
        node,
        receipt: answer.receipt.clone(),
        signature: answer.signature,
        dated: answer.epoch,
        terms: answer.job.show(&answer.salts, 0)?,
        job: Some(JobShown {
            parameters: answer.job.show(&answer.salts, 3)?,
            stop: answer.job.show(&answer.salts, 5)?,
            ends: Vec::new(),
            model: is_fault.then(|| model(hall)),
        }),
        answer: place(hall, answer, size)?,
        voucher: promise.voucher,
        voucher_signature: promise.signature,
        payer: hall.party(paying.client).owner().public,
        number: paying.number,
        commitment: audit_commitment(hall.network, &finding, node, &salt(audit)),
    })))
}

pub(crate) fn audit_commit(
    hall: &Hall,
    (slot, audit): (AuditSlot, &Audit),
    node: NodeId,
    found: &Found,
) -> Action {
    let finding = found.finding(hall.network, &audit.shown);
    let commitment = audit_commitment(hall.network, &finding, node, &salt(slot));
    Action::AuditCommit(AuditCommit { audit: slot, node, commitment })
}

pub(crate) fn audit_reveal(audit: AuditSlot, node: NodeId, found: Found) -> Action {
    Action::AuditReveal(AuditReveal { audit, node, salt: salt(audit), found })
}

pub(crate) fn audit_ask(audit: AuditSlot, node: NodeId) -> Action {
    Action::AuditAsk(AuditAsk { audit, node })
}

pub(crate) fn audit_opening(
    hall: &Hall,
    audit: AuditSlot,
    asker: PublicKey,
    answer: usize,
) -> Option<Action> {
    let answer = &hall.answers[answer];
    let worker = hall.party(answer.worker);
    let opening = answer.opening();
    Some(Action::AuditOpening(Box::new(AuditOpening {
        audit,
        node: worker.node()?,
        owner: worker.owner().public,
        asker,
        receipt: answer.receipt.clone(),
        bytes: opening.encode().len(),
        opening,
    })))
}

pub(crate) fn audit_late(hall: &Hall, slot: AuditSlot, audit: &Audit) -> Option<Action> {
    let paying = hall.channels.iter().find(|paying| paying.id == audit.channel)?;
    Some(Action::AuditLate(Box::new(AuditLate {
        audit: slot,
        node: audit.node,
        channel: audit.channel,
        payer: hall.party(paying.client).owner().public,
        number: paying.number,
        asker: audit.asker,
    })))
}

pub(crate) fn audit_close(
    hall: &Hall,
    audit: AuditSlot,
    channel: ChannelId,
    (node, word): (NodeId, Word),
) -> Option<Action> {
    let owner = hall.owner_of(node)?.public;
    let alarm = if let Word::Alarm(slot) = word {
        let trial = hall.trials.iter().find(|trial| trial.slot == slot)?;
        Some((trial.step, trial.by.public))
    } else {
        None
    };
    Some(Action::AuditClose(Box::new(AuditClose { audit, node, owner, channel, alarm })))
}

/// Another key signs for a node.
pub(crate) fn operator_key(network: Network, node: NodeId, [before, next]: [&Key; 2]) -> Action {
    let role = KeyRole::Operator;
    let signature = role.bind(network, &next.secret, node);
    let claim = Claim { key: next.public, signature };
    Action::NodeKey(NodeKey { node, role, before: before.public, claim })
}

/// Says that a disputed step was planted.
pub(crate) fn plant_meet(
    hall: &Hall,
    trial: &Trial,
    plant: PlantSlot,
    salt: commit::Digest,
) -> Option<Action> {
    let answer = &hall.answers[trial.answer];
    Some(Action::PlantMeet(Box::new(MeetPlant {
        dispute: trial.slot,
        node: trial.node,
        plant,
        worker: trial.step.worker,
        step: disputed(trial),
        challenger: trial.by.public,
        salt,
        terms: answer.job.show(&answer.salts, 0)?,
    })))
}

/// A trial's step, without worker and job.
fn disputed(trial: &Trial) -> DisputedStep {
    let step = &trial.step;
    let (choice, position, kind, what) = (step.choice, step.position, step.kind, step.what);
    DisputedStep { choice, position, kind, what }
}
