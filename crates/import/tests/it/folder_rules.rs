//! Folders whose files say one thing in several ways: what each way means, and what is refused because it is another rule.

use import::gguf::tiny::{Family, TinyModel};
use import::gguf::{TensorType, VocabularyData};
use import::huggingface::tiny::folder;

use super::folders::{read, with};

/// Pieces of three letters and a space, and every merge that makes one, in the order of their scores.
const TOKENS: [&str; 8] = ["\u{2581}", "a", "b", "c", "ab", "bc", "abc", "\u{2581}ab"];
const MERGES: [&str; 5] = ["a b", "b c", "a bc", "ab c", "\u{2581} ab"];
const NEVER: &str =
    r#"{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never", "split": false}"#;

/// A tokenizer of such pieces behind `<unk>` and a byte.
fn pieces(tokens: &[&str], merges: &[&str], rest: &str) -> Result<VocabularyData, String> {
    let vocabulary = ["<unk>", "<0x0A>"].iter().chain(tokens).enumerate();
    let vocabulary: Vec<_> = vocabulary.map(|(id, text)| format!("{text:?}: {id}")).collect();
    let text = format!(
        r#"{{"model": {{"type": "BPE", "byte_fallback": true, "vocab": {{{}}}, "merges": {merges:?}}}, {rest}}}"#,
        vocabulary.join(", ")
    );
    let (matrices, embedding) = (TensorType::Bf16, TensorType::F16);
    let model = TinyModel { matrices, embedding, ..TinyModel::of(Family::Llama, 41) };
    let files = with(folder(&model, &[], 1), "tokenizer.json", Some(&text));
    read(&with(files, "tokenizer_config.json", None)).map(|folder| folder.vocabulary)
}

#[track_caller]
fn names(found: Result<VocabularyData, String>, wanted: &str) {
    match found {
        Ok(_) => panic!("read; expected: {wanted}"),
        Err(error) => assert!(error.contains(wanted), "{error}\nexpected: {wanted}"),
    }
}

fn metaspace(json: &str) -> Result<VocabularyData, String> {
    pieces(&TOKENS, &MERGES, &format!(r#""pre_tokenizer": {json}"#))
}

/// Only what replaces spaces and does nothing else is the tokenizer's rule.
#[test]
fn metaspace_is_read_where_it_is_the_same_rule_and_else_refused_by_name() {
    assert_eq!(metaspace(NEVER).unwrap().add_space_prefix, Some(false));
    let legacy = NEVER.replace("\"split\"", "\"add_prefix_space\": false, \"split\"");
    assert_eq!(metaspace(&legacy).unwrap().add_space_prefix, Some(false));
    let cases = [
        (NEVER.replace("never", "first"), "`pre_tokenizer.prepend_scheme`"),
        (NEVER.replace("never", "always"), "`pre_tokenizer.prepend_scheme`"),
        (NEVER.replace("never", "last"), "`pre_tokenizer.prepend_scheme`: always, first or never"),
        (NEVER.replace("\"prepend_scheme\": \"never\", ", ""), "`pre_tokenizer.prepend_scheme`"),
        (
            NEVER.replace("\"prepend_scheme\": \"never\"", "\"add_prefix_space\": true"),
            "`pre_tokenizer.prepend_scheme`",
        ),
        (
            NEVER.replace("\"prepend_scheme\": \"never\"", "\"add_prefix_space\": false"),
            "`pre_tokenizer.add_prefix_space`",
        ),
        (legacy.replace("space\": false", "space\": true"), "`pre_tokenizer.add_prefix_space`"),
        (NEVER.replace("false", "true"), "`pre_tokenizer.split`"),
        (NEVER.replace(", \"split\": false", ""), "`pre_tokenizer.split`"),
        (NEVER.replace("false", "null"), "`pre_tokenizer.split`"),
        (NEVER.replace("▁", "_"), "`pre_tokenizer.replacement`"),
    ];
    for (json, wanted) in cases {
        names(metaspace(&json), wanted);
    }
    let twice = r#"{"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Prepend", "prepend": "▁"}]}"#;
    let rest = format!(r#""normalizer": {twice}, "pre_tokenizer": {NEVER}"#);
    names(pieces(&TOKENS, &MERGES, &rest), "`normalizer`");
}
