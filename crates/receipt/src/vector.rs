//! Token vectors: a salted leaf per token, so that one can be shown without the others.
//!
//! Never holds the tokens. The root of no tokens is 32 zero bytes; the first n leaves are the vector of the first n
//! tokens.

use commit::{Digest, Edge, SaltAt, Salts};

use crate::domains::{SALT_OUTPUT, SALT_PROMPT, TOKEN_LEAF, TokenNodes};

/// Which tokens a vector is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The prompt's.
    Prompt,
    /// A choice's output.
    Output {
        /// Index of the choice.
        choice: u32,
    },
}

impl Which {
    /// The salt of a position's leaf.
    #[must_use]
    pub fn salt(self, salts: &Salts, position: u32) -> Digest {
        let (kind, index) = match self {
            Self::Prompt => (SALT_PROMPT, 0),
            Self::Output { choice } => (SALT_OUTPUT, choice),
        };
        salts.salt(SaltAt { kind, position, op: 0, index })
    }
}

/// The hash of a token whose salt is known.
#[must_use]
pub fn token_leaf(network: commit::Network, salt: &Digest, token: u32) -> Digest {
    TOKEN_LEAF.hash(network, &[salt, &token.to_le_bytes()])
}

/// A growing commitment to tokens.
#[derive(Clone, Debug)]
pub struct TokenVector {
    salts: Salts,
    which: Which,
    count: u32,
    edge: Edge,
}

impl TokenVector {
    /// Of no tokens yet.
    #[must_use]
    pub fn new(salts: Salts, which: Which) -> Self {
        Self { salts, which, count: 0, edge: Edge::default() }
    }

    /// Of all these tokens.
    #[must_use]
    pub fn over(salts: Salts, which: Which, tokens: &[u32]) -> Self {
        let mut vector = Self::new(salts, which);
        tokens.iter().for_each(|token| vector.push(*token));
        vector
    }

    /// Appends a token.
    pub fn push(&mut self, token: u32) {
        let salt = self.which.salt(&self.salts, self.count);
        let leaf = token_leaf(self.salts.network, &salt, token);
        self.edge.push(&TokenNodes(self.salts.network), leaf);
        self.count += 1;
    }

    /// How many tokens.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The commitment; zeros for no tokens.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.edge.root(&TokenNodes(self.salts.network)).unwrap_or_default()
    }
}

/// The leaves of these tokens.
pub(crate) fn leaves(salts: &Salts, which: Which, tokens: &[u32]) -> Vec<Digest> {
    let leaf = |(position, token): (u32, &u32)| {
        token_leaf(salts.network, &which.salt(salts, position), *token)
    };
    (0..).zip(tokens).map(leaf).collect()
}
