//! Answers truly, and gives nobody the model's files, so that nobody can compute its answers again; asked for a chunk on
//! the ledger it is silent, or brings it when its stake is held.
//!
//! It wants to be the only one who has the model. Who signed a receipt about it shows it, or loses what a lie costs.

use crate::court::auditing::answer;
use crate::court::parts::withheld;
use crate::court::work::{anchor, defend, log, serve, settle, show};
use crate::court::{Player, Stage, Tale};
use crate::random::Random;

struct PartWithholder {
    /// Whether it brings what was asked for, once its stake is held.
    returns: bool,
}

pub(super) fn cast(random: &mut Random) -> Box<dyn Player> {
    Box::new(PartWithholder { returns: random.once_in(2) })
}

impl Player for PartWithholder {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        let node = stage.party().node();
        let held = withheld(stage)
            .iter()
            .any(|(_, withheld)| Some(withheld.asked.node) == node && withheld.asked.silent);
        stage.hall.parties[stage.me.0].hides = !(held && self.returns);
        serve(stage, |_| Tale::True);
        log(stage);
        anchor(stage);
        settle(stage);
        defend(stage, |_| Tale::True);
        show(stage);
        answer(stage, true);
    }
}
