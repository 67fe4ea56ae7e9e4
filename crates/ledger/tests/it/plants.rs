//! Kinds 70 to 72: answers that are false on purpose, and what is no such answer.

use chain::records::{
    Account, AccountSlot, Bond, Case, ClaimedStep, Course, Dispute, DisputeSlot, EpochStart,
    EpochStartSlot, Matter, Node, NodeId, NodeSlot, Outcome, PackageSlot, PlantSlot, Planted,
    Promised, Stage,
};
use chain::{Amount, Epoch, Height, Time};
use commit::{Blind, Digest, Salts};
use ledger::tx::{
    Action, Appeal, DisputeEnd, DisputeLate, DisputedStep, MeetPlant, PlantEnd, PutPlant,
};
use ledger::{Parameter, Rejection};
use receipt::{
    AuditConsent, Job, JobFields, JobLeaf, NonceChooser, PublicKey, Rendered, StopRule, Terms,
    WorkKind,
};

use crate::disputes::check_books;
use crate::missing::{OPERATOR, OWNER, STAKE, default, wait, with};
use crate::rejections::Case as Rejected;
use crate::stakes::{change, staked};
use crate::transfer::transfer;
use crate::world::{RICH, World, public};

const FINDER: u8 = 2;
const OTHER: u8 = 3;
/// Nobody knows that it has to do with the node.
const PLANTER: u8 = 4;
/// Where the first job may be dated that a plant of epoch 1 is for.
const FIRST: u64 = 50;

pub(crate) const REJECTIONS: &[Rejected] = &[
    (Rejection::PlantThere, |world| {
        let field = sown(world, FIRST);
        world.signed(PLANTER, &field.putting(0))
    }),
    (Rejection::NoPlant, |world| {
        let field = Field::of(world, FIRST);
        let found = field.accused(world, FINDER, 0);
        world.signed(OWNER, &field.meeting(&found))
    }),
    (Rejection::NotPlanter, |world| {
        let field = sown(world, FIRST);
        world.signed(OWNER, &field.end(Some(field.hidden)))
    }),
    (Rejection::PlantOther, |world| {
        let mut field = sown(world, FIRST);
        field.hidden.salt[0] ^= 1;
        let found = field.accused(world, FINDER, 0);
        world.signed(OWNER, &field.meeting(&found))
    }),
    (Rejection::PlantTime, |world| {
        let field = sown(world, FIRST - 1);
        let found = field.accused(world, FINDER, 0);
        world.signed(OWNER, &field.meeting(&found))
    }),
];

/// A node, a job that it answers, and what it commits to beforehand.
struct Field {
    node: NodeId,
    terms: JobLeaf,
    slot: PlantSlot,
    hidden: Planted,
}

/// A dispute about the answer.
struct Found {
    slot: DisputeSlot,
    claim: DisputeSlot,
    step: ClaimedStep,
    challenger: PublicKey,
}

fn job(height: u64) -> Job {
    let fields = JobFields {
        terms: Terms {
            kind: WorkKind::Generate,
            model: [9; 32],
            arithmetic: 1,
            sampling: 1,
            nonce_by: NonceChooser::Client,
            beacon_height: height,
            requester: PublicKey::NONE,
            consent: AuditConsent::Open,
        },
        nonce: [3; 32],
        prompt: vec![1, 2, 3],
        parameters: Default::default(),
        choices: 1,
        stop: StopRule { tokens_max: 64, tokens: Vec::new(), strings: Vec::new() },
        rendered: Rendered::Nobody,
    };
    Job::new(fields).unwrap()
}

impl Field {
    /// In a world of its own where nothing costs a fee, in epoch 1. The job is dated by this height.
    fn of(at: &mut World, height: u64) -> Self {
        let free = [
            Parameter::FeeByte,
            Parameter::FeeWork,
            Parameter::FeeState,
            Parameter::SilenceFee,
            Parameter::PlantPay,
        ];
        *at = with(&free.map(|parameter| (parameter, 0)));
        let node = staked(at, OWNER, STAKE);
        at.take(OWNER, &transfer(OPERATOR, 1_000_000));
        let salts = Salts { network: at.network(), blind: Blind([4; 32]) };
        let job = job(height);
        let terms = job.show(&salts, 0).unwrap();
        let job: Digest = job.commitment(&salts);
        let start = EpochStart {
            height: Height(FIRST),
            time: Time(5),
            beacon: [0; 32],
            judged: Epoch(243),
        };
        at.put(&EpochStartSlot(Epoch(3)), &start);
        let slot = PlantSlot { planter: public(PLANTER), epoch: Epoch(1), index: 0 };
        let hidden = Planted { node, job, choice: 0, position: 2, salt: [5; 32] };
        Self { node, terms, slot, hidden }
    }

    fn putting(&self, index: u8) -> Action {
        Action::Plant(PutPlant { epoch: self.slot.epoch, index, commitment: [0; 32] })
    }

    fn put(&self, world: &mut World, name: u8) {
        let commitment = self.hidden.commitment(world.network());
        let PlantSlot { epoch, index, .. } = self.slot;
        world.take(name, &Action::Plant(PutPlant { epoch, index, commitment }));
    }

    /// As if this key had disputed the answer when a plant paid the default, with a bond that is so much above the usual one.
    fn accused(&self, world: &mut World, name: u8, beyond: u128) -> Found {
        let Planted { job, choice, position, .. } = self.hidden;
        let (kind, what) = (1, 77);
        let step = ClaimedStep { worker: public(OPERATOR), job, choice, position, kind, what };
        let challenger = public(name);
        let slot = step.disputed_by(world.network(), challenger);
        let bond = Bond { usual: Amount(default(Parameter::Bond)), beyond: Amount(beyond) };
        let account = world.account(name);
        let balance = Amount(account.balance.0 - bond.all().unwrap().0);
        world.put(&AccountSlot(challenger), &Account { balance, ..account });
        let cost = Amount(default(Parameter::Slash));
        change(world, self.node, |node| {
            node.disputes += 1;
            node.owed.cases = node.owed.cases.plus(cost).unwrap();
        });
        let case = Case {
            stage: Stage::Claimant,
            deadline: world.header.time.after(60_000),
            claim: step.slot(world.network()).0,
            package: PackageSlot { model: [9; 32], publisher: public(5) },
            program: [8; 32],
            matter: Matter::Claim,
            begun: false,
            bond,
            cost,
            promised: Promised {
                share: 250_000,
                silence_fee: Amount(default(Parameter::SilenceFee)),
                plant_pay: Amount(default(Parameter::PlantPay)),
            },
            held: Amount::ZERO,
            appellant: PublicKey::NONE,
            rewarded: true,
            appeal_bond: Amount::ZERO,
            state: [7; 32],
        };
        let course = Course::Open(Box::new(case));
        let opened = world.header.time;
        world.put(&slot, &Dispute { node: self.node, challenger, opened, course });
        check_books(world);
        Found { slot, claim: step.slot(world.network()), step, challenger }
    }

    fn meeting_by(&self, found: &Found, plant: PlantSlot) -> Action {
        let ClaimedStep { worker, choice, position, kind, what, .. } = found.step;
        Action::PlantMeet(Box::new(MeetPlant {
            dispute: found.slot,
            node: self.node,
            plant,
            worker,
            step: DisputedStep { choice, position, kind, what },
            challenger: found.challenger,
            salt: self.hidden.salt,
            terms: self.terms.clone(),
        }))
    }

    fn meeting(&self, found: &Found) -> Action {
        self.meeting_by(found, self.slot)
    }

    fn ending(&self, found: &Found) -> Action {
        Action::DisputeEnd(Box::new(DisputeEnd {
            dispute: found.slot,
            node: self.node,
            owner: public(OWNER),
            challenger: found.challenger,
            appellant: PublicKey::NONE,
            claim: found.claim.0,
        }))
    }

    fn end(&self, opening: Option<Planted>) -> Action {
        Action::PlantEnd(PlantEnd { slot: self.slot, opening })
    }

    fn node(&self, world: &World) -> Node {
        world.record(&NodeSlot(self.node)).unwrap()
    }
}

/// A plant of epoch 1, and a job that is dated by this height.
fn sown(world: &mut World, height: u64) -> Field {
    let field = Field::of(world, height);
    field.put(world, PLANTER);
    field
}

fn course(world: &World, found: &Found) -> Course {
    world.record(&found.slot).unwrap().course
}

/// What keys have and what stands behind the node together.
fn together(world: &World, field: &Field, names: &[u8]) -> u128 {
    let purses: u128 = names.iter().map(|name| world.account(*name).balance.0).sum();
    let plant = world.record(&field.slot).map_or(0, |plant| plant.bond.0);
    purses + plant + field.node(world).stake.0
}

fn rejected(world: &World, name: u8, action: &Action) -> Option<Rejection> {
    world.rejection(&world.signed(name, action))
}

#[test]
fn a_plant_pays_who_finds_it_and_costs_its_node_no_stake() {
    let mut world = World::new();
    let field = sown(&mut world, FIRST);
    let put_in = default(Parameter::PlantBond);
    assert_eq!(world.account(PLANTER).balance.0, RICH - put_in);
    let found = field.accused(&mut world, FINDER, 0);
    let before = world.account(FINDER).balance.0;
    // The operator's key may, too.
    world.take(OPERATOR, &field.meeting(&found));
    let Course::Open(case) = course(&world, &found) else { panic!("it is not ended yet") };
    assert_eq!(case.stage, Stage::Decided(Outcome::Planted));
    world.take(OTHER, &field.ending(&found));
    check_books(&world);
    let (bond, pay) = (default(Parameter::Bond), default(Parameter::PlantPay));
    assert_eq!(world.account(FINDER).balance.0 - before, bond + pay);
    assert_eq!(course(&world, &found), Course::Ended(Outcome::Planted));
    let node = field.node(&world);
    assert_eq!((node.stake, node.owed.cases, node.disputes), (Amount(STAKE), Amount::ZERO, 0));
    assert_eq!(node.jailed_until, Time(0));
    let claim = world.record(&found.claim).map(|left| (left.node, left.challenger, left.course));
    let planted = Course::Ended(Outcome::Planted);
    assert_eq!(claim, Some((field.node, public(FINDER), planted)), "nothing is called a fraud");
    let plant = world.record(&field.slot).unwrap();
    assert_eq!((plant.bond, plant.met), (Amount(put_in - pay), true));
}

#[test]
fn a_clients_real_job_is_never_called_a_plant() {
    // Dated in the epoch of the plant or the one after it: the client may have asked before the plant was there.
    for height in [1, FIRST - 1] {
        let mut world = World::new();
        let field = sown(&mut world, height);
        let found = field.accused(&mut world, FINDER, 0);
        assert_eq!(rejected(&world, OWNER, &field.meeting(&found)), Some(Rejection::PlantTime));
    }
    // Without a date nobody knows when it was asked.
    let mut world = World::new();
    let field = sown(&mut world, 0);
    let found = field.accused(&mut world, FINDER, 0);
    assert_eq!(rejected(&world, OWNER, &field.meeting(&found)), Some(Rejection::PlantTime));
    // The date is the job's own, not another job's.
    let mut world = World::new();
    let mut field = sown(&mut world, 1);
    let found = field.accused(&mut world, FINDER, 0);
    let salts = Salts { network: world.network(), blind: Blind([4; 32]) };
    field.terms = job(FIRST).show(&salts, 0).unwrap();
    assert_eq!(rejected(&world, OWNER, &field.meeting(&found)), Some(Rejection::DisputeNames));
    // Nor another leaf's bytes.
    field.terms = job(FIRST).show(&salts, 3).unwrap();
    assert_eq!(rejected(&world, OWNER, &field.meeting(&found)), Some(Rejection::PlantOther));
    // The epoch that the job has to be dated in has not begun: nothing says so.
    let mut world = World::new();
    let field = sown(&mut world, FIRST);
    let found = field.accused(&mut world, FINDER, 0);
    let other = PlantSlot { epoch: Epoch(2), ..field.slot };
    let plant = world.record(&field.slot).unwrap();
    world.put(&other, &plant);
    let meeting = field.meeting_by(&found, other);
    assert_eq!(rejected(&world, OWNER, &meeting), Some(Rejection::PlantTime));
}

#[test]
fn a_plant_that_is_met_twice_pays_once() {
    let mut world = World::new();
    let field = sown(&mut world, FIRST);
    let first = field.accused(&mut world, FINDER, 0);
    let second = field.accused(&mut world, OTHER, 9_000);
    world.take(OWNER, &field.meeting(&first));
    // The same dispute is decided, and then it is none.
    assert_eq!(rejected(&world, OWNER, &field.meeting(&first)), Some(Rejection::NotAsked));
    world.take(OTHER, &field.ending(&first));
    assert_eq!(rejected(&world, OWNER, &field.meeting(&first)), Some(Rejection::NoDispute));
    let claim = world.record(&first.claim).unwrap();
    // Another one about the same answer goes against nobody's stake either, and gets what it put in.
    let before = world.account(OTHER).balance.0;
    world.take(OWNER, &field.meeting(&second));
    world.take(FINDER, &field.ending(&second));
    check_books(&world);
    assert_eq!(world.account(OTHER).balance.0 - before, default(Parameter::Bond));
    let left = default(Parameter::PlantBond) - default(Parameter::PlantPay);
    assert_eq!(world.record(&field.slot).unwrap().bond, Amount(left));
    assert_eq!(field.node(&world).stake, Amount(STAKE));
    assert_eq!(world.record(&first.claim), Some(claim), "it says whose was the first");
}

/// Else a friend who finds a plant first would shelter what others refute.
#[test]
fn a_plant_that_is_not_shown_again_is_refuted_as_ever_and_stays_so() {
    let mut world = World::new();
    let field = sown(&mut world, FIRST);
    let accused = [FINDER, OTHER, PLANTER].map(|name| field.accused(&mut world, name, 0));
    world.take(OWNER, &field.meeting(&accused[0]));
    world.take(OTHER, &field.ending(&accused[0]));
    let Dispute { node, challenger, opened, course } = world.record(&accused[1].slot).unwrap();
    let Course::Open(mut case) = course else { panic!("it is open") };
    case.stage = Stage::Decided(Outcome::ClaimantRefuted);
    let course = Course::Open(case);
    world.put(&accused[1].slot, &Dispute { node, challenger, opened, course });
    world.take(FINDER, &field.ending(&accused[1]));
    let refuted = Course::Ended(Outcome::ClaimantRefuted);
    assert_eq!(world.record(&accused[1].claim).unwrap().course, refuted);
    assert_eq!(field.node(&world).stake, Amount(STAKE - default(Parameter::Slash)));
    world.take(OWNER, &field.meeting(&accused[2]));
    world.take(OTHER, &field.ending(&accused[2]));
    assert_eq!(world.record(&accused[2].claim).unwrap().course, refuted);
    check_books(&world);
}

#[test]
fn a_full_list_is_emptied_by_plants_for_no_less_than_by_fraud() {
    let mut world = World::new();
    let field = sown(&mut world, FIRST);
    let found = field.accused(&mut world, FINDER, 32_000_000);
    let before = (world.account(FINDER).balance.0, world.account(OWNER).balance.0);
    world.take(OWNER, &field.meeting(&found));
    world.take(OTHER, &field.ending(&found));
    let gained = world.account(FINDER).balance.0 - before.0;
    let whole = default(Parameter::Bond) + 32_000_000;
    assert_eq!(gained, whole + default(Parameter::PlantPay), "who finds it first loses nothing");
    assert_eq!(before.1 - world.account(OWNER).balance.0, 32_000_000, "who planted it does");
    // Who has not so much can't.
    let mut world = World::new();
    let field = sown(&mut world, FIRST);
    let found = field.accused(&mut world, FINDER, 32_000_000);
    assert_eq!(rejected(&world, OPERATOR, &field.meeting(&found)), Some(Rejection::Balance));
}

#[test]
fn nobody_uses_another_nodes_plant() {
    let mut world = World::new();
    let field = sown(&mut world, FIRST);
    let other = staked(&mut world, OTHER, STAKE);
    // The same job, but said to be the other node's.
    let slot = PlantSlot { planter: public(OTHER), ..field.slot };
    let hidden = Planted { node: other, ..field.hidden };
    let commitment = hidden.commitment(world.network());
    let (epoch, index) = (slot.epoch, slot.index);
    world.take(OTHER, &Action::Plant(PutPlant { epoch, index, commitment }));
    let found = field.accused(&mut world, FINDER, 0);
    let meeting = field.meeting_by(&found, slot);
    assert_eq!(rejected(&world, OWNER, &meeting), Some(Rejection::PlantOther));
    let mut named = meeting;
    if let Action::PlantMeet(meeting) = &mut named {
        meeting.node = other;
    }
    assert_eq!(rejected(&world, OTHER, &named), Some(Rejection::DisputeNames));
    // Nor does a stranger decide a node's dispute, though he knows what it hides; who put it neither.
    for name in [FINDER, OTHER, PLANTER] {
        assert_eq!(rejected(&world, name, &field.meeting(&found)), Some(Rejection::NotNode));
    }
}

#[test]
fn a_plant_opens_to_one_step_of_one_job() {
    let mut world = World::new();
    let sound = sown(&mut world, FIRST);
    let changes: [fn(&mut Field); 3] = [
        |field| field.hidden.choice = 1,
        |field| field.hidden.position = 3,
        |field| field.hidden.salt[31] ^= 1,
    ];
    for change in changes {
        let Field { node, ref terms, slot, hidden } = sound;
        let mut field = Field { node, terms: terms.clone(), slot, hidden };
        change(&mut field);
        let mut world = world.clone();
        let found = field.accused(&mut world, FINDER, 0);
        assert_eq!(rejected(&world, OWNER, &field.meeting(&found)), Some(Rejection::PlantOther));
    }
    // The dispute that is named is the one that the body describes.
    let mut found = sound.accused(&mut world, FINDER, 0);
    found.step.what += 1;
    assert_eq!(rejected(&world, OWNER, &sound.meeting(&found)), Some(Rejection::DisputeNames));
    found.step.what -= 1;
    found.challenger = public(OTHER);
    assert_eq!(rejected(&world, OWNER, &sound.meeting(&found)), Some(Rejection::DisputeNames));
}

/// Later it would let its accuser pay for a whole dispute.
#[test]
fn a_plant_is_met_instead_of_the_first_move() {
    let mut world = World::new();
    let field = sown(&mut world, FIRST);
    let found = field.accused(&mut world, FINDER, 0);
    let at = |world: &World, stage: Stage, begun: bool| {
        let mut world = world.clone();
        let Dispute { node, challenger, opened, course } = world.record(&found.slot).unwrap();
        let Course::Open(mut case) = course else { panic!("it is open") };
        (case.stage, case.begun) = (stage, begun);
        world.put(&found.slot, &Dispute { node, challenger, opened, course: Course::Open(case) });
        rejected(&world, OWNER, &field.meeting(&found))
    };
    assert_eq!(at(&world, Stage::Claimant, false), None);
    assert_eq!(at(&world, Stage::Claimant, true), Some(Rejection::NotAsked));
    assert_eq!(at(&world, Stage::Challenger, true), Some(Rejection::NotAsked));
    assert_eq!(at(&world, Stage::Silent, false), Some(Rejection::NotAsked));
    let decided = Stage::Decided(Outcome::ClaimantRefuted);
    assert_eq!(at(&world, decided, true), Some(Rejection::NotAsked), "what was proved stays so");
    wait(&mut world);
    assert_eq!(at(&world, Stage::Claimant, false), Some(Rejection::MoveLate));
}

#[test]
fn a_plant_has_its_time() {
    let mut world = World::new();
    let field = sown(&mut world, FIRST);
    let epochs = u64::try_from(default(Parameter::PlantEpochs)).unwrap();
    let opened = field.end(Some(field.hidden));
    let found = field.accused(&mut world, FINDER, 0);
    // Its time is that of when it was put.
    world.set(&[(Parameter::PlantEpochs, 300)]);
    world.epoch(Epoch(1 + epochs));
    assert_eq!(rejected(&world, PLANTER, &opened), Some(Rejection::PlantTime));
    world.epoch(Epoch(2 + epochs));
    // Once it was met everybody knows what it hides. It stays its planter's to say when it is not needed any more.
    for name in [OTHER, OWNER] {
        assert_eq!(rejected(&world, name, &opened), Some(Rejection::NotPlanter));
    }
    assert_eq!(rejected(&world, OTHER, &field.end(None)), Some(Rejection::PlantTime));
    let hidden = Planted { position: 9, ..field.hidden };
    assert_eq!(rejected(&world, PLANTER, &field.end(Some(hidden))), Some(Rejection::PlantOther));
    assert_eq!(rejected(&world, PLANTER, &opened), None);
    world.epoch(Epoch(1 + 2 * epochs));
    assert_eq!(rejected(&world, OWNER, &field.meeting(&found)), None);
    assert_eq!(rejected(&world, OTHER, &field.end(None)), Some(Rejection::PlantTime));
    world.epoch(Epoch(2 + 2 * epochs));
    assert_eq!(rejected(&world, OWNER, &field.meeting(&found)), Some(Rejection::PlantTime));
    let burnt = |world: &World| world.record(&chain::records::PurseSlot).unwrap().burnt.0;
    let before = burnt(&world);
    world.take(OTHER, &field.end(None));
    assert_eq!(burnt(&world) - before, default(Parameter::PlantBond));
    assert_eq!(world.record(&field.slot), None);
}

#[test]
fn who_says_what_a_plant_was_gets_its_bond_back() {
    let mut world = World::new();
    let field = sown(&mut world, FIRST);
    let epochs = u64::try_from(default(Parameter::PlantEpochs)).unwrap();
    world.epoch(Epoch(2 + epochs));
    let before = world.account(PLANTER).balance.0;
    world.take(PLANTER, &field.end(Some(field.hidden)));
    assert_eq!(world.account(PLANTER).balance.0 - before, default(Parameter::PlantBond));
    assert_eq!(rejected(&world, PLANTER, &field.putting(0)), Some(Rejection::EpochOther));
}

#[test]
fn a_key_has_so_many_plants_of_an_epoch() {
    let mut world = World::new();
    let field = sown(&mut world, FIRST);
    assert_eq!(rejected(&world, OPERATOR, &field.putting(1)), Some(Rejection::Balance));
    let most = u8::try_from(default(Parameter::PlantsEpoch)).unwrap();
    (1..most).for_each(|index| world.take(PLANTER, &field.putting(index)));
    for index in [most, u8::MAX] {
        let putting = field.putting(index);
        assert_eq!(rejected(&world, PLANTER, &putting), Some(Rejection::PlantThere));
    }
    assert_eq!(rejected(&world, FINDER, &field.putting(0)), None, "each key has its own");
    world.epoch(Epoch(2));
    assert_eq!(rejected(&world, PLANTER, &field.putting(0)), Some(Rejection::EpochOther));
}

#[test]
fn a_planter_that_was_away_takes_its_case_up_first() {
    let mut world = World::new();
    let field = sown(&mut world, FIRST);
    let found = field.accused(&mut world, FINDER, 0);
    wait(&mut world);
    let (dispute, node) = (found.slot, field.node);
    world.take(OTHER, &Action::DisputeLate(DisputeLate { dispute, node }));
    let slash = default(Parameter::Slash);
    assert_eq!(field.node(&world).stake, Amount(STAKE - slash));
    assert_eq!(rejected(&world, OWNER, &field.meeting(&found)), Some(Rejection::NotAsked));
    world.take(OWNER, &Action::Appeal(Appeal { dispute, node }));
    let before = world.account(OWNER).balance.0;
    world.take(OWNER, &field.meeting(&found));
    let mut ending = field.ending(&found);
    if let Action::DisputeEnd(end) = &mut ending {
        end.appellant = public(OWNER);
    }
    world.take(OTHER, &ending);
    check_books(&world);
    // As whoever wins a case that it had slept over: its bond is back, as much of what was held is lost.
    let bond = default(Parameter::Bond);
    assert_eq!(world.account(OWNER).balance.0 - before, bond);
    let node = field.node(&world);
    assert_eq!(
        (node.stake, node.debt, node.owed.cases),
        (Amount(STAKE - bond), Amount(0), Amount(0))
    );
}

/// Whether the planted token is false nobody asks: it is its planter's money alone that moves.
#[test]
fn a_false_planter_wins_nothing_from_its_friend() {
    let mut world = World::new();
    let field = sown(&mut world, FIRST);
    let friends = [OWNER, OPERATOR, FINDER, PLANTER];
    let before = together(&world, &field, &friends);
    for beyond in [0, 5_000_000] {
        let mut world = world.clone();
        let found = field.accused(&mut world, FINDER, beyond);
        world.take(OWNER, &field.meeting(&found));
        world.take(OTHER, &field.ending(&found));
        world.epoch(Epoch(2 + u64::try_from(default(Parameter::PlantEpochs)).unwrap()));
        world.take(PLANTER, &field.end(Some(field.hidden)));
        assert_eq!(before - together(&world, &field, &friends), beyond);
    }
}
