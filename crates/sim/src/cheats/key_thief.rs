//! Stole a node's operator key: it signs two tokens for one place of jobs that nobody asked for, and shows them itself.
//!
//! It wants a share of the node's stake for each. It has one, while the node is jailed for the first; and nothing with a
//! key that was given up.

use commit::Blind;

use super::robbed;
use crate::court::hall::Answer;
use crate::court::{
    Ask, CASES, PartyId, Player, Stage, TWO_TOKENS, Tale, contradiction_slot, forms,
};
use crate::random::Random;

/// Jobs that it makes up.
const MADE_UP: usize = 4;
/// Once in so many blocks it makes one up.
const SLOW: u64 = 6;

struct KeyThief {
    made: Vec<Answer>,
}

pub(super) fn cast(_: &mut Random) -> Box<dyn Player> {
    Box::new(KeyThief { made: Vec::new() })
}

impl Player for KeyThief {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        let robbed = stage.hall.parties.iter().position(|party| party.name == robbed::NAME);
        let Some(robbed) = robbed.map(PartyId) else { return };
        if self.made.len() < MADE_UP && stage.clock.height.0 > 1 && stage.random.once_in(SLOW) {
            let made = made_up(stage, robbed);
            self.made.push(made);
        }
        let key = stage.party().owner();
        for made in &self.made {
            let slot = contradiction_slot(stage.hall.network, made, TWO_TOKENS);
            if stage.scene.record(&slot).is_none() {
                let shown = forms::equivocation(stage.hall, made);
                stage.wish(key, shown);
            }
        }
    }
}

/// An answer that nobody gave, and another one; dated now, or while the key was the node's for sure.
fn made_up(stage: &mut Stage<'_, '_>, robbed: PartyId) -> Answer {
    let (me, case) = (stage.me, stage.random.index(CASES));
    let now = (stage.clock.height.0 - 1, stage.epoch());
    let date = if stage.random.once_in(2) { now } else { (1, chain::Epoch(1)) };
    let blind = Blind(stage.random.bytes());
    let ask = Ask { client: me, worker: robbed, case, date, blind };
    let stolen = &stage.hall.party(robbed).keys[1];
    let mut made = stage.hall.made((&ask, stolen), Tale::True, stage.clock.epoch.0);
    made.twin = Some(made.case.output(Tale::False));
    made
}
