//! Kinds 70 and 72: plants that hide what can be made again from where they stand, and what becomes of them, by who put
//! them and by others, opened truly, falsely or not at all.
//!
//! Never an answer: what a plant is for is a court's.

use chain::Epoch;
use chain::records::{Held, NodeId, PlantSlot, Planted};
use ledger::tx::{Action, PlantEnd, PutPlant};

use super::Wish;
use crate::keys::{ACTORS, actor, key_of};
use crate::random::Random;
use crate::scene::{Scene, clock};

/// Plants of an epoch that are tried here.
const PLANTS: u64 = 6;

pub(super) fn make(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let standing = scene
        .held
        .iter()
        .filter_map(|held| if let Held::Plant(slot, _) = held { Some(*slot) } else { None });
    let standing: Vec<_> = standing.collect();
    let ends = random.once_in(2);
    match random.choose(&standing) {
        Some(slot) if ends => end(random, *slot),
        Some(_) | None => put(random, scene),
    }
}

fn put(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let epoch = match random.once_in(12) {
        true => Epoch(random.below(9)),
        false => clock(scene.state)?.epoch,
    };
    let index = u8::try_from(random.below(PLANTS)).expect("a few");
    let payer = actor(random.index(ACTORS));
    let hidden = hidden(PlantSlot { planter: payer.public, epoch, index });
    let commitment = hidden.commitment(scene.state.network());
    Some(Wish { payer, action: Action::Plant(PutPlant { epoch, index, commitment }) })
}

fn end(random: &mut Random, slot: PlantSlot) -> Option<Wish> {
    let mut opening = hidden(slot);
    if random.once_in(8) {
        opening.position ^= 1;
    }
    let opening = if random.once_in(2) { Some(opening) } else { None };
    let payer = match random.once_in(8) {
        true => actor(random.index(ACTORS)),
        false => key_of(&slot.planter)?,
    };
    Some(Wish { payer, action: Action::PlantEnd(PlantEnd { slot, opening }) })
}

/// What the plant of a slot hides: of no node that is there.
fn hidden(slot: PlantSlot) -> Planted {
    let PlantSlot { planter, epoch, index } = slot;
    let mut salt = [7; 32];
    salt[..8].copy_from_slice(&epoch.0.to_le_bytes());
    let node = NodeId(planter.0);
    Planted { node, job: planter.0, choice: 0, position: index.into(), salt }
}
