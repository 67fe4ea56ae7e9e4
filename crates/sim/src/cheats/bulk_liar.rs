//! Lies in many answers at once with next to nothing at stake, draws each dispute out, and is paid meanwhile.
//!
//! It wants what waits to be out of reach of what it owes: its node is thrown away in the end. What it was promised answers
//! for what it is refuted of, and waits while anything may still be.

use chain::Time;
use chain::records::{Case, Stage as At};

use crate::court::auditing::answer;
use crate::court::work::{anchor, defend_some, log, serve, settle, show};
use crate::court::{Player, Stage, Tale};
use crate::random::Random;

/// How long before a deadline it moves: two steps of time may pass before the next block.
const SLACK_MS: u64 = 35_000;

struct BulkLiar;

pub(super) fn cast(_: &mut Random) -> Box<dyn Player> {
    Box::new(BulkLiar)
}

impl Player for BulkLiar {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        serve(stage, |_| Tale::False);
        log(stage);
        anchor(stage);
        settle(stage);
        show(stage);
        answer(stage, true);
        let me = stage.me;
        let presses = |case: &Case| stage.is_past(Time(case.deadline.0.saturating_sub(SLACK_MS)));
        let open = stage.open(|trial| trial.accused == me);
        let pressed: Vec<usize> = open
            .iter()
            .filter(|(_, case)| case.stage == At::Claimant && presses(case))
            .map(|(at, _)| *at)
            .collect();
        let slots: Vec<_> = pressed.iter().map(|at| stage.hall.trials[*at].slot).collect();
        defend_some(stage, |trial| slots.contains(&trial.slot), |_| Tale::False);
    }
}
