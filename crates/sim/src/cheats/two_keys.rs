//! Changes its key while it lies: who asks has the lie under the one key, and who audits is shown a true answer of the same
//! job under the other.
//!
//! It wants no key to have said two things. Both keys are its node's, and who holds the first receipt shows both.

use super::second_receipt::Twice;
use crate::court::work::change_key;
use crate::court::{Player, Stage};
use crate::random::Random;

struct TwoKeys {
    /// The block in which it changes its key.
    changes: u64,
    twice: Twice,
}

pub(super) fn cast(random: &mut Random) -> Box<dyn Player> {
    Box::new(TwoKeys { changes: random.between(4, 12), twice: Twice::default() })
}

impl Player for TwoKeys {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        if stage.clock.height.0 >= self.changes {
            change_key(stage);
        }
        let (keys, now) = (stage.party().keys, stage.party().operator().public);
        // The next key while it has the first, the first one when it has the next.
        let other = keys[1..].iter().find(|key| key.public != now).expect("it has another key");
        self.twice.lie(stage, other);
        self.twice.lie_on(stage);
    }
}
