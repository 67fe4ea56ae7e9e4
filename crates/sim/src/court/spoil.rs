//! How a court's wish is spoilt: each way is one that the rules refuse, so that what they refuse it for is reached.
//!
//! Never spoils a move into another move: a player is bound by what it signs.

use chain::Epoch;
use chain::records::{AuditSlot, Course, DisputeSlot, Held, MissingSlot, NodeId, NodeSlot};
use dispute::Move;
use ledger::tx::{
    Action, Alarm, AnswerMissing, AuditShow, DisputeEnd, DisputeMove, DisputeOpen, DoubleReceipt,
    HoldPay, MissingLate, MissingOpen, ReleasePay, ShowEquivocation, Unstake,
};
use receipt::{Envelope, PublicKey, Receipt, Signature, SignedHead, Stop};

use super::forms;
use super::hall::{Hall, Party};
use crate::keys::{Key, PLAYERS, players};
use crate::random::Random;
use crate::scene::Scene;
use crate::traffic::Wish;

/// Somebody who has nothing.
fn pauper() -> &'static Key {
    &players(PLAYERS - 1, 1)[0]
}

/// A wish that is like this one and that nothing may be taken of; none of kinds that others spoil.
pub(super) fn spoilt(
    random: &mut Random,
    scene: &Scene<'_>,
    hall: &Hall,
    wish: &Wish,
) -> Option<Wish> {
    let payer = wish.payer;
    let others = disputes(random, scene, hall, wish).or_else(|| audits(random, scene, hall, wish));
    if others.is_some() {
        return others;
    }
    let action = if let Action::Hold(mut hold) = wish.action.clone() {
        hold_spoilt(random, scene, hall, &mut hold);
        Action::Hold(hold)
    } else if let Action::Release(release) = wish.action {
        Action::Release(release_spoilt(random, release))
    } else if let Action::Equivocation(shown) = wish.action.clone() {
        equivocation_spoilt(random, hall, *shown)
    } else if let Action::DoubleReceipt(mut shown) = wish.action.clone() {
        match random.below(3) {
            0 => shown.other = shown.one.clone(),
            1 => shown.other.1 = Signature::NONE,
            _ => shown.terms.salt[0] ^= 1,
        }
        Action::DoubleReceipt(shown)
    } else if let Action::DoubleLeaf(mut shown) = wish.action.clone() {
        match random.once_in(2) {
            true => shown.other = shown.one.clone(),
            false => shown.other.index += 1,
        }
        Action::DoubleLeaf(shown)
    } else if let Action::MissingOpen(open) = wish.action.clone() {
        return missing_spoilt(random, hall, *open, payer);
    } else if let Action::MissingAnswer(mut answer) = wish.action.clone() {
        answer_spoilt(random, &mut answer);
        Action::MissingAnswer(answer)
    } else if let Action::MissingLate(late) = wish.action {
        late_spoilt(random, late)
    } else {
        return None;
    };
    Some(Wish { payer, action })
}

/// The same of kinds 50 to 54.
fn disputes(random: &mut Random, scene: &Scene<'_>, hall: &Hall, wish: &Wish) -> Option<Wish> {
    let payer = wish.payer;
    let action = if let Action::DisputeOpen(open) = wish.action.clone() {
        return open_spoilt(random, hall, *open, payer);
    } else if let Action::DisputeMove(made) = wish.action.clone() {
        return match random.once_in(2) {
            true => moved_otherwise(random, scene, hall, (&made, payer)),
            false => move_spoilt(random, hall, *made, payer),
        };
    } else if let Action::DisputeLate(mut late) = wish.action {
        other(random, hall, &mut late.dispute, &mut late.node);
        Action::DisputeLate(late)
    } else if let Action::DisputeEnd(mut end) = wish.action.clone() {
        end_spoilt(random, hall, &mut end);
        Action::DisputeEnd(end)
    } else if let Action::Appeal(mut appeal) = wish.action {
        if random.once_in(3) {
            return Some(Wish { payer: hall.bailiff, action: Action::Appeal(appeal) });
        }
        other(random, hall, &mut appeal.dispute, &mut appeal.node);
        Action::Appeal(appeal)
    } else {
        return None;
    };
    Some(Wish { payer, action })
}

/// The same of what is shown and doubted in audits.
fn audits(random: &mut Random, scene: &Scene<'_>, hall: &Hall, wish: &Wish) -> Option<Wish> {
    let payer = wish.payer;
    let action = if let Action::AuditShow(mut show) = wish.action.clone() {
        match random.below(8) {
            6 => told_otherwise(hall, &mut show)?,
            7 => return Some(Wish { payer, action: once_again(random, hall, &show)? }),
            0 => show.terms.salt[0] ^= 1,
            1 => show.voucher.job[0] ^= 1,
            2 => show.signature = Signature::NONE,
            3 => show.number += 1,
            4 => show.dated = Epoch(show.dated.0 + 1_000),
            _ => show.answer.index += 1,
        }
        Action::AuditShow(show)
    } else if let Action::AuditOpening(mut opening) = wish.action.clone() {
        match random.once_in(2) {
            true => opening.opening.blind.0[0] ^= 1,
            false => opening.asker = pauper().public,
        }
        Action::AuditOpening(opening)
    } else if let Action::AuditReveal(mut reveal) = wish.action {
        reveal.salt[0] ^= 1;
        Action::AuditReveal(reveal)
    } else if let Action::Draw(mut draw) = wish.action {
        match random.once_in(2) {
            true => draw.audit.index += 1_000,
            false => draw.node = other_node(random, hall, draw.node),
        }
        Action::Draw(draw)
    } else if let Action::VouchDispute(mut doubt) = wish.action.clone() {
        match random.below(4) {
            0 => doubt.receipt.consent = 1,
            1 => doubt.node = other_node(random, hall, doubt.node),
            // Who is audited says nothing of itself that could be doubted so.
            2 => doubt.node = scene.record(&doubt.audit)?.node,
            _ => doubt.filing.terms.salt[0] ^= 1,
        }
        Action::VouchDispute(doubt)
    } else {
        return None;
    };
    Some(Wish { payer, action })
}

/// The same answer, of which its worker says that it ended otherwise.
fn told_otherwise(hall: &Hall, show: &mut AuditShow) -> Option<()> {
    let signs = |key: &&Key| key.public == show.receipt.worker;
    let key = hall.parties.iter().flat_map(|party| party.keys).find(signs)?;
    show.receipt.choices.first_mut()?.stop = Stop::Unfinished;
    let sealed = Envelope::seal(&show.receipt, &key.secret, hall.network).ok()?;
    show.signature = sealed.signature();
    Some(())
}

/// One receipt, shown as if it were two: the same again, or as another node would have signed it, which may have been asked
/// as well.
fn once_again(random: &mut Random, hall: &Hall, show: &AuditShow) -> Option<Action> {
    let one = (show.receipt.clone(), show.signature);
    let other = match random.once_in(2) {
        true => one.clone(),
        false => as_another(hall, show)?,
    };
    let (node, epoch, terms) = (show.node, show.dated, show.terms.clone());
    Some(Action::DoubleReceipt(Box::new(DoubleReceipt { node, epoch, terms, one, other })))
}

/// The same answer, by another node.
fn as_another(hall: &Hall, show: &AuditShow) -> Option<(Receipt, Signature)> {
    let is_another = |party: &&Party| party.node().is_some_and(|node| node != show.node);
    let key = hall.parties.iter().find(is_another)?.operator();
    let mut receipt = Receipt { worker: key.public, ..show.receipt.clone() };
    for segment in receipt.choices.iter_mut().flat_map(|choice| &mut choice.segments) {
        *segment = SignedHead::sign(segment.head, &key.secret, hall.network);
    }
    let sealed = Envelope::seal(&receipt, &key.secret, hall.network).ok()?;
    Some((receipt, sealed.signature()))
}

/// A node that is another, or none.
fn other_node(random: &mut Random, hall: &Hall, node: NodeId) -> NodeId {
    let mut nodes = hall.parties.iter().flat_map(|party| &party.nodes);
    match nodes.find(|other| **other != node) {
        Some(other) if !random.once_in(3) => *other,
        Some(_) | None => NodeId(random.bytes()),
    }
}

fn other(random: &mut Random, hall: &Hall, slot: &mut DisputeSlot, node: &mut NodeId) {
    match random.once_in(2) {
        true => slot.0[0] ^= 1,
        false => *node = other_node(random, hall, *node),
    }
}

fn open_spoilt(
    random: &mut Random,
    hall: &Hall,
    mut open: DisputeOpen,
    payer: &'static Key,
) -> Option<Wish> {
    let mut payer = payer;
    match random.below(7) {
        0 => open.node = other_node(random, hall, open.node),
        1 => open.model.package.publisher = pauper().public,
        2 => open.model.program[0] ^= 1,
        3 => open.model.ops -= 1,
        4 => open.filing.terms.salt[0] ^= 1,
        5 => {
            // Nobody audits itself.
            let audit = open.alarm.map(|alarm| alarm.audit);
            let audit = audit.unwrap_or(AuditSlot { epoch: open.epoch, index: 0 });
            open.alarm = Some(Alarm { audit, node: open.node });
        }
        _ => payer = pauper(),
    }
    Some(Wish { payer, action: Action::DisputeOpen(Box::new(open)) })
}

fn move_spoilt(
    random: &mut Random,
    hall: &Hall,
    mut made: DisputeMove,
    payer: &'static Key,
) -> Option<Wish> {
    let mut payer = payer;
    match random.below(5) {
        0 => made.state[2] ^= 1,
        1 => other(random, hall, &mut made.dispute, &mut made.node),
        2 => made.model.ops -= 1,
        3 => made.made = Move::Name(u16::MAX),
        // What hashes determine anybody may bring.
        _ => payer = hall.bailiff,
    }
    Some(Wish { payer, action: Action::DisputeMove(Box::new(made)) })
}

/// What whoever moves may do as little: end the case, take it up, or take out what is at stake in it.
fn moved_otherwise(
    random: &mut Random,
    scene: &Scene<'_>,
    hall: &Hall,
    (made, payer): (&DisputeMove, &'static Key),
) -> Option<Wish> {
    let trial = hall.trials.iter().find(|trial| trial.slot == made.dispute)?;
    let action = match random.below(3) {
        0 => {
            let Course::Open(case) = scene.record(&trial.slot)?.course else { return None };
            forms::dispute_end(hall, trial, case.appellant)?
        }
        1 => forms::appeal(trial),
        _ => {
            let amount = scene.record(&NodeSlot(trial.node))?.stake;
            Action::Unstake(Unstake { node: trial.node, amount })
        }
    };
    Some(Wish { payer, action })
}

fn end_spoilt(random: &mut Random, hall: &Hall, end: &mut DisputeEnd) {
    match random.below(3) {
        0 => end.challenger = pauper().public,
        1 => end.claim[0] ^= 1,
        _ => other(random, hall, &mut end.dispute, &mut end.node),
    }
}

fn hold_spoilt(random: &mut Random, scene: &Scene<'_>, hall: &Hall, hold: &mut HoldPay) {
    let settlements = || {
        scene.held.iter().filter_map(|held| {
            if let Held::Settlement(slot, settlement) = held {
                Some((slot, settlement))
            } else {
                None
            }
        })
    };
    // Of the same channel, about something else.
    let same = settlements().filter(|(slot, _)| slot.channel.0 == hold.answer.leaf.channel);
    let elsewhere = same.map(|(slot, _)| slot.epoch).find(|epoch| *epoch != hold.epoch);
    if let (Some(epoch), true) = (elsewhere, random.once_in(2)) {
        hold.epoch = epoch;
        return;
    }
    match random.below(8) {
        0 => other(random, hall, &mut hold.dispute, &mut hold.node),
        1 => hold.step.position ^= 1,
        2 => hold.receipt.consent = 1,
        3 => hold.answer.index += 1,
        4 => hold.payer = pauper().public,
        5 => hold.epoch = Epoch(hold.epoch.0 + 1_000),
        6 => hold.number += 1,
        _ => {
            let mut others = settlements().filter(|(_, other)| other.node != hold.node);
            let found = others.find_map(|(slot, _)| {
                let mut channels = hall.channels.iter();
                channels.find(|paying| paying.id == slot.channel).map(|paying| (slot, paying))
            });
            match found {
                Some((slot, paying)) => {
                    hold.epoch = slot.epoch;
                    hold.answer.leaf.channel = slot.channel.0;
                    hold.payer = hall.party(paying.client).owner().public;
                    hold.number = paying.number;
                }
                None => hold.epoch = Epoch(0),
            }
        }
    }
}

fn release_spoilt(random: &mut Random, mut release: ReleasePay) -> ReleasePay {
    match random.once_in(2) {
        true => release.payer = pauper().public,
        false => release.hold.dispute.0[0] ^= 1,
    }
    release
}

fn equivocation_spoilt(random: &mut Random, hall: &Hall, mut shown: ShowEquivocation) -> Action {
    match random.once_in(2) {
        true => shown.evidence.other = shown.evidence.one.clone(),
        false => shown.node = other_node(random, hall, shown.node),
    }
    Action::Equivocation(Box::new(shown))
}

fn missing_spoilt(
    random: &mut Random,
    hall: &Hall,
    mut open: MissingOpen,
    payer: &'static Key,
) -> Option<Wish> {
    let mut payer = payer;
    match random.below(4) {
        0 => open.signature = Signature::NONE,
        1 => open.node = other_node(random, hall, open.node),
        2 => open.receipt.anchor_by = 0,
        _ => payer = pauper(),
    }
    Some(Wish { payer, action: Action::MissingOpen(Box::new(open)) })
}

fn answer_spoilt(random: &mut Random, answer: &mut AnswerMissing) {
    match random.below(3) {
        0 => answer.of.owner = pauper().public,
        1 => answer.answer.index += 1,
        _ => {
            let MissingSlot(id) = &mut answer.missing;
            id[0] ^= 1;
        }
    }
}

fn late_spoilt(random: &mut Random, mut late: MissingLate) -> Action {
    match random.once_in(2) {
        true => late.challenger = PublicKey::NONE,
        false => late.missing.0[0] ^= 1,
    }
    Action::MissingLate(late)
}
