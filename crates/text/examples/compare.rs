//! Compares this tokenizer with another's ids, and measures it.
//!
//! `compare VOCABULARY.json CASES.json`: both as `tests/data/make.py` writes them (`vocabulary`,
//! `ids`). For real vocabularies, which are too large to commit. Prints the differences and the
//! times; exits with 1 if there are any.

use std::process::ExitCode;
use std::time::Instant;

use serde_json::Value;
use text::{ModelKind, Pieces, Specials, TokenType, Tokenizer, Vocabulary};

const SHOWN: usize = 10;

#[expect(clippy::print_stdout, reason = "a tool for people")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, vocabulary, cases] = arguments.as_slice() else {
        println!("usage: compare VOCABULARY.json CASES.json");
        return ExitCode::FAILURE;
    };
    let vocabulary = vocabulary_from_json(&read(vocabulary));
    let cases = read(cases);
    let start = Instant::now();
    let tokenizer = Tokenizer::new(&vocabulary).expect("the vocabulary is supported");
    println!("built in {:?}, missing bytes {:02x?}", start.elapsed(), tokenizer.missing_bytes());

    let (mut differ, mut bytes, mut tokens) = (0, 0, 0);
    let cases = cases.as_array().expect("cases are a list");
    let start = Instant::now();
    for case in cases {
        let text = case["text"].as_str().expect("a case has a text");
        let specials = if case["specials"] == true { Specials::Allow } else { Specials::Deny };
        let ids = tokenizer.encode(text, specials).expect("the text is short enough");
        bytes += text.len();
        tokens += ids.len();
        let expected: Vec<u32> = numbers(&case["ids"]);
        if ids != expected {
            differ += 1;
            if differ <= SHOWN {
                println!("{text:?}: {ids:?}, not {expected:?}");
            }
        }
    }
    let elapsed = start.elapsed();
    println!("{differ} of {} differ; {bytes} bytes, {tokens} tokens, {elapsed:?}", cases.len());
    if differ == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read(path: &str) -> Value {
    let bytes = std::fs::read(path).expect("the file can be read");
    serde_json::from_slice(&bytes).expect("the file is JSON")
}

fn numbers(value: &Value) -> Vec<u32> {
    let list = value.as_array().expect("a list").iter();
    list.map(|n| u32::try_from(n.as_u64().expect("a number")).expect("an id")).collect()
}

fn strings(value: &Value) -> Vec<String> {
    let list = value.as_array().expect("a list").iter();
    list.map(|text| text.as_str().expect("a string").to_owned()).collect()
}

fn vocabulary_from_json(json: &Value) -> Vocabulary {
    let id = |name: &str| json[name].as_u64().map(|id| u32::try_from(id).expect("an id"));
    let types = numbers(&json["token_types"]).into_iter();
    let pieces = Pieces { ranks: numbers(&json["ranks"]), stripping: numbers(&json["stripping"]) };
    Vocabulary {
        kind: ModelKind::from_gguf(json["kind"].as_str().expect("a name"), pieces)
            .expect("supported"),
        tokens: strings(&json["tokens"]),
        token_types: types
            .map(|n| TokenType::from_gguf(i32::try_from(n).expect("a type")).expect("a type"))
            .collect(),
        merges: strings(&json["merges"]),
        pre_tokenizer: json["pre_tokenizer"].as_str().expect("a name").to_owned(),
        bos: id("bos"),
        eos: id("eos"),
        eot: id("eot"),
        eom: id("eom"),
        unknown: id("unknown"),
        padding: id("padding"),
        add_bos: json["add_bos"].as_bool(),
        add_eos: json["add_eos"].as_bool().unwrap_or(false),
        add_space_prefix: json["add_space_prefix"].as_bool().unwrap_or(false),
    }
}
