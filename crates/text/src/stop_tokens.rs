//! The set of tokens that end an answer.
//!
//! One model has several (end of text, of turn, of message), and files are known to name only one
//! of them, or the wrong one. So the set is what the file names plus every control token whose text
//! is a known end. It NEVER holds an ordinary token unless the file names it. A package names them all.

use std::collections::BTreeSet;

use crate::vocabulary::Vocabulary;

/// Which tokens end an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopTokens {
    ids: BTreeSet<u32>,
}

impl StopTokens {
    pub(crate) fn new(vocabulary: &Vocabulary, control_flags: &[bool]) -> Self {
        let named = [vocabulary.eos, vocabulary.eot, vocabulary.eom].into_iter().flatten();
        let known = (0u32..)
            .zip(vocabulary.tokens.iter().zip(control_flags))
            .filter(|(_, (text, control))| **control && vocabulary.kind.is_end(text))
            .map(|(id, _)| id);
        Self { ids: named.chain(known).collect() }
    }

    pub(crate) fn of(ids: impl IntoIterator<Item = u32>) -> Self {
        Self { ids: ids.into_iter().collect() }
    }

    /// Whether the token ends an answer.
    pub fn contains(&self, token: u32) -> bool {
        self.ids.contains(&token)
    }

    /// The tokens, ascending.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.ids.iter().copied()
    }
}
