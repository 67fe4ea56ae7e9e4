//! Gives out half an answer, says that the model's arithmetic faults there, and stands by it to the end.
//!
//! It wants the pay of an answer for less work. A fault is a step as a token is: it ends at a tile that does not fault.

use crate::court::auditing::answer;
use crate::court::work::{anchor, defend, log, serve, settle, show};
use crate::court::{Player, Stage, Tale};
use crate::random::Random;

/// Every so many answers one is said to fault.
struct FaultClaimer {
    every: usize,
}

pub(super) fn cast(random: &mut Random) -> Box<dyn Player> {
    Box::new(FaultClaimer { every: 1 + random.index(2) })
}

impl Player for FaultClaimer {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        let every = self.every;
        serve(stage, |nth| if nth % every == 0 { Tale::Fault } else { Tale::True });
        log(stage);
        anchor(stage);
        settle(stage);
        defend(stage, |_| Tale::False);
        show(stage);
        answer(stage, true);
    }
}
