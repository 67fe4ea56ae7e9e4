//! What an audit is shown is what it drew and asked for: the answer that the payer gave the drawn unit for, its job's own
//! leaf, the opening of that very receipt; whoever doubts an auditor doubts it about that answer, and who disputes as one who
//! raised the alarm did; a plant is opened to what it hid.
//!
//! Would catch: an audit that takes another answer than the one that was paid, an opening that opens something else, a bond
//! that does not grow with a liar's list for somebody who was not drawn, a lie that passes for a plant of something else.

use chain::Amount;
use chain::records::{Audit, AuditSlot, ChannelId, NodeId, PlantSlot, Planted, Word};
use ledger::tx::{Action, Alarm, AuditOpening, AuditShow, MeetPlant, VouchDispute};
use receipt::PublicKey;

use super::{Seen, Step, holds};
use crate::scene::record;

pub(crate) fn check(step: &Step<'_>) -> Seen {
    for made in &step.block.transactions {
        let action = Action::decode(made.kind, &made.body);
        let action = action.map_err(|why| format!("a body that was taken: {why}"))?;
        let own = if let Action::AuditShow(shown) = &action {
            drawn(step, shown.audit).is_none_or(|audit| paid(step, &audit, shown))
        } else if let Action::AuditOpening(shown) = &action {
            drawn(step, shown.audit).is_none_or(|audit| opened(step, &audit, shown))
        } else if let Action::VouchDispute(doubt) = &action {
            drawn(step, doubt.audit).is_none_or(|audit| doubted(step, &audit, doubt))
        } else if let Action::DisputeOpen(opened) = &action {
            opened.alarm.is_none_or(|alarm| alarmed(step, alarm, (opened.node, made.payer)))
        } else if let Action::PlantMeet(met) = &action {
            planted(step, met).is_some_and(|opening| hidden(step, met.plant, &opening))
        } else if let Action::PlantEnd(end) = &action {
            end.opening.as_ref().is_none_or(|opening| hidden(step, end.slot, opening))
        } else {
            true
        };
        holds(own, || {
            format!("kind {} shows something else than was drawn or planted", made.kind.0)
        })?;
    }
    Ok(())
}

/// What was drawn and shown, as far as the block leaves it or found it.
fn drawn(step: &Step<'_>, slot: AuditSlot) -> Option<Audit> {
    record(step.after, &slot).or_else(|| record(step.before, &slot))
}

/// The unit was given for this job, and the receipt is of this job and says the same of it.
fn paid(step: &Step<'_>, audit: &Audit, shown: &AuditShow) -> bool {
    let network = step.after.network();
    let AuditShow { receipt, terms, answer, voucher, payer, number, .. } = shown;
    let leaf = &answer.leaf;
    let channel = ChannelId::of(network, *payer, *number);
    let says = terms
        .terms()
        .is_ok_and(|said| (said.consent.number(), said.kind) == (receipt.consent, receipt.kind));
    let one = terms.is_of(network, &receipt.job)
        && leaf.receipt == receipt.id(network)
        && voucher.job == receipt.job
        && [audit.channel.0, leaf.channel] == [channel.0; 2]
        && voucher.channel == channel;
    let (from, to) = (voucher.from, voucher.cumulative);
    let inside = from <= audit.unit && audit.unit < to;
    says && one && inside && Amount(leaf.from) <= from && to <= Amount(leaf.to)
}

/// The receipt that was shown, opened.
fn opened(step: &Step<'_>, audit: &Audit, shown: &AuditOpening) -> bool {
    let network = step.after.network();
    let same = shown.receipt.id(network) == audit.shown.receipt;
    same && shown.opening.opens(&shown.receipt, network)
}

/// The auditor's word is an alarm, and what that is about is disputed since this block, of a node and by a challenger.
fn alarmed(step: &Step<'_>, alarm: Alarm, (node, challenger): (NodeId, PublicKey)) -> bool {
    let audit = drawn(step, alarm.audit);
    let mut auditors = audit.iter().flat_map(|audit| &audit.auditors);
    let said = auditors.find(|one| one.node == alarm.node).map(|one| one.word);
    let Some(Word::Alarm(slot)) = said else { return false };
    let opened = record(step.after, &slot);
    let its_own = opened.is_some_and(|one| (one.node, one.challenger) == (node, challenger));
    its_own && record(step.before, &slot).is_none()
}

/// The step that is said to be planted.
fn planted(step: &Step<'_>, met: &MeetPlant) -> Option<Planted> {
    let job = met.terms.leads_to(step.after.network())?;
    let (choice, position) = (met.step.choice, met.step.position);
    Some(Planted { node: met.node, job, choice, position, salt: met.salt })
}

/// It is what the plant hid; one that came and went in a block nobody can see.
fn hidden(step: &Step<'_>, slot: PlantSlot, opening: &Planted) -> bool {
    let plant = record(step.before, &slot).or_else(|| record(step.after, &slot));
    plant.is_none_or(|plant| plant.commitment == opening.commitment(step.after.network()))
}

/// A step of the receipt that was shown, under a head of it.
fn doubted(step: &Step<'_>, audit: &Audit, doubt: &VouchDispute) -> bool {
    let VouchDispute { receipt, filing, .. } = doubt;
    let same = receipt.id(step.after.network()) == audit.shown.receipt;
    let mut segments = receipt.choices.iter().flat_map(|choice| &choice.segments);
    same && segments.any(|head| *head == filing.head) && filing.head.worker == receipt.worker
}
