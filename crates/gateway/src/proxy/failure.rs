//! Why an answer is not passed on: it is false, or nobody can tell.

use receipt::PublicKey;
use thiserror::Error;
use verify::{Hex, Missing, Refutation};

use super::sse::SseError;

/// Why an answer is not passed on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Failure {
    /// Of another model.
    #[error("it answers with the model {}, not with {}", Hex(*found), Hex(*wanted))]
    Model { wanted: [u8; 32], found: [u8; 32] },
    /// Of another worker.
    #[error("it is signed by {found}, not by {wanted}")]
    Worker { wanted: String, found: PublicKey },
    /// Of another question.
    #[error(
        "the job it answers is not what was asked: another prompt, other parameters, an old answer, or another release"
    )]
    Job,
    /// Heads and tokens that do not go together.
    #[error("{0}")]
    Stream(#[from] light::StreamError),
    /// Tokens beyond what was asked for.
    #[error("choice {choice} has more than the {max} tokens that were asked for")]
    Tokens { choice: u32, max: u32 },
    /// Tokens that no answer to this job has.
    #[error("{0}")]
    Misread(#[from] llm::Misread),
    /// A receipt that is refused.
    #[error("its receipt is refused: {0}")]
    Receipt(#[from] receipt::Refusal),
    /// A receipt, or an answer, that is false.
    #[error("{0}")]
    Refuted(Refutation),
    /// What can't be judged here.
    #[error("{0}")]
    Unjudged(Missing),
    /// Tokens that another key may answer for.
    #[error("its receipt does not make {worker} answer for every token of choice {choice}")]
    Segments { choice: u32, worker: PublicKey },
    /// A receipt of an answer that was cut off.
    #[error("it did not come to its end: its receipt says of choice {choice} `{said}`")]
    Unfinished { choice: u32, said: &'static str },
    /// It ended without a receipt.
    #[error("it ended without its receipt")]
    NoReceipt,
    /// It did not say what it answers.
    #[error(
        "it does not say what it answers: the server behind this proxy is not `probity serve`, or an old one"
    )]
    NotBegun,
    /// The connection ended.
    #[error("it was cut off before its end: {0}")]
    Cut(String),
    /// It says that it failed.
    #[error("the server behind this proxy says that it failed: {0}")]
    Said(String),
    /// It can't be read.
    #[error("it can't be read: {0}")]
    Malformed(String),
    /// It is too much, or too slow.
    #[error("it goes beyond a limit: {0}")]
    Limit(String),
    /// Ours.
    #[error("{0}")]
    Ours(String),
}

impl From<SseError> for Failure {
    fn from(error: SseError) -> Self {
        match error {
            SseError::Event(_) | SseError::Stream(_) => Self::Limit(error.to_string()),
            SseError::Utf8 => Self::Malformed(error.to_string()),
        }
    }
}

/// What a failure shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Something that was signed is false.
    Refuted,
    /// It is not what was asked, by what nobody signed: the upstream's, or of somebody between.
    Other,
    /// What can't be read or told accuses nobody.
    Open,
}

impl Failure {
    /// What it shows.
    pub(super) fn finding(&self) -> Finding {
        match self {
            // A signed head covers what was misread or replayed.
            Self::Misread(_) | Self::Refuted(_) => Finding::Refuted,
            Self::Model { .. }
            | Self::Worker { .. }
            | Self::Job
            | Self::Segments { .. }
            | Self::Tokens { .. } => Finding::Other,
            Self::Stream(error) if error.refutes() => Finding::Other,
            Self::Receipt(receipt::Refusal::Refuted(_)) => Finding::Other,
            Self::Stream(_)
            | Self::Receipt(_)
            | Self::Unjudged(_)
            | Self::Unfinished { .. }
            | Self::NoReceipt
            | Self::NotBegun
            | Self::Cut(_)
            | Self::Said(_)
            | Self::Malformed(_)
            | Self::Limit(_)
            | Self::Ours(_) => Finding::Open,
        }
    }

    /// As the caller is told: never in words of the upstream's, which a caller's program may take for its own.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Said(_) => "the server behind this proxy says that it failed".into(),
            Self::Receipt(receipt::Refusal::Malformed(_)) => {
                "its receipt is refused: it can't be read".into()
            }
            Self::Receipt(receipt::Refusal::Refuted(_)) => {
                "its receipt is refused: what it says does not hold".into()
            }
            Self::Model { .. }
            | Self::Worker { .. }
            | Self::Job
            | Self::Stream(_)
            | Self::Tokens { .. }
            | Self::Misread(_)
            | Self::Refuted(_)
            | Self::Unjudged(_)
            | Self::Segments { .. }
            | Self::Unfinished { .. }
            | Self::NoReceipt
            | Self::NotBegun
            | Self::Cut(_)
            | Self::Malformed(_)
            | Self::Limit(_)
            | Self::Ours(_) => self.to_string(),
        }
    }
}
