//! Kinds 10 to 12: the program of a tiny model, packages of it by several publishers, some with parts that are not its
//! own, and their withdrawal.
//!
//! Never a large one: what a program costs is measured elsewhere.

use chain::records::Held;
use commit::Network;
use ledger::tx::{Action, PackageWithdraw, PublishPackage, PublishProgram};
use package::{About, File, Manifest, Part, PartKind, Shards, UnitsBuilder, sign};
use program::Checked;
use program::tiny::Shape;
use std::sync::LazyLock;

use super::Wish;
use crate::keys::{ACTORS, actor, key_of};
use crate::random::Random;
use crate::scene::Scene;

/// Who publishes.
const PUBLISHERS: usize = 6;
/// Packages that differ in the card alone.
const CARDS: u8 = 4;

/// A tiny model's parts.
struct Tiny {
    program: Vec<u8>,
    units: Vec<u8>,
    weights: Vec<u8>,
    file: File,
}

/// Made once: every seed publishes the same.
static TINY: LazyLock<Tiny> = LazyLock::new(tiny);

/// The bytes of its one file.
pub(super) fn weights() -> &'static [u8] {
    &TINY.weights
}

pub(super) fn make(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let has_program = scene.held.iter().any(|held| matches!(held, Held::Program(..)));
    let payer = actor(random.index(ACTORS));
    if !has_program && !random.once_in(4) || random.once_in(12) {
        return Some(Wish { payer, action: program(random) });
    }
    if random.once_in(3) {
        return withdrawn(random, scene);
    }
    let network = match random.once_in(12) {
        true => Network::OFFLINE,
        false => scene.state.network(),
    };
    let manifest = manifest(random)?;
    let publisher = actor(random.index(PUBLISHERS));
    let signature = sign(manifest.id(), &publisher.secret, network).signature();
    let package = PublishPackage { manifest, publisher: publisher.public, signature };
    Some(Wish { payer, action: Action::Package(Box::new(package)) })
}

fn withdrawn(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let packages = scene
        .held
        .iter()
        .filter_map(|held| if let Held::Package(slot, _) = held { Some(*slot) } else { None });
    let slot = *random.choose(&packages.collect::<Vec<_>>())?;
    let payer = match random.once_in(8) {
        true => actor(random.index(ACTORS)),
        false => key_of(&slot.publisher)?,
    };
    Some(Wish { payer, action: Action::PackageWithdraw(PackageWithdraw { model: slot.model }) })
}

fn program(random: &mut Random) -> Action {
    let mut program = TINY.program.clone();
    if random.once_in(6) {
        random.spoil(&mut program);
    }
    Action::Program(PublishProgram { program })
}

fn manifest(random: &mut Random) -> Option<Manifest> {
    let card = [random.byte() % CARDS];
    let odd = random.once_in(8);
    let parts = PartKind::ALL.map(|part| match part {
        PartKind::Program => Part::of(&TINY.program),
        PartKind::Units if odd => Part::of(&TINY.units[1..]),
        PartKind::Units => Part::of(&TINY.units),
        PartKind::Tokenizer | PartKind::TokenBytes | PartKind::Defaults => Part::of(b"some bytes"),
        PartKind::Card => Part::of(&card),
        PartKind::Template | PartKind::Quality => None,
    });
    Manifest::new(About::default(), parts, vec![TINY.file.clone()]).ok()
}

fn tiny() -> Tiny {
    let (shape, weights) = (Shape::default(), Shape::default().weights());
    let checked = Checked::new(shape.program()).expect("the tiny model's program is sound");
    let mut units = UnitsBuilder::new(&checked);
    for tensor in &checked.program().tensors {
        let start = usize::try_from(tensor.location.offset).expect("it is tiny");
        let length = usize::try_from(tensor.bytes()).expect("it is tiny");
        units.add(tensor, &weights[start..start + length]).expect("the tensor is whole");
    }
    let units = units.finish().expect("every tensor was added").encode();
    let mut shards = Shards::new();
    shards.update(&weights);
    let file = File { name: "model.gguf".into(), hashes: shards.finish() };
    Tiny { program: checked.encode(), units, weights, file }
}
