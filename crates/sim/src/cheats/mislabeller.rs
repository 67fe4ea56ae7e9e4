//! Lies, and signs a receipt that says another model than the job, or fewer tokens of prompt.
//!
//! It wants nobody to be able to ask for the files of the model, or to open the receipt. What does not say what its job
//! says can't be shown when it is drawn.

use crate::court::work::{lie_on, serve};
use crate::court::{Betrayer, Player, Stage, Tale};
use crate::random::Random;

struct Mislabeller {
    /// Whether it says another model; else it lies about the prompt.
    model: bool,
    /// Answers that it has looked at.
    seen: usize,
}

pub(super) fn cast(random: &mut Random) -> Box<dyn Player> {
    Box::new(Mislabeller { model: random.once_in(2), seen: 0 })
}

impl Player for Mislabeller {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        serve(stage, |_| Tale::False);
        let (me, operator, model) = (stage.me, stage.party().operator(), self.model);
        for made in stage.hall.answers[self.seen..].iter_mut().filter(|made| made.worker == me) {
            made.sign_anew(operator, |receipt| match model {
                true => receipt.model[0] ^= 1,
                false => receipt.usage.prompt -= 1,
            });
            made.betrayer = Betrayer::Showing;
        }
        self.seen = stage.hall.answers.len();
        lie_on(stage);
    }
}
