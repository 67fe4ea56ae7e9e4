//! Kinds 61 to 63: a receipt that its worker did not show in its log.

use chain::records::{KeyRole, MissingSlot, Node, NodeId, NodeSlot, ParameterValues};
use chain::{Amount, Epoch, Time};
use ledger::tx::{Action, AnchorLog, AnswerMissing, MissingLate, MissingOpen};
use ledger::{AskedOf, Parameter, Rejection};
use receipt::log::{Log, LogLeaf};
use receipt::{
    Choice, Envelope, Head, MissingAnswer, Receipt, Signature, SignedHead, Stop, Usage, WorkKind,
};

use crate::dates::late;
use crate::disputes::check_books;
use crate::nodes::key;
use crate::rejections::Case;
use crate::stakes::{change, staked};
use crate::transfer::transfer;
use crate::world::{World, genesis, public, secret};

pub(crate) const OWNER: u8 = 1;
const ASKER: u8 = 2;
const OTHER: u8 = 3;
pub(crate) const OPERATOR: u8 = 100 + 3 * OWNER;
pub(crate) const STAKE: u128 = 300_000_000;
/// Where the receipt stands among the leaves, which are so many.
const PLACE: u64 = 2;
const LEAVES: u64 = 5;

pub(crate) const REJECTIONS: &[Case] = &[
    (Rejection::ReceiptUnsigned, |world| {
        let mut asked = due(world);
        asked.open.signature = Signature::NONE;
        world.signed(ASKER, &asked.opening())
    }),
    (Rejection::NotDue, |world| {
        let asked = Asked::of(world);
        world.signed(ASKER, &asked.opening())
    }),
    (Rejection::NotDue, |world| {
        let asked = Asked::of(world);
        world.epoch(Epoch(2 + 241));
        world.signed(ASKER, &asked.opening())
    }),
    (Rejection::KeyEnded, |world| {
        let asked = Asked::of(world);
        let other = key(world, (asked.node, KeyRole::Operator), OPERATOR, 60);
        world.take(OWNER, &other);
        world.at(Time(world.header.time.0 + late()));
        world.block(1, &[]);
        world.epoch(Epoch(3));
        world.signed(ASKER, &asked.opening())
    }),
    (Rejection::MissingThere, |world| {
        let asked = opened(world);
        world.signed(OTHER, &asked.opening())
    }),
    (Rejection::NoMissing, |world| {
        let asked = due(world);
        world.signed(OTHER, &asked.late())
    }),
    (Rejection::NotIncluded, |world| {
        let asked = opened(world);
        anchor(world, &asked);
        world.signed(OTHER, &asked.answer(PLACE + 1))
    }),
];

/// A node and a receipt of it.
struct Asked {
    node: NodeId,
    open: MissingOpen,
    slot: MissingSlot,
    log: Log,
    leaf: LogLeaf,
}

/// A world of short windows where these parameters are so, too.
pub(crate) fn with(values: &[(Parameter, u128)]) -> World {
    let mut genesis = genesis();
    let short = [(Parameter::MoveMs, 60_000), (Parameter::AppealMs, 60_000)];
    let values = short.iter().chain(values);
    let values = values.map(|(parameter, value)| (parameter.number(), *value));
    genesis.parameters = ParameterValues(values.collect());
    World::of(genesis)
}

/// A world of short windows.
pub(crate) fn windows() -> World {
    with(&[])
}

pub(crate) fn receipt(world: &World) -> Receipt {
    let head = Head { job: [5; 32], choice: 0, start: 0, prior: [0; 32], count: 3, root: [6; 32] };
    let head = SignedHead::sign(head, &secret(OPERATOR), world.network());
    Receipt {
        kind: WorkKind::Generate,
        job: [5; 32],
        model: [9; 32],
        arithmetic: 1,
        sampling: 1,
        consent: 2,
        anchor_by: 2,
        usage: Usage { prompt: 4, output: 3 },
        choices: vec![Choice { index: 0, segments: vec![head], stop: Stop::Length }],
        worker: public(OPERATOR),
    }
}

impl Asked {
    /// In a world of its own, before the receipt is due.
    fn of(at: &mut World) -> Self {
        *at = windows();
        let node = staked(at, OWNER, STAKE);
        at.take(OWNER, &transfer(OPERATOR, 1_000_000));
        let receipt = receipt(at);
        let network = at.network();
        let signature = Envelope::seal(&receipt, &secret(OPERATOR), network).unwrap().signature();
        let id = receipt.id(network);
        let slot = MissingSlot::of(network, &id);
        let leaf = LogLeaf { receipt: id, channel: [3; 32], from: 7, to: 9 };
        let place = |at: u64| match at == PLACE {
            true => leaf.hash(),
            false => LogLeaf::offline([u8::try_from(at).unwrap(); 32]).hash(),
        };
        let log = Log::over((0..LEAVES).map(place).collect());
        Self { node, open: MissingOpen { node, receipt, signature }, slot, log, leaf }
    }

    fn opening(&self) -> Action {
        Action::MissingOpen(Box::new(self.open.clone()))
    }

    fn answer(&self, index: u64) -> Action {
        let proof = self.log.inclusion(PLACE, LEAVES).unwrap();
        Action::MissingAnswer(Box::new(AnswerMissing {
            missing: self.slot,
            of: AskedOf { node: self.node, owner: public(OWNER), challenger: public(ASKER) },
            worker: public(OPERATOR),
            answer: MissingAnswer { leaf: self.leaf, index, proof },
        }))
    }

    fn late(&self) -> Action {
        let (missing, node, challenger) = (self.slot, self.node, public(ASKER));
        Action::MissingLate(MissingLate { missing, node, challenger })
    }

    fn node(&self, world: &World) -> Node {
        world.record(&NodeSlot(self.node)).unwrap()
    }
}

/// In the epoch after the one by which it was to be anchored.
fn due(world: &mut World) -> Asked {
    let asked = Asked::of(world);
    world.epoch(Epoch(3));
    asked
}

fn opened(world: &mut World) -> Asked {
    let asked = due(world);
    world.take(ASKER, &asked.opening());
    asked
}

fn anchor(world: &mut World, asked: &Asked) {
    let (size, root) = (asked.log.size(), asked.log.root());
    world.take(OPERATOR, &Action::Anchor(AnchorLog { size, root, proof: Vec::new() }));
}

pub(crate) fn wait(world: &mut World) {
    (0..7).for_each(|_| world.block(10_000, &[]));
    check_books(world);
}

pub(crate) fn default(parameter: Parameter) -> u128 {
    parameter.row().default
}

pub(crate) fn gained(world: &mut World, name: u8, step: impl FnOnce(&mut World)) -> u128 {
    let before = world.account(name).balance.0;
    step(world);
    check_books(world);
    world.account(name).balance.0 - before
}

#[test]
fn a_worker_that_shows_it_is_paid_for_the_trouble() {
    let mut world = World::new();
    let asked = opened(&mut world);
    let node = asked.node(&world);
    assert_eq!((node.disputes, node.owed.cases), (1, Amount(default(Parameter::Slash))));
    // It is not anchored yet.
    let early = world.signed(OTHER, &asked.answer(PLACE));
    assert_eq!(world.rejection(&early), Some(Rejection::NotIncluded));
    anchor(&mut world, &asked);
    let got = gained(&mut world, OWNER, |world| world.take(OTHER, &asked.answer(PLACE)));
    assert_eq!(got, default(Parameter::Bond) / 2);
    let node = asked.node(&world);
    assert_eq!((node.disputes, node.owed.cases, node.stake), (0, Amount::ZERO, Amount(STAKE)));
    assert_eq!(world.record(&asked.slot), None);
}

#[test]
fn a_worker_that_was_away_loses_a_bond() {
    let mut world = World::new();
    let asked = opened(&mut world);
    let early = world.signed(OTHER, &asked.late());
    assert_eq!(world.rejection(&early), Some(Rejection::NotLate));
    wait(&mut world);
    let late = world.signed(OTHER, &asked.answer(PLACE));
    assert_eq!(world.rejection(&late), Some(Rejection::MoveLate));
    world.take(OTHER, &asked.late());
    let node = asked.node(&world);
    assert_eq!(node.stake, Amount(STAKE - default(Parameter::Slash)));
    assert!(node.jailed_until > world.header.time);
    anchor(&mut world, &asked);
    let bond = default(Parameter::Bond);
    let got = gained(&mut world, ASKER, |world| world.take(OTHER, &asked.answer(PLACE)));
    assert_eq!(got, bond);
    let node = asked.node(&world);
    assert_eq!((node.disputes, node.stake), (0, Amount(STAKE - bond)));
}

#[test]
fn a_worker_that_stays_away_loses_what_is_held() {
    let mut world = World::new();
    let asked = opened(&mut world);
    wait(&mut world);
    world.take(OTHER, &asked.late());
    let early = world.signed(OTHER, &asked.late());
    assert_eq!(world.rejection(&early), Some(Rejection::NotLate));
    wait(&mut world);
    let got = gained(&mut world, ASKER, |world| world.take(OTHER, &asked.late()));
    assert_eq!(got, default(Parameter::Bond) + default(Parameter::SilenceFee));
    let node = asked.node(&world);
    assert_eq!(node.stake, Amount(STAKE - default(Parameter::Slash)));
    assert_eq!((node.disputes, node.silences.count), (0, 1));
    assert_eq!(world.record(&asked.slot), None);
}

/// No answer refutes a claim: what a bond is beyond the usual is lost, whoever is right.
#[test]
fn what_a_bond_is_beyond_the_usual_is_lost() {
    let bond = default(Parameter::Bond);
    for (silent, answered, to_asker, to_owner) in [
        (false, true, 0, bond / 2),
        (true, true, bond, 0),
        (true, false, bond + default(Parameter::SilenceFee), 0),
    ] {
        let mut world = World::new();
        let asked = due(&mut world);
        change(&mut world, asked.node, |node| node.disputes = 9);
        world.take(ASKER, &asked.opening());
        if silent {
            (0..7).for_each(|_| world.block(10_000, &[]));
            world.take(OTHER, &asked.late());
        }
        let last = match answered {
            true => asked.answer(PLACE),
            false => asked.late(),
        };
        match answered {
            true => anchor(&mut world, &asked),
            false => (0..7).for_each(|_| world.block(10_000, &[])),
        }
        let money = |world: &World| [ASKER, OWNER].map(|name| world.account(name).balance.0);
        let before = money(&world);
        world.take(OTHER, &last);
        let after = money(&world);
        assert_eq!([after[0] - before[0], after[1] - before[1]], [to_asker, to_owner]);
    }
}

/// Nothing is won by asking who sleeps.
#[test]
fn asking_costs_more_than_silence_pays() {
    let mut world = World::new();
    let asked = due(&mut world);
    let before = world.account(ASKER).balance.0;
    world.take(ASKER, &asked.opening());
    let cost = before - default(Parameter::Bond) - world.account(ASKER).balance.0;
    assert!(cost > default(Parameter::SilenceFee), "{cost}");
}

#[test]
fn a_receipt_that_nobody_promised_to_anchor_is_never_due() {
    let mut world = World::new();
    let mut asked = due(&mut world);
    asked.open.receipt.anchor_by = 0;
    let open = world.signed(ASKER, &asked.opening());
    assert_eq!(world.rejection(&open), Some(Rejection::NotDue));
    let other = staked(&mut world, OTHER, 1);
    asked.open.node = other;
    let open = world.signed(ASKER, &asked.opening());
    assert_eq!(world.rejection(&open), Some(Rejection::NotSigner));
}

/// A receipt is asked for as long as a job is judged, and under a key that could still anchor it.
#[test]
fn a_receipt_is_asked_for_in_its_time() {
    for (passed, epoch, found) in [
        (None, 2 + 240, None),
        (None, 2 + 241, Some(Rejection::NotDue)),
        (Some(0), 3, None),
        (Some(late() - 2), 3, None),
        (Some(late()), 3, Some(Rejection::KeyEnded)),
    ] {
        let mut world = World::new();
        let asked = Asked::of(&mut world);
        if let Some(passed) = passed {
            let other = key(&world, (asked.node, KeyRole::Operator), OPERATOR, 60);
            world.take(OWNER, &other);
            world.at(Time(world.header.time.0 + passed));
        }
        world.epoch(Epoch(epoch));
        let opening = world.signed(ASKER, &asked.opening());
        assert_eq!(world.rejection(&opening), found, "{passed:?} {epoch}");
    }
}
