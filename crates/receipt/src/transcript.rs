//! A choice as a worker delivers it: tokens in, signed heads out.
//!
//! Never looks at a clock: whoever drives it says when a head is due for its age; by number of tokens it says so
//! itself.

use commit::{Digest, Network, Salts};

use crate::head::{Head, SignedHead};
use crate::keys::SecretKey;
use crate::limits::CHUNK_TOKENS_MAX;
use crate::vector::{TokenVector, Which};

/// One choice in the making.
#[derive(Clone, Debug)]
pub struct Transcript {
    network: Network,
    job: Digest,
    choice: u32,
    start: u32,
    secret: SecretKey,
    vector: TokenVector,
    last: Option<SignedHead>,
}

impl Transcript {
    /// Of no tokens yet.
    #[must_use]
    pub fn new(salts: Salts, job: Digest, choice: u32, secret: SecretKey) -> Self {
        let vector = TokenVector::new(salts, Which::Output { choice });
        Self { network: salts.network, job, choice, start: 0, secret, vector, last: None }
    }

    /// Going on where another worker stopped; `None` where its head is not of these tokens.
    #[must_use]
    pub fn resumed(
        salts: Salts,
        secret: SecretKey,
        tokens: &[u32],
        last: SignedHead,
    ) -> Option<Self> {
        let Head { job, choice, count, root, .. } = last.head;
        let vector = TokenVector::over(salts, Which::Output { choice }, tokens);
        let its_own = (vector.count(), vector.root()) == (count, root);
        let start = if last.worker == secret.public() { last.head.start } else { count };
        let network = salts.network;
        (its_own && last.holds(network)).then_some(Self {
            network,
            job,
            choice,
            start,
            secret,
            vector,
            last: Some(last),
        })
    }

    /// Takes the next token.
    pub fn push(&mut self, token: u32) {
        self.vector.push(token);
    }

    /// Whether so many tokens came since the last head that the next one is due.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.unsigned() >= CHUNK_TOKENS_MAX
    }

    /// How many tokens no head covers yet.
    #[must_use]
    pub fn unsigned(&self) -> u32 {
        self.vector.count() - self.last.map_or(0, |last| last.head.count)
    }

    /// How many tokens there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.vector.count()
    }

    /// A head over everything so far; the one before it where nothing came since.
    pub fn sign(&mut self) -> SignedHead {
        match self.last {
            Some(last) if self.unsigned() == 0 && last.worker == self.secret.public() => last,
            before => {
                let head = Head {
                    job: self.job,
                    choice: self.choice,
                    start: self.start,
                    prior: before.map_or([0; 32], |before| before.head.id(self.network)),
                    count: self.vector.count(),
                    root: self.vector.root(),
                };
                *self.last.insert(SignedHead::sign(head, &self.secret, self.network))
            }
        }
    }
}
