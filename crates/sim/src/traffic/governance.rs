//! Kinds 80 to 83: proposals of every content, within the bounds and outside, votes of owners with much and with nothing,
//! twice and late, and what is enacted too early, too late, and as another one than was voted on.
//!
//! Never waits for a majority: owners vote as they like.

use chain::records::{
    Content, Decision, Held, NextGroup, ParameterNumber, Proposal, ProposalId, PurseSlot,
};
use chain::{Amount, GroupKey, GroupSignature, Height, Time};
use ledger::TABLE;
use ledger::tx::{Action, Cancel, Enact, Propose, Vote};
use receipt::PublicKey;

use super::nodes::{owned, there};
use super::{Wish, names};
use crate::keys::{ACTORS, actor, key_of};
use crate::random::Random;
use crate::scene::Scene;

pub(super) fn make(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    if random.once_in(2)
        && let Some(wish) = goes_on(random, scene)
    {
        return Some(wish);
    }
    let payer = actor(random.index(ACTORS));
    let (proposals, anew) = (proposals(scene), random.once_in(4));
    let Some((id, proposal)) = random.choose(&proposals).filter(|_| !anew) else {
        let content = content(random, scene);
        return Some(Wish { payer, action: Action::Propose(Propose { content }) });
    };
    let proposer = key_of(&proposal.proposer)?;
    Some(match random.below(8) {
        0 => {
            let payer = if random.once_in(4) { payer } else { proposer };
            Wish { payer, action: Action::Cancel(Cancel { proposal: *id }) }
        }
        1 | 2 => {
            let mut enact =
                Enact { proposal: *id, proposer: proposal.proposer, content: proposal.content };
            if random.once_in(8) {
                enact.content = content(random, scene);
            }
            Wish { payer, action: Action::Enact(enact) }
        }
        _ => {
            let (node, _, payer) = owned(random, scene)?;
            let yes = !random.once_in(4);
            Wish { payer, action: Action::Vote(Vote { proposal: *id, node, yes }) }
        }
    })
}

/// What is voted on goes on: the greatest stake votes for it, and when the vote has ended somebody enacts it.
fn goes_on(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let now = scene.header.time;
    let mut open = proposals(scene);
    open.retain(|(_, proposal)| proposal.decision == Decision::Open);
    let (id, proposal) = *random.choose(&open)?;
    if proposal.ends <= now {
        let enact = Enact { proposal: id, proposer: proposal.proposer, content: proposal.content };
        let payer = actor(random.index(ACTORS));
        return Some(Wish { payer, action: Action::Enact(enact) });
    }
    let nodes = there(scene);
    let (node, record) = nodes.iter().max_by_key(|(_, node)| node.stake)?;
    let payer = key_of(&record.owner)?;
    let vote = Vote { proposal: id, node: *node, yes: true };
    Some(Wish { payer, action: Action::Vote(vote) })
}

fn proposals<'a>(scene: &'a Scene<'_>) -> Vec<(ProposalId, &'a Proposal)> {
    let proposals = scene.held.iter().filter_map(|held| {
        if let Held::Proposal(slot, proposal) = held { Some((slot.0, proposal)) } else { None }
    });
    proposals.collect()
}

fn content(random: &mut Random, scene: &Scene<'_>) -> Content {
    match random.below(14) {
        0..=3 => {
            let row = random.pick(TABLE);
            let value = match random.below(6) {
                0 => row.bounds.1.saturating_add(1),
                1 => row.bounds.0,
                _ => row.default,
            };
            Content::Parameter { number: row.parameter.number(), value }
        }
        4 => match random.long() {
            odd if odd % 2 == 1 => of_no_group(),
            value => Content::Parameter { number: ParameterNumber(u16::MAX), value },
        },
        5..=8 => {
            let to = actor(random.index(ACTORS)).public;
            let treasury = scene.record(&PurseSlot).unwrap_or_default().treasury;
            let amount = match random.once_in(2) {
                true => treasury.plus(Amount(1 + (random.long() >> 60))).unwrap_or(treasury),
                false => Amount(random.long() >> 60),
            };
            Content::Spend { to, amount }
        }
        9 => {
            let version = u16::try_from(random.below(4)).expect("a small number");
            Content::Rules { version, at: Time(random.next() >> 1) }
        }
        10 | 11 => {
            let reserved = random.once_in(2);
            let owner = if reserved { PublicKey::NONE } else { actor(random.index(ACTORS)).public };
            Content::Name { name: names::wanted(random), owner }
        }
        _ => {
            let all = proposals(scene);
            let nobody = actor(0).public;
            let chosen = random.choose(&all).map(|(id, proposal)| (*id, proposal.proposer));
            let (proposal, proposer) = chosen.unwrap_or((ProposalId([1; 32]), nobody));
            Content::Cancel { proposal, proposer }
        }
    }
}

/// Another key for the group: a simulation has none.
fn of_no_group() -> Content {
    let next = NextGroup { key: GroupKey([1; 96]), at: Height(u64::MAX) };
    Content::Group { next, proof: GroupSignature([1; 48]) }
}
