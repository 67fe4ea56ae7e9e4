//! Folders whose files say one thing in several ways: what each way means, and what is refused because it is another rule.

use import::gguf::tiny::{Family, TinyModel};
use import::gguf::{TensorType, VocabularyData};
use import::huggingface::Folder;
use import::huggingface::tiny::folder;

use super::folders::{read, with};

fn of(family: Family, members: &[(&str, &str)]) -> Result<Folder, String> {
    let (matrices, embedding) = (TensorType::Bf16, TensorType::F16);
    read(&folder(&TinyModel { matrices, embedding, ..TinyModel::of(family, 41) }, members, 1))
}

fn refused(family: Family, members: &[(&str, &str)], wanted: &str) {
    match of(family, members) {
        Ok(_) => panic!("{family:?} {members:?}: imported; expected: {wanted}"),
        Err(error) => assert!(error.contains(wanted), "{error}\nexpected: {wanted}"),
    }
}

/// What each layer sees; 0 for all.
fn windows(family: Family, members: &[(&str, &str)]) -> Vec<u32> {
    let program = of(family, members).unwrap().program;
    let layers = program.groups.iter().flat_map(|group| &group.layers);
    layers.map(|layer| layer.attributes[1]).collect()
}

const USED: (&str, &str) = ("use_sliding_window", "true");
const LATER: (&str, &str) = ("max_window_layers", "1");

/// As transformers' `Qwen2Config` and `Qwen3Config` have it: no window unless it is used, 4096 where none is named, none
/// where a null is, and the first 28 layers see all where nothing else is said.
#[test]
fn qwens_windows_begin_where_transformers_has_them() {
    for family in [Family::Qwen2, Family::Qwen3] {
        assert_eq!(windows(family, &[("sliding_window", "24"), LATER]), [0, 0]);
        assert_eq!(windows(family, &[USED, ("sliding_window", "24"), LATER]), [0, 24]);
        assert_eq!(windows(family, &[USED, ("sliding_window", "24")]), [0, 0], "28 layers");
        assert_eq!(
            windows(family, &[USED, ("sliding_window", "24"), ("max_window_layers", "0")]),
            [24, 24]
        );
        assert_eq!(windows(family, &[USED, LATER]), [0, 4096]);
        assert_eq!(windows(family, &[USED, LATER, ("sliding_window", "null")]), [0, 0]);
        let list = ("layer_types", r#"["sliding_attention", "full_attention"]"#);
        assert_eq!(windows(family, &[USED, ("sliding_window", "24"), list]), [24, 0]);
        // transformers has no mask for such a layer.
        refused(family, &[("sliding_window", "24"), list], "`layer_types`");
        refused(family, &[("max_window_layers", "\"1\"")], "`max_window_layers`: an integer");
    }
}

#[test]
fn windows_that_contradict_each_other_are_refused_by_name() {
    let list = ("layer_types", r#"["sliding_attention", "full_attention"]"#);
    // Phi 3 has the window in every layer, Llama in none, whatever a list says.
    refused(Family::Phi3, &[list], "`layer_types`");
    refused(Family::Llama, &[list], "`layer_types`");
    let all = ("layer_types", r#"["sliding_attention", "sliding_attention"]"#);
    assert_eq!(windows(Family::Phi3, &[all]), [24, 24]);
    refused(Family::Gemma2, &[("sliding_window_pattern", "4")], "`sliding_window_pattern`");
    assert_eq!(windows(Family::Gemma2, &[("sliding_window_pattern", "2")]), [24, 0, 24, 0]);
    refused(Family::Gemma2, &[("sliding_window", "null")], "`sliding_window` is missing");
}

const DOUBLED: &str = r#"{"rope_type": "linear", "factor": 2.0}"#;

/// Which of two scalings counts, transformers decided otherwise in its versions 4 and 5.
#[test]
fn two_scalings_that_differ_are_refused_and_two_that_agree_are_one() {
    let one = of(Family::Llama, &[("rope_scaling", DOUBLED)]).unwrap().program;
    let both = [("rope_scaling", DOUBLED), ("rope_parameters", DOUBLED)];
    assert!(of(Family::Llama, &both).unwrap().program == one);
    assert!(of(Family::Llama, &[("rope_parameters", DOUBLED)]).unwrap().program == one);
    let other = r#"{"rope_type": "linear", "factor": 4.0}"#;
    for other in [other, r#"{"rope_type": "default"}"#] {
        let members = [("rope_scaling", DOUBLED), ("rope_parameters", other)];
        refused(Family::Llama, &members, "`rope_parameters` is not supported: `rope_scaling`");
    }
    let inside = |base: &str| format!(r#"{{"rope_type": "default", "rope_theta": {base}}}"#);
    // The tiny model's base.
    assert!(of(Family::Llama, &[("rope_parameters", &inside("100000.0"))]).is_ok());
    refused(Family::Llama, &[("rope_parameters", &inside("5000.0"))], "`rope_theta`");
    let types = r#"{"rope_type": "linear", "type": "default", "factor": 2.0}"#;
    refused(Family::Llama, &[("rope_scaling", types)], "`rope_scaling.type`");
    let yarn = r#"{"type": "yarn", "factor": 2.0, "original_max_position_embeddings": 128}"#;
    let trained = |outside| [("rope_scaling", yarn), ("original_max_position_embeddings", outside)];
    assert!(of(Family::Llama, &trained("128")).is_ok());
    refused(Family::Llama, &trained("64"), "`rope_scaling.original_max_position_embeddings`");
}

#[test]
fn scalings_by_kind_of_layer_are_gemma_3s_alone() {
    let full =
        r#""full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 100000.0}"#;
    let window = r#""sliding_attention": {"rope_type": "default", "rope_theta": 20000.0}"#;
    let both = format!("{{{full}, {window}}}");
    let older = [
        ("rope_scaling", r#"{"rope_type": "linear", "factor": 8.0}"#),
        ("rope_local_base_freq", "20000.0"),
    ];
    let newer = of(Family::Gemma3, &[("rope_parameters", &both)]).unwrap().program;
    assert!(newer == of(Family::Gemma3, &older).unwrap().program);
    for family in [Family::Llama, Family::Gemma2] {
        refused(family, &[("rope_parameters", &both)], "rotates all layers alike");
        refused(family, &[("rope_local_base_freq", "20000.0")], "`rope_local_base_freq`");
    }
    let local = [("rope_parameters", both.as_str()), ("rope_local_base_freq", "30000.0")];
    refused(Family::Gemma3, &local, "`rope_local_base_freq`");
    refused(Family::Gemma3, &[("rope_parameters", DOUBLED)], "one for each kind of layer");
    let scaled = both.replace("default", "linear");
    refused(Family::Gemma3, &[("rope_parameters", &scaled)], "layers with a window");
    let mixed = format!(r#"{{{full}, {window}, "rope_type": "linear"}}"#);
    refused(Family::Gemma3, &[("rope_parameters", &mixed)], "`rope_parameters.rope_type`");
}

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

/// Ranks say the same as merges only where every two pieces that make a third are a merge, and no others.
#[test]
fn merges_that_are_not_all_pairs_of_pieces_are_refused_by_name() {
    let read = |tokens: &[&str], merges: &[&str]| {
        pieces(tokens, merges, &format!(r#""pre_tokenizer": {NEVER}"#))
    };
    let found = read(&TOKENS, &MERGES).unwrap();
    assert_eq!(found.ranks[..10], [4, 4, 4, 4, 4, 4, 0, 1, 2, 3]);
    for missing in 0..MERGES.len() {
        let mut merges = MERGES.to_vec();
        let (left, right) = merges.remove(missing).split_once(' ').unwrap();
        names(read(&TOKENS, &merges), &format!("the pair {left:?} {right:?}"));
    }
    let with = |merge| [&MERGES[..], &[merge]].concat();
    names(read(&TOKENS, &with("c a")), r#"the pair "c" "a" is not supported: it joins or makes"#);
    names(read(&TOKENS, &with("x y")), "it joins or makes");
    names(read(&TOKENS, &with("a b")), "it stands there twice");
    // A byte's token is no text here, and neither is one of no token: both would join here alone.
    names(read(&[&TOKENS[..], &["<0x0A>a"]].concat(), &with("<0x0A> a")), "it joins or makes");
    names(read(&[&TOKENS[..], &["ax"]].concat(), &MERGES), r#"the pair "a" "x""#);
    names(read(&[&TOKENS[..], &["xy"]].concat(), &MERGES), r#"the pair "x" "y""#);
    // Another piece's merge between two that make one.
    let parted = ["a b", "b c", "a bc", "\u{2581} ab", "ab c"];
    names(read(&TOKENS, &parted), "another piece's merges");
    let whole = r#""pre_tokenizer": null, "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}"#;
    assert!(pieces(&TOKENS, &MERGES, whole).is_ok());
}

/// What is found before anything is merged needs no merges; a `\u{2581}` that a space becomes is no such text.
#[test]
fn added_tokens_need_no_merges_unless_they_come_of_spaces() {
    let added = |text: &str, special: bool| {
        let tokens = [&TOKENS[..], &[text]].concat();
        let rest = format!(
            r#""pre_tokenizer": {NEVER}, "added_tokens": [{{"id": 10, "content": {text:?}, "special": {special}}}]"#
        );
        pieces(&tokens, &MERGES, &rest)
    };
    assert!(added("bab", false).is_ok());
    assert!(added("bab", true).is_ok());
    assert!(added("\u{2581}\u{2581}", true).is_ok());
    names(added("\u{2581}\u{2581}", false), "it makes a piece, and is no merge");
}
