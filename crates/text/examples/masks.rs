//! Measures grammars: how long a vocabulary takes to be made ready, a definition to be read, a mask to be computed.
//!
//! `masks VOCABULARY.json`: tokens and types as `tests/data/make.py` writes them. Each grammar is followed along texts
//! drawn from its own masks.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::Value;
use text::grammar::{Constraint, Grammar, GrammarTokens};
use text::{ModelKind, TokenType, Tokenizer, Vocabulary};

/// Texts of each grammar, and tokens of each text.
const TEXTS: u64 = 20;
const TOKENS: usize = 100;

const ORDER: &str = r#"{"type":"object","additionalProperties":false,"required":["name","age","tags"],"properties":
{"name":{"type":"string"},"age":{"type":"integer","minimum":0,"maximum":150},"tags":{"type":"array","items":{"type":
"string","maxLength":20}},"kind":{"enum":["a","b","c"]},"when":{"type":"string","format":"date-time"}}}"#;

#[expect(clippy::print_stdout, reason = "a tool for people")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, path] = arguments.as_slice() else {
        println!("usage: masks VOCABULARY.json");
        return ExitCode::FAILURE;
    };
    let tokenizer = Tokenizer::new(&vocabulary(path)).expect("the vocabulary is supported");
    let end = tokenizer.stop_tokens().iter().next().unwrap_or(0);
    let start = Instant::now();
    let tokens = GrammarTokens::new(tokenizer.token_bytes()).expect("the vocabulary fits");
    println!("{} tokens made ready in {:?}", tokenizer.token_bytes().len(), start.elapsed());
    for (name, grammar) in [
        ("json_object", Grammar::json_object()),
        ("a schema", Grammar::json_schema(ORDER)),
        ("a call or text", Grammar::lark(AUTO)),
        ("regex", Grammar::regex("[A-Z][a-z]+( [a-z]+){3,20}\\.")),
    ] {
        let start = Instant::now();
        drop(Constraint::new(&tokens, &grammar, &[end]).expect("a sound grammar"));
        let made = start.elapsed();
        let mut times: Vec<Duration> =
            (0..TEXTS).flat_map(|seed| masks(&tokens, &grammar, end, seed)).collect();
        times.sort_unstable();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100];
        let (median, late, most) = (at(50), at(99), at(100));
        println!(
            "{name}: read in {made:?}; {} masks: median {median:?}, 99 % {late:?}, most {most:?}",
            times.len()
        );
    }
    ExitCode::SUCCESS
}

const AUTO: &str = r#"start: (begin call)* FREE
begin[lazy]: ANY "<tool_call>"
call: "\n{\"name\": \"f\", \"arguments\": " %json {"type":"object"} "}\n</tool_call>"
ANY: /(.|\n)*/
FREE: /(.|\n)*/
"#;

/// How long each mask of a text took.
fn masks(tokens: &GrammarTokens, grammar: &Grammar, end: u32, mut seed: u64) -> Vec<Duration> {
    let mut constraint = Constraint::new(tokens, grammar, &[end]).expect("a sound grammar");
    let mut times = Vec::new();
    for _ in 0..TOKENS {
        let start = Instant::now();
        let mask = constraint.mask().expect("within the limits");
        times.push(start.elapsed());
        let allowed: Vec<u32> =
            (0..).zip(mask).flat_map(|(word, bits)| of_word(word, *bits)).collect();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let Some(last) = allowed.len().checked_sub(1) else { break };
        let token = allowed[usize::try_from(seed >> 33).unwrap_or(0) % (last + 1)];
        constraint.accept(token).expect("within the limits");
        if token == end {
            break;
        }
    }
    times
}

fn of_word(word: u32, bits: u64) -> impl Iterator<Item = u32> {
    (0..u64::BITS).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * u64::BITS + bit)
}

fn vocabulary(path: &str) -> Vocabulary {
    let bytes = std::fs::read(path).expect("the file can be read");
    let json: Value = serde_json::from_slice(&bytes).expect("the file is JSON");
    let json = json.get("vocabulary").unwrap_or(&json);
    let list = |name: &str| json[name].as_array().cloned().unwrap_or_default();
    let text = |value: Value| value.as_str().expect("a text").to_owned();
    let kind = |value: Value| {
        let number = value.as_i64().and_then(|number| i32::try_from(number).ok()).expect("a type");
        TokenType::from_gguf(number).expect("a type of GGUF")
    };
    let eos = json["eos"].as_u64().and_then(|id| u32::try_from(id).ok());
    Vocabulary {
        kind: ModelKind::Gpt2,
        tokens: list("tokens").into_iter().map(text).collect(),
        token_types: list("token_types").into_iter().map(kind).collect(),
        merges: Vec::new(),
        pre_tokenizer: "smollm".to_owned(),
        bos: None,
        eos,
        eot: None,
        eom: None,
        unknown: None,
        padding: None,
        add_bos: None,
        add_eos: false,
        add_space_prefix: false,
    }
}
