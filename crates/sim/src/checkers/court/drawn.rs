//! A cheat that was drawn is punished within its window, wherever somebody honest was drawn to look.
//!
//! Counted by itself, audit by audit: that somebody accused the lie besides is one way in which it can be punished. Would
//! catch: an audit that ends with a lie in it, an alarm that comes too late for its dispute, a draw about something else
//! than the answer that was paid.

use chain::records::{Audit, AuditSlot, AuditStage, DisputeSlot, Held, Word};
use chain::{Time, Transaction};
use ledger::Parameter;
use ledger::tx::Action;
use std::collections::BTreeMap;

use super::super::{Seen, holds};
use super::Hearing;
use super::punished::{case_ends, window};
use super::slashed::against;
use crate::court::{Betrayer, Hall, Party, Standing, TWO_LEAVES, TWO_RECEIPTS, contradiction_slot};
use crate::report::{DRAWN, DRAWN_PUNISHED, DRAWN_UNSEEN, Report};

/// The count of disputes that drawn auditors opened about what they raised the alarm about.
pub const ALARMS: &str = "alarms that their auditors disputed";

/// A false answer whose money was drawn.
#[derive(Debug)]
struct Drawn {
    /// Who gave it.
    name: &'static str,
    /// What stands on the ledger when it is refuted, or when its worker contradicted itself about it.
    claims: [DisputeSlot; 3],
    since: Time,
    /// Whether somebody honest looks at what gives it away, or nobody need.
    looked: bool,
    punished: bool,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Draws {
    lies: BTreeMap<AuditSlot, Drawn>,
    /// Disputes that auditors opened about their alarms.
    alarms: u64,
}

impl Draws {
    pub(super) fn check(&mut self, hearing: &Hearing<'_>) -> Seen {
        for held in &hearing.after.held {
            if let Held::Audit(slot, audit) = held
                && !self.lies.contains_key(slot)
                && let Some(drawn) = drawn(hearing.hall, audit)
            {
                self.lies.insert(*slot, drawn);
            }
        }
        let alarms = hearing.block.transactions.iter().filter(|made| is_of_alarm(made)).count();
        self.alarms += u64::try_from(alarms).unwrap_or(u64::MAX);
        let ends = hearing.now;
        for (slot, drawn) in &mut self.lies {
            drawn.punished |= is_refuted(hearing, &drawn.claims) || is_silent(hearing, slot);
            let due = drawn.since.after(windows(hearing));
            holds(drawn.punished || !drawn.looked || ends <= due, || late(*slot, drawn))?;
        }
        Ok(())
    }

    /// None is left, and how many there were.
    pub(super) fn end(&self, report: &mut Report) -> Seen {
        report.count_more(ALARMS, self.alarms);
        for (slot, drawn) in &self.lies {
            report.count(DRAWN);
            report.count_more(DRAWN_PUNISHED, u64::from(drawn.punished));
            report.count_more(DRAWN_UNSEEN, u64::from(!drawn.punished && !drawn.looked));
            holds(drawn.punished || !drawn.looked, || late(*slot, drawn))?;
        }
        Ok(())
    }
}

fn late(slot: AuditSlot, drawn: &Drawn) -> String {
    format!("a lie of a {} was drawn as {slot:?} and is not punished", drawn.name)
}

/// The false answer that was paid with a drawn unit, where it is one.
fn drawn(hall: &Hall, audit: &Audit) -> Option<Drawn> {
    let paid = hall.answers.iter().find(|answer| {
        answer.paid.is_some_and(|promise| {
            let (from, to) = (promise.voucher.from, promise.voucher.cumulative);
            promise.voucher.channel == audit.channel && from <= audit.unit && audit.unit < to
        })
    })?;
    let worker = hall.party(paid.worker);
    let honest = |party: &Party| party.standing == Standing::Honest;
    let looks = |node| hall.of_node(node).is_some_and(honest);
    let looked = match paid.betrayer {
        Betrayer::Auditors => audit.auditors.iter().any(|one| looks(one.node)),
        Betrayer::Showing => true,
        // Of two receipts nobody but who has the false one can know: where that is a cheat, nobody else is deceived.
        Betrayer::Reader => honest(hall.party(paid.reader.unwrap_or(paid.client))),
    };
    (worker.standing == Standing::Cheat && !paid.is_true()).then(|| Drawn {
        name: worker.name,
        claims: [
            paid.step().slot(hall.network),
            contradiction_slot(hall.network, paid, TWO_RECEIPTS),
            contradiction_slot(hall.network, paid, TWO_LEAVES),
        ],
        since: audit.drawn,
        looked,
        punished: false,
    })
}

/// Whether an auditor disputes what it raised the alarm about.
fn is_of_alarm(made: &Transaction) -> bool {
    let action = Action::decode(made.kind, &made.body);
    matches!(action, Ok(Action::DisputeOpen(opened)) if opened.alarm.is_some())
}

/// Whether the lie is refuted, or was passed over in silence to the end.
fn is_refuted(hearing: &Hearing<'_>, claims: &[DisputeSlot]) -> bool {
    let mut trials = hearing.hall.trials.iter().filter(|trial| claims.contains(&trial.claim));
    claims.iter().any(|claim| hearing.after.record(claim).is_some())
        || trials.any(|trial| {
            let course = hearing.after.record(&trial.slot).map(|dispute| dispute.course);
            course.is_some_and(|course| against(&course))
        })
}

/// Whether an audit ended in this block because its node said nothing; where that is its word, what auditors said is left.
fn is_silent(hearing: &Hearing<'_>, slot: &AuditSlot) -> bool {
    let silent = hearing.before.iter().any(|held| {
        matches!(held, Held::Audit(of, Audit { stage: AuditStage::Silent(_), .. }) if of == slot)
    });
    match hearing.after.record(slot) {
        None => silent || is_called(hearing, *slot),
        Some(audit) => {
            let said = matches!(audit.word, Word::Root(_)) || audit.auditors.is_empty();
            audit.stage == AuditStage::Over && !said
        }
    }
}

/// Whether somebody calls the node late in this block: who is called after its time to come back is late twice in one.
fn is_called(hearing: &Hearing<'_>, slot: AuditSlot) -> bool {
    hearing.block.transactions.iter().any(|made| {
        let action = Action::decode(made.kind, &made.body);
        matches!(action, Ok(Action::AuditLate(late)) if late.audit == slot)
    })
}

/// All that an audit may wait for, and the longest dispute behind it.
fn windows(hearing: &Hearing<'_>) -> u64 {
    let step = window(hearing, Parameter::TimeStepMs);
    // Shown late, opened late, committed to twice, revealed late; a step of time behind each.
    let waits = [
        Parameter::ShowMs,
        Parameter::AppealMs,
        Parameter::CommitMs,
        Parameter::ShowMs,
        Parameter::AppealMs,
        Parameter::CommitMs,
        Parameter::RevealMs,
        Parameter::AppealMs,
        Parameter::MoveMs,
    ];
    let waits = waits.map(|wait| window(hearing, wait).saturating_add(step));
    waits.iter().fold(case_ends(hearing), |all, wait| all.saturating_add(*wait))
}
