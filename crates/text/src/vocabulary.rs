//! What a model file says about its tokenizer, as plain data, and what of it is refused.
//!
//! A `Vocabulary` is filled by whoever read the file; it says nothing about where it came from.
//! It NEVER repairs: a vocabulary whose ids, merges or names don't fit together is an error that
//! names the entry. The one exception is stated at `Vocabulary::control_flags`.

use std::collections::{HashMap, HashSet};

use crate::pre_tokenizer::{adds_beginning, supported_pre_tokenizers};

/// The most tokens a vocabulary may have (the largest public ones have about 260,000).
pub const MAX_VOCABULARY: usize = 1 << 20;
/// The longest token's text in bytes, as stored.
pub const MAX_TOKEN_BYTES: usize = 4096;
/// The most bytes of all control tokens, and of all user-defined ones: searching for them takes some
/// twenty times their memory. Public models have up to a tenth of it.
pub(crate) const MAX_LITERAL_BYTES: usize = 1 << 20;
/// The most merge rules.
pub const MAX_MERGES: usize = 1 << 21;

/// Texts that end a turn or an answer in every public model that has them. A token with such a
/// text is a control token even where a converted file wrongly calls it ordinary.
const END_TEXTS: [&str; 19] = [
    "<|eot_id|>",
    "<|eom_id|>",
    "<|im_end|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|calls|>",
    "<|flush|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<end_of_turn>",
    "<end_of_utterance>",
    "</s>",
    "<EOT>",
    "_<EOT>",
    "[EOT]",
    "[EOS]",
    "<｜end▁of▁sentence｜>",
    "<|END_OF_TURN_TOKEN|>",
];

/// What ends a text where a tokenizer of SentencePiece's kind says so.
const SENTENCEPIECE_END: &str = "<eos>";

/// Which algorithm the vocabulary is for: GGUF's `tokenizer.ggml.model`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelKind {
    /// Byte-level BPE, with the vocabulary's merges and pre-tokenizer.
    Gpt2,
    /// SentencePiece's BPE (GGUF's `llama`), which reads neither.
    SentencePiece(Pieces),
}

/// What SentencePiece's BPE knows of its tokens beside texts and types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pieces {
    /// By id: how many different scores are higher. Tokens of one score have one rank.
    pub ranks: Vec<u32>,
    /// The tokens behind which a text loses the white space it begins with.
    pub stripping: Vec<u32>,
}

impl ModelKind {
    /// Reads the name a GGUF file uses. WordPiece (`bert`), Unigram (`t5`) and `rwkv` are refused
    /// by name.
    pub fn from_gguf(name: &str, pieces: Pieces) -> Result<Self, VocabularyError> {
        match name {
            "gpt2" => Ok(Self::Gpt2),
            "llama" => Ok(Self::SentencePiece(pieces)),
            other => Err(VocabularyError::ModelKind(other.to_owned())),
        }
    }

    /// Whether a text ends a turn or an answer wherever it is a token.
    pub(crate) fn is_end(&self, text: &str) -> bool {
        let own = match self {
            Self::Gpt2 => false,
            Self::SentencePiece(_) => text == SENTENCEPIECE_END,
        };
        own || END_TEXTS.contains(&text)
    }

    fn looks_like_control(&self, text: &str) -> bool {
        let framed =
            |open, close| text.len() > 4 && text.starts_with(open) && text.ends_with(close);
        framed("<|", "|>") || framed("<｜", "｜>") || self.is_end(text)
    }
}

/// A token's type: GGUF's `tokenizer.ggml.token_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType {
    Normal,
    Unknown,
    Control,
    UserDefined,
    Unused,
    Byte,
}

impl TokenType {
    /// Reads the number a GGUF file uses (1 to 6).
    pub fn from_gguf(number: i32) -> Option<Self> {
        match number {
            1 => Some(Self::Normal),
            2 => Some(Self::Unknown),
            3 => Some(Self::Control),
            4 => Some(Self::UserDefined),
            5 => Some(Self::Unused),
            6 => Some(Self::Byte),
            _ => None,
        }
    }
}

/// A tokenizer's data as the model file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    pub kind: ModelKind,
    /// Texts by id, as GGUF stores them: ordinary ones in the byte-level alphabet, or with U+2581
    /// for a space.
    pub tokens: Vec<String>,
    /// Types by id, as many as `tokens`.
    pub token_types: Vec<TokenType>,
    /// Merge rules in order of rank, "left right".
    pub merges: Vec<String>,
    /// `tokenizer.ggml.pre`.
    pub pre_tokenizer: String,
    pub bos: Option<u32>,
    pub eos: Option<u32>,
    /// End of turn.
    pub eot: Option<u32>,
    /// End of message (a tool call).
    pub eom: Option<u32>,
    pub unknown: Option<u32>,
    pub padding: Option<u32>,
    /// `None`: as the pre-tokenizer's family has it.
    pub add_bos: Option<bool>,
    pub add_eos: bool,
    pub add_space_prefix: bool,
}

/// Why a vocabulary can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VocabularyError {
    #[error(
        "tokenizer model `{0}` is not supported: only `gpt2` (byte-level BPE) and `llama` \
         (SentencePiece) are; convert the model with such a tokenizer or wait for a release that \
         names this one"
    )]
    ModelKind(String),
    #[error("pre-tokenizer `{name}` is not known; known: {known}", known = supported_pre_tokenizers().join(", "))]
    PreTokenizer { name: String },
    #[error("{count} {what} are more than the limit of {limit}")]
    TooMany { what: &'static str, count: usize, limit: usize },
    #[error("the vocabulary has no tokens")]
    Empty,
    #[error("{types} token types for {tokens} tokens: the counts must be equal")]
    TypeCount { tokens: usize, types: usize },
    #[error("token {id} is {bytes} bytes long; at most {MAX_TOKEN_BYTES} are allowed")]
    TokenTooLong { id: u32, bytes: usize },
    #[error("token {id} has an empty text")]
    EmptyToken { id: u32 },
    #[error("tokens {first} and {second} have the same text {text:?}")]
    DuplicateToken { first: u32, second: u32, text: String },
    #[error("merge {index} ({text:?}) is not two texts with a space between")]
    BadMerge { index: usize, text: String },
    #[error("merge {index} needs {text:?}, which is not an ordinary token")]
    MergeOutOfVocabulary { index: usize, text: String },
    #[error("merges {first} and {second} are the same rule")]
    DuplicateMerge { first: usize, second: usize },
    #[error("{field} is {id}, but the vocabulary has only {tokens} tokens")]
    IdOutOfRange { field: &'static str, id: u32, tokens: usize },
    #[error("add_bos is set, but the vocabulary names no bos token")]
    NoBos,
    #[error("add_eos is set, but the vocabulary names no eos token")]
    NoEos,
    #[error("add_space_prefix is set; byte-level BPE has no such rule")]
    SpacePrefix,
    #[error("{ranks} ranks of scores for {tokens} tokens: the counts must be equal")]
    RankCount { tokens: usize, ranks: usize },
    #[error("token {id} is of type byte, but its text is not like `<0x0A>`")]
    ByteText { id: u32 },
    #[error("the byte 0x{0:02X} has no token `<0x{0:02X}>`, so no text with it could be encoded")]
    MissingByte(u8),
    #[error("the tokenizer library refuses the vocabulary: {0}")]
    Library(String),
}

impl Vocabulary {
    /// The same vocabulary with everything said that was left to its reader: which tokens are
    /// control tokens whatever the file calls them, and whether a prompt begins with BOS. A
    /// tokenizer made of it is the same tokenizer.
    pub fn resolved(mut self) -> Result<Self, VocabularyError> {
        self.check()?;
        let control = self.control_flags();
        for (kind, control) in self.token_types.iter_mut().zip(control) {
            if control && *kind != TokenType::Unknown {
                *kind = TokenType::Control;
            }
        }
        let adds = match &self.kind {
            ModelKind::Gpt2 => adds_beginning(&self.pre_tokenizer)?,
            ModelKind::SentencePiece(_) => true,
        };
        let add_bos = self.add_bos.unwrap_or(adds && self.bos.is_some());
        self.add_bos = Some(add_bos);
        Ok(self)
    }

    /// Which tokens may only be written by whoever is trusted (the template), never by a user.
    ///
    /// Control and unknown tokens are, and so is any other token that looks like one: `<|...|>`,
    /// `<｜...｜>`, or a known end-of-turn text. Converted files are known to mistype those. But a
    /// token that the merges make is ordinary whatever it looks like: Qwen2 has `</s>` as HTML.
    pub(crate) fn control_flags(&self) -> Vec<bool> {
        let suspect = self.tokens.iter().filter(|text| self.kind.looks_like_control(text));
        let mut suspects: HashSet<&str> = suspect.map(String::as_str).collect();
        if !suspects.is_empty() {
            let mut joined = String::new();
            let merges = match &self.kind {
                ModelKind::Gpt2 => self.merges.as_slice(),
                ModelKind::SentencePiece(_) => &[],
            };
            for merge in merges {
                joined.clear();
                joined.extend(merge.split(' '));
                suspects.remove(joined.as_str());
            }
        }
        let typed = self.token_types.iter().zip(&self.tokens);
        typed
            .map(|(kind, text)| match kind {
                TokenType::Control | TokenType::Unknown => true,
                TokenType::Normal
                | TokenType::UserDefined
                | TokenType::Unused
                | TokenType::Byte => suspects.contains(text.as_str()),
            })
            .collect()
    }

    /// Checks everything that needs no knowledge of the algorithm.
    pub(crate) fn check(&self) -> Result<(), VocabularyError> {
        let limit = |what, count, limit| {
            if count > limit {
                Err(VocabularyError::TooMany { what, count, limit })
            } else {
                Ok(())
            }
        };
        limit("tokens", self.tokens.len(), MAX_VOCABULARY)?;
        limit("merges", self.merges.len(), MAX_MERGES)?;
        if self.tokens.is_empty() {
            return Err(VocabularyError::Empty);
        }
        if self.tokens.len() != self.token_types.len() {
            return Err(VocabularyError::TypeCount {
                tokens: self.tokens.len(),
                types: self.token_types.len(),
            });
        }
        match &self.kind {
            ModelKind::Gpt2 if self.add_space_prefix => return Err(VocabularyError::SpacePrefix),
            ModelKind::SentencePiece(pieces) if pieces.ranks.len() != self.tokens.len() => {
                let ranks = pieces.ranks.len();
                return Err(VocabularyError::RankCount { tokens: self.tokens.len(), ranks });
            }
            ModelKind::Gpt2 | ModelKind::SentencePiece(_) => {}
        }
        self.check_texts()?;
        self.check_ids()
    }

    fn check_texts(&self) -> Result<(), VocabularyError> {
        let mut seen: HashMap<&str, u32> = HashMap::with_capacity(self.tokens.len());
        for (id, text) in (0u32..).zip(&self.tokens) {
            if text.is_empty() {
                return Err(VocabularyError::EmptyToken { id });
            }
            if text.len() > MAX_TOKEN_BYTES {
                return Err(VocabularyError::TokenTooLong { id, bytes: text.len() });
            }
            if let Some(first) = seen.insert(text, id) {
                let text = text.clone();
                return Err(VocabularyError::DuplicateToken { first, second: id, text });
            }
        }
        Ok(())
    }

    fn check_ids(&self) -> Result<(), VocabularyError> {
        let named = [
            ("bos", self.bos),
            ("eos", self.eos),
            ("eot", self.eot),
            ("eom", self.eom),
            ("unknown", self.unknown),
            ("padding", self.padding),
        ];
        for (field, id) in named {
            if let Some(id) = id
                && self.text(id).is_none()
            {
                let tokens = self.tokens.len();
                return Err(VocabularyError::IdOutOfRange { field, id, tokens });
            }
        }
        if self.add_bos == Some(true) && self.bos.is_none() {
            return Err(VocabularyError::NoBos);
        }
        if self.add_eos && self.eos.is_none() {
            return Err(VocabularyError::NoEos);
        }
        Ok(())
    }

    pub(crate) fn text(&self, id: u32) -> Option<&str> {
        self.tokens.get(usize::try_from(id).ok()?).map(String::as_str)
    }
}
