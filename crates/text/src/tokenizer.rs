//! Text to tokens, with control tokens kept out of reach of users.
//!
//! The merging is that of the vocabulary's kind (`byte_level`, `sentencepiece`); which tokens may
//! arise from which text is decided here, so that no kind can undo it:
//! 1. control tokens are not in the vocabulary the merges work on, so no text can merge into one;
//! 2. their literals are looked for only in text the caller calls trusted;
//! 3. text on both sides of a boundary between trusted and untrusted is joined before it is merged,
//!    so that the tokens are those of the whole text, as in llama.cpp and transformers.
//!
//! User-defined tokens (tags, runs of white space: text like any other to the model) are found in
//! all text, as those two do.
//!
//! `encode` NEVER adds BOS or EOS; `encode_prompt` adds each at most once.

use std::collections::{BTreeMap, BTreeSet};

use crate::byte_level::ByteLevel;
use crate::literals::Literals;
use crate::sentencepiece::SentencePiece;
use crate::stop_tokens::StopTokens;
use crate::token_bytes::TokenBytes;
use crate::vocabulary::{MAX_LITERAL_BYTES, ModelKind, TokenType, Vocabulary, VocabularyError};

/// The longest text of one prompt. Merging takes up to some 60 bytes of memory per byte.
pub const MAX_TEXT_BYTES: usize = 4 << 20;
/// What is dropped behind a token that strips.
const WHITE_SPACE: [char; 6] = [' ', '\t', '\n', '\u{b}', '\u{c}', '\r'];

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
    merging: Merging,
    control: LiteralTokens,
    user_defined: LiteralTokens,
    /// The tokens behind which white space is dropped.
    stripping: BTreeSet<u32>,
    token_bytes: TokenBytes,
    stop_tokens: StopTokens,
    bos: Option<u32>,
    eos: Option<u32>,
    add_bos: bool,
    add_eos: bool,
    names: BTreeMap<&'static str, String>,
}

/// How text without literals becomes tokens.
enum Merging {
    ByteLevel(Box<ByteLevel>),
    SentencePiece(Box<SentencePiece>),
}

impl Tokenizer {
    /// Builds the tokenizer, or says what in the vocabulary is wrong.
    pub fn new(vocabulary: &Vocabulary) -> Result<Self, VocabularyError> {
        vocabulary.check()?;
        let control = vocabulary.control_flags();
        let (merging, adds_beginning, stripping) = match &vocabulary.kind {
            ModelKind::Gpt2 => {
                let made = ByteLevel::new(vocabulary, &control)?;
                let adds = made.adds_beginning();
                (Merging::ByteLevel(Box::new(made)), adds, [].as_slice())
            }
            ModelKind::SentencePiece(pieces) => {
                let made = SentencePiece::new(vocabulary, pieces, &control)?;
                (Merging::SentencePiece(Box::new(made)), true, pieces.stripping.as_slice())
            }
        };
        let add_bos = vocabulary.add_bos.unwrap_or(adds_beginning && vocabulary.bos.is_some());
        Ok(Self {
            merging,
            control: LiteralTokens::new(vocabulary, |id| control[id])?,
            user_defined: LiteralTokens::new(vocabulary, |id| {
                vocabulary.token_types[id] == TokenType::UserDefined && !control[id]
            })?,
            stripping: stripping.iter().copied().collect(),
            token_bytes: TokenBytes::new(vocabulary, &control),
            stop_tokens: StopTokens::new(vocabulary, &control),
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
        let (mut text, mut last) = (String::new(), None);
        for segment in segments {
            match *segment {
                Segment::Untrusted(part) => text.push_str(part),
                Segment::Trusted(part) => {
                    let rest = self.control.each(part, |before, id| {
                        text.push_str(before);
                        self.encode_stretch(last, &text, &mut ids)?;
                        text.clear();
                        ids.push(id);
                        last = Some(id);
                        Ok(())
                    })?;
                    text.push_str(rest);
                }
            }
        }
        self.encode_stretch(last, &text, &mut ids)?;
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
        match &self.merging {
            Merging::ByteLevel(merging) => merging.missing_bytes(),
            Merging::SentencePiece(_) => &[],
        }
    }

    /// The literals of all control tokens.
    pub(crate) fn control_literals(&self) -> &[String] {
        &self.control.texts
    }

    /// `bos_token` and its like, as templates name them, with their literals.
    pub(crate) fn special_names(&self) -> &BTreeMap<&'static str, String> {
        &self.names
    }

    /// Encodes text in which only user-defined tokens have literals, and the token before it.
    fn encode_stretch(
        &self,
        mut last: Option<u32>,
        text: &str,
        ids: &mut Vec<u32>,
    ) -> Result<(), EncodeError> {
        let rest = self.user_defined.each(text, |before, id| {
            self.encode_plain(self.stripped(last, before), ids)?;
            ids.push(id);
            last = Some(id);
            Ok(())
        })?;
        self.encode_plain(self.stripped(last, rest), ids)
    }

    /// The text as it is behind a token.
    fn stripped<'t>(&self, last: Option<u32>, text: &'t str) -> &'t str {
        match last {
            Some(id) if self.stripping.contains(&id) => text.trim_start_matches(WHITE_SPACE),
            Some(_) | None => text,
        }
    }

    fn encode_plain(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), EncodeError> {
        match &self.merging {
            Merging::ByteLevel(merging) => merging.encode(text, ids),
            Merging::SentencePiece(merging) => {
                merging.encode(text, ids);
                Ok(())
            }
        }
    }
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
