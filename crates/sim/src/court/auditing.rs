//! What audits ask of the two sides: a worker shows what was drawn, auditors compute it again and say what they found.
//!
//! Never tells anybody's finding before it is revealed, but to those who are told ([`Found`] is made by whoever asks).

use chain::records::{
    Audit, AuditSlot, AuditStage, AuditorsSlot, Awaited, DisputeSlot, EpochBookSlot,
    EpochStartSlot, Held, NodeId, SettlementSlot, Vouching, Word,
};
use commit::Digest;
use ledger::tx::{Action, Alarm, DisputedStep, Enrol, Found, Wish as Enrolling};

use super::cases::Tale;
use super::custom::{accuse, accuse_auditor, prosecute};
use super::forms;
use super::hall::{Answer, Hall, Promise};
use super::stage::{Player, Stage};
use super::work::{appeal, defend};
use crate::keys::Key;

/// An honest auditor.
pub(crate) struct Auditor;

impl Player for Auditor {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        let (Some(node), key) = (stage.party().node(), stage.party().owner()) else { return };
        enrol(stage, node, key);
        commit(stage, node, key, truth);
        reveal(stage, node, key, truth);
        doubt(stage, |_| true);
        defend(stage, |_| Tale::True);
        appeal(stage, |_| true);
        prosecute(stage, |_| Some(Tale::True));
    }
}

/// Accuses the others of an audit who say that a false answer is true, of those answers that it knows.
pub(crate) fn doubt(stage: &mut Stage<'_, '_>, knows: impl Fn(&Answer) -> bool) {
    let (node, key) = (stage.party().node(), stage.party().owner());
    for (slot, audit) in audits(stage) {
        let Some(at) = shown(stage.hall, &audit) else { continue };
        let others = audit.auditors.iter().filter(|one| Some(one.node) != node && !one.closed);
        let vouch = others.filter(|one| matches!(one.word, Word::Root(_)));
        let answer = &stage.hall.answers[at];
        if !answer.is_true() && knows(answer) {
            let vouchings: Vec<_> =
                vouch.map(|one| Vouching { audit: slot, node: one.node }).collect();
            for vouching in vouchings {
                accuse_auditor(stage, at, vouching, key);
            }
        }
    }
}

/// What keeps a commitment from being guessed: nobody here guesses.
pub(crate) fn salt(slot: AuditSlot) -> Digest {
    let mut salt = [0x5a; 32];
    salt[..8].copy_from_slice(&slot.epoch.0.to_le_bytes());
    salt[8..12].copy_from_slice(&slot.index.to_le_bytes());
    salt
}

/// All audits that are on.
pub(crate) fn audits(stage: &Stage<'_, '_>) -> Vec<(AuditSlot, Audit)> {
    let all = stage.scene.held.iter().filter_map(|held| {
        if let Held::Audit(slot, audit) = held { Some((*slot, (*audit).clone())) } else { None }
    });
    all.collect()
}

/// What an auditor finds that computes the answer again: nothing, where it can't open it; nothing false, where its worker
/// answers for none of it.
pub(crate) fn truth(_: &Hall, answer: &Answer, _: &Key) -> Option<Found> {
    if !answer.opens() {
        return None;
    }
    match answer.is_true() || !answer.is_its_own() {
        true => answer.finding(Tale::True).map(Found::Root),
        false => {
            let step = answer.step();
            let (choice, position, kind, what) = (step.choice, step.position, step.kind, step.what);
            Some(Found::False(DisputedStep { choice, position, kind, what }))
        }
    }
}

/// What one says that was told by the worker.
pub(crate) fn told(_: &Hall, answer: &Answer, _: &Key) -> Option<Found> {
    let tale = if answer.is_true() { Tale::True } else { Tale::False };
    answer.finding(tale).map(Found::Root)
}

/// Stands by what it was told, where somebody doubts it.
pub(crate) fn stand_by(stage: &mut Stage<'_, '_>) {
    let answers = stage.hall.answers.iter().map(Answer::is_true).collect::<Vec<_>>();
    defend(stage, |trial| if answers[trial.answer] { Tale::True } else { Tale::False });
}

/// How somebody comes to what it says.
pub(crate) type Finds = fn(&Hall, &Answer, &Key) -> Option<Found>;

/// Wants to be drawn.
pub(crate) fn enrol(stage: &mut Stage<'_, '_>, node: NodeId, key: &'static Key) {
    let enrolled = stage.scene.record(&AuditorsSlot).unwrap_or_default();
    if !enrolled.0.contains(&node) && stage.clock.height.0 < super::custom::ASKING_BLOCKS {
        let wish = Enrolling::Join { instead: NodeId([0; 32]) };
        stage.wish(key, Some(Action::Enrol(Enrol { node, wish })));
    }
}

/// The answer that was shown in an audit.
fn shown(hall: &Hall, audit: &Audit) -> Option<usize> {
    hall.answers.iter().position(|answer| answer.id() == audit.shown.receipt)
}

/// Commits to what it finds of answers that it was drawn for; asks for the opening where the worker gives none.
pub(crate) fn commit(stage: &mut Stage<'_, '_>, node: NodeId, key: &'static Key, finds: Finds) {
    for (slot, mut audit) in audits(stage) {
        let free =
            audit.node != node && audit.word_of(node).is_some_and(|word| *word == Word::None);
        let late = stage.is_past(audit.deadline);
        if audit.stage != AuditStage::Commit || !free || late {
            continue;
        }
        let Some(at) = shown(stage.hall, &audit) else { continue };
        let answer = &stage.hall.answers[at];
        let given = answer.opened || !answer.withheld && answer.opens();
        let action = match given {
            true => finds(stage.hall, answer, key)
                .map(|found| forms::audit_commit(stage.hall, (slot, &audit), node, &found)),
            false => Some(forms::audit_ask(slot, node)),
        };
        stage.wish(key, action);
    }
}

/// Reveals what it committed to; what it raised the alarm about it disputes then.
pub(crate) fn reveal(stage: &mut Stage<'_, '_>, node: NodeId, key: &'static Key, finds: Finds) {
    for (slot, mut audit) in audits(stage) {
        let Some(word) = audit.word_of(node).copied() else { continue };
        let lapsed = audit.stage == AuditStage::Commit && stage.is_past(audit.deadline);
        let Some(at) = shown(stage.hall, &audit) else { continue };
        match word {
            Word::Committed(_) if lapsed || audit.stage == AuditStage::Reveal => {
                let found = finds(stage.hall, &stage.hall.answers[at], key);
                let reveals = found.map(|found| forms::audit_reveal(slot, node, found));
                stage.wish(key, reveals);
            }
            Word::Alarm(_) => accuse(stage, at, key),
            Word::None | Word::Committed(_) | Word::Root(_) => {}
        }
    }
}

/// The alarm that a dispute is about, where somebody revealed one.
pub(super) fn alarm(stage: &Stage<'_, '_>, dispute: DisputeSlot) -> Option<Alarm> {
    stage.scene.held.iter().find_map(|held| {
        let Held::Audit(audit, Audit { auditors, .. }) = held else { return None };
        let said = auditors.iter().find(|one| one.word == Word::Alarm(dispute))?;
        Some(Alarm { audit: *audit, node: said.node })
    })
}

/// Shows what was drawn of its own answers, and says what it found; keeps openings back where it shall.
pub(crate) fn answer(stage: &mut Stage<'_, '_>, opens: bool) {
    answer_with(stage, opens, |hall, at| Some((at, hall.answers[at].paid?)));
}

/// The same; says what it shows for an answer, and what paid that.
pub(crate) fn answer_with(
    stage: &mut Stage<'_, '_>,
    opens: bool,
    shows: impl Fn(&Hall, usize) -> Option<(usize, Promise)>,
) {
    let (Some(node), owner) = (stage.party().node(), stage.party().owner()) else { return };
    for (slot, audit) in audits(stage) {
        if audit.node != node {
            continue;
        }
        // Who was away comes back by itself, called silent or not.
        let Some(book) = stage.scene.record(&EpochBookSlot(slot.epoch)) else { continue };
        let late = stage.is_past(match audit.stage {
            AuditStage::Show | AuditStage::Opening | AuditStage::Reveal => {
                audit.deadline.after(book.terms.appeal_ms)
            }
            AuditStage::Commit | AuditStage::Silent(_) | AuditStage::Over => audit.deadline,
        });
        let action = match audit.stage {
            AuditStage::Show | AuditStage::Silent(Awaited::Show) if !late => {
                show(stage, slot, &audit, &shows)
            }
            AuditStage::Opening | AuditStage::Silent(Awaited::Opening) if !late && opens => {
                let at = shown(stage.hall, &audit);
                if let Some(at) = at {
                    stage.hall.answers[at].opened = true;
                }
                at.and_then(|at| forms::audit_opening(stage.hall, slot, audit.asker, at))
            }
            AuditStage::Commit if late => reveals(stage, slot, &audit),
            AuditStage::Reveal if !late => reveals(stage, slot, &audit),
            AuditStage::Silent(Awaited::Reveal) if !late => reveals(stage, slot, &audit),
            AuditStage::Show
            | AuditStage::Commit
            | AuditStage::Reveal
            | AuditStage::Opening
            | AuditStage::Silent(_)
            | AuditStage::Over => None,
        };
        stage.wish(owner, action);
    }
}

/// The answer that the drawn unit paid, or what is shown for it.
fn show(
    stage: &Stage<'_, '_>,
    slot: AuditSlot,
    audit: &Audit,
    shows: &impl Fn(&Hall, usize) -> Option<(usize, Promise)>,
) -> Option<Action> {
    let mut answers = stage.hall.answers.iter();
    let paid = answers.position(|answer| {
        answer.worker == stage.me
            && answer.paid.is_some_and(|promise| {
                let (from, to) = (promise.voucher.from, promise.voucher.cumulative);
                promise.voucher.channel == audit.channel && from <= audit.unit && audit.unit < to
            })
    })?;
    let (shown, promise) = shows(stage.hall, paid)?;
    let answer = &stage.hall.answers[shown];
    forms::audit_show(stage.hall, slot, (answer, &promise), stage.size(answer.receipt.worker))
}

fn reveals(stage: &Stage<'_, '_>, slot: AuditSlot, audit: &Audit) -> Option<Action> {
    if !matches!(audit.word, Word::Committed(_)) {
        return None;
    }
    let answer = &stage.hall.answers[shown(stage.hall, audit)?];
    let found = told(stage.hall, answer, stage.party().owner())?;
    Some(forms::audit_reveal(slot, audit.node, found))
}

/// Draws whatever there is to draw: by the page's rule, not by the ledger's code.
pub(super) fn draw(stage: &mut Stage<'_, '_>) {
    let (key, now) = (stage.hall.bailiff, stage.epoch());
    let Some(epoch) = now.0.checked_sub(2).map(chain::Epoch) else { return };
    let Some(book) = stage.scene.record(&EpochBookSlot(epoch)) else { return };
    let Some(start) = stage.scene.record(&EpochStartSlot(now)) else { return };
    let unit = book.terms.audit_unit.0;
    let draws = book.settled.0.div_ceil(unit);
    for index in (0..u32::try_from(draws).unwrap_or(u32::MAX)).take(DRAWS_MAX) {
        let slot = AuditSlot { epoch, index };
        let number = modulo(&slot.number(stage.hall.network, &start.beacon), draws * unit);
        let drawn = settled_at(stage, epoch, number);
        if stage.scene.record(&slot).is_none()
            && let Some((settlement, node)) = drawn
        {
            stage.wish(key, Some(forms::draw(slot, settlement.channel, node)));
        }
    }
}

/// More draws than a court's epochs have.
const DRAWS_MAX: usize = 64;

/// A hash as a number, the lowest byte first, by the remainder of each byte; below 2^120.
fn modulo(hash: &Digest, bound: u128) -> u128 {
    hash.iter().rev().fold(0, |rest, byte| (rest * 256 + u128::from(*byte)) % bound)
}

fn settled_at(
    stage: &Stage<'_, '_>,
    epoch: chain::Epoch,
    number: u128,
) -> Option<(SettlementSlot, NodeId)> {
    stage.scene.held.iter().find_map(|held| {
        let Held::Settlement(slot, settlement) = held else { return None };
        let within = number.checked_sub(settlement.starts.0)?;
        let here = slot.epoch == epoch && within < settlement.span.amount().0;
        here.then_some((*slot, settlement.node))
    })
}

/// Sees to audits: what is late, and what is over.
pub(super) fn see_to(stage: &mut Stage<'_, '_>, sloppy: u64) {
    let key = stage.hall.bailiff;
    for (slot, audit) in audits(stage) {
        let sloppy = stage.random.once_in(sloppy);
        let late = stage.is_past(audit.deadline);
        let Some(book) = stage.scene.record(&EpochBookSlot(slot.epoch)) else { continue };
        let window = book.terms.reveal_ms;
        let lapsed =
            audit.stage == AuditStage::Commit && stage.is_past(audit.deadline.after(window));
        let lacks = !matches!(audit.word, Word::Root(_));
        let silent = match audit.stage {
            AuditStage::Show | AuditStage::Opening | AuditStage::Silent(_) => late,
            AuditStage::Reveal => late && lacks,
            AuditStage::Commit => lapsed && lacks,
            AuditStage::Over => false,
        };
        if silent || sloppy {
            let action = forms::audit_late(stage.hall, slot, &audit);
            stage.wish(key, action);
            continue;
        }
        let after = stage.epoch().0 > slot.epoch.0 + 2;
        let over = audit.stage == AuditStage::Over || late && audit.stage == AuditStage::Reveal;
        let all = !audit.auditors.iter().any(|one| matches!(one.word, Word::Committed(_)));
        let said = audit.stage == AuditStage::Reveal && all && !lacks;
        if after && (over || said || lapsed) || sloppy {
            let next = audit.auditors.iter().find(|one| !one.closed);
            let next = next.map_or((audit.node, Word::None), |one| (one.node, one.word));
            let action = forms::audit_close(stage.hall, slot, audit.channel, next);
            stage.wish(key, action);
        }
    }
}
