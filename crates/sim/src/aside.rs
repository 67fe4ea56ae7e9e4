//! Blocks that might have been: the same offers on a state that no seed would ever get to, looked at and forgotten.
//!
//! Never part of the seed's own chain. Lists are full there, and counts at their bounds, so that what a rule refuses for
//! that alone is reached.

use chain::records::{
    Address, Auditors, AuditorsSlot, BoundKey, Candidates, CandidatesSlot, Content, Decision, Held,
    KeyRole, KeySlot, Node, NodeId, NodeSlot, ParametersSlot, Proposal, ProposalSlot, Purse,
    PurseSlot, Roles, Settlement, StakesSlot,
};
use chain::state::State;
use chain::{Amount, Authentic, Header, Time};
use ledger::{Parameter, Parameters, Working};
use receipt::PublicKey;

use crate::checkers::{Checkers, Step};
use crate::random::Random;
use crate::report::{ASIDE, Report};
use crate::scene::record;

/// Nodes of a list.
const CROWD: usize = 256;
/// Open cases beyond the usual count, as many as a node may have.
const CASES_BEYOND: u64 = 32;
/// Kinds that hold a settlement.
const HOLDS: &[u16] = &[26, 31];
/// Kinds that open a case against a node.
const CASES_OPEN: &[u16] = &[37, 50, 61, 64];
/// Kinds that put a node into a list.
const JOINS: &[u16] = &[9, 30];
/// Kinds that enact a proposal.
const ENACTS: &[u16] = &[83];
/// Votes that carry whatever is proposed.
const ALL: Amount = Amount(1 << 100);

/// Offers a block's transactions to a state that might have been. Gives what is seen; what is rejected there is counted.
pub(crate) fn look(
    step: &Step<'_>,
    random: &mut Random,
    report: &mut Report,
) -> Vec<(&'static str, String)> {
    let Some(before) = state(random, step.before, step.authentic) else { return Vec::new() };
    let parent = Header { state_root: before.root(), ..*step.parent };
    let by = (step.block.header.proposer, &step.opening);
    let made = step.subject.propose(&before, &parent, by, step.authentic);
    let made = match made {
        Ok(made) => made,
        Err(error) => return vec![("proposers", error.to_string())],
    };
    let aside = Step {
        before: &before,
        parent: &parent,
        block: &made.block,
        after: &made.state,
        left_out: &made.left_out,
        ..*step
    };
    for (_, why) in &made.left_out {
        *report.rejections.entry(*why).or_default() += 1;
        report.count(ASIDE);
    }
    #[cfg(feature = "canary")]
    crate::omitted::count(report, (&before, &parent), &made.block);
    Checkers::new(&before).look(&aside, random, &mut report.refused)
}

/// Another state than this one, where one of what is offered has to do with what is other there.
fn state(random: &mut Random, state: &State, offered: &[Authentic]) -> Option<State> {
    let any = |kinds: &[u16]| offered.iter().any(|made| kinds.contains(&made.get().kind.0));
    let (holds, cases, joins) = (any(HOLDS), any(CASES_OPEN), any(JOINS));
    let enacts = any(ENACTS);
    if !(holds || cases || joins || enacts) {
        return None;
    }
    let values = record(state, &ParametersSlot).unwrap_or_default();
    let parameters = Parameters::of(&values)?;
    let most = parameters.get_u64(Parameter::DisputesMax).saturating_add(CASES_BEYOND);
    let disputes = u16::try_from(most).unwrap_or(u16::MAX);
    let mut working = Working::new(state.clone());
    let all = state.entries().filter_map(|entry| Held::decode(&entry.key, &entry.value).ok());
    for held in all {
        if let (true, Held::Settlement(slot, settlement)) = (holds, &held) {
            working.put(slot, &Settlement { held: u16::MAX, ..settlement.clone() });
        } else if let (true, Held::Node(slot, node)) = (cases, &held) {
            working.put(slot, &Node { disputes, ..Node::clone(node) });
        } else if let (true, Held::Proposal(slot, proposal)) = (enacts, &held) {
            carried(&mut working, slot, proposal);
        }
    }
    if enacts {
        poor(state, &mut working);
    }
    if joins {
        crowd(random, state, (&mut working, &parameters));
    }
    Some(working.finish())
}

/// What is to be spent was voted for by everybody, and may be now.
fn carried(working: &mut Working, slot: &ProposalSlot, proposal: &Proposal) {
    let (Content::Spend { .. }, Decision::Open) = (&proposal.content, proposal.decision) else {
        return;
    };
    let (yes, no) = (ALL, Amount::ZERO);
    let (ends, opens, lapses) = (Time(0), Time(0), Time(u64::MAX));
    working.put(slot, &Proposal { yes, no, ends, opens, lapses, ..*proposal });
}

/// The treasury has nothing.
fn poor(state: &State, working: &mut Working) {
    let purse = record(state, &PurseSlot).unwrap_or_default();
    let issued = purse.issued.minus(purse.treasury).unwrap_or(purse.issued);
    working.put(&PurseSlot, &Purse { treasury: Amount::ZERO, issued, ..purse });
}

/// As many nodes stand for seats and are enrolled as may.
fn crowd(random: &mut Random, state: &State, (working, parameters): (&mut Working, &Parameters)) {
    let least = [Parameter::StakeValidator, Parameter::StakeAuditor];
    let least = least.map(|parameter| parameters.get(parameter));
    let stake = Amount(1 + least[0].max(least[1]));
    let mut candidates = record(state, &CandidatesSlot).unwrap_or_default().0;
    let mut auditors = record(state, &AuditorsSlot).unwrap_or_default().0;
    let mut purse = working.get(&PurseSlot).ok().flatten().unwrap_or_default();
    let mut stakes = record(state, &StakesSlot).unwrap_or_default();
    while candidates.len() < CROWD || auditors.len() < CROWD {
        let id = joined(random, working, stake);
        for list in [&mut candidates, &mut auditors] {
            if list.len() < CROWD {
                list.insert(id);
            }
        }
        for sum in [&mut purse.issued, &mut stakes.total] {
            *sum = sum.plus(stake).unwrap_or(*sum);
        }
    }
    working.put(&CandidatesSlot, &Candidates(candidates));
    working.put(&AuditorsSlot, &Auditors(auditors));
    working.put(&PurseSlot, &purse);
    working.put(&StakesSlot, &stakes);
}

/// A node that may stand and audit, and that nobody plays.
fn joined(random: &mut Random, working: &mut Working, stake: Amount) -> NodeId {
    let id = NodeId(random.bytes());
    let [owner, operator, validator] = [(); 3].map(|()| PublicKey(random.bytes()));
    let roles = Roles::of(4).expect("an auditor");
    let address = Address::of("node.example:4433").expect("it is plain");
    let says = (roles, address);
    let node = Node::new(owner, [operator, PublicKey::NONE, validator], says, Time(0));
    working.put(&NodeSlot(id), &Node { stake, ..node });
    for (key, role) in [(operator, KeyRole::Operator), (validator, KeyRole::Validator)] {
        let bound = BoundKey { node: id, role, from: Time(0), until: Time(0) };
        working.put(&KeySlot(key), &bound);
    }
    id
}
