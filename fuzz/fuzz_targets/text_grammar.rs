//! Any grammar ends, in an error or with masks, without a panic; and any text is parsed for calls.
//!
//! The first byte says which kind; the text is split at its first NUL into the grammar and what a model says.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use text::grammar::{Constraint, Grammar, GrammarKind, GrammarText, GrammarTokens};
use text::tool_calls::{CallEvent, ToolCalls, ToolChoice, ToolStyle};
use text::{ModelKind, TokenType, Tokenizer, Vocabulary};

const STYLES: [ToolStyle; 4] =
    [ToolStyle::Hermes, ToolStyle::Llama, ToolStyle::Mistral, ToolStyle::Generic];

/// A stop token, every printable byte and a line's end.
static TOKENIZER: LazyLock<Tokenizer> = LazyLock::new(|| {
    let printable = ('!'..='~').map(String::from);
    let tokens: Vec<String> = ["</s>".to_owned(), "\u{10a}".into(), "\u{120}".into()]
        .into_iter()
        .chain(printable)
        .collect();
    let mut token_types = vec![TokenType::Normal; tokens.len()];
    token_types[0] = TokenType::Control;
    Tokenizer::new(&Vocabulary {
        kind: ModelKind::Gpt2,
        tokens,
        token_types,
        merges: Vec::new(),
        pre_tokenizer: "smollm".to_owned(),
        bos: None,
        eos: Some(0),
        eot: None,
        eom: None,
        unknown: None,
        padding: None,
        add_bos: None,
        add_eos: false,
        add_space_prefix: false,
    })
    .expect("the vocabulary is sound")
});

static TOKENS: LazyLock<GrammarTokens> =
    LazyLock::new(|| GrammarTokens::new(TOKENIZER.token_bytes()).expect("a small vocabulary"));

fuzz_target!(|input: (u8, &str)| {
    let (first, input) = input;
    let (text, said) = input.split_once('\0').unwrap_or((input, "<tool_call>{\"name\": \"f\"}"));
    parse(STYLES[usize::from(first) % STYLES.len()], said);
    let kind = GrammarKind::ALL[usize::from(first) % GrammarKind::ALL.len()].name();
    let parts = GrammarText { engine: "llguidance", version: "1.9.1", kind, text };
    let Ok(grammar) = Grammar::from_parts(parts) else { return };
    let Ok(mut constraint) = Constraint::new(&TOKENS, &grammar, &[0]) else { return };
    for byte in said.bytes().take(32) {
        let Ok(mask) = constraint.mask() else { return };
        let allowed = |token: u32| mask[usize::from(token >= 64)] >> (token % 64) & 1 == 1;
        let count = u32::try_from(TOKENIZER.token_bytes().len()).expect("a small vocabulary");
        let Some(token) = (0..count).map(|at| (at + u32::from(byte)) % count).find(|t| allowed(*t))
        else {
            return;
        };
        // What a mask allows is taken, unless a limit ends it.
        let taken = constraint.accept(token);
        assert!(!matches!(taken, Err(text::grammar::GrammarError::Token(_))));
    }
});

/// Nothing is made up: what a parser gives out was said.
fn parse(style: ToolStyle, said: &str) {
    let tools = [serde_json::json!({ "type": "function", "function": { "name": "f" } })];
    let table = TOKENIZER.token_bytes();
    let calls = ToolCalls::new(style, table, &tools, ToolChoice::Auto, true).expect("sound tools");
    let mut parser = calls.parser();
    let mut events = Vec::new();
    let mut letters = [0; 4];
    for letter in said.chars() {
        events.extend(parser.push(None, letter.encode_utf8(&mut letters)));
    }
    events.extend(parser.end());
    let ends = events.iter().filter(|event| matches!(event, CallEvent::End { .. })).count();
    assert_eq!(ends, parser.calls());
    for event in events {
        if let CallEvent::Text(text) = event {
            assert!(text.chars().all(|letter| said.contains(letter)));
        }
    }
}
