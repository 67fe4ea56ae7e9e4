//! What is wrong with a receipt.
//!
//! Never a matter of opinion: each says what was expected and what was found.

use commit::Digest;
use receipt::{PublicKey, Stop};
use thiserror::Error;

/// Why an answer ended, as replay finds it: the reason without the words of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Ending {
    /// It did not end there.
    #[error("it goes on")]
    GoesOn,
    /// The last token is a stop token.
    #[error("stop_token")]
    Token,
    /// A stop string ended the text.
    #[error("stop_string {index}")]
    String {
        /// Which of the job's, from 0.
        index: u8,
    },
    /// As long as it may be.
    #[error("length")]
    Length,
    /// The arithmetic left its bounds.
    #[error("fault at position {position}, op {op}")]
    Fault {
        /// Position in prompt and output.
        position: u32,
        /// The op.
        op: u32,
    },
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refutation {
    /// Commitments to something else.
    #[error(
        "the opening is not of this receipt: its {what} is committed to as {committed}, what is shown gives {shown}"
    )]
    Opening {
        /// What differs.
        what: &'static str,
        /// By the receipt.
        committed: Hex,
        /// By the opening.
        shown: Hex,
    },
    /// The receipt says one thing, the job another.
    #[error("the receipt's {what} is not its job's")]
    Job {
        /// What differs.
        what: &'static str,
    },
    /// A count.
    #[error("usage: {what} {claimed} claimed, {found} found")]
    Usage {
        /// Of what.
        what: &'static str,
        /// By the receipt.
        claimed: u32,
        /// By counting.
        found: u32,
    },
    /// A renderer that did not sign.
    #[error("who is said to have rendered the prompt has not signed it")]
    Rendering,
    /// A requester that did not sign, or not for this.
    #[error("choice {choice}: the cancellation {reason}")]
    Cancellation {
        /// Which choice.
        choice: u32,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Another worker than the one asked for.
    #[error("the receipt was signed by the key {found}, and the one asked for is {wanted}")]
    Signer {
        /// Who was asked for.
        wanted: PublicKey,
        /// Who signed.
        found: PublicKey,
    },
    /// A version of the specification that is known here, and is not the one of the model's program.
    #[error("the receipt names version {claimed} of {what}, the model's program has {found}")]
    Version {
        /// Of what.
        what: &'static str,
        /// By the receipt.
        claimed: u16,
        /// By the program.
        found: u16,
    },
    /// What the model gives for messages is not the prompt.
    #[error("the prompt is not what the messages render to: at position {position} {}, {}", expected_token(*.expected), found_token(*.found))]
    Prompt {
        /// Where they part.
        position: u32,
        /// The messages' token.
        expected: Option<u32>,
        /// The prompt's.
        found: Option<u32>,
    },
    /// The messages make no prompt at all.
    #[error("the messages don't render: {0}")]
    Messages(String),
    /// The job can't be run by this model.
    #[error("this model can't have been asked this: {0}")]
    Request(String),
    /// A token.
    #[error("choice {choice}, position {position}: expected token {expected}, found {found}")]
    Token {
        /// Which choice.
        choice: u32,
        /// Position in the output, from 0.
        position: u32,
        /// What the model gives.
        expected: u32,
        /// What was delivered.
        found: u32,
    },
    /// A number of an embedding.
    #[error("number {position} of the vector: expected {expected} / 2^24, found {found} / 2^24")]
    Number {
        /// Position in the vector, from 0.
        position: u32,
        /// What the model gives.
        expected: i32,
        /// What was delivered.
        found: i32,
    },
    /// The end.
    #[error(
        "choice {choice}: it is said to end with {claimed}; replay finds: {found}, after {tokens} tokens"
    )]
    Stop {
        /// Which choice.
        choice: u32,
        /// By the receipt.
        claimed: &'static str,
        /// By replay.
        found: Ending,
        /// After so many tokens of output.
        tokens: u32,
    },
}

impl Refutation {
    /// Whether it was found by computing what the model draws, and not before.
    pub(crate) fn is_of_a_pass(&self) -> bool {
        matches!(self, Self::Token { .. } | Self::Number { .. } | Self::Stop { .. })
    }
}

/// A hash, in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hex(pub Digest);

impl core::fmt::Display for Hex {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&commit::hex(&self.0))
    }
}

impl core::fmt::Debug for Hex {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{self}")
    }
}

fn expected_token(token: Option<u32>) -> String {
    token.map_or("they have ended".into(), |token| format!("they give token {token}"))
}

fn found_token(token: Option<u32>) -> String {
    token.map_or("the prompt has ended".into(), |token| format!("the prompt has {token}"))
}

impl Ending {
    /// Whether a claimed reason stands where replay finds this ending after the last token. Reasons that rest on
    /// others' words, or claim nothing, stand with any.
    #[must_use]
    pub fn bears(self, claimed: &Stop) -> bool {
        match (claimed, self) {
            (Stop::Cancelled { .. } | Stop::Unfinished, _)
            | (Stop::Token, Self::Token)
            | (Stop::Length, Self::Length) => true,
            (Stop::String { index }, Self::String { index: found }) => *index == found,
            (Stop::Fault { position, op }, Self::Fault { position: at, op: found }) => {
                (*position, *op) == (at, found)
            }
            (
                Stop::Token | Stop::String { .. } | Stop::Length | Stop::Fault { .. },
                Self::GoesOn
                | Self::Token
                | Self::String { .. }
                | Self::Length
                | Self::Fault { .. },
            ) => false,
        }
    }
}
