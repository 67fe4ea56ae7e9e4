//! An answer held against its signed heads while it comes: tokens in, heads in, and what they establish so far.
//!
//! Whoever asked has the blind and the job's commitment from the beginning, so each head's root is derived from the
//! tokens that came and compared: nothing can be exchanged afterwards. Never sees text, so it never says that the
//! text shown is what the tokens spell; never runs a model. Invariants: a stream that is refuted stays so; nothing
//! counts after the last head that held. Failure: what can't be read accuses nobody and is malformed, and what a
//! signature or a root does not bear out is refuted; both are in the report, neither is a panic.

use commit::{Blind, Digest, Network, Salts};
use receipt::limits::{CHOICES_MAX, TOKENS_MAX};
use receipt::{HeadError, PublicKey, ReceiptFile, SignedHead, TokenVector, Which};
use thiserror::Error;

/// Why a stream is not what its heads say.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StreamError {
    /// A head that can't be read.
    #[error("a signed head can't be read: {0}")]
    Unreadable(commit::WireError),
    /// More tokens than an answer may have.
    #[error("more than {TOKENS_MAX} tokens")]
    Tokens,
    /// A choice that no job has.
    #[error("no job has the choice {0}")]
    Choice(u32),
    /// Not of this answer.
    #[error("the head at {count} tokens is of another job or choice")]
    Other {
        /// Its count.
        count: u32,
    },
    /// Not the successor of the one before.
    #[error("the head at {count} tokens does not go on from the one before it: {source}")]
    Chain {
        /// Its count.
        count: u32,
        /// How it does not.
        source: HeadError,
    },
    /// Signed by another key than the one named at the beginning.
    #[error("the head at {count} tokens is signed by {found}, not by {wanted}")]
    Worker {
        /// Its count.
        count: u32,
        /// Who signed.
        found: PublicKey,
        /// Who was named.
        wanted: PublicKey,
    },
    /// Over another number of tokens than came.
    #[error("the head is over {count} tokens, and {came} came before it")]
    Count {
        /// The head's.
        count: u32,
        /// How many came.
        came: u32,
    },
    /// Over other tokens than came.
    #[error("the head at {count} tokens is over other tokens than those that came")]
    Root {
        /// Its count.
        count: u32,
    },
    /// A receipt of something else than came.
    #[error("the receipt is not about the tokens that came with the stream")]
    Receipt,
}

impl StreamError {
    /// Whether something is false: what can't be read accuses nobody.
    #[must_use]
    pub const fn refutes(&self) -> bool {
        match self {
            Self::Unreadable(_) | Self::Tokens | Self::Choice(_) => false,
            Self::Other { .. }
            | Self::Chain { .. }
            | Self::Worker { .. }
            | Self::Count { .. }
            | Self::Root { .. }
            | Self::Receipt => true,
        }
    }
}

/// What a stream said of itself when it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Whose rules of signing.
    pub network: Network,
    /// What the commitments are salted with.
    pub blind: Blind,
    /// The job's commitment.
    pub job: Digest,
    /// Index of the choice.
    pub choice: u32,
    /// Who is said to answer.
    pub worker: PublicKey,
}

/// That a receipt is about what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByReceipt {
    /// How many tokens it has after those that came.
    pub beyond: u32,
}

/// One choice as it comes.
#[derive(Clone, Debug)]
pub struct Stream {
    begun: Begun,
    vector: TokenVector,
    last: Option<SignedHead>,
    heads: u32,
    receipt: Option<ByReceipt>,
    failed: Option<StreamError>,
}

impl Stream {
    /// Of no tokens yet.
    #[must_use]
    pub fn new(begun: Begun) -> Self {
        let Begun { network, blind, choice, .. } = begun;
        let failed = (choice >= CHOICES_MAX).then_some(StreamError::Choice(choice));
        let vector = TokenVector::new(Salts { network, blind }, Which::Output { choice });
        Self { begun, vector, last: None, heads: 0, receipt: None, failed }
    }

    /// Takes the next token.
    pub fn token(&mut self, token: u32) {
        let count = usize::try_from(self.vector.count()).unwrap_or(usize::MAX);
        if count < TOKENS_MAX {
            self.vector.push(token);
        } else {
            self.fail(StreamError::Tokens);
        }
    }

    /// Takes the next head, over the tokens that came so far: worker, head, signature.
    pub fn head(&mut self, bytes: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        let held = SignedHead::decode(bytes).map_err(StreamError::Unreadable);
        match held.and_then(|head| self.held(head)) {
            Ok(head) => {
                self.last = Some(head);
                self.heads = self.heads.saturating_add(1);
            }
            Err(error) => self.fail(error),
        }
    }

    /// The head, where all of it is borne out.
    fn held(&self, signed: SignedHead) -> Result<SignedHead, StreamError> {
        let Begun { network, job, choice, worker, .. } = self.begun;
        let count = signed.head.count;
        if (signed.head.job, signed.head.choice) != (job, choice) {
            return Err(StreamError::Other { count });
        }
        if signed.worker != worker {
            return Err(StreamError::Worker { count, found: signed.worker, wanted: worker });
        }
        let chain = |source| StreamError::Chain { count, source };
        signed.follows(self.last.as_ref(), network).map_err(chain)?;
        if count != self.vector.count() {
            return Err(StreamError::Count { count, came: self.vector.count() });
        }
        if signed.head.root != self.vector.root() {
            return Err(StreamError::Root { count });
        }
        Ok(signed)
    }

    /// Holds the receipt at the end against what came: it may go on where the stream was cut.
    pub fn ended(&mut self, file: &ReceiptFile) {
        if self.failed.is_some() {
            return;
        }
        match self.beyond(file) {
            Some(beyond) => self.receipt = Some(ByReceipt { beyond }),
            None => self.fail(StreamError::Receipt),
        }
    }

    /// How many tokens the receipt has after those that came; `None` where it is about others.
    fn beyond(&self, file: &ReceiptFile) -> Option<u32> {
        let Begun { network, blind, job, choice, worker } = self.begun;
        let receipt = file.receipt();
        let of_this = receipt.choices.iter().find(|of| of.index == choice)?;
        let said = of_this
            .segments
            .last()
            .filter(|_| (receipt.job, receipt.worker) == (job, worker))?
            .head;
        if (said.count, said.root) == (self.vector.count(), self.vector.root()) {
            return Some(0);
        }
        // Whoever stopped reading got less than was signed: the opening shows that it begins with what came.
        let opened = file.opening()?.outputs.iter().find(|of| of.choice == choice)?;
        let came = usize::try_from(self.vector.count()).ok()?;
        let salts = Salts { network, blind };
        let begins = TokenVector::over(salts, Which::Output { choice }, opened.tokens.get(..came)?);
        (begins.root() == self.vector.root()).then_some(said.count.checked_sub(begins.count())?)
    }

    fn fail(&mut self, error: StreamError) {
        self.receipt = None;
        self.failed.get_or_insert(error);
    }

    /// Why the stream is not what its heads say, if it is not.
    #[must_use]
    pub const fn failed(&self) -> Option<&StreamError> {
        self.failed.as_ref()
    }

    /// The receipt that ended it, if one did that says the same.
    #[must_use]
    pub const fn receipt(&self) -> Option<ByReceipt> {
        self.receipt
    }

    /// How many heads held.
    #[must_use]
    pub const fn heads(&self) -> u32 {
        self.heads
    }

    /// How many of the tokens that came are signed: under the last head that held, or all of them by the receipt's.
    #[must_use]
    pub fn signed(&self) -> u32 {
        let by_heads = self.last.map_or(0, |last| last.head.count);
        self.receipt.map_or(by_heads, |_| self.came())
    }

    /// How many tokens came.
    #[must_use]
    pub fn came(&self) -> u32 {
        self.vector.count()
    }

    /// Who is said to answer.
    #[must_use]
    pub const fn worker(&self) -> PublicKey {
        self.begun.worker
    }
}
