//! Gives out what another model says, or half an answer at whose end the arithmetic is said to fault, and stands by it to
//! the end.
//!
//! It wants the pay of a true answer for less work. Its story ends at a tile that the referee executes: a fault is a step
//! as a token is.

use crate::court::work::{lie_on, serve};
use crate::court::{Player, Stage, Tale};
use crate::random::Random;

struct FalseAnswerer {
    /// What it says.
    tale: Tale,
    /// Every so many answers it does.
    every: usize,
}

/// Its tokens are another model's.
pub(super) fn cast(random: &mut Random) -> Box<dyn Player> {
    Box::new(FalseAnswerer { tale: Tale::False, every: 1 + random.index(3) })
}

/// It says that the model faults.
pub(super) fn cast_with_fault(random: &mut Random) -> Box<dyn Player> {
    Box::new(FalseAnswerer { tale: Tale::Fault, every: 1 + random.index(2) })
}

impl Player for FalseAnswerer {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        let (tale, every) = (self.tale, self.every);
        serve(stage, |nth| if nth % every == 0 { tale } else { Tale::True });
        lie_on(stage);
    }
}
