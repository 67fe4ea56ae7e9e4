//! Kinds 80 to 83.

use chain::records::{
    Content, Decision, NodeId, NodeSlot, ParameterNumber, ParametersSlot, Proposal, ProposalId,
    ProposalSlot, PurseSlot, Rules, RulesSlot, StakesSlot,
};
use chain::{Amount, Genesis, Time};
use ledger::tx::{Action, Cancel, Enact, Propose, Vote};
use ledger::{BlockError, Execution, Parameter, Rejection, Working, propose};

use crate::parameters::APART;
use crate::rejections::Case;
use crate::seats::parameters;
use crate::stakes::{staked, unstake};
use crate::world::{RICH, SWIFT, World, genesis, public};

const BOND: u128 = 1_000;
pub(crate) const VOTE_MS: u64 = 50_000;
pub(crate) const TIMELOCK_MS: u64 = 60_000;
const ENACT_MS: u64 = 60_000;

/// Every rejection of these kinds that others don't have.
pub(crate) const REJECTIONS: &[Case] = &[
    (Rejection::ParameterBounds, |world| world.signed(1, &proposal(parameter(5, 999)))),
    (Rejection::RulesVersion, |world| {
        world.signed(1, &proposal(Content::Rules { version: 1, at: Time(0) }))
    }),
    (Rejection::NoProposal, |world| {
        let node = staked(world, 1, 100);
        world.signed(1, &vote(ProposalId([1; 32]), node, true))
    }),
    (Rejection::ProposalEnded, |world| {
        let (id, _) = proposed(world, 1, fee(5));
        world.take(1, &cancel(id));
        world.signed(1, &cancel(id))
    }),
    (Rejection::OtherProposal, |world| {
        let (id, _) = proposed(world, 1, fee(5));
        world.signed(2, &enact(id, 1, fee(6)))
    }),
    (Rejection::VoteOver, |world| {
        *world = quick();
        let node = staked(world, 1, 100);
        let (id, _) = proposed(world, 1, fee(5));
        wait(world, VOTE_MS);
        world.signed(1, &vote(id, node, true))
    }),
    (Rejection::NoVoice, |world| {
        let node = crate::nodes::made(world, 1, 20);
        let (id, _) = proposed(world, 1, fee(5));
        world.signed(1, &vote(id, node, true))
    }),
    (Rejection::NotProposer, |world| {
        let (id, _) = proposed(world, 1, fee(5));
        world.signed(2, &cancel(id))
    }),
    (Rejection::VoteOn, |world| {
        let (id, _) = proposed(world, 1, fee(5));
        world.signed(2, &enact(id, 1, fee(5)))
    }),
    (Rejection::Timelock, |world| {
        let (id, _) = carried(world, fee(5));
        world.signed(2, &enact(id, 1, fee(5)))
    }),
    (Rejection::TreasuryShort, |world| {
        let content = spend(RICH * 2);
        let (id, _) = carried(world, content);
        wait(world, TIMELOCK_MS);
        world.signed(2, &enact(id, 1, content))
    }),
];

fn parameter(number: u16, value: u128) -> Content {
    Content::Parameter { number: ParameterNumber(number), value }
}

/// Another price of a byte.
fn fee(value: u128) -> Content {
    parameter(Parameter::FeeByte.number().0, value)
}

fn spend(amount: u128) -> Content {
    Content::Spend { to: public(5), amount: Amount(amount) }
}

pub(crate) fn proposal(content: Content) -> Action {
    Action::Propose(Propose { content })
}

pub(crate) fn vote(proposal: ProposalId, node: NodeId, yes: bool) -> Action {
    Action::Vote(Vote { proposal, node, yes })
}

fn cancel(proposal: ProposalId) -> Action {
    Action::Cancel(Cancel { proposal })
}

pub(crate) fn enact(proposal: ProposalId, proposer: u8, content: Content) -> Action {
    Action::Enact(Enact { proposal, proposer: public(proposer), content })
}

/// A network in which votes are short.
fn quick() -> World {
    let set = [
        (Parameter::ProposalBond, BOND),
        (Parameter::VoteMs, VOTE_MS.into()),
        (Parameter::TimelockMs, TIMELOCK_MS.into()),
        (Parameter::EnactMs, ENACT_MS.into()),
        (Parameter::QuorumLeast, 0),
    ];
    World::of(Genesis { parameters: parameters(&set), ..genesis() })
}

pub(crate) fn proposed(world: &mut World, name: u8, content: Content) -> (ProposalId, Proposal) {
    let id = ProposalId::of(world.network(), public(name), world.account(name).made);
    world.take(name, &proposal(content));
    (id, record(world, id))
}

/// A proposal of the first account's that all stake is for; its vote has just ended.
pub(crate) fn carried(world: &mut World, content: Content) -> (ProposalId, NodeId) {
    *world = quick();
    let node = staked(world, 1, 100);
    let (id, _) = proposed(world, 1, content);
    world.take(1, &vote(id, node, true));
    wait(world, VOTE_MS);
    (id, node)
}

fn record(world: &World, id: ProposalId) -> Proposal {
    world.record(&ProposalSlot(id)).unwrap()
}

pub(crate) fn wait(world: &mut World, milliseconds: u64) {
    (0..milliseconds / 10_000).for_each(|_| world.block(10_000, &[]));
}

/// Takes it; what came of the proposal, and what the proposer got back.
pub(crate) fn enacted(world: &mut World, id: ProposalId, content: Content) -> (Decision, u128) {
    let before = world.account(1).balance.0;
    world.take(2, &enact(id, 1, content));
    (record(world, id).decision, world.account(1).balance.0 - before)
}

#[test]
fn a_parameter_changes_after_vote_and_timelock() {
    let mut world = World::new();
    let (id, _) = carried(&mut world, fee(5));
    let before = world.header.time;
    assert_eq!(before, record(&world, id).ends.after(1));
    wait(&mut world, TIMELOCK_MS);
    assert_eq!(enacted(&mut world, id, fee(5)), (Decision::Enacted, BOND));
    assert_eq!(record(&world, id).bond, Amount::ZERO);
    let values = world.record(&ParametersSlot).unwrap().0;
    assert_eq!(values[&ParameterNumber(1)], 5);
    let fees = world.record(&PurseSlot).unwrap().fees.0;
    world.take(3, &crate::transfer::transfer(2, 5));
    assert_eq!(world.record(&PurseSlot).unwrap().fees.0 - fees, 5 * (128 + 48) + 6_100);
}

#[test]
fn the_treasury_pays() {
    let mut world = World::new();
    let (id, _) = carried(&mut world, spend(70));
    wait(&mut world, TIMELOCK_MS);
    let (treasury, five) = (world.record(&PurseSlot).unwrap().treasury, world.account(5).balance);
    assert_eq!(enacted(&mut world, id, spend(70)), (Decision::Enacted, BOND));
    assert_eq!(world.record(&PurseSlot).unwrap().treasury.0, treasury.0 - 70);
    assert_eq!(world.account(5).balance.0, five.0 + 70);
}

#[test]
fn what_nobody_enacts_lapses() {
    let mut world = World::new();
    let (id, _) = carried(&mut world, fee(5));
    wait(&mut world, TIMELOCK_MS + ENACT_MS);
    assert_eq!(enacted(&mut world, id, fee(5)), (Decision::Lapsed, BOND));
    assert!(!world.record(&ParametersSlot).unwrap().0.contains_key(&ParameterNumber(1)));
}

/// What comes of a proposal where nodes of these stakes vote so, and whether the bond goes back.
fn decided(content: Content, votes: [(u128, Option<bool>); 3]) -> (Decision, bool) {
    let mut world = quick();
    let nodes = [1, 2, 3].map(|name| staked(&mut world, name, votes[usize::from(name) - 1].0));
    let (id, made) = proposed(&mut world, 1, content);
    assert_eq!(made.staked.0, votes.iter().map(|(stake, _)| stake).sum());
    for (name, (node, (_, yes))) in (1..).zip(nodes.into_iter().zip(votes)) {
        if let Some(yes) = yes {
            world.take(name, &vote(id, node, yes));
        }
    }
    wait(&mut world, VOTE_MS + TIMELOCK_MS);
    let treasury = world.record(&PurseSlot).unwrap().treasury.0;
    let (decision, back) = enacted(&mut world, id, content);
    let kept = world.record(&PurseSlot).unwrap().treasury.0;
    match back {
        0 => assert!(decision == Decision::Refused && kept == treasury + BOND),
        back => assert_eq!(back, BOND),
    }
    (decision, back > 0)
}

#[test]
fn a_majority_of_those_who_vote_decides_where_enough_do() {
    let (yes, no, none) = (Some(true), Some(false), None);
    let (enacted, refused) = (Decision::Enacted, Decision::Refused);
    for (content, votes, is) in [
        (fee(5), [(40, yes), (60, none), (0xffff, none)], (refused, true)),
        (fee(5), [(40, yes), (59, none), (1, none)], (enacted, true)),
        (fee(5), [(39, yes), (60, none), (1, none)], (refused, true)),
        (fee(5), [(51, yes), (49, no), (1, none)], (enacted, true)),
        (fee(5), [(50, yes), (50, no), (1, none)], (refused, false)),
        (fee(5), [(1, none), (1, none), (1, none)], (refused, true)),
        (spend(9), [(67, yes), (33, no), (1, none)], (enacted, true)),
        (spend(9), [(66, yes), (33, no), (1, none)], (refused, true)),
        (spend(9), [(65, yes), (33, no), (1, none)], (refused, false)),
    ] {
        assert_eq!(decided(content, votes), is, "{content:?} {votes:?}");
    }
}

#[test]
fn a_later_vote_takes_the_earlier_ones_place() {
    let mut world = quick();
    let node = staked(&mut world, 1, 100);
    let (id, _) = proposed(&mut world, 1, fee(5));
    let refused = world.rejection(&world.signed(2, &vote(id, node, true)));
    assert_eq!(refused, Some(Rejection::NotOwner));
    world.take(1, &vote(id, node, true));
    world.take(1, &crate::stakes::stake(node, 7));
    assert_eq!(record(&world, id).yes, Amount(100), "as it was when it voted");
    world.take(1, &vote(id, node, false));
    assert_eq!((record(&world, id).yes, record(&world, id).no), (Amount::ZERO, Amount(107)));
}

/// Whatever became of the parameters since: a vote of thirty days was called, and stake leaves in two.
#[test]
fn stake_that_votes_is_not_free_before_the_vote_ends() {
    let long = [(Parameter::VoteMs, 2_592_000_000), (Parameter::TimelockMs, 2_592_000_001)];
    let parameters = parameters(&[&long[..], &SWIFT].concat());
    let mut world = World::of(Genesis { parameters, ..genesis() });
    let node = staked(&mut world, 1, 100);
    let (id, made) = proposed(&mut world, 1, fee(5));
    assert_eq!(world.record(&StakesSlot).unwrap().voting_ends, made.ends);
    world.take(1, &vote(id, node, true));
    world.take(1, &unstake(node, 100));
    assert_eq!(world.record(&NodeSlot(node)).unwrap().unbonding[0].least, made.ends);
}

#[test]
fn who_proposed_takes_it_back_before_the_end() {
    let mut world = quick();
    let node = staked(&mut world, 2, 100);
    let (id, _) = proposed(&mut world, 1, fee(5));
    world.take(1, &cancel(id));
    assert_eq!(record(&world, id).decision, Decision::Cancelled);
    let (again, _) = proposed(&mut world, 1, fee(5));
    world.take(2, &vote(again, node, false));
    let treasury = world.record(&PurseSlot).unwrap().treasury.0;
    world.take(1, &cancel(again));
    let kept = world.record(&PurseSlot).unwrap().treasury.0 - treasury;
    assert_eq!(kept, BOND, "nobody takes back what is lost");
    let (late, _) = proposed(&mut world, 1, fee(5));
    wait(&mut world, VOTE_MS);
    let refused = world.rejection(&world.signed(1, &cancel(late)));
    assert_eq!(refused, Some(Rejection::VoteOver));
}

/// Proposed when everybody knows that the other one is carried, and enacted before that one holds.
#[test]
fn a_proposal_ends_another_one_that_was_carried() {
    let mut world = World::new();
    let (id, node) = carried(&mut world, fee(5));
    let content = Content::Cancel { proposal: id, proposer: public(1) };
    let wrong = Content::Cancel { proposal: id, proposer: public(2) };
    let refused = world.rejection(&world.signed(3, &proposal(wrong)));
    assert_eq!(refused, Some(Rejection::OtherProposal));
    let (other, made) = proposed(&mut world, 3, content);
    assert_eq!((made.opens, made.lapses), (made.ends, made.ends.after(ENACT_MS)));
    world.take(1, &vote(other, node, true));
    let ends = |world: &World| world.rejection(&world.signed(2, &enact(other, 3, content)));
    until(&mut world, Time(made.ends.0 - 1));
    assert_eq!(ends(&world), Some(Rejection::VoteOn));
    until(&mut world, made.ends);
    let early = world.rejection(&world.signed(2, &enact(id, 1, fee(5))));
    assert_eq!(early, Some(Rejection::Timelock));
    let before = world.account(1).balance.0;
    world.take(2, &enact(other, 3, content));
    assert_eq!(record(&world, id).decision, Decision::Cancelled);
    assert_eq!(world.account(1).balance.0, before + BOND);
    let refused = world.rejection(&world.signed(2, &enact(id, 1, fee(5))));
    assert_eq!(refused, Some(Rejection::ProposalEnded));
}

#[test]
fn this_release_ends_where_other_rules_begin() {
    let mut world = World::new();
    let at = Time(150_000);
    let content = Content::Rules { version: 2, at };
    let (id, _) = carried(&mut world, content);
    wait(&mut world, TIMELOCK_MS);
    assert_eq!(enacted(&mut world, id, content), (Decision::Enacted, BOND));
    let rules = Rules { version: 1, next: 2, at };
    assert_eq!(world.record(&RulesSlot), Some(rules));
    let same = proposal(Content::Rules { version: 2, at });
    assert_eq!(world.rejection(&world.signed(1, &same)), Some(Rejection::RulesVersion));
    while world.header.time < Time(at.0 - 10_000) {
        world.block(10_000, &[]);
    }
    let left = at.0 - world.header.time.0;
    world.block(left - 1, &[]);
    let next = propose(&world.state, &world.header, public(11), &world.opening(1), &[]);
    assert_eq!(next.unwrap_err(), BlockError::Protocol { found: 2 });
    let execution = Execution::begin(&world.state, &world.opening(1)).unwrap();
    assert_eq!(execution.rules(), 2);
    world.state = execution.finish().unwrap().state;
    let rules = Rules { version: 2, next: 0, at: Time(0) };
    assert_eq!(world.record(&RulesSlot), Some(rules));
}

/// Goes on until the next transaction is executed at this time.
fn until(world: &mut World, at: Time) {
    while world.header.time.0 + 1 < at.0 {
        let left = at.0 - 1 - world.header.time.0;
        world.block(left.min(10_000), &[]);
    }
}

#[test]
fn times_begin_and_end_where_they_say() {
    let mut world = quick();
    let node = staked(&mut world, 1, 100);
    let (id, made) = proposed(&mut world, 1, fee(5));
    let (opens, lapses) = (made.ends.after(TIMELOCK_MS), made.ends.after(TIMELOCK_MS + ENACT_MS));
    assert_eq!((made.opens, made.lapses), (opens, lapses));
    assert_eq!(made.ends, world.header.time.after(VOTE_MS));
    world.take(1, &vote(id, node, true));
    let why = |world: &World, action| world.rejection(&world.signed(1, &action));
    let all = || [vote(id, node, true), cancel(id), enact(id, 1, fee(5))];
    until(&mut world, Time(made.ends.0 - 1));
    let before = all().map(|action| why(&world, action));
    assert_eq!(before, [None, None, Some(Rejection::VoteOn)]);
    until(&mut world, made.ends);
    let over = Some(Rejection::VoteOver);
    let after = all().map(|action| why(&world, action));
    assert_eq!(after, [over, over, Some(Rejection::Timelock)]);
    until(&mut world, Time(opens.0 - 1));
    assert_eq!(why(&world, enact(id, 1, fee(5))), Some(Rejection::Timelock));
    until(&mut world, opens);
    let decided = |world: &World| enacted(&mut world.clone(), id, fee(5)).0;
    assert_eq!(decided(&world), Decision::Enacted);
    until(&mut world, Time(lapses.0 - 1));
    assert_eq!(decided(&world), Decision::Enacted);
    until(&mut world, lapses);
    assert_eq!(decided(&world), Decision::Lapsed);
}

#[test]
fn a_shorter_vote_does_not_free_what_voted_in_a_longer_one() {
    let mut world = quick();
    let (_, long) = proposed(&mut world, 1, fee(5));
    let mut working = Working::new(world.state.clone());
    let shorter = [(Parameter::VoteMs, 10_000), (Parameter::ProposalBond, BOND)];
    working.put(&ParametersSlot, &parameters(&shorter));
    world.state = working.finish();
    world.header.state_root = world.state.root();
    let (_, short) = proposed(&mut world, 1, fee(5));
    assert!(short.ends < long.ends);
    assert_eq!(world.record(&StakesSlot).unwrap().voting_ends, long.ends);
}

/// Each of two values goes with the others until the other one holds.
#[test]
fn values_that_do_not_go_together_never_hold() {
    let value = |parameter: Parameter, value| {
        let number = parameter.number();
        Content::Parameter { number, value }
    };
    for (parameter, apart) in APART {
        let world = quick();
        let signed = world.signed(1, &proposal(value(parameter, apart)));
        assert_eq!(world.rejection(&signed), Some(Rejection::ParameterBounds), "{parameter:?}");
    }
    let world = quick();
    let least = value(Parameter::UnbondLeast, 100_000_000);
    let signed = world.signed(1, &proposal(least));
    assert_eq!(world.rejection(&signed), Some(Rejection::ParameterBounds), "the genesis says it");
    let longer = value(Parameter::EpochMs, 4_967_777);
    let judged = value(Parameter::DisputeEpochs, 332);
    let mut world = quick();
    let node = staked(&mut world, 1, 100);
    let ids = [longer, judged].map(|content| {
        let (id, _) = proposed(&mut world, 1, content);
        world.take(1, &vote(id, node, true));
        id
    });
    wait(&mut world, VOTE_MS + TIMELOCK_MS);
    world.take(2, &enact(ids[0], 1, longer));
    let signed = world.signed(2, &enact(ids[1], 1, judged));
    assert_eq!(world.rejection(&signed), Some(Rejection::ParameterBounds));
    assert_eq!(record(&world, ids[1]).decision, Decision::Open);
    world.block(1, &[]);
    let again = world.signed(1, &proposal(judged));
    assert_eq!(world.rejection(&again), Some(Rejection::ParameterBounds), "it is known now");
}

#[test]
fn the_treasury_can_be_spent_to_its_last_unit() {
    for (amount, is) in [(RICH, Decision::Enacted), (RICH + 1, Decision::Open)] {
        let mut world = World::new();
        let (id, _) = carried(&mut world, spend(amount));
        let opens = record(&world, id).opens;
        until(&mut world, opens);
        let signed = world.signed(2, &enact(id, 1, spend(amount)));
        if world.rejection(&signed).is_none() {
            world.block(1, &[signed]);
        }
        assert_eq!(record(&world, id).decision, is);
    }
}

#[test]
fn a_few_coins_decide_nothing_where_more_have_to_vote() {
    let usual = Parameter::QuorumLeast.row().default;
    for (least, stake, is) in [
        (100, 99, Decision::Refused),
        (100, 100, Decision::Enacted),
        (usual, RICH / 2, Decision::Refused),
    ] {
        let mut genesis = quick().genesis;
        genesis.parameters.0.insert(Parameter::QuorumLeast.number(), least);
        let mut world = World::of(genesis);
        let (id, made) = proposed(&mut world, 1, fee(5));
        assert_eq!(made.staked, Amount::ZERO);
        let node = staked(&mut world, 1, stake);
        world.take(1, &vote(id, node, true));
        wait(&mut world, VOTE_MS + TIMELOCK_MS);
        assert_eq!(enacted(&mut world, id, fee(5)).0, is);
    }
}
