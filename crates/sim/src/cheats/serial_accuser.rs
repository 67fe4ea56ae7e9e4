//! Accuses a node that is away again and again: it asks for one chunk of a model after the other, each as soon as the
//! node was silent about the one before.
//!
//! It wants one outage to count as many. Only who came back can be away again, so each silence costs the same.

use crate::court::parts::{ask_part, withheld};
use crate::court::{Player, Stage, Standing};
use crate::random::Random;

struct SerialAccuser {
    /// The chunk that it asks for.
    chunk: u64,
}

/// Chunks that it asks for.
const CHUNKS: u64 = 4;

pub(super) fn cast(_: &mut Random) -> Box<dyn Player> {
    Box::new(SerialAccuser { chunk: 0 })
}

impl Player for SerialAccuser {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        let away = |at: &usize| {
            let worker = stage.hall.answers[*at].worker;
            stage.hall.party(worker).standing == Standing::Offline
        };
        let Some(at) = (0..stage.hall.answers.len()).find(away) else { return };
        let slot = crate::court::forms::part_slot(stage.hall, &stage.hall.answers[at], self.chunk);
        let asked = withheld(stage);
        let now = asked.iter().find(|(of, _)| *of == slot);
        let asked_once = stage.hall.parts.contains(&slot);
        // Silent, or shown.
        let next =
            now.is_some_and(|(_, withheld)| withheld.asked.silent) || now.is_none() && asked_once;
        if next && self.chunk + 1 < CHUNKS {
            self.chunk += 1;
        }
        ask_part(stage, at, self.chunk);
    }
}
