//! Answers truly, and signs another output of the same job for somebody else.
//!
//! It wants to tell two people two things. Whoever has both shows them.

use crate::court::auditing::answer;
use crate::court::work::{anchor, appeal, defend, log, serve, settle, show};
use crate::court::{Player, Stage, Tale};
use crate::random::Random;

struct Equivocator;

pub(super) fn cast(_: &mut Random) -> Box<dyn Player> {
    Box::new(Equivocator)
}

impl Player for Equivocator {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        serve(stage, |_| Tale::True);
        let me = stage.me;
        for answer in stage.hall.answers.iter_mut().filter(|answer| answer.worker == me) {
            answer.twin = Some(answer.case.output(Tale::False));
        }
        log(stage);
        anchor(stage);
        settle(stage);
        defend(stage, |_| Tale::True);
        appeal(stage, |_| true);
        show(stage);
        answer(stage, true);
    }
}
