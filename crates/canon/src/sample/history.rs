//! How often each token occurred, which is all that penalties depend on.
//!
//! Grows with the sequence, one call per token; never forgets and never reorders.

use std::collections::BTreeMap;

/// The tokens of one sequence, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Per token that occurred: how often in the output.
    seen: BTreeMap<u32, u32>,
    positions: usize,
}

impl History {
    /// No tokens.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a token of the prompt.
    pub fn prompt(&mut self, token: u32) {
        self.seen.entry(token).or_insert(0);
        self.positions += 1;
    }

    /// Adds a token of the output.
    pub fn output(&mut self, token: u32) {
        let count = self.seen.entry(token).or_insert(0);
        *count = count.saturating_add(1);
        self.positions += 1;
    }

    /// Tokens added.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.positions
    }

    /// The greatest token that occurred.
    #[must_use]
    pub fn greatest(&self) -> Option<u32> {
        self.seen.last_key_value().map(|(token, _)| *token)
    }

    /// Each token that occurred, with how often it did in the output.
    pub fn tokens(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.seen.iter().map(|(token, count)| (*token, *count))
    }

    /// How often a token occurred in the output; `None` where it never occurred.
    #[must_use]
    pub fn count(&self, token: u32) -> Option<u32> {
        self.seen.get(&token).copied()
    }
}
