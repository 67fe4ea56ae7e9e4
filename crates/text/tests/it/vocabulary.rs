//! What is refused in a vocabulary, each by its own error.

use text::{
    MAX_TOKEN_BYTES, MAX_VOCABULARY, ModelKind, Pieces, TokenType, Tokenizer, Vocabulary,
    VocabularyError, supported_pre_tokenizers,
};

use crate::fixture;

fn refusal(change: impl FnOnce(&mut Vocabulary)) -> VocabularyError {
    let mut vocabulary = fixture::vocabulary("smollm");
    change(&mut vocabulary);
    Tokenizer::new(&vocabulary).err().expect("it is refused")
}

fn add(vocabulary: &mut Vocabulary, text: &str) {
    vocabulary.tokens.push(text.to_owned());
    vocabulary.token_types.push(TokenType::Normal);
}

#[test]
fn every_known_pre_tokenizer_compiles() {
    for name in supported_pre_tokenizers() {
        assert!(Tokenizer::new(&fixture::vocabulary(name)).is_ok(), "{name}");
    }
    let error = refusal(|v| v.pre_tokenizer = "novel".to_owned());
    assert_eq!(error, VocabularyError::PreTokenizer { name: "novel".to_owned() });
    assert!(error.to_string().contains("smollm, "), "{error}");
}

#[test]
fn model_kinds_are_named() {
    let pieces = || Pieces { ranks: vec![1, 0], stripping: vec![1] };
    assert_eq!(ModelKind::from_gguf("gpt2", pieces()), Ok(ModelKind::Gpt2));
    assert_eq!(ModelKind::from_gguf("llama", pieces()), Ok(ModelKind::SentencePiece(pieces())));
    for name in ["bert", "t5", "rwkv", ""] {
        let refused = ModelKind::from_gguf(name, pieces());
        assert_eq!(refused, Err(VocabularyError::ModelKind(name.to_owned())));
    }
    assert_eq!(TokenType::from_gguf(3), Some(TokenType::Control));
    assert_eq!((TokenType::from_gguf(0), TokenType::from_gguf(7)), (None, None));
}

#[test]
fn tokens_are_checked() {
    use VocabularyError as E;
    let count = fixture::vocabulary("smollm").tokens.len();
    let next = u32::try_from(count).unwrap();
    assert_eq!(
        refusal(|v| v.tokens = vec![String::new(); MAX_VOCABULARY + 1]),
        E::TooMany { what: "tokens", count: MAX_VOCABULARY + 1, limit: MAX_VOCABULARY }
    );
    assert_eq!(refusal(|v| v.tokens.clear()), E::Empty);
    let types = count - 1;
    assert_eq!(refusal(|v| v.token_types.truncate(types)), E::TypeCount { tokens: count, types });
    assert_eq!(refusal(|v| add(v, "")), E::EmptyToken { id: next });
    assert_eq!(
        refusal(|v| add(v, &"x".repeat(MAX_TOKEN_BYTES + 1))),
        E::TokenTooLong { id: next, bytes: MAX_TOKEN_BYTES + 1 }
    );
    assert_eq!(
        refusal(|v| add(v, "<s>")),
        E::DuplicateToken { first: fixture::id("<s>"), second: next, text: "<s>".to_owned() }
    );
    assert_eq!(
        refusal(|v| v.eot = Some(next)),
        E::IdOutOfRange { field: "eot", id: next, tokens: count }
    );
    assert_eq!(refusal(|v| (v.bos, v.add_bos) = (None, Some(true))), E::NoBos);
    assert_eq!(refusal(|v| (v.eos, v.add_eos) = (None, true)), E::NoEos);
    assert_eq!(refusal(|v| v.add_space_prefix = true), E::SpacePrefix);
}

#[test]
fn merges_are_checked() {
    use VocabularyError as E;
    let index = fixture::vocabulary("smollm").merges.len();
    let merge = |text: &str| refusal(|v| v.merges.push(text.to_owned()));
    for text in ["", "ab", " ab", "ab ", "a b c"] {
        assert_eq!(merge(text), E::BadMerge { index, text: text.to_owned() });
    }
    let missing = |text: &str| E::MergeOutOfVocabulary { index, text: text.to_owned() };
    assert_eq!(merge("日 a"), missing("日"));
    assert_eq!(merge("a 日"), missing("日"));
    assert_eq!(merge("z q"), missing("zq"));
    // Longer than any token: the library would index out of its buffer.
    let longest = fixture::vocabulary("smollm").tokens.into_iter().max_by_key(String::len).unwrap();
    assert!(matches!(merge(&format!("{longest} {longest}")), E::MergeOutOfVocabulary { .. }));
    let first = fixture::vocabulary("smollm").merges[0].clone();
    assert_eq!(merge(&first), E::DuplicateMerge { first: 0, second: index });
}

#[test]
fn merges_can_not_make_control_tokens() {
    // "<" and "s>" are ordinary; a merge of them would make "<s>", a control token.
    let error = refusal(|v| {
        add(v, "s>");
        v.merges.extend(["s >".to_owned(), "< s>".to_owned()]);
    });
    assert!(matches!(error, VocabularyError::MergeOutOfVocabulary { text, .. } if text == "<s>"));
}

#[test]
fn a_known_end_that_merges_make_is_ordinary() {
    let mut vocabulary = fixture::vocabulary("smollm");
    for text in ["[E", "OS]", "OS", "[EOS]", "<EOT>"] {
        if !vocabulary.tokens.iter().any(|token| token == text) {
            add(&mut vocabulary, text);
        }
    }
    vocabulary.merges.extend(["[ E", "O S", "OS ]", "[E OS]"].map(str::to_owned));
    let at = |text: &str| {
        u32::try_from(vocabulary.tokens.iter().position(|token| token == text).unwrap()).unwrap()
    };
    let (made, written) = (at("[EOS]"), at("<EOT>"));
    let tokenizer = Tokenizer::new(&vocabulary).unwrap();
    assert!(!tokenizer.token_bytes().get(made).unwrap().control);
    assert!(!tokenizer.stop_tokens().contains(made));
    assert!(tokenizer.token_bytes().get(written).unwrap().control);
    assert!(tokenizer.stop_tokens().contains(written));
}

/// A vocabulary with so many control tokens of 4,000 bytes, all of a role's name.
fn control_tokens(count: usize) -> text::Vocabulary {
    let mut vocabulary = fixture::vocabulary("smollm");
    for number in 0..count {
        vocabulary.tokens.push(format!("{}{number:03}", "user".repeat(999)));
        vocabulary.token_types.push(TokenType::Control);
    }
    vocabulary
}

#[test]
fn control_tokens_are_bounded_together_and_cost_no_more_than_their_size() {
    let refused = Tokenizer::new(&control_tokens(270)).map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("more than the limit of 1048576"), "{refused}");
    // Spelled around each of its 999 role names, one token alone would take 8 MB, all of these 2 GB.
    let tokenizer = Tokenizer::new(&control_tokens(250)).unwrap();
    let template = text::ChatTemplate::new("{{ messages[0].content }}", &tokenizer).unwrap();
    assert_eq!(template.render(&fixture::user("hi")).unwrap().text, "hi");
}
