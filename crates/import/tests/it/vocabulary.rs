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
    assert_eq!((vocabulary.ranks.len(), vocabulary.ranks[287]), (288, 0));
    assert!(!vocabulary.strips);
    assert!(vocabulary.chat_template.unwrap().contains("<|im_start|>"));
}

#[test]
fn what_is_not_stated_is_not_made_up() {
    let vocabulary = read(&three()).unwrap();
    assert_eq!(vocabulary.kinds, [TokenKind::Normal; 3]);
    assert_eq!(vocabulary.ranks, [0; 3]);
    assert_eq!((vocabulary.pre, vocabulary.chat_template), (None, None));
    assert!(vocabulary.merges.is_empty());
}

#[test]
fn scores_become_ranks() {
    // 0, -1, -2^-149, 2^-149, the largest and the least number, -0, -2, 1.
    let scores = [
        0,
        0xbf80_0000,
        0x8000_0001,
        1,
        0x7f7f_ffff,
        0xff7f_ffff,
        0x8000_0000,
        0xc000_0000,
        0x3f80_0000,
    ];
    let tokens = (0..scores.len()).map(|id| format!("t{id}")).collect::<Vec<String>>();
    let writer = GgufWriter::new()
        .metadata("tokenizer.ggml.model", "llama")
        .metadata("tokenizer.ggml.tokens", WriteValue::strings(tokens.iter().map(String::as_str)))
        .metadata("tokenizer.ggml.scores", WriteValue::f32s(scores.map(F32Bits)));
    assert_eq!(read(&writer).unwrap().ranks, [3, 5, 4, 2, 0, 7, 3, 6, 1]);
}

#[test]
fn models_that_strip_are_known_by_their_names() {
    for (name, strips) in
        [("Phi-3 mini", true), ("my PHI3", true), ("Phi 3", false), ("phi", false), ("", false)]
    {
        assert_eq!(read(&three().metadata("general.name", name)).unwrap().strips, strips, "{name}");
    }
    assert!(!read(&three().metadata("general.name", 3u32)).unwrap().strips);
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
