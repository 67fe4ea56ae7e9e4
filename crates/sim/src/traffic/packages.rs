//! Kinds 10 to 12: the program of a tiny model, packages of it by several publishers, some with parts that are not its
//! own, and their withdrawal.
//!
//! Never a large one: what a program costs is measured elsewhere.

use chain::records::Held;
use commit::Network;
use ledger::tx::{Action, PackageWithdraw, PublishPackage, PublishProgram};
use package::{About, Manifest, Part, PartKind, sign};

use super::Wish;
use crate::keys::{ACTORS, actor, key_of};
use crate::random::Random;
use crate::scene::Scene;
use crate::tiny::TINY;

/// Who publishes.
const PUBLISHERS: usize = 6;
/// Packages that differ in the card alone.
const CARDS: u8 = 4;

/// The bytes of the model's one file.
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
