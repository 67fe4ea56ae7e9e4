//! Bodies of transactions, made of what the hall knows: what a rule wants of a body is said here and nowhere else.
//!
//! Never asks whether a rule takes it.

use chain::Epoch;
use chain::records::{NodeId, PackageSlot, SettlementSlot};
use ledger::tx::{
    Action, AnchorLog, AnswerMissing, Appeal, ChannelClose, ChannelEnd, ChannelOpen, Collect,
    DisputeEnd, DisputeLate, DisputeMove, DisputeOpen, DisputedStep, HoldPay, MissingLate,
    MissingOpen, PublishPackage, PublishProgram, ReleasePay, Settle, ShowEquivocation,
};
use ledger::{AskedOf, NamedModel};
use receipt::{Equivocation, MissingAnswer, PartialOpening, PublicKey, SignedHead};

use super::cases::{MANIFEST, Tale};
use super::hall::{Answer, Hall, Party, Paying, Promise, WHICH};
use super::trial::{Trial, filing};
use crate::tiny::TINY;
use chain::Amount;
use chain::records::{ChannelId, HoldSlot, MissingSlot};

/// Program and package.
pub(super) fn published(hall: &Hall) -> [Action; 2] {
    let program = PublishProgram { program: TINY.program.clone() };
    let manifest = MANIFEST.clone();
    let sealed = package::sign(manifest.id(), &hall.bailiff.secret, hall.network);
    let signature = sealed.signature();
    let package = PublishPackage { manifest, publisher: hall.bailiff.public, signature };
    [Action::Program(program), Action::Package(Box::new(package))]
}

/// The model that every job here is about.
fn model(hall: &Hall) -> NamedModel {
    let package = PackageSlot { model: MANIFEST.id().0, publisher: hall.bailiff.public };
    let part = package::Part::of(&TINY.program).expect("it has bytes");
    let ops = u16::try_from(TINY.checked.sites().count()).expect("a tiny program");
    NamedModel { package, program: part.hash, ops }
}

pub(crate) fn dispute_open(hall: &Hall, trial: &Trial) -> Option<Action> {
    let node = hall.party(trial.accused).node()?;
    let answer = &hall.answers[trial.answer];
    let (epoch, filing) = (answer.epoch, filing(answer));
    let open = DisputeOpen { node, epoch, model: model(hall), filing, signature: None };
    Some(Action::DisputeOpen(Box::new(open)))
}

pub(crate) fn dispute_move(hall: &Hall, trial: &Trial, tale: Tale) -> Option<Action> {
    let made = trial.next(&hall.answers[trial.answer], tale)?;
    let (dispute, node) = (trial.slot, hall.party(trial.accused).node()?);
    let body = DisputeMove { dispute, node, model: model(hall), state: trial.state(), made };
    Some(Action::DisputeMove(Box::new(body)))
}

pub(crate) fn dispute_late(hall: &Hall, trial: &Trial) -> Option<Action> {
    let node = hall.party(trial.accused).node()?;
    Some(Action::DisputeLate(DisputeLate { dispute: trial.slot, node }))
}

pub(crate) fn dispute_end(hall: &Hall, trial: &Trial, appellant: PublicKey) -> Option<Action> {
    let accused = hall.party(trial.accused);
    Some(Action::DisputeEnd(Box::new(DisputeEnd {
        dispute: trial.slot,
        node: accused.node()?,
        owner: accused.owner().public,
        challenger: trial.by.public,
        appellant,
        claim: trial.claim.0,
    })))
}

pub(crate) fn appeal(hall: &Hall, trial: &Trial) -> Option<Action> {
    let node = hall.party(trial.accused).node()?;
    Some(Action::Appeal(Appeal { dispute: trial.slot, node }))
}

pub(crate) fn equivocation(hall: &Hall, answer: &Answer) -> Option<Action> {
    let worker = hall.party(answer.worker);
    let twin = answer.twin.as_ref()?;
    let shown = |head: SignedHead, output: &[u32]| {
        Some((head, PartialOpening::new(&answer.salts, WHICH, output, answer.case.place())?))
    };
    let one = shown(answer.head, &answer.output)?;
    let other = shown(answer.other_head(worker.operator(), twin), twin)?;
    let evidence = Equivocation { one, other };
    let (node, epoch, terms) = (worker.node()?, answer.epoch, answer.job.show(&answer.salts, 0)?);
    let shown = ShowEquivocation { node, epoch, terms, evidence };
    Some(Action::Equivocation(Box::new(shown)))
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
    let proof = hall.party(answer.worker).log.inclusion(index, size)?;
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
        worker: worker.operator().public,
        answer: place(hall, answer, size)?,
    })))
}

pub(crate) fn missing_late(missing: MissingSlot, node: NodeId, challenger: PublicKey) -> Action {
    Action::MissingLate(MissingLate { missing, node, challenger })
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

pub(crate) fn anchor(hall: &Hall, worker: super::PartyId, from: u64) -> Option<Action> {
    let log = &hall.party(worker).log;
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
    let step = DisputedStep {
        choice: trial.step.choice,
        position: trial.step.position,
        kind: trial.step.kind,
        what: trial.step.what,
    };
    Some(Action::Hold(Box::new(HoldPay {
        dispute: trial.slot,
        node: hall.party(trial.accused).node()?,
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
