//! Lies, and lets its friends accuse it, so that whoever else does has to put up a bond many times the usual one.
//!
//! It wants accusing it to be too dear. Its friends' bonds are as dear, and the claim is refuted all the same.

use ledger::Parameter;

use crate::court::auditing::answer;
use crate::court::work::{anchor, defend, log, serve, settle, show};
use crate::court::{Player, Stage, Tale, accuse, prosecute};
use crate::random::Random;

/// Friends who accuse, beyond the usual count of disputes, where a bond costs something.
const FRIENDS: usize = 3;

struct BondFiller;

pub(super) fn cast(_: &mut Random) -> Box<dyn Player> {
    Box::new(BondFiller)
}

impl Player for BondFiller {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        serve(stage, |nth| if nth % 2 == 0 { Tale::False } else { Tale::True });
        log(stage);
        anchor(stage);
        settle(stage);
        show(stage);
        answer(stage, true);
        fill(stage);
        prosecute(stage, |_| None);
        defend(stage, |_| Tale::False);
    }
}

/// Every friend accuses the first lie.
fn fill(stage: &mut Stage<'_, '_>) {
    let (me, keys) = (stage.me, stage.party().keys);
    let mut answers = stage.hall.answers.iter();
    let Some(at) = answers.position(|answer| answer.worker == me && !answer.is_true()) else {
        return;
    };
    let usual =
        usize::try_from(stage.scene.parameter(Parameter::DisputesMax)).unwrap_or(usize::MAX);
    let count = match stage.scene.parameter(Parameter::Bond) {
        0 => usize::MAX,
        _ => usual.saturating_add(FRIENDS),
    };
    for friend in keys.iter().skip(2).take(count) {
        accuse(stage, at, friend);
    }
}
