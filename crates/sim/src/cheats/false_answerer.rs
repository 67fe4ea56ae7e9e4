//! Gives out what another model says, and stands by it to the end.
//!
//! It wants the pay of a true answer for less work. Its story ends at a tile that the referee executes.

use crate::court::auditing::answer;
use crate::court::work::{anchor, defend, log, serve, settle, show};
use crate::court::{Player, Stage, Tale};
use crate::random::Random;

/// Every so many answers one is false.
struct FalseAnswerer {
    every: usize,
}

pub(super) fn cast(random: &mut Random) -> Box<dyn Player> {
    Box::new(FalseAnswerer { every: 1 + random.index(3) })
}

impl Player for FalseAnswerer {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        let every = self.every;
        serve(stage, |nth| if nth % every == 0 { Tale::False } else { Tale::True });
        log(stage);
        anchor(stage);
        settle(stage);
        defend(stage, |_| Tale::False);
        show(stage);
        answer(stage, true);
    }
}
