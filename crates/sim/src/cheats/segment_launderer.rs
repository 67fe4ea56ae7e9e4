//! Gives out false tokens in a segment that a stranger's key signed, and continues them with no token of its own.
//!
//! It wants nobody to answer for them. Nobody can be accused, and so the answer can't be shown when it is drawn.

use receipt::{Head, SignedHead};

use crate::court::auditing::answer;
use crate::court::hall::Answer;
use crate::court::work::{anchor, log, serve, settle, show};
use crate::court::{Betrayer, Player, Stage, Tale};
use crate::keys::Key;
use crate::random::Random;

struct SegmentLaunderer {
    /// Answers that it has looked at.
    seen: usize,
}

pub(super) fn cast(_: &mut Random) -> Box<dyn Player> {
    Box::new(SegmentLaunderer { seen: 0 })
}

impl Player for SegmentLaunderer {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        serve(stage, |_| Tale::False);
        let (me, operator) = (stage.me, stage.party().operator());
        let stranger = stage.party().keys.last().expect("it has a friend");
        for made in stage.hall.answers[self.seen..].iter_mut().filter(|made| made.worker == me) {
            launder(made, stranger, operator);
        }
        self.seen = stage.hall.answers.len();
        log(stage);
        anchor(stage);
        settle(stage);
        show(stage);
        answer(stage, true);
    }
}

/// The tokens become a stranger's.
fn launder(made: &mut Answer, stranger: &Key, operator: &Key) {
    let network = made.salts.network;
    let theirs = made.other_head(stranger, &made.output);
    let Head { count, .. } = theirs.head;
    let own = Head { start: count, prior: theirs.head.id(network), ..theirs.head };
    let own = SignedHead::sign(own, &operator.secret, network);
    made.sign_anew(operator, |receipt| receipt.choices[0].segments = vec![theirs, own]);
    made.head = theirs;
    made.betrayer = Betrayer::Showing;
}
