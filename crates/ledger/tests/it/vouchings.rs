//! Kind 37: an auditor that found nothing false, and who says that something is.

use chain::records::{
    Audit, AuditSlot, AuditStage, Auditor, ChannelId, Course, Dispute, DisputeSlot, EpochBookSlot,
    Node, NodeId, NodeSlot, Outcome, ParameterValues, ParametersSlot, PlantSlot, Shown, Vouching,
    Word,
};
use chain::{Amount, Epoch};
use commit::Digest;
use dispute::Claim;
use ledger::tx::{Action, DisputedStep, MeetPlant, VouchDispute};
use ledger::{Parameter, Rejection};
use receipt::{Choice, Head, PublicKey, Receipt, SignedHead, Stop, Usage, WorkKind};

use crate::disputes::{ACCUSER, Court, OPERATOR, OTHER, STAKE, bond, default, gained, wait};
use crate::rejections::Case;
use crate::stakes::staked;
use crate::world::{World, public, secret};

/// Who owns the auditor.
const AUDITOR: u8 = 4;
const SLOT: AuditSlot = AuditSlot { epoch: Epoch(1), index: 3 };
/// What it costs here to have said that something false is true; less than the answer itself costs its worker.
const LAZY: u128 = 50_000_000;

pub(crate) const REJECTIONS: &[Case] = &[(Rejection::NotVouched, |world| {
    let bench = Bench::of(world, true);
    bench.says(world, Word::Alarm(DisputeSlot([3; 32])));
    world.signed(ACCUSER, &bench.opening())
})];

/// An audit of an answer to this job, as it would stand when everybody has revealed: one auditor said this.
pub(crate) fn revealed(
    world: &mut World,
    slot: AuditSlot,
    (worker, job, receipt): (NodeId, Digest, Digest),
    (auditor, word): (NodeId, Word),
) {
    let audit = Audit {
        node: worker,
        channel: ChannelId([6; 32]),
        unit: Amount(7),
        drawn: world.header.time,
        stage: AuditStage::Reveal,
        deadline: world.header.time,
        cost: Amount::ZERO,
        held: Amount::ZERO,
        shown: Shown { worker: public(OPERATOR), job, receipt, tokens: 5 },
        asker: PublicKey::NONE,
        bond: Amount::ZERO,
        word: Word::Root([8; 32]),
        planted: false,
        auditors: vec![Auditor { node: auditor, word, closed: false }],
    };
    let book = world.book();
    world.put(&EpochBookSlot(slot.epoch), &book);
    world.put(&slot, &audit);
}

/// An auditor that revealed a root, and the court in which it is disputed.
struct Bench {
    court: Court,
    worker: NodeId,
    receipt: Receipt,
}

impl Bench {
    /// In a world of its own, where the worker's answer is false or true.
    fn of(world: &mut World, lies: bool) -> Self {
        let mut court = Court::of(world, lies);
        let worker = court.node;
        (court.node, court.owner) = (staked(world, AUDITOR, STAKE), AUDITOR);
        let values = [(Parameter::MoveMs, 60_000), (Parameter::AppealMs, 60_000)];
        let values = values.into_iter().chain([(Parameter::LazySlash, LAZY)]);
        let values = values.map(|(parameter, value)| (parameter.number(), value));
        world.put(&ParametersSlot, &ParameterValues(values.collect()));
        let receipt = receipt(vec![court.filing.head], court.step.job);
        let vouching = Vouching { audit: SLOT, node: court.node };
        court.claim = vouching.slot(world.network());
        court.slot = vouching.disputed_by(world.network(), &court.step, public(ACCUSER));
        let bench = Self { court, worker, receipt };
        bench.says(world, Word::Root([8; 32]));
        bench
    }

    /// The audit, as it would stand when everybody has revealed.
    fn says(&self, world: &mut World, word: Word) {
        let about = (self.worker, self.court.step.job, self.receipt.id(world.network()));
        revealed(world, SLOT, about, (self.court.node, word));
    }

    fn open(&self) -> VouchDispute {
        VouchDispute {
            audit: SLOT,
            node: self.court.node,
            model: self.court.model,
            receipt: self.receipt.clone(),
            filing: self.court.filing.clone(),
        }
    }

    fn opening(&self) -> Action {
        Action::VouchDispute(Box::new(self.open()))
    }

    /// Why it is not taken, when something is other than it should be.
    fn why(&self, world: &World, change: &dyn Fn(&mut VouchDispute)) -> Option<Rejection> {
        let mut open = self.open();
        change(&mut open);
        world.rejection(&world.signed(ACCUSER, &Action::VouchDispute(Box::new(open))))
    }

    fn worker(&self, world: &World) -> Node {
        world.record(&NodeSlot(self.worker)).unwrap()
    }
}

fn receipt(segments: Vec<SignedHead>, job: [u8; 32]) -> Receipt {
    Receipt {
        kind: WorkKind::Generate,
        job,
        model: [9; 32],
        arithmetic: 1,
        sampling: 1,
        consent: 2,
        anchor_by: 2,
        usage: Usage { prompt: 3, output: 2 },
        choices: vec![Choice { index: 0, segments, stop: Stop::Length }],
        worker: public(OPERATOR),
    }
}

fn opened(world: &mut World, lies: bool) -> Bench {
    let bench = Bench::of(world, lies);
    world.take(ACCUSER, &bench.opening());
    bench
}

#[test]
fn an_auditor_that_did_not_look_loses_what_it_answers_with() {
    let mut world = World::new();
    let mut bench = opened(&mut world, true);
    let node = bench.court.node(&world);
    assert_eq!((node.owed.cases, node.disputes), (Amount(LAZY), 1));
    bench.court.play(&mut world, 100);
    let end = bench.court.end(PublicKey::NONE);
    let reward = LAZY / 1_000_000 * default(Parameter::ChallengerShare);
    let got = gained(&mut world, ACCUSER, |world| world.take(OTHER, &end));
    assert_eq!(got, i128::try_from(bond() + reward).unwrap());
    let node = bench.court.node(&world);
    assert_eq!(
        (node.stake, node.owed.cases, node.disputes),
        (Amount(STAKE - LAZY), Amount::ZERO, 0)
    );
    assert!(node.jailed_until > world.header.time);
    assert_eq!(bench.worker(&world).stake, Amount(STAKE), "its worker is judged elsewhere");
    // It loses once for what it said of the answer, whoever asks.
    for name in [ACCUSER, OTHER] {
        let again = world.signed(name, &bench.opening());
        assert_eq!(world.rejection(&again), Some(Rejection::DisputeThere));
    }
}

#[test]
fn a_false_planters_true_token_is_defended_by_an_honest_auditor() {
    let mut world = World::new();
    let mut bench = opened(&mut world, false);
    bench.court.play(&mut world, 100);
    let end = bench.court.end(PublicKey::NONE);
    let got = gained(&mut world, AUDITOR, |world| world.take(OTHER, &end));
    assert_eq!(got, i128::try_from(bond() / 2).unwrap());
    let ended = bench.court.dispute(&world).course;
    assert_eq!(ended, Course::Ended(Outcome::ChallengerRefuted));
    let node = bench.court.node(&world);
    assert_eq!((node.stake, node.owed.cases, node.disputes), (Amount(STAKE), Amount::ZERO, 0));
}

#[test]
fn an_auditor_that_does_not_answer_loses_as_much() {
    let mut world = World::new();
    let bench = opened(&mut world, true);
    wait(&mut world);
    world.take(OTHER, &bench.court.late());
    assert_eq!(bench.court.node(&world).stake, Amount(STAKE - LAZY));
    wait(&mut world);
    let end = bench.court.end(PublicKey::NONE);
    let got = gained(&mut world, ACCUSER, |world| world.take(OTHER, &end));
    assert_eq!(got, i128::try_from(bond() + default(Parameter::SilenceFee)).unwrap());
    let node = bench.court.node(&world);
    assert_eq!(
        (node.stake, node.debt, node.owed.cases),
        (Amount(STAKE - LAZY), Amount(0), Amount(0))
    );
}

/// What else its worker signed nobody audited.
#[test]
fn an_auditor_answers_for_the_receipt_alone() {
    let mut world = World::new();
    let bench = Bench::of(&mut world, true);
    assert_eq!(bench.why(&world, &|_| ()), None);
    // Another receipt, with the answer that the filing is about.
    let other = |open: &mut VouchDispute| open.receipt.anchor_by += 1;
    assert_eq!(bench.why(&world, &other), Some(Rejection::ShownOther));
    // The filing of another head of the worker's, for the same job.
    let mut head = bench.court.filing.head.head;
    head.root[0] ^= 1;
    let head = SignedHead::sign(head, &secret(OPERATOR), world.network());
    let other = |open: &mut VouchDispute| open.filing.head = head;
    assert_eq!(bench.why(&world, &other), Some(Rejection::Filing));
    // A fault of another receipt.
    let Claim::Token(_) = bench.court.filing.claim else { panic!("a token is claimed") };
    let mut fault = bench.receipt.clone();
    fault.choices[0].stop = Stop::Fault { position: 3, op: 0 };
    let other = |open: &mut VouchDispute| open.filing.claim = Claim::Fault(Box::new(fault.clone()));
    assert_eq!(bench.why(&world, &other), Some(Rejection::Filing));
    // What another worker signed of the answer, before this one went on.
    let own = bench.court.filing.head.head;
    let first = SignedHead::sign(Head { count: 1, ..own }, &secret(OTHER), world.network());
    let last = Head { start: 1, prior: [1; 32], ..own };
    let last = SignedHead::sign(last, &secret(OPERATOR), world.network());
    let mut shared = Bench { receipt: receipt(vec![first, last], own.job), ..bench };
    shared.court.filing.head = first;
    shared.says(&mut world, Word::Root([8; 32]));
    assert_eq!(shared.why(&world, &|_| ()), Some(Rejection::Filing));
}

#[test]
fn only_who_found_the_answer_true_vouches_for_it() {
    let mut world = World::new();
    let bench = Bench::of(&mut world, true);
    let absent = |open: &mut VouchDispute| open.audit.index = 0;
    assert_eq!(bench.why(&world, &absent), Some(Rejection::NoAudit));
    let worker = |open: &mut VouchDispute| open.node = bench.worker;
    assert_eq!(bench.why(&world, &worker), Some(Rejection::NotVouched));
    let words = [Word::None, Word::Committed([8; 32]), Word::Alarm(DisputeSlot([3; 32]))];
    for word in words {
        bench.says(&mut world, word);
        assert_eq!(bench.why(&world, &|_| ()), Some(Rejection::NotVouched), "{word:?}");
    }
    bench.says(&mut world, Word::Root([8; 32]));
    let mut audit = world.record(&SLOT).unwrap();
    audit.auditors[0].closed = true;
    world.put(&SLOT, &audit);
    assert_eq!(bench.why(&world, &|_| ()), Some(Rejection::NotVouched));
}

#[test]
fn a_vouching_has_its_time() {
    let mut world = World::new();
    let bench = Bench::of(&mut world, true);
    (0..6).for_each(|_| world.block(9_999, &[]));
    assert_eq!(bench.why(&world, &|_| ()), None);
    world.block(6, &[]);
    assert_eq!(bench.why(&world, &|_| ()), Some(Rejection::MoveLate));
}

/// It was not the auditor's to say beforehand that the answer would be false.
#[test]
fn no_plant_saves_an_auditor() {
    let mut world = World::new();
    let bench = opened(&mut world, true);
    let Court { slot, node, step, ref filing, .. } = bench.court;
    let meeting = MeetPlant {
        dispute: slot,
        node,
        plant: PlantSlot { planter: public(1), epoch: Epoch(1), index: 0 },
        worker: step.worker,
        step: DisputedStep { choice: 0, position: 1, kind: 1, what: step.what },
        challenger: public(ACCUSER),
        salt: [5; 32],
        terms: filing.terms.clone(),
    };
    let meeting = world.signed(AUDITOR, &Action::PlantMeet(Box::new(meeting)));
    assert_eq!(world.rejection(&meeting), Some(Rejection::DisputeNames));
}

/// The worker's own dispute about the step, and the auditor's, have nothing to do with each other.
#[test]
fn a_worker_that_loses_on_purpose_proves_nothing_of_its_auditors() {
    let mut world = World::new();
    let bench = Bench::of(&mut world, false);
    let claim = bench.court.step.slot(world.network());
    let course = Course::Ended(Outcome::ClaimantRefuted);
    let (challenger, opened) = (public(ACCUSER), world.header.time);
    world.put(&claim, &Dispute { node: bench.worker, challenger, opened, course });
    world.take(ACCUSER, &bench.opening());
    let mut court = bench.court;
    court.play(&mut world, 100);
    world.take(OTHER, &court.end(PublicKey::NONE));
    assert_eq!(court.node(&world).stake, Amount(STAKE));
}
