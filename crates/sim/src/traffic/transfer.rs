//! Kind 1: to somebody else, to nobody yet, to oneself; of nothing, of a part, of everything, of more.
//!
//! Never only what can be taken.

use ledger::tx::{Action, Transfer};
use receipt::PublicKey;

use super::Wish;
use crate::keys::{ACTORS, actor};
use crate::random::Random;
use crate::scene::Scene;

pub(super) fn make(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    let payer = actor(random.index(ACTORS));
    let to = match random.below(16) {
        0 => payer.public,
        1 | 2 => PublicKey(random.bytes()),
        3 => PublicKey::NONE,
        _ => actor(random.index(ACTORS)).public,
    };
    let amount = random.amount(scene.account(payer.public).balance);
    Some(Wish { payer, action: Action::Transfer(Transfer { to, amount }) })
}
