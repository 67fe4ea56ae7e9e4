//! Kind 24: the logs of operators' keys, that grow, or are shown to have grown out of another one, or shrink.
//!
//! Never keeps a log: the leaves of a key's are a function of the key, so anybody can make it again.

use chain::records::{Anchor, AnchorSlot, Node};
use ledger::tx::{Action, AnchorLog};
use receipt::PublicKey;
use receipt::log::{Log, LogLeaf};

use super::Wish;
use super::nodes::there;
use crate::keys::{ACTORS, actor, key_of};
use crate::random::Random;
use crate::scene::Scene;

/// Leaves that a log grows by at a time.
const MORE_MAX: u64 = 12;
/// Leaves that a log may have here.
const LEAVES_MAX: u64 = 400;

pub(super) fn make(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let payer = match random.once_in(12) {
        true => actor(random.index(ACTORS)),
        false => {
            let Node { operator, .. } = random.choose(&there(scene))?.1;
            key_of(operator)?
        }
    };
    let before = scene.record(&AnchorSlot(payer.public));
    let size = before.map_or(0, |Anchor { size, .. }| size);
    let next = match random.below(12) {
        0 => size / 2,
        1 => size,
        _ => size + random.between(1, MORE_MAX),
    };
    let log = log(payer.public, next.min(LEAVES_MAX));
    let since = if random.once_in(12) { size / 2 } else { size };
    let proof = log.consistency(since.min(log.size()), log.size())?;
    let mut root = log.root();
    if random.once_in(12) {
        root[0] ^= 1;
    }
    let anchor = AnchorLog { size: log.size(), root, proof };
    Some(Wish { payer, action: Action::Anchor(anchor) })
}

fn log(key: PublicKey, leaves: u64) -> Log {
    let leaf = |at: u64| {
        let mut receipt = key.0;
        receipt[..8].copy_from_slice(&at.to_be_bytes());
        LogLeaf::offline(receipt).hash()
    };
    Log::over((0..leaves).map(leaf).collect())
}
