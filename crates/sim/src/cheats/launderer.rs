//! Lies, and lets a friend accuse one true answer, about which it is silent: its stake is held there while its lies are
//! refuted; then it takes the true case up and wins.
//!
//! It wants what is held to be out of reach of what it owes for its lies.

use chain::Time;
use chain::records::{Case, Stage as At};

use crate::court::auditing::answer;
use crate::court::work::{anchor, appeal, defend, defend_some, log, serve, settle, show};
use crate::court::{Player, Stage, Tale, accuse, prosecute};
use crate::random::Random;

/// How long before a deadline it moves: two steps of time may pass before the next block.
const SLACK_MS: u64 = 35_000;

struct Launderer {
    /// It takes the true case up.
    appeals: bool,
}

pub(super) fn cast(_: &mut Random) -> Box<dyn Player> {
    Box::new(Launderer { appeals: false })
}

impl Player for Launderer {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        serve(stage, |nth| if nth % 2 == 0 { Tale::True } else { Tale::False });
        log(stage);
        anchor(stage);
        settle(stage);
        show(stage);
        answer(stage, true);
        self.befriend(stage);
        prosecute(stage, |_| None);
        self.stand_trial(stage);
    }
}

impl Launderer {
    /// The friend accuses the first true answer.
    fn befriend(&self, stage: &mut Stage<'_, '_>) {
        let (me, keys) = (stage.me, stage.party().keys);
        let friend = keys.last().expect("it has a friend");
        let own = |trial: &crate::court::Trial| trial.accuser == me;
        if stage.hall.trials.iter().any(own) {
            return;
        }
        let mut answers = stage.hall.answers.iter();
        let first = answers.position(|answer| answer.worker == me && answer.is_true());
        if let Some(at) = first {
            accuse(stage, at, friend);
        }
    }

    /// Its lies are defended as late as may be, until its stake is held; the true case is taken up when they are over, or
    /// as late as may be.
    fn stand_trial(&mut self, stage: &mut Stage<'_, '_>) {
        let me = stage.me;
        let friends = stage.open(|trial| trial.accused == me && trial.accuser == me);
        let lies = stage.open(|trial| trial.accused == me && trial.accuser != me);
        let is_held = friends.iter().any(|(_, case)| case.stage == At::Silent);
        let presses = |case: &Case| stage.is_past(Time(case.deadline.0.saturating_sub(SLACK_MS)));
        let late = friends.iter().any(|(_, case)| case.stage == At::Silent && presses(case));
        let pressed = lies.iter().any(|(_, case)| case.stage == At::Claimant && presses(case));
        self.appeals |= is_held && (lies.is_empty() || late);
        if self.appeals {
            appeal(stage, |trial| trial.accuser == me);
            defend(stage, |trial| if trial.accuser == me { Tale::True } else { Tale::False });
        } else if is_held || pressed || friends.is_empty() {
            defend_some(stage, |trial| trial.accuser != me, |_| Tale::False);
        }
    }
}
