//! Words beside those of the oracle, of llama.cpp and of the specification's text; never what a rule of ours expects of itself.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::Value;

use super::expressions::ALL;
use super::rule::Rule;
use super::*;

fn said(rule: &Rule) -> String {
    match rule {
        Rule::Plain(expression) => format!("plain {}", expression.name),
        Rule::Words(expression) => format!("words {}", expression.name),
        Rule::Lines(expression) => format!("lines {}", expression.name),
        Rule::Doubled(expression) => format!("doubled {}", expression.name),
        Rule::Grouped(expression) => format!("grouped {}", expression.name),
        Rule::Thousands => "thousands".to_owned(),
    }
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

/// `spec/vectors/text_words.json`, which an oracle made that shares no code with this crate.
#[test]
fn words_are_those_of_the_oracle() {
    let vectors = include_str!("../../../../spec/vectors/text_words.json");
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    let cases = list(&vectors["cases"]);
    assert!(cases.len() >= 280);
    for case in cases {
        let inputs = &case["inputs"];
        let rules = PreTokenizer::new(inputs["pre_tokenizer"].as_str().unwrap()).unwrap();
        let found = rules.words(inputs["text"].as_str().unwrap());
        assert_eq!(found, *list(&case["expected"]["words"]), "{}", case["name"]);
    }
}

/// `spec/vectors/text_cuts.json`, made so, too.
#[test]
fn cuts_of_every_line_of_the_table_are_those_of_the_oracle() {
    let vectors = include_str!("../../../../spec/vectors/text_cuts.json");
    let vectors: Value = serde_json::from_str(vectors).unwrap();
    for case in list(&vectors["cases"]) {
        let text = case["inputs"]["text"].as_str().unwrap();
        let lengths = case["expected"]["lengths"].as_object().unwrap();
        assert_eq!(lengths.len(), TABLE.len());
        for (name, rules) in ALL_RULES.iter() {
            let words = rules.words(text);
            let found: Vec<usize> = words.iter().map(|word| word.chars().count()).collect();
            assert_eq!(found, *list(&lengths[*name]), "{name}: {words:?}");
        }
    }
}

/// `tests/data/words.json`, which `cargo xtask tokenizers --write` made of what llama.cpp says.
#[test]
fn words_are_those_of_llama_cpp() {
    let said: Value = serde_json::from_str(include_str!("../../tests/data/words.json")).unwrap();
    let lines: Vec<&str> = list(&said["lines"]).iter().map(|line| line.as_str().unwrap()).collect();
    let mut names = Vec::new();
    for group in list(&said["pre_tokenizers"]) {
        for name in list(&group["names"]).iter().map(|name| name.as_str().unwrap()) {
            let rules = PreTokenizer::new(name).unwrap();
            for (line, lengths) in lines.iter().zip(list(&group["lengths"])) {
                let found: Vec<usize> = rules.words(line).iter().map(|word| word.len()).collect();
                assert_eq!(found, *list(lengths), "{name}: {:?}", rules.words(line));
            }
            names.push(name);
        }
        assert_eq!(list(&group["lengths"]).len(), lines.len());
    }
    let mut known = supported_pre_tokenizers();
    names.sort_unstable();
    known.sort_unstable();
    assert_eq!(names, known, "each name that is known here is compared");
}

#[test]
fn no_name_stands_twice() {
    let mut names = supported_pre_tokenizers();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn the_bounds_of_literals_are_those_of_the_text() {
    let text = include_str!("../../../../spec/package.md");
    let row = "| bytes of the texts of all special tokens together | 2^20 | the same of all user-defined ones | 2^20 |";
    assert!(text.contains(row));
    assert_eq!(crate::vocabulary::MAX_LITERAL_BYTES, 1 << 20);
}

#[test]
fn the_text_of_the_specification_says_the_same() {
    let text = include_str!("../../../../spec/text.md");
    let expression = |one: &expressions::Expression| format!("{} = {}", one.name, one.pattern);
    let block: Vec<String> = ALL.iter().map(expression).collect();
    let block = format!("```\n{}\n```\n", block.join("\n"));
    assert!(text.contains(&block), "the expressions:\n{block}");
    let row = |line: &Line| {
        let rules: Vec<String> = line.rules.iter().map(said).collect();
        let word = |yes| if yes { "yes" } else { "no" };
        let (names, rules) = (line.names.join(", "), rules.join(", "));
        format!("| {names} | {rules} | {} | {} |", word(line.whole_words), word(line.add_bos))
    };
    let head = "| names | rules | whole words | add beginning |\n|---|---|---|---|";
    let rows: Vec<String> = TABLE.iter().map(row).collect();
    let rows = format!("{head}\n{}\n\n", rows.join("\n"));
    assert!(text.contains(&rows), "the table:\n{rows}");
}

/// One for each list of rules.
static ALL_RULES: LazyLock<Vec<(&'static str, PreTokenizer)>> = LazyLock::new(|| {
    let first = TABLE.iter().map(|line| line.names[0]);
    first.map(|name| (name, PreTokenizer::new(name).unwrap())).collect()
});

fn check(text: &str) {
    for (name, rules) in ALL_RULES.iter() {
        let words = rules.words(text);
        assert!(words.iter().all(|word| !word.is_empty()), "{name}");
        assert!(words.concat() == text, "{name}: the words are not the text");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn words_together_are_the_text(
        characters in proptest::collection::vec(prop_oneof![
            any::<char>(),
            proptest::sample::select(" \u{a0}\t\r\n'slLvVeE1234\u{b2}\u{969}aZ\u{e9}\u{c9}\u{1c5}\u{301}\u{4f60}\u{3042}\u{e01}.,!/<$\u{3000}\u{200d}\0".chars().collect::<Vec<_>>()),
        ], 0..200),
    ) {
        check(&characters.into_iter().collect::<String>());
    }
}

/// A search that reads on to the text's end at every word takes hours here.
#[test]
fn hostile_texts_take_no_longer_than_others() {
    const LONG_BYTES: usize = 1 << 20;
    const SHORT_BYTES: usize = 1 << 15;
    let few_words = [" ", "\u{3000}", "a", "A", "\u{e9}", "\u{301}", "\u{4f60}", "/", "IMGIMG"];
    let many_words =
        ["\n", " \n", "\t\r", "1", "\u{b2}", "'s", "a\u{301}", "a ", " .", "<sentinel:1", "\0"];
    let texts = |units: &[&str], bytes: usize| {
        units
            .iter()
            .map(|unit| ["a\n", &unit.repeat(bytes / unit.len()), "b"].concat())
            .collect::<Vec<_>>()
    };
    for text in [texts(&few_words, LONG_BYTES), texts(&many_words, SHORT_BYTES)].concat() {
        check(&text);
    }
    let spaces = " ".repeat(SHORT_BYTES);
    check(&[&*spaces, "\n"].concat().repeat(4));
}

#[test]
fn runs_of_white_space_are_halved() {
    let rules = PreTokenizer::new("jais-2").unwrap();
    let lengths = |text: &str| rules.words(text).iter().map(|word| word.len()).collect::<Vec<_>>();
    assert_eq!(lengths(&" ".repeat(1023)), [512, 256, 128, 64, 32, 16, 8, 4, 2, 1]);
    assert_eq!(lengths(&(" ".repeat(1024) + "x")), [512, 256, 128, 64, 32, 16, 8, 4, 2, 1, 2]);
}
