//! Answers truly, and gives no auditor the opening, though anybody may have it; asked on the ledger it brings it, or is
//! silent.
//!
//! It wants nobody to look. Silence costs what a lie costs, and what it was paid is void.

use crate::court::auditing::answer;
use crate::court::work::{anchor, defend, log, serve, settle, show};
use crate::court::{Player, Stage, Tale};
use crate::random::Random;

struct Withholder {
    /// Whether it brings what is asked for on the ledger.
    opens: bool,
}

pub(super) fn cast(random: &mut Random) -> Box<dyn Player> {
    Box::new(Withholder { opens: !random.once_in(4) })
}

impl Player for Withholder {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        serve(stage, |_| Tale::True);
        let me = stage.me;
        for made in stage.hall.answers.iter_mut().filter(|made| made.worker == me) {
            made.withheld = true;
        }
        log(stage);
        anchor(stage);
        settle(stage);
        defend(stage, |_| Tale::True);
        show(stage);
        answer(stage, self.opens);
    }
}
