//! A vocabulary made ready for grammars: once per model, shared by all its answers.
//!
//! The engine sees each different sequence of bytes once, with the lowest token that has it; the others follow it. It
//! never sees what can be no text of an answer that follows a grammar: control tokens, which have no bytes here and are
//! allowed only where a grammar names their number; tokens with a byte 0xFF, which the engine takes for a mark of its
//! own and which stands in no UTF-8; and tokens longer than it can hold. Failure: a vocabulary that is too large.

use std::collections::HashMap;
use std::sync::Arc;

use llguidance::ParserFactory;
use llguidance::earley::SlicedBiasComputer;
use llguidance::toktrie::{
    InferenceCapabilities, TokEnv, TokRxInfo, TokTrie, TokenId, TokenizerEnv,
};

use super::definition::GrammarError;
use crate::token_bytes::TokenBytes;

/// Longest token that a grammar can allow: the engine's own limit is 1,024.
const TOKEN_BYTES_MAX: usize = 1_000;
/// Most bytes of all tokens together: the engine numbers as many nodes.
const TABLE_BYTES_MAX: usize = 4_000_000;

/// A vocabulary made ready. Cheap to clone.
#[derive(Clone)]
pub struct GrammarTokens(Arc<Inner>);

pub(super) struct Inner {
    pub(super) factory: ParserFactory,
    /// Tokens of the vocabulary. The number behind the last is the engine's word for an end.
    pub(super) count: u32,
    /// Tokens with the bytes of another one, and that one: ascending.
    pub(super) same: Vec<(u32, u32)>,
}

/// The vocabulary as the engine asks for it. Text is never made tokens here: no token is forced.
struct Environment(TokTrie);

impl TokenizerEnv for Environment {
    fn tok_trie(&self) -> &TokTrie {
        &self.0
    }

    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<TokenId> {
        self.0.greedy_tokenize(bytes)
    }

    fn tokenize_is_canonical(&self) -> bool {
        false
    }
}

impl GrammarTokens {
    /// Whether both were made at once.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Makes a vocabulary ready, which takes a while: once per model.
    ///
    /// # Errors
    /// [`GrammarError`] where it is too large.
    pub fn new(table: &TokenBytes) -> Result<Self, GrammarError> {
        Self::with_slices(table, &SlicedBiasComputer::general_slices())
    }

    /// With the engine's shortcuts for some sets of tokens, or without any: masks are the same.
    pub(super) fn with_slices(table: &TokenBytes, slices: &[String]) -> Result<Self, GrammarError> {
        let (mut words, same, total) = words(table);
        if total > TABLE_BYTES_MAX {
            return Err(GrammarError::Vocabulary(total));
        }
        let count = u32::try_from(words.len()).map_err(|_| GrammarError::Vocabulary(total))?;
        words.push(Vec::new());
        let trie = TokTrie::from(&TokRxInfo::new(count + 1, count), &words);
        let environment: TokEnv = Arc::new(Environment(trie));
        let factory = ParserFactory::new(&environment, InferenceCapabilities::default(), slices);
        let mut factory = factory.map_err(|error| GrammarError::Refused(error.to_string()))?;
        factory.quiet();
        *factory.limits_mut() = super::limits::engine();
        Ok(Self(Arc::new(Inner { factory, count, same })))
    }

    pub(super) fn inner(&self) -> &Arc<Inner> {
        &self.0
    }
}

impl Inner {
    /// The token the engine knows for this one.
    pub(super) fn known(&self, token: u32) -> u32 {
        let found = self.same.binary_search_by_key(&token, |(token, _)| *token);
        found.map_or(token, |at| self.same[at].1)
    }
}

/// The bytes of every token that the engine sees, the tokens that share another's, and how many bytes there are.
fn words(table: &TokenBytes) -> (Vec<Vec<u8>>, Vec<(u32, u32)>, usize) {
    let mut first: HashMap<&[u8], u32> = HashMap::with_capacity(table.len());
    let (mut words, mut same, mut total) = (Vec::with_capacity(table.len()), Vec::new(), 0_usize);
    for token in 0.. {
        let Some(piece) = table.get(token) else { break };
        let bytes = if piece.control { &[] } else { piece.bytes };
        let fits =
            bytes.len() <= TOKEN_BYTES_MAX && !bytes.contains(&TokTrie::SPECIAL_TOKEN_MARKER);
        let word = match first.get(bytes) {
            _ if !fits || bytes.is_empty() => Vec::new(),
            Some(known) => {
                same.push((token, *known));
                Vec::new()
            }
            None => {
                first.insert(bytes, token);
                bytes.to_vec()
            }
        };
        total = total.saturating_add(word.len());
        words.push(word);
    }
    (words, same, total)
}
