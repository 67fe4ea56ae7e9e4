//! Kinds 64 to 66: a chunk of a model that its worker does not show.

use chain::records::{KeyRole, Node, NodeId, NodeSlot, Package, PackageSlot, Part, WithheldSlot};
use chain::{Amount, Epoch, Time};
use dispute::Slice;
use ledger::tx::{Action, AnswerPart, PartLate, PartOpen};
use ledger::{AskedOf, Parameter, Rejection};
use receipt::{Envelope, Signature};

use crate::dates::late;
use crate::disputes::check_books;
use crate::missing::{OPERATOR, OWNER, STAKE, default, gained, receipt, wait, windows};
use crate::nodes::key;
use crate::rejections::Case;
use crate::stakes::staked;
use crate::world::{World, public, secret};

const ASKER: u8 = 2;
const OTHER: u8 = 3;
const PUBLISHER: u8 = 5;
/// Bytes of the model's files: three chunks of which the last is short, none, one whole, one short.
const FILES: [usize; 4] = [2_500, 0, 1_024, 10];

pub(crate) const REJECTIONS: &[Case] = &[
    (Rejection::NoChunk, |world| {
        let asked = Asked::of(world, 0, 3);
        world.signed(ASKER, &asked.opening())
    }),
    (Rejection::PartThere, |world| {
        let asked = opened(world, 0, 2);
        world.signed(OTHER, &asked.opening())
    }),
    (Rejection::NoPart, |world| {
        let asked = Asked::of(world, 0, 2);
        world.signed(OTHER, &asked.late())
    }),
    (Rejection::ChunkOther, |world| {
        let asked = opened(world, 0, 2);
        world.signed(OTHER, &asked.answer(slice(0, 1)))
    }),
];

fn file(at: usize) -> Vec<u8> {
    (0..FILES[at]).map(|place| u8::try_from((place + at) % 251).unwrap()).collect()
}

/// A chunk as whoever has the file shows it.
fn slice(at: usize, chunk: u64) -> Slice {
    let file = file(at);
    let range = 1_024 * chunk..(1_024 * (chunk + 1)).min(file.len() as u64);
    Slice::of(&file, std::slice::from_ref(&range)).unwrap()
}

/// A node, a receipt of it about a published model, and what is asked for.
struct Asked {
    node: NodeId,
    open: PartOpen,
    slot: WithheldSlot,
}

impl Asked {
    /// In a world of its own.
    fn of(at: &mut World, file_at: u16, chunk: u64) -> Self {
        *at = windows();
        let node = staked(at, OWNER, STAKE);
        publish(at, PUBLISHER, None);
        let receipt = receipt(at);
        let network = at.network();
        let signature = Envelope::seal(&receipt, &secret(OPERATOR), network).unwrap().signature();
        let slot = WithheldSlot::of(network, receipt.worker, &receipt.model, (file_at, chunk));
        let publisher = public(PUBLISHER);
        let open = PartOpen { node, receipt, signature, publisher, file: file_at, chunk };
        Self { node, open, slot }
    }

    fn opening(&self) -> Action {
        Action::PartOpen(Box::new(self.open.clone()))
    }

    fn answer(&self, slice: Slice) -> Action {
        let of = AskedOf { node: self.node, owner: public(OWNER), challenger: public(ASKER) };
        Action::PartAnswer(Box::new(AnswerPart { part: self.slot, of, slice }))
    }

    fn late(&self) -> Action {
        let (part, node, challenger) = (self.slot, self.node, public(ASKER));
        Action::PartLate(PartLate { part, node, challenger })
    }

    fn node(&self, world: &World) -> Node {
        world.record(&NodeSlot(self.node)).unwrap()
    }
}

/// The package of the receipt's model, as if this key had published it.
fn publish(world: &mut World, publisher: u8, withdrawn: Option<Time>) {
    let slot = PackageSlot { model: [9; 32], publisher: public(publisher) };
    let part = |bytes: &[u8]| Part { hash: blake3::hash(bytes).into(), bytes: bytes.len() as u64 };
    let files = (0..FILES.len()).map(|at| part(&file(at))).collect();
    let units = part(&[]);
    world.put(&slot, &Package { published: Time(1), withdrawn, program: [8; 32], units, files });
}

fn opened(world: &mut World, file_at: u16, chunk: u64) -> Asked {
    let asked = Asked::of(world, file_at, chunk);
    world.take(ASKER, &asked.opening());
    asked
}

/// Every chunk that there is.
const CHUNKS: [(u16, u64); 5] = [(0, 0), (0, 1), (0, 2), (2, 0), (3, 0)];

#[test]
fn a_worker_that_shows_a_chunk_is_paid_for_the_trouble() {
    for (file_at, chunk) in CHUNKS {
        let mut world = World::new();
        let asked = opened(&mut world, file_at, chunk);
        let node = asked.node(&world);
        assert_eq!((node.disputes, node.owed.cases), (1, Amount(default(Parameter::Slash))));
        let answer = asked.answer(slice(file_at.into(), chunk));
        let got = gained(&mut world, OWNER, |world| world.take(OTHER, &answer));
        assert_eq!(got, default(Parameter::Bond) / 2);
        let node = asked.node(&world);
        assert_eq!((node.disputes, node.owed.cases, node.stake), (0, Amount::ZERO, Amount(STAKE)));
        assert_eq!(world.record(&asked.slot), None);
    }
}

/// Nothing is won by asking who sleeps.
#[test]
fn asking_costs_more_than_silence_pays() {
    let mut world = World::new();
    let asked = Asked::of(&mut world, 0, 1);
    let before = world.account(ASKER).balance.0;
    world.take(ASKER, &asked.opening());
    let cost = before - default(Parameter::Bond) - world.account(ASKER).balance.0;
    assert!(cost > default(Parameter::SilenceFee), "{cost}");
}

#[test]
fn nothing_but_the_chunk_itself_is_an_answer() {
    let mut world = World::new();
    let asked = opened(&mut world, 0, 2);
    let sound = slice(0, 2);
    assert_eq!(sound.chunks.len(), 2_500 - 2 * 1_024, "the last chunk is short");
    let mut others = vec![slice(0, 0), slice(0, 1), slice(2, 0), slice(3, 0), Slice::default()];
    let mut more = |change: fn(&mut Slice)| {
        let mut other = sound.clone();
        change(&mut other);
        others.push(other);
    };
    more(|other| other.chunks[7] ^= 1);
    more(|other| other.chunks.push(0));
    more(|other| other.chunks.truncate(451));
    more(|other| other.chunks.resize(1_024, 0));
    more(|other| other.beside[0][0] ^= 1);
    more(|other| other.beside.push([0; 32]));
    more(|other| other.beside.clear());
    for other in others {
        let answer = world.signed(OTHER, &asked.answer(other));
        assert_eq!(world.rejection(&answer), Some(Rejection::ChunkOther));
    }
    let answer = world.signed(OTHER, &asked.answer(sound));
    assert_eq!(world.rejection(&answer), None);
}

#[test]
fn an_answer_is_never_more_than_a_chunk_and_its_hashes() {
    let mut world = World::new();
    let asked = opened(&mut world, 0, 2);
    let long = Slice { chunks: vec![0; 1_025], beside: Vec::new() };
    let deep = Slice { chunks: Vec::new(), beside: vec![[0; 32]; 55] };
    for other in [long, deep] {
        let answer = world.signed(OTHER, &asked.answer(other));
        assert_eq!(world.rejection(&answer), Some(Rejection::Body));
    }
}

#[test]
fn a_chunk_that_no_file_has_is_not_asked_for() {
    let none = [(0, 3), (0, u64::MAX), (0, 1 << 54), (1, 0), (2, 1), (3, 1), (4, 0), (u16::MAX, 0)];
    for (file_at, chunk) in none {
        let mut world = World::new();
        let asked = Asked::of(&mut world, file_at, chunk);
        let open = world.signed(ASKER, &asked.opening());
        assert_eq!(world.rejection(&open), Some(Rejection::NoChunk), "{file_at} {chunk}");
    }
}

#[test]
fn only_who_signed_a_dated_receipt_about_the_model_is_asked() {
    let mut world = World::new();
    let sound = Asked::of(&mut world, 0, 0);
    let other = staked(&mut world, OTHER, 1);
    let why = |world: &World, change: &dyn Fn(&mut PartOpen)| {
        let mut open = sound.open.clone();
        change(&mut open);
        world.rejection(&world.signed(ASKER, &Action::PartOpen(Box::new(open))))
    };
    assert_eq!(why(&world, &|open| open.node = other), Some(Rejection::NotSigner));
    assert_eq!(why(&world, &|open| open.receipt.anchor_by = 0), Some(Rejection::NotDue));
    let unsigned = |open: &mut PartOpen| open.signature = Signature::NONE;
    assert_eq!(why(&world, &unsigned), Some(Rejection::ReceiptUnsigned));
    let stranger = |open: &mut PartOpen| open.publisher = public(OTHER);
    assert_eq!(why(&world, &stranger), Some(Rejection::PackageAbsent));
    let elsewhere = |open: &mut PartOpen| open.receipt.model = [7; 32];
    assert_eq!(why(&world, &elsewhere), Some(Rejection::PackageAbsent));
    // What was withdrawn was served, and its receipts are judged.
    publish(&mut world, PUBLISHER, Some(Time(2)));
    assert_eq!(why(&world, &|_| ()), None);
}

#[test]
fn who_else_published_the_model_makes_it_no_second_question() {
    let mut world = World::new();
    let mut asked = opened(&mut world, 0, 0);
    publish(&mut world, OTHER, None);
    asked.open.publisher = public(OTHER);
    let again = world.signed(OTHER, &asked.opening());
    assert_eq!(world.rejection(&again), Some(Rejection::PartThere));
    asked.open.chunk = 1;
    let next = world.signed(OTHER, &asked.opening());
    assert_eq!(world.rejection(&next), None);
}

#[test]
fn a_worker_that_was_away_loses_a_bond() {
    let mut world = World::new();
    let asked = opened(&mut world, 0, 2);
    let early = world.signed(OTHER, &asked.late());
    assert_eq!(world.rejection(&early), Some(Rejection::NotLate));
    wait(&mut world);
    let answer = asked.answer(slice(0, 2));
    let late = world.signed(OTHER, &answer);
    assert_eq!(world.rejection(&late), Some(Rejection::MoveLate));
    world.take(OTHER, &asked.late());
    let node = asked.node(&world);
    assert_eq!(node.stake, Amount(STAKE - default(Parameter::Slash)));
    assert!(node.jailed_until > world.header.time);
    let got = gained(&mut world, ASKER, |world| world.take(OTHER, &answer));
    assert_eq!(got, default(Parameter::Bond));
    let node = asked.node(&world);
    assert_eq!((node.disputes, node.stake.0), (0, STAKE - default(Parameter::Bond)));
}

#[test]
fn a_withholder_that_is_silent_twice_loses_what_is_held() {
    let mut world = World::new();
    let asked = opened(&mut world, 0, 2);
    wait(&mut world);
    world.take(OTHER, &asked.late());
    check_books(&world);
    let early = world.signed(OTHER, &asked.late());
    assert_eq!(world.rejection(&early), Some(Rejection::NotLate));
    wait(&mut world);
    let got = gained(&mut world, ASKER, |world| world.take(OTHER, &asked.late()));
    assert_eq!(got, default(Parameter::Bond) + default(Parameter::SilenceFee));
    let node = asked.node(&world);
    assert_eq!(node.stake, Amount(STAKE - default(Parameter::Slash)));
    assert_eq!((node.disputes, node.owed.cases, node.silences.count), (0, Amount::ZERO, 1));
    assert_eq!(world.record(&asked.slot), None);
    // It can be asked again, and is no more able to shut its ears.
    let again = world.signed(ASKER, &asked.opening());
    assert_eq!(world.rejection(&again), None);
}

#[test]
fn somebody_else_than_the_records_say_is_none_of_theirs() {
    let mut world = World::new();
    let asked = opened(&mut world, 0, 2);
    let sound = AskedOf { node: asked.node, owner: public(OWNER), challenger: public(ASKER) };
    let other = staked(&mut world, OTHER, 1);
    let named = [
        AskedOf { node: other, ..sound },
        // One that is not there is another, too.
        AskedOf { node: NodeId([9; 32]), ..sound },
        AskedOf { owner: public(OTHER), ..sound },
        AskedOf { challenger: public(OTHER), ..sound },
    ];
    for of in named {
        let answer = AnswerPart { part: asked.slot, of, slice: slice(0, 2) };
        let answer = world.signed(OTHER, &Action::PartAnswer(Box::new(answer)));
        assert_eq!(world.rejection(&answer), Some(Rejection::DisputeNames));
        let late = PartLate { part: asked.slot, node: of.node, challenger: of.challenger };
        let late = world.signed(OTHER, &Action::PartLate(late));
        let why =
            if of.owner == sound.owner { Rejection::DisputeNames } else { Rejection::NotLate };
        assert_eq!(world.rejection(&late), Some(why));
    }
}

/// By a receipt that is dated, as long as its jobs are judged, and of a key that could still anchor it then.
#[test]
fn a_chunk_is_asked_for_in_a_receipts_time() {
    for (given_up, epoch, found) in [
        (false, 1, None),
        (false, 2 + 240, None),
        (false, 2 + 241, Some(Rejection::NotDue)),
        (true, 3, Some(Rejection::KeyEnded)),
    ] {
        let mut world = World::new();
        let asked = Asked::of(&mut world, 0, 0);
        if given_up {
            let other = key(&world, (asked.node, KeyRole::Operator), OPERATOR, 60);
            world.take(OWNER, &other);
            world.at(Time(world.header.time.0 + late()));
        }
        world.epoch(Epoch(epoch));
        let opening = world.signed(ASKER, &asked.opening());
        assert_eq!(world.rejection(&opening), found, "{given_up} {epoch}");
    }
}
