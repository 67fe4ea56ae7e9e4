//! Kinds 30, 31, 33 to 36 and 38: auditors that enrol and leave, draws on whichever channel, and what is said of audits by
//! those who may and those who may not.
//!
//! Never an answer: what is shown for a drawn unit is a court's.

use chain::Epoch;
use chain::records::{
    Audit, AuditSlot, EpochBookSlot, Held, Node, NodeId, NodeSlot, Settlement, SettlementSlot,
    audit_commitment,
};
use ledger::tx::{
    Action, AuditAsk, AuditClose, AuditCommit, AuditLate, AuditReveal, DrawAudit, Enrol, Found,
    Wish as Joining,
};
use receipt::PublicKey;

use super::Wish;
use super::nodes::{owned, there};
use crate::keys::{ACTORS, Key, actor, key_of};
use crate::random::Random;
use crate::scene::{Scene, clock};

/// What every auditor finds here, and hides it with.
const FOUND: [u8; 32] = [3; 32];
const SALT: [u8; 32] = [4; 32];

pub(super) fn make(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let standing = scene.held.iter().filter_map(|held| {
        if let Held::Audit(slot, audit) = held { Some((*slot, audit)) } else { None }
    });
    let standing: Vec<(AuditSlot, &Audit)> = standing.collect();
    match (random.below(6), random.choose(&standing)) {
        (0 | 1, _) | (_, None) if random.once_in(2) => enrol(random, scene),
        (0..=2, _) | (_, None) => draw(random, scene),
        (_, Some((slot, audit))) => say(random, scene, (*slot, audit)),
    }
}

fn enrol(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let (node, _, payer) = owned(random, scene)?;
    let nodes = there(scene);
    let instead = random.choose(&nodes).map_or(NodeId([0; 32]), |(other, _)| *other);
    let wish = match random.once_in(5) {
        true => Joining::Leave,
        false => Joining::Join { instead },
    };
    Some(Wish { payer, action: Action::Enrol(Enrol { node, wish }) })
}

/// Mostly of what was settled two epochs before.
fn draw(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let now = clock(scene.state)?.epoch.0;
    let epoch = Epoch(now.saturating_sub(if random.once_in(16) { random.below(4) } else { 2 }));
    let settled = scene.held.iter().filter_map(|held| {
        if let Held::Settlement(slot, settlement) = held { Some((*slot, settlement)) } else { None }
    });
    let near: Vec<(SettlementSlot, &Settlement)> =
        settled.filter(|(slot, _)| slot.epoch == epoch || random.once_in(32)).collect();
    let (slot, settlement) = *random.choose(&near)?;
    let book = scene.record(&EpochBookSlot(epoch))?;
    let unit = book.terms.audit_unit.0;
    let draws = u64::try_from(book.settled.0 / unit).unwrap_or(u64::MAX).saturating_add(2);
    let index = u32::try_from(random.below(draws)).unwrap_or(u32::MAX);
    let audit = AuditSlot { epoch, index };
    let (channel, node) = (slot.channel, settlement.node);
    let payer = actor(random.index(ACTORS));
    Some(Wish { payer, action: Action::Draw(DrawAudit { audit, channel, node }) })
}

/// About an audit that stands.
fn say(random: &mut Random, scene: &Scene<'_>, (slot, audit): (AuditSlot, &Audit)) -> Option<Wish> {
    let auditors: Vec<NodeId> = audit.auditors.iter().map(|auditor| auditor.node).collect();
    let one = random.choose(&auditors).copied().unwrap_or(audit.node);
    let node = if random.once_in(4) { audit.node } else { one };
    let record = scene.record(&NodeSlot(node))?;
    let payer = speaker(random, &record)?;
    let network = scene.state.network();
    let action = match random.below(8) {
        0 => {
            let commitment = audit_commitment(network, &FOUND, node, &SALT);
            Action::AuditCommit(AuditCommit { audit: slot, node, commitment })
        }
        1 => {
            let found = Found::Root(FOUND);
            Action::AuditReveal(AuditReveal { audit: slot, node, salt: SALT, found })
        }
        2 => Action::AuditAsk(AuditAsk { audit: slot, node }),
        3 | 4 => {
            let (owner, channel, alarm) = (record.owner, audit.channel, None);
            let close = AuditClose { audit: slot, node, owner, channel, alarm };
            Action::AuditClose(Box::new(close))
        }
        _ => late(random, scene, (slot, audit))?,
    };
    Some(Wish { payer, action })
}

/// By the number of the transaction that opened the channel, which only its opener knows: it is tried.
fn late(
    random: &mut Random,
    scene: &Scene<'_>,
    (slot, audit): (AuditSlot, &Audit),
) -> Option<Action> {
    let network = scene.state.network();
    let (payer, number) = opener(scene, network, audit)?;
    let number = if random.once_in(16) { number ^ 1 } else { number };
    Some(Action::AuditLate(Box::new(AuditLate {
        audit: slot,
        node: audit.node,
        channel: audit.channel,
        payer,
        number,
        asker: audit.asker,
    })))
}

/// Who opened a channel, and by which of its transactions: one of the last, or of the first.
fn opener(scene: &Scene<'_>, network: commit::Network, audit: &Audit) -> Option<(PublicKey, u64)> {
    use chain::records::ChannelId;
    (0..ACTORS).map(|at| actor(at).public).find_map(|key| {
        let made = scene.account(key).made;
        let tried = made.saturating_sub(NUMBERS)..made;
        let mut numbers = tried.chain(0..NUMBERS.min(made));
        let found = numbers.find(|number| ChannelId::of(network, key, *number) == audit.channel);
        found.map(|number| (key, number))
    })
}

/// Transactions of an account that are tried.
const NUMBERS: u64 = 48;

/// Who mostly may.
fn speaker(random: &mut Random, node: &Node) -> Option<&'static Key> {
    match random.below(8) {
        0 => Some(actor(random.index(ACTORS))),
        1 | 2 => key_of(&node.operator),
        _ => key_of(&node.owner),
    }
}
