//! The small vocabulary and the conversations the tests share.

use std::sync::LazyLock;

use serde_json::Value;
use text::template::CivilTime;
use text::{Conversation, Message, ModelKind, Role, TokenType, Tokenizer, Vocabulary};

pub(crate) fn tiny() -> Value {
    serde_json::from_str(include_str!("../data/tiny.json")).unwrap()
}

pub(crate) fn renderings() -> Value {
    serde_json::from_str(include_str!("../data/renderings.json")).unwrap()
}

pub(crate) fn strings(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

pub(crate) fn numbers(value: &Value) -> Vec<u32> {
    let list = value.as_array().unwrap().iter();
    list.map(|number| u32::try_from(number.as_u64().unwrap()).unwrap()).collect()
}

/// The small vocabulary under a pre-tokenizer's rules.
pub(crate) fn vocabulary(pre_tokenizer: &str) -> Vocabulary {
    let tiny = tiny();
    let tokens = strings(&tiny["tokens"]);
    let types = numbers(&tiny["token_types"]).into_iter();
    let id = |text: &str| {
        Some(u32::try_from(tokens.iter().position(|token| token == text).unwrap()).unwrap())
    };
    Vocabulary {
        kind: ModelKind::Gpt2,
        token_types: types
            .map(|number| TokenType::from_gguf(i32::try_from(number).unwrap()).unwrap())
            .collect(),
        merges: strings(&tiny["merges"]),
        pre_tokenizer: pre_tokenizer.to_owned(),
        bos: id("<s>"),
        eos: id("</s>"),
        eot: None,
        eom: None,
        unknown: None,
        padding: None,
        add_bos: Some(false),
        add_eos: false,
        add_space_prefix: false,
        tokens,
    }
}

pub(crate) fn tokenizer() -> &'static Tokenizer {
    static TOKENIZER: LazyLock<Tokenizer> =
        LazyLock::new(|| Tokenizer::new(&vocabulary("smollm")).unwrap());
    &TOKENIZER
}

pub(crate) fn id(text: &str) -> u32 {
    let tokens = strings(&tiny()["tokens"]);
    u32::try_from(tokens.iter().position(|token| token == text).unwrap()).unwrap()
}

/// The bytes that tokens stand for, control tokens included.
pub(crate) fn bytes(tokenizer: &Tokenizer, ids: &[u32]) -> Vec<u8> {
    ids.iter().flat_map(|&id| tokenizer.token_bytes().get(id).unwrap().bytes).copied().collect()
}

pub(crate) fn user(content: &str) -> Conversation {
    turns(&[(Role::User, content)])
}

pub(crate) fn turns(turns: &[(Role, &str)]) -> Conversation {
    Conversation {
        messages: turns.iter().map(|(role, content)| Message::new(*role, *content)).collect(),
        add_generation_prompt: true,
        ..Conversation::default()
    }
}

/// A conversation as `make.py` writes it.
pub(crate) fn conversation(json: &Value) -> Conversation {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let messages = json["messages"].as_array().unwrap().iter().map(|message| Message {
        role: Role::from_name(message["role"].as_str().unwrap()).unwrap(),
        content: text(&message["content"]),
        name: text(&message["name"]),
        reasoning_content: text(&message["reasoning_content"]),
        tool_calls: message["tool_calls"].as_array().cloned().unwrap_or_default(),
        tool_call_id: text(&message["tool_call_id"]),
    });
    Conversation {
        messages: messages.collect(),
        tools: json["tools"].as_array().cloned().unwrap_or_default(),
        add_generation_prompt: json["add_generation_prompt"].as_bool().unwrap_or(true),
        variables: json["variables"].as_object().cloned().unwrap_or_default(),
        now: Some(CivilTime::new((2026, 3, 5), (7, 8, 9)).unwrap()),
    }
}
