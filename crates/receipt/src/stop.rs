//! Why a choice ended (`spec/receipt.md` section 4).
//!
//! Never judges whether it held: replay does. Numbers are never reused.

use commit::{Digest, Network, Reader, WireError, Writer};

use crate::domains::CANCEL;
use crate::keys::{PublicKey, SecretKey, Signature};
use crate::limits::STOP_STRINGS_MAX;

/// A reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The last token is one of the job's stop tokens.
    Token,
    /// A stop string ended the text.
    String {
        /// Which of the job's.
        index: u8,
    },
    /// As long as asked for, or as the context allows.
    Length,
    /// Whoever asked no longer wanted it.
    Cancelled {
        /// How many tokens had come.
        count: u32,
        /// The requester's word.
        signature: Signature,
    },
    /// The delivered tokens, and nothing about why there are no more.
    Unfinished,
    /// The arithmetic left its bounds.
    Fault {
        /// Position in prompt and output.
        position: u32,
        /// The op.
        op: u32,
    },
}

impl Stop {
    /// The requester's word that it wants no more than these tokens.
    #[must_use]
    pub fn cancelled(
        secret: &SecretKey,
        network: Network,
        job: &Digest,
        choice: u32,
        count: u32,
    ) -> Self {
        let signature = secret.sign_in(CANCEL, network, &cancelled(job, choice, count));
        Self::Cancelled { count, signature }
    }

    /// Whether the requester said so; true of every other reason.
    #[must_use]
    pub fn is_signed(
        &self,
        requester: &PublicKey,
        network: Network,
        job: &Digest,
        choice: u32,
    ) -> bool {
        match self {
            Self::Cancelled { count, signature } => {
                let content = cancelled(job, choice, *count);
                requester.signed_in(CANCEL, network, &content, signature)
            }
            Self::Token
            | Self::String { .. }
            | Self::Length
            | Self::Unfinished
            | Self::Fault { .. } => true,
        }
    }

    /// Its name, for people.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Token => "stop_token",
            Self::String { .. } => "stop_string",
            Self::Length => "length",
            Self::Cancelled { .. } => "cancelled",
            Self::Unfinished => "unfinished",
            Self::Fault { .. } => "fault",
        }
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        match self {
            Self::Token => out.u8(1),
            Self::String { index } => {
                out.u8(2);
                out.u8(*index);
            }
            Self::Length => out.u8(3),
            Self::Cancelled { count, signature } => {
                out.u8(4);
                out.u32(*count);
                out.bytes(&signature.0);
            }
            Self::Unfinished => out.u8(5),
            Self::Fault { position, op } => {
                out.u8(6);
                out.u32(*position);
                out.u32(*op);
            }
        }
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(match input.u8("a stop reason")? {
            1 => Self::Token,
            2 => {
                let index = input.u8("a stop string's index")?;
                let (found, max) = (usize::from(index) + 1, STOP_STRINGS_MAX);
                if found > max {
                    return Err(WireError::Limit { what: "stop strings", found, max });
                }
                Self::String { index }
            }
            3 => Self::Length,
            4 => Self::Cancelled {
                count: input.u32("a cancellation's count")?,
                signature: Signature(input.array("a cancellation's signature")?),
            },
            5 => Self::Unfinished,
            6 => Self::Fault {
                position: input.u32("a fault's position")?,
                op: input.u32("a fault's op")?,
            },
            found => {
                return Err(WireError::Unknown { what: "a stop reason", found: found.into() });
            }
        })
    }
}

fn cancelled(job: &Digest, choice: u32, count: u32) -> Vec<u8> {
    [&job[..], &choice.to_le_bytes(), &count.to_le_bytes()].concat()
}
