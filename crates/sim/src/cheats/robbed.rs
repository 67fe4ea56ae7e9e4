//! No cheat: a node whose operator's key was stolen. Its owner notices after a while, and gives the key up.
//!
//! It loses what the thief shows of it; nobody answers for a key but its node.

use crate::court::work::change_key;
use crate::court::{Player, Stage};
use crate::random::Random;

/// What such a node is called.
pub(super) const NAME: &str = "robbed node";

struct Robbed {
    /// The block in which its owner notices.
    notices: u64,
}

pub(super) fn cast(random: &mut Random) -> Box<dyn Player> {
    Box::new(Robbed { notices: random.between(6, 30) })
}

impl Player for Robbed {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        if stage.clock.height.0 >= self.notices {
            change_key(stage);
        }
    }
}
