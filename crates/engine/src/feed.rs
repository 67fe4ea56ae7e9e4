//! What goes into a pass and what comes out of it.
//!
//! A feed that makes no sense is refused before anything runs; an overflow of the arithmetic is an
//! outcome, never an error.

use program::reference::{Boundary, Fault};
use thiserror::Error;

use crate::sequence::Sequence;

/// What a feed wants of its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// None: only the keys and values matter.
    Nothing,
    /// The logits of its last token.
    Last,
    /// The logits of every token.
    All,
    /// The row that the last token's logits would be made of.
    Row,
}

/// Tokens to append to a sequence.
pub struct Feed<'a> {
    /// The sequence.
    pub sequence: &'a mut Sequence,
    /// Its next tokens.
    pub tokens: &'a [u32],
    /// What to give.
    pub wanted: Wanted,
    /// Whether to give what is committed at every layer boundary.
    pub boundaries: bool,
}

/// What became of a feed.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The wanted logits, in order of position; none from a fault on.
    pub logits: Vec<Vec<i32>>,
    /// The wanted row; none after a fault.
    pub row: Option<Vec<i32>>,
    /// Per token, where they were wanted: after the prologue, then after every layer; none from a fault on.
    pub boundaries: Vec<Vec<Boundary>>,
    /// The least (position, op) that overflowed; the sequence holds the positions before it.
    pub fault: Option<Fault>,
}

/// Why a pass was refused before it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FeedError {
    /// A token id the program does not have.
    #[error("token {token} is not below the vocabulary's {vocabulary}")]
    Token {
        /// The token.
        token: u32,
        /// Token ids are below this.
        vocabulary: u32,
    },
    /// More positions than the program allows.
    #[error("{length} positions are more than the model's context of {context_max}")]
    Context {
        /// How many there would be.
        length: usize,
        /// How many there may be.
        context_max: usize,
    },
    /// Too much at once.
    #[error("{rows} tokens in one pass are more than the {rows_max} there is room for")]
    Rows {
        /// How many there are.
        rows: usize,
        /// How many there may be.
        rows_max: usize,
    },
    /// A sequence of another engine.
    #[error("the sequence belongs to another engine")]
    Foreign,
}
