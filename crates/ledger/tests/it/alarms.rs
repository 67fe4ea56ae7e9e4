//! Kind 50 by an auditor that was drawn and revealed an alarm: the accused node's list is nothing to it.

use chain::records::{AuditSlot, Course, Matter, NodeId, Outcome, Word};
use chain::{Amount, Epoch, Time};
use ledger::Rejection;
use ledger::tx::{Action, Alarm, DisputeOpen};
use receipt::PublicKey;

use crate::disputes::{ACCUSER, Court, OTHER, STAKE, bond, check_books, default, gained, slash};
use crate::stakes::{change, staked};
use crate::vouchings::revealed;
use crate::world::World;

const SLOT: AuditSlot = AuditSlot { epoch: Epoch(0), index: 3 };
/// More open disputes than others may open one beside.
const FULL: u16 = 8 + 32;

/// A court whose accuser was drawn, and what its node is.
struct Bench {
    court: Court,
    auditor: NodeId,
}

impl Bench {
    /// The list of the accused is full.
    fn of(world: &mut World, lies: bool) -> Self {
        let court = Court::of(world, lies);
        change(world, court.node, |node| node.disputes = FULL);
        let auditor = staked(world, ACCUSER, STAKE);
        let bench = Self { court, auditor };
        bench.says(world, Word::Alarm(bench.court.slot));
        bench
    }

    /// The audit, as it would stand when the auditor has revealed this.
    fn says(&self, world: &mut World, word: Word) {
        let about = (self.court.node, self.court.step.job, [5; 32]);
        revealed(world, SLOT, about, (self.auditor, word));
        world.header.state_root = world.state.root();
    }

    fn opening(&self) -> Action {
        self.with(Some(Alarm { audit: SLOT, node: self.auditor }))
    }

    fn with(&self, alarm: Option<Alarm>) -> Action {
        Action::DisputeOpen(Box::new(DisputeOpen { alarm, ..self.court.open() }))
    }

    fn why(&self, world: &World, name: u8, action: &Action) -> Option<Rejection> {
        world.rejection(&world.signed(name, action))
    }

    /// The list as it was before the test filled it.
    fn empty(&self, world: &mut World) {
        change(world, self.court.node, |node| node.disputes = 0);
    }
}

/// Whoever was drawn must dispute: a liar that fills its own list makes that no dearer.
#[test]
fn an_alarm_is_disputed_for_the_usual_bond_whatever_the_list_holds() {
    let mut world = World::new();
    let mut bench = Bench::of(&mut world, true);
    let plain = bench.with(None);
    assert_eq!(bench.why(&world, ACCUSER, &plain), Some(Rejection::DisputesFull));
    // World::block counts all money: what is put in is what the case says.
    world.take(ACCUSER, &bench.opening());
    let node = bench.court.node(&world);
    assert_eq!((node.disputes, node.owed.cases), (FULL, Amount(slash())));
    let Course::Open(case) = bench.court.dispute(&world).course else { panic!("it is open") };
    assert_eq!((case.matter, case.bond.usual.0), (Matter::Alarm, bond()));
    assert_eq!((case.bond.beyond, case.cost.0), (Amount::ZERO, slash()));
    bench.empty(&mut world);
    check_books(&world);
    bench.court.play(&mut world, 100);
    let end = bench.court.end(PublicKey::NONE);
    let share = slash() / 1_000_000 * default(ledger::Parameter::ChallengerShare);
    let got = gained(&mut world, ACCUSER, |world| world.take(OTHER, &end));
    assert_eq!(got, i128::try_from(bond() + share).unwrap());
    let node = bench.court.node(&world);
    assert_eq!((node.disputes, node.owed.cases), (0, Amount::ZERO));
    assert_eq!(bench.court.dispute(&world).course, Course::Ended(Outcome::ClaimantRefuted));
}

/// It is in no list, and keeps nobody else out of it.
#[test]
fn an_alarm_s_dispute_is_not_one_of_the_list() {
    let mut world = World::new();
    let bench = Bench::of(&mut world, true);
    change(&mut world, bench.court.node, |node| node.disputes = FULL - 1);
    world.take(ACCUSER, &bench.opening());
    assert_eq!(bench.court.node(&world).disputes, FULL - 1);
    // What ends is taken from no list, either.
    bench.court.decide(&mut world, Outcome::ChallengerRefuted);
    let end = bench.court.end(PublicKey::NONE);
    world.take(OTHER, &end);
    assert_eq!(bench.court.node(&world).disputes, FULL - 1);
}

#[test]
fn nobody_names_an_alarm_that_was_not_revealed_about_just_this() {
    let mut world = World::new();
    let bench = Bench::of(&mut world, true);
    let opening = bench.opening();
    // Another audit, another node, and somebody else's key: with that it is another dispute.
    let audit = AuditSlot { index: 4, ..SLOT };
    let none = bench.with(Some(Alarm { audit, node: bench.auditor }));
    assert_eq!(bench.why(&world, ACCUSER, &none), Some(Rejection::NoAudit));
    let own = bench.with(Some(Alarm { audit: SLOT, node: bench.court.node }));
    assert_eq!(bench.why(&world, ACCUSER, &own), Some(Rejection::DisputeNames));
    assert_eq!(bench.why(&world, OTHER, &opening), Some(Rejection::DisputeNames));
    // Another word.
    let slot = bench.court.slot;
    for word in
        [Word::None, Word::Committed(slot.0), Word::Root(slot.0), Word::Alarm(bench.court.claim)]
    {
        bench.says(&mut world, word);
        assert_eq!(bench.why(&world, ACCUSER, &opening), Some(Rejection::DisputeNames), "{word:?}");
    }
    bench.says(&mut world, Word::Alarm(slot));
    assert_eq!(bench.why(&world, ACCUSER, &opening), None);
    world.take(ACCUSER, &opening);
    assert_eq!(bench.why(&world, ACCUSER, &opening), Some(Rejection::DisputeThere));
}

/// A false alarm costs what any false claim does.
#[test]
fn a_false_alarm_loses_the_bond() {
    let mut world = World::new();
    let mut bench = Bench::of(&mut world, false);
    world.take(ACCUSER, &bench.opening());
    bench.empty(&mut world);
    bench.court.play(&mut world, 100);
    let end = bench.court.end(PublicKey::NONE);
    let got = gained(&mut world, bench.court.owner, |world| world.take(OTHER, &end));
    assert_eq!(got, i128::try_from(bond() / 2).unwrap());
    assert_eq!(bench.court.dispute(&world).course, Course::Ended(Outcome::ChallengerRefuted));
}

#[test]
fn a_body_says_whether_there_is_an_alarm_by_one_byte() {
    let mut world = World::new();
    let bench = Bench::of(&mut world, true);
    let bytes = |action: &Action| action.encode();
    let (plain, named) = (bytes(&bench.with(None)), bytes(&bench.opening()));
    assert_eq!(named.len(), plain.len() + 8 + 4 + 32);
    assert_eq!(plain.last(), Some(&0));
    assert_eq!(named[plain.len() - 1], 1);
    let kind = bench.opening().kind();
    assert_eq!(Action::decode(kind, &named), Ok(bench.opening()));
    let mut other = plain.clone();
    *other.last_mut().unwrap() = 2;
    for body in [&other[..], &plain[..plain.len() - 1], &[&plain[..], &[0]].concat()] {
        assert!(Action::decode(kind, body).is_err());
    }
}

/// What is audited is judged as long as its audit takes, and not longer.
#[test]
fn an_alarm_is_disputed_however_old_the_job_is_until_it_is_too_late() {
    let mut world = World::new();
    let bench = Bench::of(&mut world, true);
    bench.empty(&mut world);
    world.epoch(Epoch(242));
    let (plain, opening) = (bench.with(None), bench.opening());
    assert_eq!(bench.why(&world, ACCUSER, &plain), Some(Rejection::NoDate));
    assert_eq!(bench.why(&world, ACCUSER, &opening), None);
    let last = world.record(&SLOT).unwrap().deadline.after(world.book().terms.move_ms);
    // What is tried is tried a moment later.
    world.at(Time(last.0 - 1));
    assert_eq!(bench.why(&world, ACCUSER, &opening), None);
    world.at(last);
    assert_eq!(bench.why(&world, ACCUSER, &opening), Some(Rejection::MoveLate));
}
