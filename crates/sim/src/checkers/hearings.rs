//! Audits go on in their order: a finding is what was committed to, an answer was anchored before it was drawn, and nobody
//! is done with before everything is said that may be.
//!
//! Would catch: a finding that is made up when the others are known, a log that is filled after the draw, an audit that
//! ends while somebody may still speak.

use chain::Epoch;
use chain::records::{
    AnchorSlot, Audit, AuditSlot, AuditStage, Awaited, ClaimedStep, Clock, EpochBookSlot, Held,
    NodeId, Word, audit_commitment,
};
use commit::Digest;
use ledger::tx::{Action, AuditReveal, DisputedStep, Found};

use super::changes::{Change, kept};
use super::{Seen, Step, holds};
use crate::scene::record;

/// Kinds that end an audit before its end: the answer is shown and nobody may see it, or was never shown.
const ENDS: [u16; 2] = [32, 36];
/// A whole epoch lies between the one that is audited and the one in which is drawn.
const DRAWN_AFTER: u64 = 2;

pub(crate) fn check(
    step: &Step<'_>,
    now: &Clock,
    (actions, changes): (&[&Action], &[Change]),
) -> Seen {
    for action in actions {
        if let Action::AuditShow(shown) = action {
            let anchored = [step.before, step.after].iter().any(|state| {
                let anchor = record(state, &AnchorSlot(shown.receipt.worker));
                let size = anchor.map_or(0, |anchor| anchor.size_by(shown.audit.epoch.next()));
                shown.answer.index < size
            });
            holds(anchored, || format!("{:?} is shown, and was anchored late", shown.audit))?;
        }
    }
    for Change { was, is } in changes {
        if let Some(Held::Audit(slot, was)) = was {
            let is = kept!(is.as_ref(), Audit);
            said(step, actions, (*slot, was, is))?;
            done(step, now, actions, (*slot, was, is))?;
        }
    }
    Ok(())
}

/// Whoever says what it found opens what it committed to.
fn said(
    step: &Step<'_>,
    actions: &[&Action],
    (slot, was, is): (AuditSlot, &Audit, Option<&Audit>),
) -> Seen {
    let words = |audit: &Audit| {
        let mut words = vec![(audit.node, audit.word)];
        words.extend(audit.auditors.iter().map(|auditor| (auditor.node, auditor.word)));
        words
    };
    let Some(is) = is else { return Ok(()) };
    for ((node, before), (_, after)) in words(was).into_iter().zip(words(is)) {
        let committed = match (before, after) {
            (Word::Committed(one), Word::Root(_) | Word::Alarm(_)) => one,
            (before, after) => {
                let on = before == after || before == Word::None;
                holds(on, || format!("{node:?} said {before:?} and says {after:?}"))?;
                continue;
            }
        };
        let network = step.after.network();
        let opens = |found: &Digest, salt: &Digest| {
            audit_commitment(network, found, node, salt) == committed
        };
        let mut reveals = actions.iter().filter_map(|action| revealed(action, slot, node));
        let says = |reveal: &AuditReveal| match (&reveal.found, after) {
            (Found::Root(_), Word::Root(found)) => opens(&found, &reveal.salt),
            (Found::False(said), Word::Alarm(dispute)) => {
                let (worker, job) = (is.shown.worker, is.shown.job);
                let DisputedStep { choice, position, kind, what } = *said;
                let claim = ClaimedStep { worker, job, choice, position, kind, what };
                let mut made = step.block.transactions.iter();
                let its_own = made.any(|made| claim.disputed_by(network, made.payer) == dispute);
                its_own && opens(&claim.slot(network).0, &reveal.salt)
            }
            (
                Found::Root(_) | Found::False(_),
                Word::None | Word::Committed(_) | Word::Root(_) | Word::Alarm(_),
            ) => false,
        };
        holds(reveals.any(says), || format!("{node:?} says what it did not commit to: {after:?}"))?;
    }
    Ok(())
}

fn revealed(action: &Action, slot: AuditSlot, node: NodeId) -> Option<&AuditReveal> {
    let Action::AuditReveal(reveal) = action else { return None };
    (reveal.audit == slot && reveal.node == node).then_some(reveal)
}

/// Nobody is done with before its time.
fn done(
    step: &Step<'_>,
    now: &Clock,
    actions: &[&Action],
    (slot, was, is): (AuditSlot, &Audit, Option<&Audit>),
) -> Seen {
    let open = |node: NodeId| {
        is.is_some_and(|is| is.auditors.iter().any(|one| one.node == node && !one.closed))
    };
    let mut closed = was.auditors.iter().filter(|one| !one.closed && !open(one.node)).peekable();
    let cut = actions.iter().any(|action| ENDS.contains(&action.kind().0));
    if closed.peek().is_none() && is.is_some() || is.is_none() && cut {
        return Ok(());
    }
    let what = || format!("at {}: {was:?} becomes {is:?}", now.time.0);
    let Epoch(drawn) = slot.epoch;
    holds(now.epoch.0 > drawn.saturating_add(DRAWN_AFTER), what)?;
    let late = now.time > was.deadline;
    let may = match was.stage {
        AuditStage::Over | AuditStage::Reveal => true,
        AuditStage::Commit => late,
        // Who kept its word back alone: the others are done with from then on.
        AuditStage::Silent(Awaited::Reveal) => cut,
        AuditStage::Show | AuditStage::Opening | AuditStage::Silent(_) => false,
    };
    let vouched = closed.any(|one| matches!(one.word, Word::Root(_)));
    let book = record(step.before, &EpochBookSlot(slot.epoch)).ok_or("an audit has no book")?;
    holds(may && (!vouched || now.time > was.deadline.after(book.terms.move_ms)), what)
}
