//! Why a move is refused. A refused move changes nothing: its side may make another before the deadline.

use commit::WireError;
use thiserror::Error;

/// Why.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It is decided.
    #[error("the dispute is over")]
    Over,
    /// Too late.
    #[error("the move came after the deadline")]
    Late,
    /// Not this side's turn, or not this kind of move.
    #[error("another move is asked for, or the other side's")]
    Turn,
    /// Too many or too few.
    #[error("{found} {what}: {wanted} are wanted")]
    Count {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many there must be.
        wanted: usize,
    },
    /// Hashes that contradict what was said before.
    #[error("{what} do not hash to what was committed to before")]
    Hash {
        /// What.
        what: &'static str,
    },
    /// Something that was not revealed.
    #[error("{index} is named, but only {count} were revealed")]
    Named {
        /// What is named.
        index: u16,
        /// How many there are.
        count: usize,
    },
    /// A sample under a grammar.
    #[error("a job with a grammar is checked by replay: its sample is not open to dispute")]
    Grammar,
    /// An operand that leads nowhere.
    #[error("the proof of {what} does not lead to what is agreed on")]
    Proof {
        /// Of what.
        what: &'static str,
    },
    /// An operand of another kind.
    #[error("an operand is not of the kind that the tile reads there")]
    Kind,
    /// A job that nobody should have taken.
    #[error("the job's leaf of biases can't be read: {0}")]
    Biases(WireError),
    /// A blind that proves nothing.
    #[error("{reason}")]
    Blind {
        /// Why.
        reason: &'static str,
    },
}
