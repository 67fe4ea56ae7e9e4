//! The two sides: what answers the referee.
//!
//! A [`Side`] gets what is asked and answers with a move, or not at all. Never trusts the other side: it sees the
//! referee's view only. [`play`] lets two sides play, each move through its bytes.

mod answers;
pub mod cheats;
mod forged;
mod invented;
mod liars;
mod made_up;
pub mod recording;
mod setting;
mod story;
mod survey;
mod tamper;

pub use answers::{Challenger, Claimant};
pub use invented::{Invented, invented};
pub use story::{Job, Story};
pub use survey::{Survey, states, survey};

use crate::game::Dispute;
use crate::moves::Move;
use crate::state::Asked;
use crate::verdict::{Party, Verdict};

/// Something that can answer.
pub trait Side {
    /// The move that is asked for; none: silence.
    fn answer(&mut self, asked: &Asked<'_>) -> Option<Move>;
}

/// What two sides did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// Moves taken.
    pub moves: u32,
    /// Bytes of the greatest one.
    pub bytes_max: usize,
    /// How it ended.
    pub verdict: Option<Verdict>,
}

/// Sees the bytes of a move before the referee does.
pub type Watch<'w> = dyn FnMut(&Dispute<'_>, Party, &[u8]) + 'w;

/// Lets two sides play to the end: whoever is silent or says what is refused lets its deadline pass.
pub fn play(
    dispute: &mut Dispute<'_>,
    claimant: &mut dyn Side,
    challenger: &mut dyn Side,
) -> Played {
    play_watched(dispute, claimant, challenger, &mut |_, _, _| {})
}

/// The same; `watch` sees the bytes of every move before the referee does.
pub fn play_watched<'a>(
    dispute: &mut Dispute<'a>,
    claimant: &mut dyn Side,
    challenger: &mut dyn Side,
    watch: &mut dyn FnMut(&Dispute<'a>, Party, &[u8]),
) -> Played {
    let mut played = Played::default();
    let mut now = 0;
    while let Some((turn, asked)) = dispute.turn().zip(dispute.asked()) {
        now += 1;
        let made = match turn {
            Party::Claimant => claimant.answer(&asked),
            Party::Challenger => challenger.answer(&asked),
        };
        let bytes = made.map(|made| made.encode()).unwrap_or_default();
        if !bytes.is_empty() {
            watch(dispute, turn, &bytes);
        }
        let made = Move::decode(&bytes).ok();
        if made.is_some_and(|made| dispute.take(turn, &made, now).is_ok()) {
            played.moves += 1;
            played.bytes_max = played.bytes_max.max(bytes.len());
        } else {
            now = dispute.deadline() + 1;
            dispute.pass(now);
        }
    }
    Played { verdict: dispute.verdict(), ..played }
}
