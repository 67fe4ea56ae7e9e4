//! Byte-level BPE: words, and what the merges make of each.
//!
//! The merging is the `tokenizers` library's, for vocabularies it was shown to be exact for and can't panic on.
//! Control tokens are not in the vocabulary the merges work on, so no text can merge into one. A byte that has
//! no token of its own (SmolLM2 lacks eight that text can contain, among them U+0004) is left out, as llama.cpp
//! and transformers do. It NEVER looks for a token as it is written: `tokenizer` has done so.

use std::collections::HashSet;

use tokenizers::Model;
use tokenizers::models::bpe::{BPE, Merges, Vocab};

use crate::pre_tokenizer::PreTokenizer;
use crate::token_bytes::Alphabet;
use crate::tokenizer::EncodeError;
use crate::vocabulary::{Vocabulary, VocabularyError};

/// How many words' tokens are remembered; speed only.
const CACHED_WORDS: usize = 10_000;

/// A byte-level vocabulary made ready to merge.
pub(crate) struct ByteLevel {
    bpe: BPE,
    pre_tokenizer: PreTokenizer,
    alphabet: Alphabet,
    missing_bytes: Vec<u8>,
}

impl ByteLevel {
    /// `control` says of each token whether no text may become it.
    pub(crate) fn new(vocabulary: &Vocabulary, control: &[bool]) -> Result<Self, VocabularyError> {
        let pre_tokenizer = PreTokenizer::new(&vocabulary.pre_tokenizer)?;
        let ordinary = ordinary_tokens(vocabulary, control);
        let merges = checked_merges(vocabulary, &ordinary)?;
        let alphabet = Alphabet::new();
        let has_byte =
            |&byte: &u8| !ordinary.contains_key(alphabet.char(byte).to_string().as_str());
        let missing_bytes = (0..=u8::MAX).filter(has_byte).collect();
        let bpe = BPE::builder()
            .vocab_and_merges(ordinary, merges)
            .cache_capacity(CACHED_WORDS)
            .ignore_merges(pre_tokenizer.ignore_merges)
            .build()
            .map_err(|error| VocabularyError::Library(error.to_string()))?;
        Ok(Self { bpe, pre_tokenizer, alphabet, missing_bytes })
    }

    /// What a prompt begins with where the vocabulary does not say.
    pub(crate) fn adds_beginning(&self) -> bool {
        self.pre_tokenizer.add_bos
    }

    pub(crate) fn missing_bytes(&self) -> &[u8] {
        &self.missing_bytes
    }

    /// Appends the tokens of a text without literals.
    pub(crate) fn encode(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), EncodeError> {
        if text.is_empty() {
            return Ok(());
        }
        let mut word = String::new();
        self.pre_tokenizer.split(text, &mut |piece| {
            word.clear();
            word.extend(piece.bytes().map(|byte| self.alphabet.char(byte)));
            let tokens = self
                .bpe
                .tokenize(&word)
                .map_err(|error| EncodeError::Library(error.to_string()))?;
            ids.extend(tokens.iter().map(|token| token.id));
            Ok(())
        })
    }
}

/// The tokens that text can merge into.
fn ordinary_tokens(vocabulary: &Vocabulary, control: &[bool]) -> Vocab {
    (0u32..)
        .zip(vocabulary.tokens.iter().zip(control))
        .filter(|(_, (_, control))| !**control)
        .map(|(id, (text, _))| (text.clone(), id))
        .collect()
}

/// The merge rules, each proved to join two ordinary tokens into a third: the library would panic
/// on some that don't.
fn checked_merges(vocabulary: &Vocabulary, ordinary: &Vocab) -> Result<Merges, VocabularyError> {
    let mut merges = Merges::with_capacity(vocabulary.merges.len());
    let mut seen = HashSet::with_capacity(vocabulary.merges.len());
    let mut joined = String::new();
    for (index, text) in vocabulary.merges.iter().enumerate() {
        let bad = || VocabularyError::BadMerge { index, text: text.clone() };
        let (left, right) = text.split_once(' ').ok_or_else(bad)?;
        if left.is_empty() || right.is_empty() || right.contains(' ') {
            return Err(bad());
        }
        joined.clear();
        joined.push_str(left);
        joined.push_str(right);
        for part in [left, right, &joined] {
            if !ordinary.contains_key(part) {
                let text = part.to_owned();
                return Err(VocabularyError::MergeOutOfVocabulary { index, text });
            }
        }
        if !seen.insert(text) {
            let first = vocabulary.merges.iter().position(|other| other == text).unwrap_or(index);
            return Err(VocabularyError::DuplicateMerge { first, second: index });
        }
        merges.push((left.to_owned(), right.to_owned()));
    }
    Ok(merges)
}
