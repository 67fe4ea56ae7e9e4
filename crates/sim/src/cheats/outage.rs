//! No cheat: an honest worker whose machine stops just when somebody accuses it. It comes back while its case can be
//! taken up, or never.
//!
//! It must never be slashed for fraud; what it loses is what the rules say of silence.

use chain::records::Stage as At;

use crate::court::parts::withheld;
use crate::court::{Player, Stage, Worker};
use crate::random::Random;

struct Outage {
    /// Whether it comes back.
    returns: bool,
    away: bool,
    back: bool,
}

pub(super) fn cast(random: &mut Random) -> Box<dyn Player> {
    Box::new(Outage { returns: !random.once_in(3), away: false, back: false })
}

impl Player for Outage {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        let me = stage.me;
        let accused = stage.open(|trial| trial.accused == me);
        let node = stage.party().node();
        let missing = stage.missing().into_iter().map(|(_, missing)| missing.asked);
        let asked = missing.chain(withheld(stage).into_iter().map(|(_, part)| part.asked));
        let asked: Vec<_> = asked.filter(|asked| Some(asked.node) == node).collect();
        let silent = accused
            .iter()
            .any(|(_, case)| case.stage == At::Silent || stage.is_past(case.deadline))
            || asked.iter().any(|asked| asked.silent || stage.is_past(asked.deadline));
        self.away |= !accused.is_empty() || !asked.is_empty();
        self.back |= self.returns && silent;
        if !self.away || self.back {
            Worker.act(stage);
        }
    }
}
