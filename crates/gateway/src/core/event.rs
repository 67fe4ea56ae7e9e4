//! What comes of a question: pieces, signed heads, and an end with its receipt.
//!
//! Never ends without an [`Event::End`] or an [`Event::Failed`], and nothing comes after either. The receipt in an end
//! is durable already.

use std::sync::{Arc, OnceLock};

use commit::Digest;
use llm::{Model, TokenLogprob};
use receipt::SignedHead;
use text::tool_calls::ToolCalls;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::refusal::Refusal;

/// What is known when an answer begins.
#[derive(Clone)]
pub(crate) struct Started {
    /// The job's commitment: the id of the answer, and the address of its receipt.
    pub(crate) job: Digest,
    /// What the commitments are salted with: whoever asked may check every head by it.
    pub(crate) blind: [u8; 32],
    pub(crate) model: String,
    pub(crate) model_id: Digest,
    /// What its tokens stand for.
    pub(crate) loaded: Arc<Model>,
    /// What tells calls of tools from text, where tools were given.
    pub(crate) calls: Option<Arc<ToolCalls>>,
    pub(crate) worker: receipt::PublicKey,
    /// Seconds since 1970.
    pub(crate) created_s: u64,
    pub(crate) choices: u32,
    pub(crate) prompt_tokens: u64,
}

/// Some of an answer.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) choice: u32,
    /// Text that is certain now.
    pub(crate) text: String,
    /// The token that was drawn.
    pub(crate) token: Option<u32>,
    pub(crate) logprob: Option<TokenLogprob>,
    /// Over everything of this choice so far.
    pub(crate) head: Option<SignedHead>,
}

/// How a choice came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finish {
    /// The model drew a stop token.
    Token,
    /// The stop string of this index.
    String(u8),
    /// As long as asked for.
    Length,
}

impl Finish {
    /// In our words.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Token => "stop_token",
            Self::String(_) => "stop_string",
            Self::Length => "length",
        }
    }
}

/// Why a choice did not come to its end: no answer that was cut off is told as one that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Nobody wanted the rest, or nobody waited for it.
    Cancelled,
    /// A number left its range: on every machine alike.
    Fault,
    /// Its grammar could not be followed on.
    Grammar,
    /// Nothing computes any more.
    Unfinished,
    /// It came to its end, and its reader did not take it.
    NotTaken,
}

impl Cut {
    /// In our words.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Cancelled => "cancelled",
            Self::Fault => "fault",
            Self::Grammar => "grammar",
            Self::Unfinished => "unfinished",
            Self::NotTaken => "not_taken",
        }
    }

    /// For whoever waits for it.
    pub(crate) const fn why(self) -> &'static str {
        match self {
            Self::Cancelled => "the server is stopping, or its reader was too slow",
            Self::Fault => "a number left its range, as it does on every machine",
            Self::Grammar => "its grammar takes more to follow than one token may cost",
            Self::Unfinished => "the server can't compute the rest",
            Self::NotTaken => "all of it was there, and its reader did not take it in time",
        }
    }
}

/// A choice that has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) choice: u32,
    pub(crate) finish: Finish,
}

/// A receipt that is durable.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    pub(crate) id: Digest,
    /// The signed envelope, as JSON.
    pub(crate) envelope: String,
}

/// The end of an answer.
#[derive(Clone, Debug)]
pub(crate) struct End {
    /// In order of choices.
    pub(crate) choices: Vec<Ended>,
    pub(crate) prompt_tokens: u64,
    pub(crate) cached_tokens: u64,
    pub(crate) completion_tokens: u64,
    pub(crate) receipt: Sealed,
}

/// What comes of a question.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    Part(Box<Part>),
    End(Box<End>),
    Failed(Refusal),
}

/// An answer in the making. Dropping it cancels what is left.
pub(crate) struct Answer {
    pub(crate) started: Started,
    pub(crate) events: mpsc::Receiver<Event>,
    pub(crate) ended: EndedAt,
}

/// When the last event of an answer came, whether it was taken or not.
pub(crate) type EndedAt = Arc<OnceLock<Instant>>;

/// An answer as a whole: one list of parts a choice.
pub(crate) struct Whole {
    pub(crate) started: Started,
    pub(crate) choices: Vec<Vec<Part>>,
    pub(crate) end: End,
}

impl Answer {
    /// Waits for all of it.
    pub(crate) async fn whole(mut self) -> Result<Whole, Refusal> {
        let mut choices: Vec<Vec<Part>> = (0..self.started.choices).map(|_| Vec::new()).collect();
        while let Some(event) = self.events.recv().await {
            match event {
                Event::Part(part) => {
                    let choice = usize::try_from(part.choice).unwrap_or(usize::MAX);
                    if let Some(parts) = choices.get_mut(choice) {
                        parts.push(*part);
                    }
                }
                Event::End(end) => {
                    return Ok(Whole { started: self.started, choices, end: *end });
                }
                Event::Failed(refusal) => return Err(refusal),
            }
        }
        Err(Refusal::unended())
    }
}
