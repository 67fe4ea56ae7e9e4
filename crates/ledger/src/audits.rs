//! Audits as transactions find them: what is drawn, who may speak when, what a node answers with.
//!
//! Never computes an answer: whoever says that one is false opens a dispute about it. What a node loses by silence is
//! [`crate::liability`]'s.

use chain::records::{
    Audit, AuditSlot, AuditStage, AuditTerms, Auditor, Auditors, AuditorsSlot, Awaited, EpochBook,
    EpochBookSlot, Node, NodeId, NodeSlot, Panel, PanelSlot, Panelist, Roles, Settlement, Slot,
    Word,
};
use chain::{Amount, Time};
use commit::{Digest, Network};
use receipt::PublicKey;

use crate::context::{Author, Context};
use crate::liability::{answer, give_back, owe_less, owe_more, silence};
use crate::nodes;
use crate::parameters::{Parameter, Parameters};
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::{View, Working};

/// How many tries there are for each auditor that is to be drawn.
const TRIES: u32 = 4;

/// Why a node may not audit; none: it may.
pub(crate) fn obstacle(node: &Node, context: &Context) -> Option<Rejection> {
    let enough = Amount(context.parameters.get(Parameter::StakeAuditor));
    let obstacles = [
        (node.retired, Rejection::Retired),
        (node.jailed_until > context.clock.time, Rejection::Jailed),
        (!node.roles.has(Roles::AUDITOR), Rejection::NotAuditor),
        (node.stake < enough, Rejection::AuditorStake),
    ];
    obstacles.into_iter().find_map(|(stands, why)| require(!stands, why).err())
}

/// The epoch's panel: those that are enrolled and may audit. The others leave the list.
///
/// # Errors
/// [`Fault`] where the state is none.
pub(crate) fn seat(working: &mut Working, context: &Context) -> Result<(), Fault> {
    let enrolled = working.get(&AuditorsSlot)?.unwrap_or_default();
    let mut panel = Vec::with_capacity(enrolled.0.len());
    for id in &enrolled.0 {
        let node = working.get(&NodeSlot(*id))?.ok_or(Fault::Lacking("a node that is enrolled"))?;
        if obstacle(&node, context).is_none() {
            panel.push(Panelist { node: *id, owner: node.owner, weight: node.stake });
        }
    }
    let left = Auditors(panel.iter().map(|one| one.node).collect());
    match left.0.is_empty() {
        true => {
            working.remove(&AuditorsSlot);
            working.remove(&PanelSlot);
        }
        false => {
            working.put(&AuditorsSlot, &left);
            working.put(&PanelSlot, &Panel(panel));
        }
    }
    Ok(())
}

/// Who is enrolled.
pub(crate) fn enrolled(view: &View) -> Result<Auditors, Stop> {
    Ok(view.get(&AuditorsSlot)?.unwrap_or_default())
}

/// Puts them back.
pub(crate) fn put_enrolled(view: &mut View, auditors: &Auditors) -> Result<(), Stop> {
    match auditors.0.is_empty() {
        true => view.remove(&AuditorsSlot),
        false => view.put(&AuditorsSlot, auditors),
    }
}

/// A hash as a number, the lowest byte first, modulo one that is above zero.
fn modulo(hash: &Digest, bound: u128) -> u128 {
    let mut rest = 0_u128;
    let bits = hash.iter().rev().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    for bit in bits {
        // Twice the rest, and the bit, each less the bound where that is not below it: nothing leaves 128 bits.
        let above = bound - rest;
        rest = if rest >= above { rest - above } else { rest + rest };
        rest = if rest == bound - 1 && bit == 1 { 0 } else { rest + u128::from(bit) };
    }
    rest
}

/// By what is audited that is settled in an epoch, where these parameters hold when its first settlement is made.
///
/// # Errors
/// [`Fault`] for parameters out of their bounds.
pub(crate) fn terms(parameters: &Parameters) -> Result<AuditTerms, Fault> {
    let amount = |parameter| Amount(parameters.get(parameter));
    let (share, auditors) =
        (parameters.get(Parameter::AuditShare), parameters.get(Parameter::Auditors));
    let lacking = |_| Fault::Lacking("parameters in bounds");
    Ok(AuditTerms {
        audit_unit: amount(Parameter::AuditUnit),
        audit_share: u32::try_from(share).map_err(lacking)?,
        auditors: u8::try_from(auditors).map_err(lacking)?,
        draw_fee: amount(Parameter::DrawFee),
        audit_fee: amount(Parameter::AuditFee),
        plant_reward: amount(Parameter::PlantReward),
        false_alarm: amount(Parameter::FalseAlarm),
        bond: amount(Parameter::Bond),
        show_ms: parameters.get_u64(Parameter::ShowMs),
        commit_ms: parameters.get_u64(Parameter::CommitMs),
        reveal_ms: parameters.get_u64(Parameter::RevealMs),
        appeal_ms: parameters.get_u64(Parameter::AppealMs),
        move_ms: parameters.get_u64(Parameter::MoveMs),
    })
}

/// The number that an index of an epoch draws, where it is one: of the units of what was settled, and of as many more
/// as fill the last draw's share, each is as likely.
pub(crate) fn number(
    context: &Context,
    slot: AuditSlot,
    book: &EpochBook,
    beacon: &Digest,
) -> Option<Amount> {
    let unit = book.terms.audit_unit.0;
    let draws = book.settled.0.div_ceil(unit);
    if u128::from(slot.index) >= draws {
        return None;
    }
    let all = draws.saturating_mul(unit);
    Some(Amount(modulo(&slot.number(context.network, beacon), all)))
}

/// The unit of the channel's money that a number is, where it lies in this settlement.
pub(crate) fn unit(settlement: &Settlement, number: Amount) -> Option<Amount> {
    let Settlement { span, starts, .. } = *settlement;
    let within = number.minus(starts)?;
    let unit = span.from.plus(within)?;
    (unit < span.to).then_some(unit)
}

/// Who audits: nodes of the panel, drawn by their weights, none of this owner's and none twice.
pub(crate) fn auditors(
    context: &Context,
    slot: AuditSlot,
    beacon: &Digest,
    (panel, owner): (&Panel, PublicKey),
    wanted: u8,
) -> Result<Vec<Auditor>, Fault> {
    let mut total = Amount::ZERO;
    for one in &panel.0 {
        total = total.plus(one.weight).ok_or(Fault::Money("the weight of a panel"))?;
    }
    let (mut drawn, mut most) = (Vec::<Auditor>::new(), wanted);
    if total == Amount::ZERO {
        return Ok(drawn);
    }
    for tried in 0..u32::from(wanted) * TRIES {
        if most == 0 {
            break;
        }
        let hash = slot.auditor(context.network, beacon, tried);
        let Some(one) = at(panel, modulo(&hash, total.0)) else { continue };
        if one.owner != owner && drawn.iter().all(|before| before.node != one.node) {
            drawn.push(Auditor { node: one.node, word: Word::None, closed: false });
            most -= 1;
        }
    }
    Ok(drawn)
}

/// To whom a number below the sum of the weights falls.
fn at(panel: &Panel, number: u128) -> Option<&Panelist> {
    let mut left = number;
    panel.0.iter().find(|one| match left.checked_sub(one.weight.0) {
        Some(rest) => {
            left = rest;
            false
        }
        None => true,
    })
}

/// What has to be named of the state where an audit is looked at.
pub(crate) fn touches(slot: AuditSlot) -> [Vec<u8>; 2] {
    [slot.key(), EpochBookSlot(slot.epoch).key()]
}

/// An audit as it is now, and what it goes by: where too few committed in time, findings are awaited. Its settlement is
/// held, so its epoch's book is there.
///
/// # Errors
/// [`Rejection::NoAudit`].
pub(crate) fn find(
    context: &Context,
    view: &View,
    slot: AuditSlot,
) -> Result<(Audit, AuditTerms), Stop> {
    let mut audit = view.get(&slot)?.ok_or(Rejection::NoAudit)?;
    let book = view.get(&EpochBookSlot(slot.epoch))?;
    let terms = book.ok_or(Fault::Lacking("the book of an audit's epoch"))?.terms;
    if audit.stage == AuditStage::Commit && context.clock.time > audit.deadline {
        audit.stage = AuditStage::Reveal;
        audit.deadline = audit.deadline.after(terms.reveal_ms);
    }
    Ok((audit, terms))
}

/// Waits for the next thing.
pub(crate) fn wait(context: &Context, audit: &mut Audit, stage: AuditStage, window_ms: u64) {
    audit.stage = stage;
    audit.deadline = context.clock.time.after(window_ms);
}

/// Whether the audit is at one of these stages, and what it waits for is in time.
///
/// # Errors
/// [`Rejection::NotAwaited`], [`Rejection::MoveLate`].
pub(crate) fn check_due(
    context: &Context,
    audit: &Audit,
    stages: &[AuditStage],
) -> Result<(), Stop> {
    require(stages.contains(&audit.stage), Rejection::NotAwaited)?;
    Ok(require(context.clock.time <= audit.deadline, Rejection::MoveLate)?)
}

/// What the node is asked for now, or was when it fell silent.
pub(crate) fn awaited(audit: &Audit) -> Option<Awaited> {
    match audit.stage {
        AuditStage::Show => Some(Awaited::Show),
        AuditStage::Reveal if matches!(audit.word, Word::Committed(_)) => Some(Awaited::Reveal),
        AuditStage::Opening => Some(Awaited::Opening),
        AuditStage::Silent(awaited) => Some(awaited),
        AuditStage::Reveal | AuditStage::Commit | AuditStage::Over => None,
    }
}

/// Whether this is what the node is asked for, and comes in time, or so late that it may come back with it: whether
/// somebody called it silent meanwhile makes no difference.
///
/// # Errors
/// [`Rejection::NotAwaited`], [`Rejection::MoveLate`].
pub(crate) fn check_brought(
    context: &Context,
    (audit, terms): (&Audit, &AuditTerms),
    what: Awaited,
) -> Result<(), Stop> {
    require(awaited(audit) == Some(what), Rejection::NotAwaited)?;
    Ok(require(context.clock.time <= last(audit, terms), Rejection::MoveLate)?)
}

/// The last moment in which a node brings what it is asked for.
fn last(audit: &Audit, terms: &AuditTerms) -> Time {
    match audit.stage {
        AuditStage::Silent(_) => audit.deadline,
        AuditStage::Show
        | AuditStage::Commit
        | AuditStage::Reveal
        | AuditStage::Opening
        | AuditStage::Over => audit.deadline.after(terms.appeal_ms),
    }
}

/// The node let a deadline pass. Whenever that is called, its time to come back runs from that deadline on. Whoever calls
/// puts the node and names the stakes.
pub(crate) fn fall_silent(
    context: &Context,
    view: &mut View,
    node: &mut Node,
    (audit, terms): (&mut Audit, &AuditTerms),
    awaited: Awaited,
) -> Result<(), Stop> {
    audit.deadline = last(audit, terms);
    audit.stage = AuditStage::Silent(awaited);
    audit.held = silence(context, view, node, (audit.drawn, audit.cost))?;
    Ok(owe_less(&mut node.owed.draws, audit.held.at_most(audit.cost))?)
}

/// A node that the author speaks for, as its owner or operator.
///
/// # Errors
/// [`Rejection::NoNode`], [`Rejection::NotNode`].
pub(crate) fn spoken_for(view: &View, node: NodeId, author: &Author) -> Result<Node, Stop> {
    let node = nodes::find(view, node)?;
    require([node.owner, node.operator].contains(&author.payer), Rejection::NotNode)?;
    Ok(node)
}

/// The node answers for an audit with what it costs, or what is not held of that.
pub(crate) fn owe(node: &mut Node, audit: &Audit) -> Result<(), Fault> {
    owe_more(&mut node.owed.draws, audit.owed())
}

/// The node answers for it no more.
pub(crate) fn owe_no_more(node: &mut Node, audit: &Audit) -> Result<(), Fault> {
    owe_less(&mut node.owed.draws, audit.owed())
}

/// Somebody brought what the audit waits for. Where the node was silent, or this comes so late that it was, it loses a
/// bond, and answers for the audit as before. Gives whether it was. Whoever calls puts the node and names the stakes.
pub(crate) fn come_back(
    (context, author): (&Context, &Author),
    view: &mut View,
    node: &mut Node,
    (audit, terms): (&mut Audit, &AuditTerms),
) -> Result<bool, Stop> {
    let awaited = awaited(audit).ok_or(Rejection::NotAwaited)?;
    let called = matches!(audit.stage, AuditStage::Silent(_));
    let silent = called || context.clock.time > audit.deadline;
    if silent && !called {
        fall_silent(context, view, node, (&mut *audit, terms), awaited)?;
    }
    answer(context, author, node);
    if silent {
        give_back(view, node, audit.held, terms.bond)?;
        owe_no_more(node, audit)?;
        audit.held = Amount::ZERO;
        owe(node, audit)?;
    }
    Ok(silent)
}

/// Whether everything was said, or the time for it is over; what the node says cannot lack.
pub(crate) fn is_decided(context: &Context, audit: &Audit) -> bool {
    let awaited = |auditor: &Auditor| matches!(auditor.word, Word::Committed(_));
    match audit.stage {
        AuditStage::Over => true,
        AuditStage::Reveal => {
            let all = !audit.auditors.iter().any(awaited);
            matches!(audit.word, Word::Root(_)) && (all || context.clock.time > audit.deadline)
        }
        AuditStage::Show | AuditStage::Commit | AuditStage::Opening | AuditStage::Silent(_) => {
            false
        }
    }
}

/// Whether nobody may dispute any more what an auditor found: until then it is not paid, either.
pub(crate) fn is_vouching_over(context: &Context, audit: &Audit, terms: &AuditTerms) -> bool {
    context.clock.time > audit.deadline.after(terms.move_ms)
}

/// One thing less is decided about a settlement.
pub(crate) fn let_go(settlement: &mut Settlement) -> Result<(), Fault> {
    let held = settlement.held.checked_sub(1);
    settlement.held = held.ok_or(Fault::Lacking("a settlement's count of proceedings"))?;
    Ok(())
}

/// The epoch in which an audit is drawn: nothing of it goes before that epoch is over, so no index is drawn twice.
pub(crate) fn drawn_in(slot: AuditSlot) -> chain::Epoch {
    slot.epoch.next().next()
}

/// Whether the epoch in which it was drawn is over.
///
/// # Errors
/// [`Rejection::AuditOn`].
pub(crate) fn check_after(context: &Context, slot: AuditSlot) -> Result<(), Stop> {
    Ok(require(context.clock.epoch > drawn_in(slot), Rejection::AuditOn)?)
}

/// What is committed to a finding of a node.
pub(crate) fn commitment(
    network: Network,
    finding: &Digest,
    node: NodeId,
    salt: &Digest,
) -> Digest {
    chain::records::audit_commitment(network, finding, node, salt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_a_number_whose_lowest_byte_is_first() {
        let hash = |bytes: &[u8]| {
            let mut hash = [0; 32];
            hash[..bytes.len()].copy_from_slice(bytes);
            hash
        };
        assert_eq!(modulo(&hash(&[7]), 10), 7);
        assert_eq!(modulo(&hash(&[0, 1]), 10), 6);
        assert_eq!(modulo(&hash(&[0, 1]), u128::MAX), 256);
        assert_eq!(modulo(&hash(&[9; 32]), 1), 0);
        // 2^256 - 1 is a multiple of 2^128 - 1, and 2^128 is one more than one.
        assert_eq!(modulo(&[255; 32], u128::MAX), 0);
        let mut high = [0; 32];
        high[16] = 1;
        assert_eq!(modulo(&high, u128::MAX), 1);
        assert_eq!(modulo(&high, u128::MAX - 1), 2);
        for bound in [3, 1_000_003, 1 << 100, (1 << 127) + 1, u128::MAX - 4] {
            let slow = [3, 1, 4, 1, 5, 9, 2, 6].repeat(4);
            let hash: Digest = slow.try_into().unwrap();
            assert!(modulo(&hash, bound) < bound);
        }
    }

    #[test]
    fn a_number_falls_to_one_of_the_panel_by_its_weight() {
        let one = |name, weight| Panelist {
            node: NodeId([name; 32]),
            owner: PublicKey([name; 32]),
            weight: Amount(weight),
        };
        let panel = Panel(vec![one(1, 2), one(2, 1), one(3, 3)]);
        let drawn = |number| at(&panel, number).map(|one| one.node.0[0]);
        let all: Vec<_> = (0..7).map(drawn).collect();
        assert_eq!(all, [Some(1), Some(1), Some(2), Some(3), Some(3), Some(3), None]);
    }
}
