//! Between three forms of one vocabulary: a GGUF header's, the tokenizer's, and a package's part.
//!
//! Never decides what a vocabulary means: `text` does. A part is made of a *resolved* vocabulary that a tokenizer was
//! made of; turned back, it makes the same tokenizer.

use std::collections::HashMap;

use import::gguf::{TokenKind, VocabularyData};
use package::{SpecialTokens, Token, TokenBytes, TokenizerKind};
use text::{ModelKind, Pieces, StopTokens, TokenType, Vocabulary, VocabularyError};

/// Of the tokens with a role those that SentencePiece's have unless their file says otherwise.
const BEGINNING: u32 = 1;
const END: u32 = 2;
const UNKNOWN: u32 = 0;
/// Behind these white space stays, whatever the model.
const NEVER_STRIPPING: [&str; 3] = ["<unk>", "<s>", "<|endoftext|>"];

/// The tokenizer's view of a header's vocabulary, with everything resolved.
///
/// # Errors
/// [`VocabularyError`] for a vocabulary that no tokenizer can be made of.
pub fn vocabulary_of_header(data: VocabularyData) -> Result<Vocabulary, VocabularyError> {
    let token_type = |kind: TokenKind| match kind {
        TokenKind::Normal => TokenType::Normal,
        TokenKind::Unknown => TokenType::Unknown,
        TokenKind::Control => TokenType::Control,
        TokenKind::UserDefined => TokenType::UserDefined,
        TokenKind::Unused => TokenType::Unused,
        TokenKind::Byte => TokenType::Byte,
    };
    let kind =
        ModelKind::from_gguf(&data.model, Pieces { ranks: data.ranks, ..Pieces::default() })?;
    let vocabulary = Vocabulary {
        token_types: data.kinds.into_iter().map(token_type).collect(),
        merges: data.merges,
        pre_tokenizer: data.pre.unwrap_or_else(|| "default".into()),
        bos: data.special.beginning,
        eos: data.special.end,
        eot: data.special.end_of_turn,
        eom: data.special.end_of_message,
        unknown: data.special.unknown,
        padding: data.special.padding,
        add_bos: data.add_beginning,
        add_eos: data.add_end.unwrap_or(false),
        add_space_prefix: data.add_space_prefix.unwrap_or(match &kind {
            ModelKind::Gpt2 => false,
            ModelKind::SentencePiece(_) => true,
        }),
        tokens: data.tokens,
        kind,
    };
    match &vocabulary.kind {
        ModelKind::Gpt2 => vocabulary.resolved(),
        ModelKind::SentencePiece(_) => {
            let mut resolved = with_usual_tokens(vocabulary).resolved()?;
            if data.strips {
                add_stripping(&mut resolved);
            }
            Ok(resolved)
        }
    }
}

/// With the roles that SentencePiece's tokens have where a header does not say, and without what it does not read.
fn with_usual_tokens(vocabulary: Vocabulary) -> Vocabulary {
    let count = vocabulary.tokens.len();
    let usual = |said: Option<u32>, usual: u32| {
        said.or(Some(usual).filter(|id| usize::try_from(*id).is_ok_and(|id| id < count)))
    };
    Vocabulary {
        bos: usual(vocabulary.bos, BEGINNING),
        eos: usual(vocabulary.eos, END),
        unknown: usual(vocabulary.unknown, UNKNOWN),
        merges: Vec::new(),
        pre_tokenizer: String::new(),
        ..vocabulary
    }
}

/// Every token that is found as it is written strips, but for a few.
fn add_stripping(vocabulary: &mut Vocabulary) {
    let ModelKind::SentencePiece(pieces) = &mut vocabulary.kind else { return };
    let written = |kind: &TokenType| match kind {
        TokenType::Unknown | TokenType::Control | TokenType::UserDefined => true,
        TokenType::Normal | TokenType::Unused | TokenType::Byte => false,
    };
    let typed = (0..).zip(vocabulary.token_types.iter().zip(&vocabulary.tokens));
    pieces.stripping = typed
        .filter(|(_, (kind, text))| written(kind) && !NEVER_STRIPPING.contains(&text.as_str()))
        .map(|(id, _)| id)
        .collect();
}

/// The part of a resolved vocabulary that a tokenizer was made of, with that tokenizer's stop tokens.
pub(crate) fn part_of(vocabulary: &Vocabulary, stop_tokens: &StopTokens) -> package::Tokenizer {
    let kind = |kind: TokenType| match kind {
        TokenType::Normal => package::TokenType::Normal,
        TokenType::Unknown => package::TokenType::Unknown,
        TokenType::Control => package::TokenType::Control,
        TokenType::UserDefined => package::TokenType::UserDefined,
        TokenType::Unused => package::TokenType::Unused,
        TokenType::Byte => package::TokenType::Byte,
    };
    let typed = vocabulary.token_types.iter().zip(&vocabulary.tokens);
    package::Tokenizer {
        kind: match &vocabulary.kind {
            ModelKind::Gpt2 => TokenizerKind::ByteLevel {
                pre_tokenizer: vocabulary.pre_tokenizer.clone(),
                merges: merges_of(vocabulary),
            },
            ModelKind::SentencePiece(pieces) => TokenizerKind::SentencePiece {
                add_space: vocabulary.add_space_prefix,
                ranks: pieces.ranks.clone(),
                stripping_tokens: pieces.stripping.clone(),
            },
        },
        add_beginning: vocabulary.add_bos == Some(true),
        add_end: vocabulary.add_eos,
        special: SpecialTokens {
            beginning: vocabulary.bos,
            end: vocabulary.eos,
            end_of_turn: vocabulary.eot,
            end_of_message: vocabulary.eom,
            unknown: vocabulary.unknown,
            padding: vocabulary.padding,
        },
        stop_tokens: stop_tokens.iter().collect(),
        tokens: typed
            .map(|(known, text)| Token { kind: kind(*known), text: text.clone() })
            .collect(),
    }
}

/// The merges by ids.
fn merges_of(vocabulary: &Vocabulary) -> Vec<(u32, u32)> {
    let ids: HashMap<&str, u32> = vocabulary.tokens.iter().map(String::as_str).zip(0..).collect();
    let id = |text: &str| ids.get(text).copied().expect("the tokenizer found every merge's tokens");
    let merge = |text: &String| {
        let (left, right) = text.split_once(' ').expect("the tokenizer split every merge");
        (id(left), id(right))
    };
    vocabulary.merges.iter().map(merge).collect()
}

/// The vocabulary of a part. Whether it makes sense is seen when a tokenizer is made of it.
pub(crate) fn vocabulary_of(part: &package::Tokenizer) -> Vocabulary {
    let token_type = |kind: package::TokenType| match kind {
        package::TokenType::Normal => TokenType::Normal,
        package::TokenType::Unknown => TokenType::Unknown,
        package::TokenType::Control => TokenType::Control,
        package::TokenType::UserDefined => TokenType::UserDefined,
        package::TokenType::Unused => TokenType::Unused,
        package::TokenType::Byte => TokenType::Byte,
    };
    let text = |id: &u32| {
        let id = usize::try_from(*id).expect("usize has at least 32 bits");
        part.tokens[id].text.as_str()
    };
    let (kind, merges, pre_tokenizer, add_space_prefix) = match &part.kind {
        TokenizerKind::ByteLevel { pre_tokenizer, merges } => {
            let merges = merges.iter().map(|(a, b)| [text(a), text(b)].join(" ")).collect();
            (ModelKind::Gpt2, merges, pre_tokenizer.clone(), false)
        }
        TokenizerKind::SentencePiece { add_space, ranks, stripping_tokens } => {
            let pieces = Pieces { ranks: ranks.clone(), stripping: stripping_tokens.clone() };
            (ModelKind::SentencePiece(pieces), Vec::new(), String::new(), *add_space)
        }
    };
    Vocabulary {
        kind,
        tokens: part.tokens.iter().map(|token| token.text.clone()).collect(),
        token_types: part.tokens.iter().map(|token| token_type(token.kind)).collect(),
        merges,
        pre_tokenizer,
        bos: part.special.beginning,
        eos: part.special.end,
        eot: part.special.end_of_turn,
        eom: part.special.end_of_message,
        unknown: part.special.unknown,
        padding: part.special.padding,
        add_bos: Some(part.add_beginning),
        add_eos: part.add_end,
        add_space_prefix,
    }
}

/// The first token for which the published table is not the one that was made.
pub(crate) fn first_difference(published: &TokenBytes, made: &text::TokenBytes) -> Option<u32> {
    (0..).take_while(|token| published.get(*token).is_some() || made.get(*token).is_some()).find(
        |token| {
            let made = made.get(*token).map(|piece| (piece.control, piece.bytes));
            published.get(*token) != made
        },
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::Value as Json;
    use text::Tokenizer;

    use super::*;

    fn bytes(hex: &Json) -> Vec<u8> {
        let hex = hex.as_str().unwrap();
        let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(byte).collect()
    }

    /// The oracle makes the table from the text of `spec/package.md` section 3 alone.
    #[test]
    fn token_bytes_are_the_oracles() {
        for file in [
            include_str!("../../../spec/vectors/package_tokenizer.json"),
            include_str!("../../../spec/vectors/package_pieces.json"),
        ] {
            let file: Json = serde_json::from_str(file).unwrap();
            let cases = file["cases"].as_array().unwrap();
            let expected: Vec<_> = cases.iter().filter_map(|case| case.get("expected")).collect();
            assert!(expected.len() >= 3);
            for expected in expected {
                let part = package::Tokenizer::decode(&bytes(&expected["bytes"])).unwrap();
                let published = TokenBytes::decode(&bytes(&expected["token_bytes"])).unwrap();
                let vocabulary = vocabulary_of(&part);
                let made = Tokenizer::new(&vocabulary).unwrap();
                assert_eq!(first_difference(&published, made.token_bytes()), None);
                let stop_tokens = StopTokens::clone(
                    made.with_stop_tokens(part.stop_tokens.iter().copied()).stop_tokens(),
                );
                assert_eq!(part_of(&vocabulary, &stop_tokens), part, "there and back");
            }
        }
    }
}
