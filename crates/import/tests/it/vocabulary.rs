//! The tokenizer's data, and what is wrong with it.

use import::dyadic::F32Bits;
use import::gguf::tiny::TinyModel;
use import::gguf::vocabulary::TokenKind;
use import::gguf::write::{GgufWriter, WriteValue};
use import::gguf::{Gguf, GgufError, VocabularyData};

fn read(writer: &GgufWriter) -> Result<VocabularyData, GgufError> {
    let bytes = writer.finish();
    Gguf::parse(&bytes, bytes.len() as u64).unwrap().vocabulary()
}

fn three() -> GgufWriter {
    GgufWriter::new()
        .metadata("tokenizer.ggml.model", "llama")
        .metadata("tokenizer.ggml.tokens", WriteValue::strings(["a", "b", "ab"]))
}

#[track_caller]
fn check(writer: &GgufWriter, expected: &str) {
    assert_eq!(read(writer).unwrap_err().to_string(), expected);
}

#[test]
fn a_tiny_model_has_all_of_it() {
    let bytes = TinyModel::new(1).write();
    let vocabulary = Gguf::parse(&bytes, bytes.len() as u64).unwrap().vocabulary().unwrap();
    assert_eq!(vocabulary.model, "gpt2");
    assert_eq!(vocabulary.pre.as_deref(), Some("smollm"));
    assert_eq!(vocabulary.tokens.len(), 288);
    assert_eq!(vocabulary.tokens[3 + 256..][..3], ["he", "ll", "Ġt"]);
    assert_eq!(vocabulary.tokens[3 + usize::from(b' ')], "Ġ");
    assert_eq!(vocabulary.tokens[3 + usize::from(b'A')], "A");
    assert_eq!(vocabulary.kinds[0], TokenKind::Control);
    assert_eq!(vocabulary.kinds[3], TokenKind::Normal);
    assert_eq!(vocabulary.kinds[287], TokenKind::Unused);
    assert_eq!(vocabulary.merges[4], "hell o");
    assert_eq!(vocabulary.special.beginning, Some(1));
    assert_eq!(vocabulary.special.end_of_turn, None);
    assert_eq!(vocabulary.add_beginning, Some(false));
    assert_eq!(vocabulary.add_end, None);
    assert!(vocabulary.scores.is_empty());
    assert!(vocabulary.chat_template.unwrap().contains("<|im_start|>"));
}

#[test]
fn what_is_not_stated_is_not_made_up() {
    let scores = WriteValue::f32s([0, 0xbf80_0000, 0xc000_0000].map(F32Bits));
    let vocabulary = read(&three().metadata("tokenizer.ggml.scores", scores)).unwrap();
    assert_eq!(vocabulary.kinds, [TokenKind::Normal; 3]);
    assert_eq!(vocabulary.scores[1], F32Bits(0xbf80_0000));
    assert_eq!((vocabulary.pre, vocabulary.chat_template), (None, None));
    assert!(vocabulary.merges.is_empty());
}

#[test]
fn what_is_wrong_is_named() {
    check(&GgufWriter::new(), "metadata \"tokenizer.ggml.tokens\" is missing");
    let kinds = |list: &[i32]| {
        three().metadata("tokenizer.ggml.token_type", WriteValue::i32s(list.iter().copied()))
    };
    check(
        &kinds(&[1, 1]),
        "metadata \"tokenizer.ggml.token_type\" has 2 entries, but tokenizer.ggml.tokens has 3",
    );
    check(
        &kinds(&[1, 7, 1]),
        "metadata \"tokenizer.ggml.token_type\", entry 1: the token type is not in 1..=6",
    );
    check(
        &three().metadata("tokenizer.ggml.bos_token_id", 3u32),
        "metadata \"tokenizer.ggml.bos_token_id\" is 3; 0 to 2 are supported",
    );
    for merge in ["ab", " ab", "ab ", "a b c", "a  b"] {
        check(
            &three().metadata("tokenizer.ggml.merges", WriteValue::strings(["a b", merge])),
            "metadata \"tokenizer.ggml.merges\", entry 1: a merge is two tokens with one space between",
        );
    }
    let nan = WriteValue::f32s([F32Bits(0), F32Bits(0), F32Bits(0x7fc0_0000)]);
    check(
        &three().metadata("tokenizer.ggml.scores", nan),
        "metadata \"tokenizer.ggml.scores\", entry 2: the score is an infinity or a NaN",
    );
    let long = "x".repeat(256 * 1024 + 1);
    check(
        &three().metadata("tokenizer.chat_template", long.as_str()),
        "metadata \"tokenizer.chat_template\" is 262145 bytes long; the limit is 262144",
    );
}
