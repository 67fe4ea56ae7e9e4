//! Pays itself for true answers, so that its false ones are drawn less.
//!
//! It wants its lies to be few among what is drawn. Draws grow with what is settled, and the audits' share of its own
//! payments is gone.

use crate::court::work::{lie_on, serve_each};
use crate::court::{LASTING, PRICE, Player, Stage, Tale, ask, leave, pay};
use crate::random::Random;

struct Diluter {
    /// Answers that it still buys of itself.
    left: u64,
}

pub(super) fn cast(random: &mut Random) -> Box<dyn Player> {
    Box::new(Diluter { left: random.between(2, 6) })
}

impl Player for Diluter {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        let me = stage.me;
        ask(stage, me, &mut self.left);
        serve_each(stage, |ask| if ask.client == ask.worker { Tale::True } else { Tale::False });
        pay(stage, |_| (PRICE, LASTING));
        leave(stage, me, self.left);
        lie_on(stage);
    }
}
