//! A client that promises less than an answer costs, or what has expired before anybody can take it.
//!
//! It wants answers for nothing. It gets one of each worker, which then waits for its pay.

use chain::Time;

use crate::court::{PRICE, Player, Stage, ask, pay, workers};
use crate::random::Random;

struct VoucherCheat {
    /// What it promises instead of the price.
    more: u128,
    expires: bool,
    left: u64,
}

pub(super) fn cast(random: &mut Random) -> Box<dyn Player> {
    let more = u128::from(random.below(1_000)) * PRICE / 1_000;
    Box::new(VoucherCheat { more, expires: random.once_in(3), left: 8 })
}

impl Player for VoucherCheat {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        for worker in workers(stage) {
            ask(stage, worker, &mut self.left);
        }
        let expiry = if self.expires { Time(stage.clock.time.0 + 1) } else { Time(u64::MAX) };
        let more = self.more;
        pay(stage, |_| (more, expiry));
    }
}
