//! Lies, and signs a second receipt of the same job for whoever audits: an empty one, or one of the true answer.
//!
//! It wants the lie never to be what is drawn. An answer that is not whole can't be shown, and who holds the first
//! receipt shows both.

use receipt::Stop;

use crate::court::auditing::answer_with;
use crate::court::work::{anchor, defend, is_loggable, serve_each, settle, show};
use crate::court::{Betrayer, Player, Stage, Tale};
use crate::random::Random;

/// One second receipt in so many says nothing.
const EMPTY: u64 = 3;

struct SecondReceipt {
    /// Its lies, and what it would show for them.
    twice: Vec<(usize, usize)>,
}

pub(super) fn cast(_: &mut Random) -> Box<dyn Player> {
    Box::new(SecondReceipt { twice: Vec::new() })
}

impl Player for SecondReceipt {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        self.lie(stage);
        self.log(stage);
        anchor(stage);
        settle(stage);
        defend(stage, |_| Tale::False);
        show(stage);
        let twice = &self.twice;
        answer_with(stage, true, |hall, at| {
            let (_, second) = twice.iter().find(|(first, _)| *first == at)?;
            Some((*second, hall.answers[at].paid?))
        });
    }
}

impl SecondReceipt {
    /// Gives out a lie, and keeps a second receipt.
    fn lie(&mut self, stage: &mut Stage<'_, '_>) {
        let (me, first) = (stage.me, stage.hall.answers.len());
        let mut asks = Vec::new();
        serve_each(stage, |ask| {
            asks.push(ask.clone());
            Tale::False
        });
        for (at, mut ask) in (first..).zip(asks) {
            ask.client = me;
            let operator = stage.party().operator();
            let mut second = stage.hall.made(&ask, Tale::True, stage.clock.epoch.0);
            let empty = stage.random.once_in(EMPTY);
            if empty {
                let nothing = second.other_head(operator, &[]);
                second.sign_anew(operator, |receipt| {
                    receipt.usage.output = 0;
                    receipt.choices[0].stop = Stop::Unfinished;
                    receipt.choices[0].segments = vec![nothing];
                });
            }
            let betrayer = if empty { Betrayer::Showing } else { Betrayer::Reader };
            stage.hall.answers[at].betrayer = betrayer;
            self.twice.push((at, stage.hall.answers.len()));
            stage.hall.answers.push(second);
        }
    }

    /// The money is the second one's; the first one is there, too, for whoever asks.
    fn log(&self, stage: &mut Stage<'_, '_>) {
        for (first, second) in &self.twice {
            if is_loggable(stage, *first) {
                let paid = stage.hall.answers[*first].paid;
                stage.hall.enter_as(*second, paid);
                stage.hall.enter_as(*first, None);
            }
        }
    }
}
