//! Kinds 80 to 83: proposals of every content, within the bounds and outside, votes of owners with much and with nothing,
//! twice and late, and what is enacted too early, too late, and as another one than was voted on.
//!
//! Never waits for a majority: owners vote as they like.

use chain::records::{Content, Held, ParameterNumber, Proposal, ProposalId};
use chain::{Amount, Time};
use ledger::TABLE;
use ledger::tx::{Action, Cancel, Enact, Propose, Vote};

use super::Wish;
use super::nodes::owned;
use crate::keys::{ACTORS, actor, key_of};
use crate::random::Random;
use crate::scene::Scene;

pub(super) fn make(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
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

fn proposals<'a>(scene: &'a Scene<'_>) -> Vec<(ProposalId, &'a Proposal)> {
    let proposals = scene.held.iter().filter_map(|held| {
        if let Held::Proposal(slot, proposal) = held { Some((slot.0, proposal)) } else { None }
    });
    proposals.collect()
}

fn content(random: &mut Random, scene: &Scene<'_>) -> Content {
    match random.below(12) {
        0..=4 => {
            let row = random.pick(TABLE);
            let value = match random.below(6) {
                0 => row.bounds.1.saturating_add(1),
                1 => row.bounds.0,
                _ => row.default,
            };
            Content::Parameter { number: row.parameter.number(), value }
        }
        5 => Content::Parameter { number: ParameterNumber(u16::MAX), value: random.long() },
        6..=8 => {
            let to = actor(random.index(ACTORS)).public;
            Content::Spend { to, amount: Amount(random.long() >> 60) }
        }
        9 => {
            let version = u16::try_from(random.below(4)).expect("a small number");
            Content::Rules { version, at: Time(random.next() >> 1) }
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
