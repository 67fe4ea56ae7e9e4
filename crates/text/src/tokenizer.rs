//! Text to tokens: byte-level BPE with control tokens kept out of reach of users.
//!
//! The merging is the `tokenizers` library's; which tokens may arise from which text is decided
//! here, so that no option of that library can undo it:
//! 1. control tokens are not in the vocabulary the merges work on, so no text can merge into one;
//! 2. their literals are looked for only in text the caller calls trusted;
//! 3. text on both sides of a boundary between trusted and untrusted is joined before it is cut
//!    into words, so that the tokens are those of the whole text, as in llama.cpp and transformers.
//!
//! User-defined tokens (tags, runs of white space: text like any other to the model) are found in
//! all text, as those two do. A byte that has no token of its own (SmolLM2 lacks eight that text
//! can contain, among them U+0004) is left out, as those two do; [`Tokenizer::missing_bytes`]
//! tells.
//!
//! `encode` NEVER adds BOS or EOS; `encode_prompt` adds each at most once.

use std::collections::{BTreeMap, HashSet};

use tokenizers::Model;
use tokenizers::models::bpe::{BPE, Merges, Vocab};

use crate::literals::Literals;
use crate::pre_tokenizer::PreTokenizer;
use crate::stop_tokens::StopTokens;
use crate::token_bytes::{Alphabet, TokenBytes};
use crate::vocabulary::{MAX_LITERAL_BYTES, ModelKind, TokenType, Vocabulary, VocabularyError};

/// The longest text of one prompt. Merging takes up to some 60 bytes of memory per byte.
pub const MAX_TEXT_BYTES: usize = 4 << 20;
/// How many words' tokens are remembered; speed only.
const CACHED_WORDS: usize = 10_000;

/// Whether control tokens' literals in a text mean those tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Specials {
    /// They are ordinary text: for anything a user wrote.
    Deny,
    /// They are the tokens: for text of the template or the operator.
    Allow,
}

/// A stretch of a prompt by whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment<'a> {
    /// Literals of control tokens mean the tokens.
    Trusted(&'a str),
    /// Nothing in it means a control token.
    Untrusted(&'a str),
}

/// Why a text has no tokens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    #[error("the text is {bytes} bytes long; at most {MAX_TEXT_BYTES} are allowed: send less")]
    TooLong { bytes: usize },
    #[error("the tokenizer library failed: {0}")]
    Library(String),
}

/// A vocabulary made ready for encoding.
pub struct Tokenizer {
    bpe: BPE,
    pre_tokenizer: PreTokenizer,
    alphabet: Alphabet,
    control: LiteralTokens,
    user_defined: LiteralTokens,
    token_bytes: TokenBytes,
    stop_tokens: StopTokens,
    missing_bytes: Vec<u8>,
    bos: Option<u32>,
    eos: Option<u32>,
    add_bos: bool,
    add_eos: bool,
    names: BTreeMap<&'static str, String>,
}

impl Tokenizer {
    /// Builds the tokenizer, or says what in the vocabulary is wrong.
    pub fn new(vocabulary: &Vocabulary) -> Result<Self, VocabularyError> {
        let ModelKind::Gpt2 = vocabulary.kind;
        vocabulary.check()?;
        let pre_tokenizer = PreTokenizer::new(&vocabulary.pre_tokenizer)?;
        let add_bos =
            vocabulary.add_bos.unwrap_or(pre_tokenizer.add_bos && vocabulary.bos.is_some());
        let control = vocabulary.control_flags();
        let ordinary = ordinary_tokens(vocabulary, &control);
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
        Ok(Self {
            bpe,
            pre_tokenizer,
            alphabet,
            control: LiteralTokens::new(vocabulary, |id| control[id])?,
            user_defined: LiteralTokens::new(vocabulary, |id| {
                vocabulary.token_types[id] == TokenType::UserDefined && !control[id]
            })?,
            token_bytes: TokenBytes::new(vocabulary, &control),
            stop_tokens: StopTokens::new(vocabulary, &control),
            missing_bytes,
            bos: vocabulary.bos,
            eos: vocabulary.eos,
            add_bos,
            add_eos: vocabulary.add_eos,
            names: special_names(vocabulary),
        })
    }

    /// The same tokenizer where exactly these tokens end an answer, whatever their texts.
    pub fn with_stop_tokens(self, ids: impl IntoIterator<Item = u32>) -> Self {
        Self { stop_tokens: StopTokens::of(ids), ..self }
    }

    /// The tokens of one text; neither BOS nor EOS is added.
    pub fn encode(&self, text: &str, specials: Specials) -> Result<Vec<u32>, EncodeError> {
        self.encode_segments(&[match specials {
            Specials::Deny => Segment::Untrusted(text),
            Specials::Allow => Segment::Trusted(text),
        }])
    }

    /// The tokens of a text made of several people's parts; neither BOS nor EOS is added.
    pub fn encode_segments(&self, segments: &[Segment<'_>]) -> Result<Vec<u32>, EncodeError> {
        let bytes = segments.iter().fold(0usize, |sum, segment| {
            let (Segment::Trusted(text) | Segment::Untrusted(text)) = segment;
            sum.saturating_add(text.len())
        });
        if bytes > MAX_TEXT_BYTES {
            return Err(EncodeError::TooLong { bytes });
        }
        let mut ids = Vec::with_capacity(bytes / 3 + 1);
        let mut text = String::new();
        for segment in segments {
            match *segment {
                Segment::Untrusted(part) => text.push_str(part),
                Segment::Trusted(part) => {
                    let rest = self.control.each(part, |before, id| {
                        text.push_str(before);
                        self.encode_text(&text, &mut ids)?;
                        text.clear();
                        ids.push(id);
                        Ok(())
                    })?;
                    text.push_str(rest);
                }
            }
        }
        self.encode_text(&text, &mut ids)?;
        Ok(ids)
    }

    /// The tokens of a whole prompt: BOS in front and EOS behind if the file asks for them and
    /// they are not there yet (a template may have written them).
    pub fn encode_prompt(&self, segments: &[Segment<'_>]) -> Result<Vec<u32>, EncodeError> {
        let mut ids = self.encode_segments(segments)?;
        if let Some(bos) = self.bos
            && self.add_bos
            && ids.first() != Some(&bos)
        {
            ids.insert(0, bos);
        }
        if let Some(eos) = self.eos
            && self.add_eos
            && ids.last() != Some(&eos)
        {
            ids.push(eos);
        }
        Ok(ids)
    }

    /// What each token stands for.
    pub fn token_bytes(&self) -> &TokenBytes {
        &self.token_bytes
    }

    /// The tokens that end an answer.
    pub fn stop_tokens(&self) -> &StopTokens {
        &self.stop_tokens
    }

    /// Bytes without a token; they are left out of what is encoded.
    pub fn missing_bytes(&self) -> &[u8] {
        &self.missing_bytes
    }

    /// The literals of all control tokens.
    pub(crate) fn control_literals(&self) -> &[String] {
        &self.control.texts
    }

    /// `bos_token` and its like, as templates name them, with their literals.
    pub(crate) fn special_names(&self) -> &BTreeMap<&'static str, String> {
        &self.names
    }

    /// Encodes text in which only user-defined tokens have literals.
    fn encode_text(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), EncodeError> {
        let rest = self.user_defined.each(text, |before, id| {
            self.encode_words(before, ids)?;
            ids.push(id);
            Ok(())
        })?;
        self.encode_words(rest, ids)
    }

    fn encode_words(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), EncodeError> {
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

/// The variables templates know the special tokens by.
fn special_names(vocabulary: &Vocabulary) -> BTreeMap<&'static str, String> {
    [
        ("bos_token", vocabulary.bos),
        ("eos_token", vocabulary.eos),
        ("unk_token", vocabulary.unknown),
        ("pad_token", vocabulary.padding),
    ]
    .into_iter()
    .filter_map(|(name, id)| Some((name, vocabulary.text(id?)?.to_owned())))
    .collect()
}

/// Tokens that are found in a text as they are written, the longest first where two start alike.
struct LiteralTokens {
    texts: Vec<String>,
    ids: Vec<u32>,
    search: Literals,
}

impl LiteralTokens {
    fn new(
        vocabulary: &Vocabulary,
        chosen: impl Fn(usize) -> bool,
    ) -> Result<Self, VocabularyError> {
        let (mut texts, mut ids) = (Vec::new(), Vec::new());
        for (id, (index, text)) in (0u32..).zip(vocabulary.tokens.iter().enumerate()) {
            if chosen(index) {
                texts.push(text.clone());
                ids.push(id);
            }
        }
        let (count, limit) = (texts.iter().map(String::len).sum(), MAX_LITERAL_BYTES);
        if count > limit {
            let what = "bytes of tokens that are written as they stand";
            return Err(VocabularyError::TooMany { what, count, limit });
        }
        let search = Literals::new(texts.iter().map(String::as_str));
        Ok(Self { texts, ids, search })
    }

    /// Calls `found` with the text before each literal and its token; returns the text behind the
    /// last one.
    fn each<'t, E>(
        &self,
        text: &'t str,
        mut found: impl FnMut(&str, u32) -> Result<(), E>,
    ) -> Result<&'t str, E> {
        let mut done = 0;
        for (place, literal) in self.search.find(text) {
            found(&text[done..place.start], self.ids[literal])?;
            done = place.end;
        }
        Ok(&text[done..])
    }
}
