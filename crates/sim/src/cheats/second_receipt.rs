//! Lies, and signs a second receipt of the same job for whoever audits: an empty one, or one of the true answer.
//!
//! It wants the lie never to be what is drawn. An answer that is not whole can't be shown, and who holds the first
//! receipt shows both.

use receipt::Stop;

use crate::court::auditing::answer_with;
use crate::court::work::{anchor, defend, is_loggable, serve_each, settle, show};
use crate::court::{Betrayer, Player, Stage, Tale};
use crate::keys::Key;
use crate::random::Random;

/// One second receipt in so many says nothing.
const EMPTY: u64 = 3;

struct SecondReceipt {
    twice: Twice,
}

/// Lies, and what is shown for them.
#[derive(Default)]
pub(super) struct Twice(Vec<(usize, usize)>);

pub(super) fn cast(_: &mut Random) -> Box<dyn Player> {
    Box::new(SecondReceipt { twice: Twice::default() })
}

impl Player for SecondReceipt {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        let operator = stage.party().operator();
        for (first, second) in self.twice.lie(stage, operator) {
            if stage.random.once_in(EMPTY) {
                empty(stage, second, operator);
                stage.hall.answers[first].betrayer = Betrayer::Showing;
            }
        }
        self.twice.lie_on(stage);
    }
}

/// The second receipt says nothing.
fn empty(stage: &mut Stage<'_, '_>, second: usize, operator: &Key) {
    let second = &mut stage.hall.answers[second];
    let nothing = second.other_head(operator, &[]);
    second.sign_anew(operator, |receipt| {
        receipt.usage.output = 0;
        receipt.choices[0].stop = Stop::Unfinished;
        receipt.choices[0].segments = vec![nothing];
    });
}

impl Twice {
    /// Gives out lies, and keeps a second receipt of each, of the true answer, signed with a key of its own. Gives the new
    /// ones.
    pub(super) fn lie(
        &mut self,
        stage: &mut Stage<'_, '_>,
        by: &'static Key,
    ) -> Vec<(usize, usize)> {
        let (me, first) = (stage.me, stage.hall.answers.len());
        let mut asks = Vec::new();
        serve_each(stage, |ask| {
            asks.push(ask.clone());
            Tale::False
        });
        let mut more = Vec::new();
        for (at, mut ask) in (first..).zip(asks) {
            ask.client = me;
            let second = stage.hall.made((&ask, by), Tale::True, stage.clock.epoch.0);
            stage.hall.answers[at].betrayer = Betrayer::Reader;
            more.push((at, stage.hall.answers.len()));
            stage.hall.answers.push(second);
        }
        self.0.extend(&more);
        more
    }

    /// Logs and settles them, stands by each lie before whoever accuses it, and shows its second receipt to who audits.
    pub(super) fn lie_on(&self, stage: &mut Stage<'_, '_>) {
        self.log(stage);
        anchor(stage);
        settle(stage);
        defend(stage, |_| Tale::False);
        show(stage);
        answer_with(stage, true, |hall, at| {
            let (_, second) = self.0.iter().find(|(first, _)| *first == at)?;
            Some((*second, hall.answers[at].paid?))
        });
    }

    /// The money is the second one's; the first one is there, too, for whoever asks.
    fn log(&self, stage: &mut Stage<'_, '_>) {
        for (first, second) in &self.0 {
            if is_loggable(stage, *first) {
                let paid = stage.hall.answers[*first].paid;
                stage.hall.enter_as(*second, paid);
                stage.hall.enter_as(*first, None);
            }
        }
    }
}
