//! Who is silent in an audit, when it may come back, and what becomes of what the others said.

use chain::records::{
    AuditStage, Auditors, AuditorsSlot, Awaited, Course, Dispute, KeyRole, NodeSlot, Outcome,
};
use chain::{Amount, Time};
use ledger::tx::{Action, Found, NodeKey};
use ledger::{Parameter, Rejection};

use crate::audits::{
    AUDITORS, FALSE, OTHER, OWNER, PAYER, PRICES, STAKE, Trial, committed, default, drawn, gained,
    operator, refused, shown, signed, turn, wait,
};
use crate::nodes::claim;
use crate::world::{World, public};

/// What the windows are here.
const WINDOW_MS: u64 = 60_000;

fn audit(world: &World) -> chain::records::Audit {
    Trial::audit(world, 0)
}

fn node(world: &World, trial: &Trial) -> chain::records::Node {
    world.record(&NodeSlot(trial.node)).unwrap()
}

/// The last moment in which the node may come back, and the first one after it, whether somebody called it silent or not.
fn at_the_end(trial: &Trial, world: &World, called: bool, due: Time, action: &Action) {
    let mut world = world.clone();
    world.at(due.after(1));
    if called {
        let late = trial.late(&world, 0);
        world.take(OTHER, &late);
    }
    // What is tried is tried a moment later.
    for (later, wanted) in [(0, None), (1, Some(Rejection::MoveLate))] {
        let mut world = world.clone();
        world.at(due.after(WINDOW_MS - 1 + later));
        assert_eq!(refused(&world, OWNER, action), wanted, "{called}");
    }
}

/// Nobody has to be called silent to come back, and who waits with the call takes none of its time.
#[test]
fn a_node_comes_back_whether_somebody_called_it_silent_or_not() {
    let mut world = World::new();
    let trial = drawn(&mut world);
    let show = trial.show(&world, 0, &|_| ());
    let due = audit(&world).deadline;
    for called in [false, true] {
        at_the_end(&trial, &world, called, due, &show);
    }
    let called_late = |world: &World| {
        let mut world = world.clone();
        world.at(due.after(WINDOW_MS));
        let late = trial.late(&world, 0);
        world.take(OTHER, &late);
        audit(&world).deadline
    };
    assert_eq!(called_late(&world), due.after(WINDOW_MS), "it runs from what was missed");
    // The same becomes of it either way.
    world.at(due.after(1));
    let after = |called: bool| {
        let mut world = world.clone();
        let late = trial.late(&world, 0);
        if called {
            world.take(OTHER, &late);
        }
        let when = world.header.time;
        world.take(OWNER, &show);
        let node = node(&world, &trial);
        assert_eq!((audit(&world).stage, audit(&world).held), (AuditStage::Commit, Amount::ZERO));
        assert!(node.jailed_until > when);
        (node.stake, node.owed, node.silences.count)
    };
    assert_eq!(after(false), after(true));
    assert_eq!(after(false).0, Amount(STAKE - default(Parameter::Bond)));
    assert_eq!(after(false).2, 1, "it was silent all the same");
}

#[test]
fn what_comes_late_of_a_word_or_an_opening_is_taken_as_well() {
    let bond = default(Parameter::Bond);
    let mut world = World::new();
    let trial = committed(&mut world);
    let root = Found::Root(trial.root(world.network()));
    let reveal = trial.reveal(OWNER, root);
    let due = audit(&world).deadline;
    for called in [false, true] {
        at_the_end(&trial, &world, called, due, &reveal);
    }
    world.at(due.after(1));
    // An auditor that is late has nothing to come back to.
    let late = trial.reveal(AUDITORS[0], root);
    assert_eq!(refused(&world, AUDITORS[0], &late), Some(Rejection::MoveLate));
    world.take(OWNER, &reveal);
    assert_eq!(audit(&world).stage, AuditStage::Reveal);
    assert_eq!(node(&world, &trial).stake, Amount(STAKE - bond));

    let mut world = World::new();
    let trial = shown(&mut world);
    world.take(AUDITORS[0], &trial.ask(AUDITORS[0]));
    let opening = trial.opening(&world);
    let (due, put_in) = (audit(&world).deadline, audit(&world).bond);
    for called in [false, true] {
        at_the_end(&trial, &world, called, due, &opening);
    }
    world.at(due.after(1));
    let gain = gained(&mut world, AUDITORS[0], |world| world.take(OTHER, &opening));
    assert_eq!(gain, signed(put_in.0), "who asked has it all back");
    assert_eq!(audit(&world).stage, AuditStage::Commit);
    assert_eq!(node(&world, &trial).stake, Amount(STAKE - bond));
}

/// A worker could end an audit that went against its friends, and who looked would work for nothing.
#[test]
fn who_spoke_is_paid_where_the_worker_keeps_its_word_back() {
    let mut world = World::new();
    let trial = committed(&mut world);
    let root = Found::Root(trial.root(world.network()));
    world.take(AUDITORS[0], &trial.reveal(AUDITORS[0], root));
    wait(&mut world);
    let late = trial.late(&world, 0);
    world.take(OTHER, &late);
    wait(&mut world);
    turn(&mut world);
    let all = PRICES[2];
    let share = all / 1_000_000 * default(Parameter::AuditShare);
    let gain = gained(&mut world, PAYER, |world| world.take(OTHER, &late));
    assert_eq!(gain, signed(all - share), "its payer has it back at once");
    let left = audit(&world);
    assert_eq!((left.stage, left.held), (AuditStage::Over, Amount::ZERO));
    assert_eq!(refused(&world, OTHER, &late), Some(Rejection::NotAwaited));
    let lost = node(&world, &trial).stake;
    let first = trial.close(&world, AUDITORS[0], None);
    assert_eq!(refused(&world, OTHER, &first), Some(Rejection::AuditOn), "it may be doubted yet");
    let silent = trial.close(&world, AUDITORS[1], None);
    assert_eq!(gained(&mut world, AUDITORS[1], |world| world.take(OTHER, &silent)), 0);
    let Auditors(enrolled) = world.record(&AuditorsSlot).unwrap();
    assert!(!enrolled.contains(&trial.node_of(AUDITORS[1])), "it could have spoken");
    wait(&mut world);
    let gain = gained(&mut world, AUDITORS[0], |world| world.take(OTHER, &first));
    assert_eq!(gain, signed(default(Parameter::AuditFee)));
    let end = trial.close(&world, OWNER, None);
    world.take(OTHER, &end);
    assert_eq!(world.record(&Trial::slot(0)), None);
    assert_eq!((trial.settlement(&world).held, node(&world, &trial).stake), (0, lost));
}

/// What was asked for and never came kept auditors from speaking.
#[test]
fn who_could_not_speak_stays_enrolled() {
    let mut world = World::new();
    let trial = shown(&mut world);
    world.take(AUDITORS[0], &trial.ask(AUDITORS[0]));
    wait(&mut world);
    let late = trial.late(&world, 0);
    world.take(OTHER, &late);
    assert_eq!(audit(&world).stage, AuditStage::Silent(Awaited::Opening));
    wait(&mut world);
    turn(&mut world);
    world.take(OTHER, &late);
    assert_eq!(world.record(&Trial::slot(0)), None);
    assert_eq!(world.record(&AuditorsSlot).unwrap().0.len(), 2);
}

/// Who commits does not know by which key it will speak.
#[test]
fn a_key_may_change_between_a_commitment_and_its_word() {
    let mut world = World::new();
    let trial = shown(&mut world);
    let (network, id) = (world.network(), trial.node_of(AUDITORS[0]));
    let alarm = trial.claimed(&world).slot(network).0;
    world.take(AUDITORS[0], &trial.commit(&world, AUDITORS[0], &alarm));
    let (before, after) = (operator(AUDITORS[0]), 190);
    let changed = NodeKey {
        node: id,
        role: KeyRole::Operator,
        before: public(before),
        claim: claim(&world, id, KeyRole::Operator, after),
    };
    world.take(AUDITORS[0], &Action::NodeKey(changed));
    world.take(AUDITORS[0], &crate::transfer::transfer(after, 10_000_000));
    let root = trial.root(network);
    world.take(AUDITORS[1], &trial.commit(&world, AUDITORS[1], &root));
    let reveal = trial.reveal(AUDITORS[0], Found::False(FALSE));
    assert_eq!(refused(&world, before, &reveal), Some(Rejection::NotNode));
    world.take(after, &reveal);
    for owner in [OWNER, AUDITORS[1]] {
        world.take(owner, &trial.reveal(owner, Found::Root(root)));
    }
    turn(&mut world);
    let (challenger, opened) = (public(after), Time(1));
    let slot = trial.claimed(&world).disputed_by(network, challenger);
    let course = Course::Ended(Outcome::ClaimantSilent);
    world.put(&slot, &Dispute { node: trial.node, challenger, opened, course });
    let close = trial.close(&world, AUDITORS[0], Some(after));
    let gain = gained(&mut world, AUDITORS[0], |world| world.take(OTHER, &close));
    assert_eq!(gain, signed(default(Parameter::AuditFee)));
}

/// What a friend of the planter met first needs no dispute of the auditor's own.
#[test]
fn an_alarm_about_what_was_planted_is_true_for_everybody() {
    let mut world = World::new();
    let trial = shown(&mut world);
    trial.alarmed(&mut world);
    let slot = trial.claimed(&world).slot(world.network());
    let (challenger, opened) = (public(OTHER), Time(1));
    let course = Course::Ended(Outcome::Planted);
    world.put(&slot, &Dispute { node: trial.node, challenger, opened, course });
    let close = trial.close(&world, AUDITORS[0], Some(AUDITORS[0]));
    let gain = gained(&mut world, AUDITORS[0], |world| world.take(OTHER, &close));
    assert_eq!(gain, signed(default(Parameter::AuditFee)));
    assert!(audit(&world).planted);
}
