//! The tokenizer's data, as plain values for whoever builds a tokenizer from it.
//!
//! It never tokenizes, and never decides whether a kind of tokenizer is supported: `model` and `pre` are handed on
//! as they stand. Other keys (`tokenizer.huggingface.json`, named chat templates) are not read.
//!
//! Invariants: `kinds` and `ranks` are as long as `tokens`; every special id is below their number; a merge is two parts
//! with one space between.

use super::Gguf;
use super::error::{GgufError, quoted};
use super::value::Field;
use crate::dyadic::F32Bits;

/// The most tokens; the largest known vocabularies have about 262,000.
pub const MAX_TOKENS: u64 = 1 << 20;
/// The most merges; the largest known lists have about 580,000.
pub const MAX_MERGES: u64 = 1 << 21;
/// The longest token; known ones stay below 300 bytes.
pub const MAX_TOKEN_BYTES: usize = 4_096;
/// The longest chat template; known ones stay below 20 KiB.
pub const MAX_CHAT_TEMPLATE_BYTES: u64 = 256 << 10;
const MAX_NAME_BYTES: u64 = 256;

/// Models that llama.cpp knows by their names, for what their files don't say: behind their added tokens a text loses
/// the white space it begins with.
const STRIPPING_NAMES: [&str; 2] = ["phi-3", "phi3"];

const TOKENS_KEY: &str = "tokenizer.ggml.tokens";

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    Normal,
    Unknown,
    /// Ends, separates, steers; never made from plain text.
    Control,
    /// Added by the publisher; matched in text before anything else.
    UserDefined,
    Unused,
    /// A single byte, for what nothing else covers.
    Byte,
}

/// The ids of tokens with a role, where the file states them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpecialTokens {
    pub beginning: Option<u32>,
    pub end: Option<u32>,
    pub end_of_turn: Option<u32>,
    pub end_of_message: Option<u32>,
    pub unknown: Option<u32>,
    pub padding: Option<u32>,
}

/// Everything a tokenizer is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VocabularyData {
    /// The kind of tokenizer: "gpt2" (byte-level BPE), "llama" (SentencePiece), ...
    pub model: String,
    /// The name of the rule that cuts text before merging, such as "smollm" or "qwen2".
    pub pre: Option<String>,
    pub tokens: Vec<String>,
    /// All `Normal` in a file that states none.
    pub kinds: Vec<TokenKind>,
    /// By id: how many different scores are higher. All 0 in a file that states no scores.
    pub ranks: Vec<u32>,
    pub merges: Vec<String>,
    pub special: SpecialTokens,
    pub add_beginning: Option<bool>,
    pub add_end: Option<bool>,
    pub add_space_prefix: Option<bool>,
    /// Whether a text behind an added token loses the white space it begins with.
    pub strips: bool,
    pub chat_template: Option<String>,
}

pub(super) fn read(gguf: &Gguf<'_>) -> Result<VocabularyData, GgufError> {
    let text = |key: &str, limit: u64| -> Result<Option<String>, GgufError> {
        gguf.optional(key).map(|field| field.string(limit).map(str::to_owned)).transpose()
    };
    let flag = |key: &str| gguf.optional(key).map(|field| field.boolean()).transpose();
    let tokens = read_tokens(gguf)?;
    Ok(VocabularyData {
        model: gguf.required("tokenizer.ggml.model")?.string(MAX_NAME_BYTES)?.to_owned(),
        pre: text("tokenizer.ggml.pre", MAX_NAME_BYTES)?,
        kinds: read_kinds(gguf, tokens.len())?,
        ranks: ranks_of(&read_scores(gguf, tokens.len())?, tokens.len()),
        merges: read_merges(gguf)?,
        special: read_special(gguf, tokens.len())?,
        add_beginning: flag("tokenizer.ggml.add_bos_token")?,
        add_end: flag("tokenizer.ggml.add_eos_token")?,
        add_space_prefix: flag("tokenizer.ggml.add_space_prefix")?,
        strips: strips(gguf),
        chat_template: text("tokenizer.chat_template", MAX_CHAT_TEMPLATE_BYTES)?,
        tokens,
    })
}

fn read_tokens(gguf: &Gguf<'_>) -> Result<Vec<String>, GgufError> {
    let field = gguf.required(TOKENS_KEY)?;
    let entries = field.strings(MAX_TOKENS)?;
    let mut tokens = Vec::with_capacity(room(&field)?);
    for (index, token) in entries.enumerate() {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(field.entry_error(index, "the token is longer than 4096 bytes"));
        }
        tokens.push(token.to_owned());
    }
    if tokens.is_empty() {
        return Err(GgufError::Empty { place: format!("metadata {}", quoted(TOKENS_KEY)) });
    }
    Ok(tokens)
}

fn read_kinds(gguf: &Gguf<'_>, expected: usize) -> Result<Vec<TokenKind>, GgufError> {
    let Some(field) = gguf.optional("tokenizer.ggml.token_type") else {
        return Ok(vec![TokenKind::Normal; expected]);
    };
    check_length(&field, expected)?;
    let mut kinds = Vec::with_capacity(expected);
    for (index, number) in field.integers(MAX_TOKENS)?.enumerate() {
        kinds.push(match number {
            1 => TokenKind::Normal,
            2 => TokenKind::Unknown,
            3 => TokenKind::Control,
            4 => TokenKind::UserDefined,
            5 => TokenKind::Unused,
            6 => TokenKind::Byte,
            _ => return Err(field.entry_error(index, "the token type is not in 1..=6")),
        });
    }
    Ok(kinds)
}

fn read_scores(gguf: &Gguf<'_>, expected: usize) -> Result<Vec<F32Bits>, GgufError> {
    let Some(field) = gguf.optional("tokenizer.ggml.scores") else {
        return Ok(Vec::new());
    };
    check_length(&field, expected)?;
    let mut scores = Vec::with_capacity(expected);
    for (index, score) in field.f32s(MAX_TOKENS)?.enumerate() {
        if score.decode().is_err() {
            return Err(field.entry_error(index, "the score is an infinity or a NaN"));
        }
        scores.push(score);
    }
    Ok(scores)
}

/// By score: how many different ones are higher. All 0 where there are none.
fn ranks_of(scores: &[F32Bits], tokens: usize) -> Vec<u32> {
    if scores.is_empty() {
        return vec![0; tokens];
    }
    // As integers in the order of the numbers they stand for, both zeros the same.
    let keys = || {
        scores.iter().map(|score| {
            let magnitude = i64::from(score.0 & 0x7fff_ffff);
            if score.0 >> 31 == 0 { -magnitude } else { magnitude }
        })
    };
    let mut order: Vec<i64> = keys().collect();
    order.sort_unstable();
    order.dedup();
    let rank = |key| order.binary_search(&key).expect("every key is there");
    keys().map(|key| u32::try_from(rank(key)).expect("below MAX_TOKENS")).collect()
}

fn strips(gguf: &Gguf<'_>) -> bool {
    let name = gguf.optional("general.name").and_then(|field| field.string(u64::MAX).ok());
    let name = name.unwrap_or_default().as_bytes();
    STRIPPING_NAMES.iter().any(|known| {
        name.windows(known.len()).any(|part| part.eq_ignore_ascii_case(known.as_bytes()))
    })
}

fn read_merges(gguf: &Gguf<'_>) -> Result<Vec<String>, GgufError> {
    let Some(field) = gguf.optional("tokenizer.ggml.merges") else {
        return Ok(Vec::new());
    };
    let entries = field.strings(MAX_MERGES)?;
    let mut merges = Vec::with_capacity(room(&field)?);
    for (index, merge) in entries.enumerate() {
        let parts = merge.split_once(' ');
        let two = |(left, right): (&str, &str)| {
            !left.is_empty() && !right.is_empty() && !right.contains(' ')
        };
        if !parts.is_some_and(two) || merge.len() > 2 * MAX_TOKEN_BYTES {
            return Err(field.entry_error(index, "a merge is two tokens with one space between"));
        }
        merges.push(merge.to_owned());
    }
    Ok(merges)
}

fn read_special(gguf: &Gguf<'_>, tokens: usize) -> Result<SpecialTokens, GgufError> {
    let last = tokens as u64 - 1;
    let id = |key: &str| -> Result<Option<u32>, GgufError> {
        let Some(field) = gguf.optional(key) else { return Ok(None) };
        let id = field.unsigned(0..=last)?;
        Ok(Some(u32::try_from(id).expect("below MAX_TOKENS")))
    };
    Ok(SpecialTokens {
        beginning: id("tokenizer.ggml.bos_token_id")?,
        end: id("tokenizer.ggml.eos_token_id")?,
        end_of_turn: id("tokenizer.ggml.eot_token_id")?,
        end_of_message: id("tokenizer.ggml.eom_token_id")?,
        unknown: id("tokenizer.ggml.unknown_token_id")?,
        padding: id("tokenizer.ggml.padding_token_id")?,
    })
}

fn check_length(field: &Field<'_, '_>, expected: usize) -> Result<(), GgufError> {
    let (found, expected) = (field.array_length()?, expected as u64);
    if found == expected {
        return Ok(());
    }
    let key = quoted(field.key());
    Err(GgufError::LengthMismatch { key, found, reference: TOKENS_KEY, expected })
}

/// Room for an array's entries: the parser has seen eight bytes for each of them.
fn room(field: &Field<'_, '_>) -> Result<usize, GgufError> {
    Ok(usize::try_from(field.array_length()?).expect("the array is in memory"))
}
