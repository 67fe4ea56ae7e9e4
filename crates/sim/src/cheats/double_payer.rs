//! A client that promises the same money twice: more than it locked, and what it locked while it takes it out again.
//!
//! It wants its deposit back and answers besides. A channel ends no sooner than the node can settle what it was promised.

use crate::court::{LASTING, PRICE, Player, Stage, ask, forms, pay, workers};
use crate::random::Random;

struct DoublePayer {
    /// What it promises for an answer: more than is there, soon.
    more: u128,
    left: u64,
}

pub(super) fn cast(random: &mut Random) -> Box<dyn Player> {
    let more = PRICE * u128::from(random.between(1, 5));
    Box::new(DoublePayer { more, left: 12 })
}

impl Player for DoublePayer {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        for worker in workers(stage) {
            ask(stage, worker, &mut self.left);
        }
        let more = self.more;
        pay(stage, |_| (more, LASTING));
        let (me, key) = (stage.me, stage.party().owner());
        for at in 0..stage.hall.channels.len() {
            let paying = &stage.hall.channels[at];
            let node = stage.hall.party(paying.worker).node();
            if paying.client == me && paying.promised > 0 && stage.random.once_in(4) {
                let close = node.map(|node| forms::channel_close(paying.id, node));
                let end = forms::channel_end(paying.id, key.public);
                stage.wish(key, close);
                stage.wish(key, Some(end));
            }
        }
    }
}
