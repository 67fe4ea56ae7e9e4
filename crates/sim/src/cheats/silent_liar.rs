//! Gives out false answers, and says nothing when it is accused; now and then it takes its case up, and lies on.
//!
//! It wants silence to cost less than refutation. What is held is as much, and is gone in the end.

use crate::court::work::{anchor, appeal, defend, log, serve, settle};
use crate::court::{Player, Stage, Tale, is_taken_up};
use crate::random::Random;

struct SilentLiar {
    /// Whether it comes back when its stake is held.
    returns: bool,
}

pub(super) fn cast(random: &mut Random) -> Box<dyn Player> {
    Box::new(SilentLiar { returns: random.once_in(2) })
}

impl Player for SilentLiar {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        serve(stage, |nth| if nth % 2 == 0 { Tale::False } else { Tale::True });
        log(stage);
        anchor(stage);
        settle(stage);
        if self.returns {
            appeal(stage, |_| true);
            let taken_up = is_taken_up(stage);
            if taken_up {
                defend(stage, |_| Tale::False);
            }
        }
    }
}
