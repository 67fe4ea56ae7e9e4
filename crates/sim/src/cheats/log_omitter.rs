//! Keeps receipts out of its log, so that nobody audits them; where it is asked it is silent, or logs them late.
//!
//! It wants to be paid for what can't be drawn. Who holds the receipt asks for it, and silence costs what a lie costs.

use crate::court::auditing::answer;
use crate::court::work::{anchor, log, serve, settle, show};
use crate::court::{Player, Stage, Tale};
use crate::random::Random;

struct LogOmitter {
    /// Whether it logs what was asked for, once its stake is held.
    returns: bool,
}

pub(super) fn cast(random: &mut Random) -> Box<dyn Player> {
    Box::new(LogOmitter { returns: random.once_in(2) })
}

impl Player for LogOmitter {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        serve(stage, |_| Tale::True);
        let held = stage.missing().iter().any(|(_, missing)| {
            missing.asked.silent
                && stage.hall.of_node(missing.asked.node).is_some_and(|of| of.is(stage.party()))
        });
        // Where a bond is nothing, who comes back loses nothing but time in jail.
        let costs = stage.scene.parameter(ledger::Parameter::Bond) > 0;
        let (me, returns) = (stage.me, self.returns && held && costs);
        for answer in stage.hall.answers.iter_mut().filter(|answer| answer.worker == me) {
            answer.kept_out = !returns;
        }
        log(stage);
        anchor(stage);
        settle(stage);
        show(stage);
        answer(stage, true);
    }
}
