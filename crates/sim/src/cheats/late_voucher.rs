//! A gateway that is its worker's friend: its clients get lies, and it signs whatever is drawn for the one true answer,
//! whose leaf has all of the channel's money; that may stand in the log of a key that it gave up since.
//!
//! It wants no draw to fall on a lie. What a voucher says has to stand in a log before the draw, and whoever has the
//! leaf of a lie shows both, be they in the logs of two keys.

use chain::{Amount, Voucher};

use crate::court::auditing::answer_with;
use crate::court::hall::{Hall, Promise};
use crate::court::work::{anchor, change_key, defend, log, serve_each, settle, show};
use crate::court::{Betrayer, LASTING, PRICE, PartyId, Player, Stage, Tale, ask, leave, pay};
use crate::random::Random;

struct LateVoucher {
    /// Answers that it still asks its friend for.
    left: u64,
    /// Whether it changes its key before it lies.
    changes: bool,
}

pub(super) fn cast(random: &mut Random) -> Box<dyn Player> {
    Box::new(LateVoucher { left: random.between(4, 6), changes: false })
}

/// Its true answer stands in one key's log, its lies in another's.
pub(super) fn cast_with_two_logs(random: &mut Random) -> Box<dyn Player> {
    Box::new(LateVoucher { left: random.between(4, 6), changes: true })
}

impl Player for LateVoucher {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        let me = stage.me;
        let changing = self.changes && true_one(stage.hall, me).is_some() && !changed(stage);
        match changing {
            true => change_key(stage),
            false => ask(stage, me, &mut self.left),
        }
        let mut first = true_one(stage.hall, me).is_none();
        serve_each(stage, |ask| match ask.client == ask.worker && !first {
            true => Tale::False,
            false => {
                first &= ask.client != ask.worker;
                Tale::True
            }
        });
        give_on(stage.hall, me);
        pay(stage, |_| (PRICE, LASTING));
        leave(stage, me, self.left);
        if let Some(at) = true_one(stage.hall, me)
            && stage.hall.answers[at].leaf.is_none()
        {
            let promise = late(stage.hall, at);
            stage.hall.enter_as(at, promise);
        }
        log(stage);
        anchor(stage);
        settle(stage);
        defend(stage, |_| Tale::True);
        show(stage);
        answer_with(stage, true, |hall, at| match hall.answers[at].client == me {
            true => true_one(hall, me).and_then(|at| Some((at, late(hall, at)?))),
            false => Some((at, hall.answers[at].paid?)),
        });
    }
}

/// Whether its true answer's key is not the one that it signs with.
fn changed(stage: &Stage<'_, '_>) -> bool {
    let one = true_one(stage.hall, stage.me).map(|at| stage.hall.answers[at].receipt.worker);
    one != Some(stage.party().operator().public)
}

/// The first answer that the gateway got.
fn true_one(hall: &Hall, me: PartyId) -> Option<usize> {
    hall.answers.iter().position(|made| (made.client, made.worker) == (me, me))
}

/// The lies are for somebody who trusts in audits.
fn give_on(hall: &mut Hall, me: PartyId) {
    let reader = hall.parties.iter().position(|party| party.trusts).map(PartyId);
    let own = |made: &&mut crate::court::hall::Answer| (made.client, made.worker) == (me, me);
    for made in hall.answers.iter_mut().filter(own).filter(|made| !made.is_true()) {
        made.reader = reader;
        made.betrayer = Betrayer::Reader;
    }
}

/// A voucher that gives all of the channel for one answer.
fn late(hall: &Hall, at: usize) -> Option<Promise> {
    let made = &hall.answers[at];
    let paying = &hall.channels[hall.channel(made.client, made.worker)?];
    let voucher = Voucher {
        channel: paying.id,
        from: Amount(0),
        cumulative: Amount(paying.deposit),
        expiry: LASTING,
        job: made.receipt.job,
    };
    let signature = voucher.sign(hall.network, &hall.party(made.client).owner().secret);
    Some(Promise { voucher, signature, from: 0 })
}
