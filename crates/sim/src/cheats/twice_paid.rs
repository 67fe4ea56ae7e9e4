//! Wants to be paid twice: it logs a receipt twice, settles vouchers again that were settled, and in every epoch, and
//! collects what was collected.
//!
//! A voucher says what all of them together are worth, so the second time gives nothing.

use chain::Epoch;
use chain::records::SettlementSlot;

use crate::court::auditing::answer;
use crate::court::work::{anchor, appeal, defend, log, promises, serve, settle, show};
use crate::court::{Player, Stage, Tale, forms};
use crate::random::Random;

/// How often it tries, one time in so many.
const TRIES: u64 = 3;

struct TwicePaid;

pub(super) fn cast(_: &mut Random) -> Box<dyn Player> {
    Box::new(TwicePaid)
}

impl Player for TwicePaid {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        serve(stage, |_| Tale::True);
        log(stage);
        let me = stage.me;
        let mine = stage
            .hall
            .answers
            .iter()
            .position(|answer| answer.worker == me && answer.leaf.is_some());
        if let Some(at) = mine.filter(|_| stage.random.once_in(TRIES)) {
            stage.hall.enter(at);
        }
        anchor(stage);
        settle(stage);
        defend(stage, |_| Tale::True);
        appeal(stage, |_| true);
        show(stage);
        answer(stage, true);
        again(stage);
    }
}

fn again(stage: &mut Stage<'_, '_>) {
    let (Some(node), operator) = (stage.party().node(), stage.party().operator()) else { return };
    let (epoch, owner) = (stage.epoch(), stage.party().owner().public);
    for promise in promises(stage) {
        if stage.random.once_in(TRIES) {
            stage.wish(operator, Some(forms::settle(node, epoch, &promise)));
            let before = Epoch(epoch.0.saturating_sub(stage.random.below(4)));
            let slot = SettlementSlot { epoch: before, channel: promise.voucher.channel };
            stage.wish(operator, Some(forms::collect(slot, node, owner)));
        }
    }
}
