//! Signed heads: how far a choice has come, said while it comes.
//!
//! Never says when. Two heads at different counts never contradict each other; two openings of different tokens at one
//! position do.

use commit::{Digest, Network, Reader, WireError, Writer};
use thiserror::Error;

use crate::domains::HEAD;
use crate::keys::{PublicKey, SecretKey, Signature};
use crate::limits::{CHOICES_MAX, CHUNK_TOKENS_MAX, TOKENS_MAX};

/// The version of heads.
pub(crate) const HEAD_VERSION: u16 = 1;

/// The state of a choice after some tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The job's commitment.
    pub job: Digest,
    /// Index of the choice.
    pub choice: u32,
    /// From which position on this worker answers for the tokens.
    pub start: u32,
    /// Id of the head before; zeros: none.
    pub prior: Digest,
    /// How many tokens there are.
    pub count: u32,
    /// Root of their vector.
    pub root: Digest,
}

/// A head and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedHead {
    /// What is said.
    pub head: Head,
    /// By whom.
    pub worker: PublicKey,
    /// That it was.
    pub signature: Signature,
}

/// Why a head does not go on from the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HeadError {
    /// Of another answer.
    #[error("the head is of another job or choice")]
    Other,
    /// Not its successor.
    #[error("the head does not name the one before it as its prior")]
    Prior,
    /// Fewer or no more tokens.
    #[error("the head's count {count} does not grow from {before}")]
    Count {
        /// The head's.
        count: u32,
        /// The one before.
        before: u32,
    },
    /// Too many tokens at once.
    #[error("{tokens} tokens under one head: at most {CHUNK_TOKENS_MAX} may come between two")]
    Chunk {
        /// Since the one before.
        tokens: u32,
    },
    /// A segment that does not begin where the one before ends.
    #[error("the segment begins at {start}, not at {wanted}")]
    Start {
        /// The head's.
        start: u32,
        /// Where it should.
        wanted: u32,
    },
    /// Not signed by the key it names.
    #[error("the head's signature is not its worker's")]
    Signature,
}

impl Head {
    /// The signed bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.u16(HEAD_VERSION);
        out.bytes(&self.job);
        out.u32(self.choice);
        out.u32(self.start);
        out.bytes(&self.prior);
        out.u32(self.count);
        out.bytes(&self.root);
        out.finish()
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.version("a head's", HEAD_VERSION)?;
        let head = Self {
            job: input.array("a head's job")?,
            choice: input.u32("a head's choice")?,
            start: input.u32("a segment's start")?,
            prior: input.array("a head's prior")?,
            count: input.u32("a head's count")?,
            root: input.array("a head's root")?,
        };
        let found = usize::try_from(head.count).unwrap_or(usize::MAX);
        if found > TOKENS_MAX {
            return Err(WireError::Limit { what: "tokens of a head", found, max: TOKENS_MAX });
        }
        if head.choice >= CHOICES_MAX {
            let reason = "no job has so many choices";
            return Err(WireError::Value { what: "a head's choice", reason });
        }
        if head.count < head.start {
            let reason = "it ends before it begins";
            return Err(WireError::Value { what: "a segment", reason });
        }
        if (head.count == 0) != (head.root == [0; 32]) {
            let reason = "zeros stand for no tokens, and only for them";
            return Err(WireError::Value { what: "a head's root", reason });
        }
        Ok(head)
    }

    /// The head's id.
    #[must_use]
    pub fn id(&self, network: Network) -> Digest {
        HEAD.hash(network, &[&self.encode()])
    }
}

impl SignedHead {
    /// Says so.
    #[must_use]
    pub fn sign(head: Head, secret: &SecretKey, network: Network) -> Self {
        let signature = secret.sign_in(HEAD, network, &head.encode());
        Self { head, worker: secret.public(), signature }
    }

    /// Whether its worker said so.
    #[must_use]
    pub fn holds(&self, network: Network) -> bool {
        self.worker.signed_in(HEAD, network, &self.head.encode(), &self.signature)
    }

    /// Bytes of a stream's chunk: worker, head, signature.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        self.write(&mut out);
        out.finish()
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        let head = Self::read(&mut input)?;
        input.end("a signed head")?;
        Ok(head)
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        out.bytes(&self.worker.0);
        out.bytes(&self.head.encode());
        out.bytes(&self.signature.0);
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            worker: PublicKey(input.array("a worker's key")?),
            head: Head::read(input)?,
            signature: Signature(input.array("a head's signature")?),
        })
    }

    /// Checks that this head goes on from the one received before it, in a stream.
    ///
    /// # Errors
    /// [`HeadError`] says how it does not.
    pub fn follows(&self, before: Option<&Self>, network: Network) -> Result<(), HeadError> {
        if !self.holds(network) {
            return Err(HeadError::Signature);
        }
        let head = &self.head;
        // A successor's first head may add nothing: all it says is that the answer is whole, and why.
        let (prior, start, count, added_least) = match before {
            None => ([0; 32], 0, 0, 0),
            Some(before) if before.head.job != head.job || before.head.choice != head.choice => {
                return Err(HeadError::Other);
            }
            Some(before) => {
                let same = before.worker == self.worker;
                let (start, added_least) =
                    if same { (before.head.start, 1) } else { (before.head.count, 0) };
                (before.head.id(network), start, before.head.count, added_least)
            }
        };
        if head.prior != prior {
            return Err(HeadError::Prior);
        }
        if head.start != start {
            return Err(HeadError::Start { start: head.start, wanted: start });
        }
        match head.count.checked_sub(count) {
            Some(tokens) if tokens > CHUNK_TOKENS_MAX => Err(HeadError::Chunk { tokens }),
            Some(tokens) if tokens >= added_least => Ok(()),
            Some(_) | None => Err(HeadError::Count { count: head.count, before: count }),
        }
    }
}
