//! Kinds 70 and 72: plants that hide what can be made again from where they stand, and what becomes of them, by who put
//! them and by others, opened truly, falsely or not at all.
//!
//! Never an answer: what a plant is for is a court's.

use chain::Epoch;
use chain::records::{Held, Node, NodeSlot, PlantSlot, Planted};
use ledger::tx::{Action, PlantEnd, PutPlant};

use super::Wish;
use super::nodes::there;
use crate::keys::{ACTORS, Key, actor, key_of};
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
        Some(slot) if ends => end(random, scene, *slot),
        Some(_) | None => put(random, scene),
    }
}

fn put(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let nodes = there(scene);
    let (node, record) = random.choose(&nodes).map(|(id, node)| (*id, Node::clone(node)))?;
    let epoch = match random.once_in(12) {
        true => Epoch(random.below(9)),
        false => clock(scene.state)?.epoch,
    };
    let index = u8::try_from(random.below(PLANTS)).expect("a few");
    let slot = PlantSlot { node, epoch, index };
    let commitment = hidden(slot).commitment(scene.state.network());
    let payer = speaker(random, &record)?;
    Some(Wish { payer, action: Action::Plant(PutPlant { slot, commitment }) })
}

fn end(random: &mut Random, scene: &Scene<'_>, slot: PlantSlot) -> Option<Wish> {
    let node = scene.record(&NodeSlot(slot.node))?;
    let owner = match random.once_in(12) {
        true => actor(random.index(ACTORS)).public,
        false => node.owner,
    };
    let mut opening = hidden(slot);
    if random.once_in(8) {
        opening.position ^= 1;
    }
    let opening = if random.once_in(2) { Some(opening) } else { None };
    let payer = speaker(random, &node)?;
    Some(Wish { payer, action: Action::PlantEnd(PlantEnd { slot, owner, opening }) })
}

/// Who mostly may.
fn speaker(random: &mut Random, node: &Node) -> Option<&'static Key> {
    match random.below(8) {
        0 => Some(actor(random.index(ACTORS))),
        1 | 2 => key_of(&node.operator),
        _ => key_of(&node.owner),
    }
}

/// What the plant of a slot hides.
fn hidden(slot: PlantSlot) -> Planted {
    let PlantSlot { node, epoch, index } = slot;
    let mut salt = [7; 32];
    salt[..8].copy_from_slice(&epoch.0.to_le_bytes());
    Planted { job: node.0, choice: 0, position: index.into(), salt }
}
