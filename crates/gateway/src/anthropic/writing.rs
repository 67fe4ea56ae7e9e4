//! A whole message: its blocks, why it ended, what it cost.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use crate::core::{End, Finish, Said, Speech, Started, Whole, probity_end};

/// A message, with the input of each call as the model spelled it: no number of it is rounded.
#[derive(Serialize)]
struct Message<'a> {
    id: String,
    r#type: &'static str,
    role: &'static str,
    model: &'a str,
    content: Vec<Box<RawValue>>,
    stop_reason: &'static str,
    stop_sequence: Option<&'a str>,
    usage: Json,
    probity: Json,
}

/// The message that an answer is.
pub(super) fn message(whole: &Whole, stops: &[String]) -> String {
    let (started, end) = (&whole.started, &whole.end);
    let finish = finish(end);
    let mut speech = Speech::new(started, 0);
    let parts = whole.choices.first().map(Vec::as_slice).unwrap_or_default();
    let said = speech.whole(parts);
    let mut probity = probity_end(started, end);
    if let Some(rest) = cut_off(&said) {
        probity["cut_off_input"] = rest.into();
    }
    let message = Message {
        id: id(started),
        r#type: "message",
        role: "assistant",
        model: &started.model,
        content: said.into_iter().map(block).collect(),
        stop_reason: stop_reason(finish, speech.has_called()),
        stop_sequence: stop_sequence(finish, stops),
        usage: usage(end),
        probity,
    };
    serde_json::to_string(&message).expect("what we write is JSON")
}

/// What a message is called.
pub(super) fn id(started: &Started) -> String {
    format!("msg_{}", &commit::hex(&started.job)[..32])
}

/// Why the one choice ended.
pub(super) fn finish(end: &End) -> Finish {
    end.choices.first().map_or(Finish::Length, |ended| ended.finish)
}

/// In this dialect's words.
pub(super) const fn stop_reason(finish: Finish, has_called: bool) -> &'static str {
    match finish {
        Finish::Token if has_called => "tool_use",
        Finish::Token => "end_turn",
        Finish::String(_) => "stop_sequence",
        Finish::Length => "max_tokens",
    }
}

/// The text that ended it.
pub(super) fn stop_sequence(finish: Finish, stops: &[String]) -> Option<&str> {
    match finish {
        Finish::String(index) => stops.get(usize::from(index)).map(String::as_str),
        Finish::Token | Finish::Length => None,
    }
}

/// What was read and written. What was found in the cache is told apart, and is no part of the input.
pub(super) fn usage(end: &End) -> Json {
    json!({
        "input_tokens": end.prompt_tokens.saturating_sub(end.cached_tokens),
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": end.cached_tokens,
        "output_tokens": end.completion_tokens,
    })
}

fn block(said: Said) -> Box<RawValue> {
    let text = match said {
        Said::Text(text) => json!({"type": "text", "text": text}).to_string(),
        Said::Call { id, name, arguments } => {
            let input = if is_object(&arguments) { arguments.as_str() } else { "{}" };
            let (id, name) = (json!(id), json!(name));
            format!("{{\"type\":\"tool_use\",\"id\":{id},\"name\":{name},\"input\":{input}}}")
        }
    };
    RawValue::from_string(text).expect("what we write is JSON")
}

/// The input of a call that an answer ended in: it is no object, so its block has an empty one.
fn cut_off(said: &[Said]) -> Option<&str> {
    match said.last()? {
        Said::Call { arguments, .. } if !is_object(arguments) => Some(arguments),
        Said::Call { .. } | Said::Text(_) => None,
    }
}

fn is_object(text: &str) -> bool {
    text.starts_with('{') && serde_json::from_str::<&RawValue>(text).is_ok()
}
