//! Accuses true answers: it plays a false story to its end, or sleeps after a few moves, or asks for receipts that are in
//! the log.
//!
//! It wants honest workers to pay for answering. Half of its bond pays them, the rest is gone.

use crate::court::parts::ask_part;
use crate::court::{Player, Stage, Standing, Tale, accuse, forms, hold, prosecute};
use crate::random::Random;

/// What it does with a case.
#[derive(Clone, Copy)]
enum Manner {
    /// Names whatever its story says.
    Plays,
    /// Says nothing more after so many blocks.
    Sleeps(u64),
    /// Asks for receipts.
    Asks,
    /// Asks for the model's files.
    AsksParts,
}

struct GriefingChallenger {
    manner: Manner,
    accused: usize,
    waited: u64,
}

/// Blocks that it sleeps: it comes back too late.
const ASLEEP: u64 = 24;
/// Chunks of a file, at least.
const CHUNKS: u64 = 4;
/// Answers that one accuses.
const ACCUSED_MAX: usize = 2;

pub(super) fn cast(random: &mut Random) -> Box<dyn Player> {
    let manner = match random.below(5) {
        0 => Manner::Asks,
        4 => Manner::AsksParts,
        1 => Manner::Sleeps(random.below(12)),
        _ => Manner::Plays,
    };
    Box::new(GriefingChallenger { manner, accused: 0, waited: 0 })
}

impl Player for GriefingChallenger {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        let manner = self.manner;
        if let Manner::Asks = manner {
            return self.ask(stage);
        }
        if let Manner::AsksParts = manner {
            return ask_parts(stage);
        }
        self.choose(stage);
        self.waited += u64::from(self.accused > 0);
        let waited = self.waited;
        prosecute(stage, |_| match manner {
            Manner::Sleeps(after) if waited > after && waited < after + ASLEEP => None,
            Manner::Plays | Manner::Sleeps(_) | Manner::Asks | Manner::AsksParts => {
                Some(Tale::False)
            }
        });
        if stage.random.once_in(4) {
            hold(stage);
        }
    }
}

/// Who is away is asked first.
fn targets(stage: &Stage<'_, '_>) -> Vec<usize> {
    let of = |standing: Standing| {
        let answers = stage.hall.answers.iter().enumerate();
        let some = answers.filter(move |(_, answer)| {
            answer.is_true() && stage.hall.party(answer.worker).standing == standing
        });
        some.map(|(at, _)| at).collect::<Vec<_>>()
    };
    match of(Standing::Offline) {
        away if away.is_empty() => of(Standing::Honest),
        away => away,
    }
}

/// Asks for chunks of those who have them.
fn ask_parts(stage: &mut Stage<'_, '_>) {
    let chunk = stage.random.below(CHUNKS);
    let asked = stage.hall.parts.len();
    if let Some(at) = targets(stage).first().filter(|_| asked < ACCUSED_MAX) {
        ask_part(stage, *at, chunk);
    }
}

impl GriefingChallenger {
    fn choose(&mut self, stage: &mut Stage<'_, '_>) {
        let (key, targets) = (stage.party().owner(), targets(stage));
        if let Some(at) = stage.random.choose(&targets).copied()
            && self.accused < ACCUSED_MAX
        {
            accuse(stage, at, key);
            self.accused += 1;
        }
    }

    fn ask(&mut self, stage: &mut Stage<'_, '_>) {
        let (key, targets) = (stage.party().owner(), targets(stage));
        for at in targets {
            let answer = &stage.hall.answers[at];
            let slot = forms::missing_slot(stage.hall, answer);
            let due = stage.epoch().0 > answer.receipt.anchor_by;
            if !due || self.accused >= ACCUSED_MAX || stage.hall.asked.contains(&slot) {
                continue;
            }
            let action = forms::missing_open(stage.hall, answer);
            match stage.scene.record(&slot).is_some() {
                true => {
                    stage.hall.asked.push(slot);
                    self.accused += 1;
                }
                false => stage.wish(key, action),
            }
        }
    }
}
