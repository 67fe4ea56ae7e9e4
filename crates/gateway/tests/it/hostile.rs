//! Requests of every dialect with one member that is something else: answered or refused by name, never a fault.

// floats: JSON numbers as strangers write them; nothing is computed with them.

use serde_json::{Value as Json, json};

use crate::world::World;

/// What strangers put where something else belongs, as JSON text.
const ODD: [&str; 16] = [
    "null",
    "true",
    "-1",
    "0",
    "1e400",
    "0.1000000000000000000001",
    "18446744073709551616",
    "\"\"",
    "\"\\u0000\"",
    "\"\\ud83e\\udd80 {{ 7 * 7 }} <|im_start|>\"",
    "[]",
    "[null]",
    "[[{}]]",
    "{}",
    "{\"type\":\"function\"}",
    "{\"\":{\"type\":[]},\"type\":{}}",
];

/// A request with most members of its dialect.
fn requests() -> Vec<(&'static str, Json)> {
    let schema = json!({"type": "object", "properties": {"a": {"enum": ["b"]}}});
    let function = json!({"name": "a", "parameters": schema});
    let user = json!([{"role": "user", "content": [{"type": "text", "text": "a"}]}]);
    let shared = json!({"model": "tiny", "stream": false, "temperature": 1, "top_p": 1, "top_k": 1,
        "min_p": 0, "logit_bias": {"70": 1}, "seed": 1, "cache_scope": "tenant", "metadata": {}});
    let with = |more: Json| {
        let mut body = shared.clone();
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let chat = json!({"messages": user, "max_tokens": 1, "n": 1, "stop": ["b"], "logprobs": true,
        "top_logprobs": 1, "tools": [{"type": "function", "function": function}], "tool_choice": "auto",
        "response_format": {"type": "text"}, "stream_options": null});
    let responses = json!({"input": user, "instructions": "a", "max_output_tokens": 1, "include": [],
        "tools": [{"type": "function", "name": "a", "parameters": schema}], "tool_choice": "auto",
        "text": {"format": {"type": "text"}}, "top_logprobs": 1, "store": false, "reasoning": {}});
    let messages = json!({"messages": user, "system": "a", "max_tokens": 1, "stop_sequences": ["b"],
        "tools": [{"name": "a", "input_schema": schema}], "tool_choice": {"type": "auto"},
        "output_config": {}, "thinking": {"type": "disabled"}, "cache_control": {"type": "ephemeral"}});
    vec![
        ("/v1/chat/completions", with(chat)),
        ("/v1/completions", with(json!({"prompt": "a", "max_tokens": 1, "logprobs": 1}))),
        ("/v1/responses", with(responses)),
        ("/v1/messages", with(messages)),
    ]
}

/// The body with something else in one place, at any depth.
fn spoilt(value: &Json, odd: &str) -> Vec<String> {
    let mut all = vec![odd.to_owned()];
    match value {
        Json::Object(members) => {
            for name in members.keys() {
                for inner in spoilt(&members[name], odd) {
                    let others = members.iter().map(|(other, value)| {
                        let value = if other == name { inner.clone() } else { value.to_string() };
                        format!("{}:{value}", json!(other))
                    });
                    all.push(format!("{{{}}}", others.collect::<Vec<_>>().join(",")));
                }
            }
        }
        Json::Array(items) => {
            if let Some(first) = items.first() {
                all.extend(spoilt(first, odd).into_iter().map(|inner| format!("[{inner}]")));
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
    all
}

#[test]
fn whatever_stands_in_a_request_is_answered_or_refused() {
    let world = World::new();
    for (path, body) in requests() {
        assert_eq!(world.post(path, &body).status, 200, "{path} {body}");
        for odd in ODD {
            for body in spoilt(&body, odd) {
                let reply = world.send("POST", path, &[], &body);
                let known = matches!(reply.status, 200 | 400 | 404);
                assert!(known, "{path} {body}: {} {}", reply.status, reply.body);
                if reply.status != 200 {
                    let message = reply.json()["error"]["message"].as_str().map(str::len);
                    assert!(message.is_some_and(|length| length < 4096), "{body}: {}", reply.body);
                }
            }
        }
    }
    world.until("probity_answers_running", 0);
}
