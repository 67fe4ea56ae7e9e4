//! Answers held to a form: JSON, a schema, calls of tools. Replay bears the masks out too.

use serde_json::{Value as Json, json};

use crate::answers::{chat, receipt, replayed};
use crate::world::{Reply, World};

const CHAT: &str = "/v1/chat/completions";
/// Seeds that are tried for an answer that comes to its end.
const SEEDS: u32 = 8;

/// The first of some answers that ends by itself.
fn ended(world: &World, more: &Json) -> Reply {
    for seed in 0..SEEDS {
        let mut body = chat(more);
        body["seed"] = seed.into();
        body["max_tokens"] = 600.into();
        let reply = world.post(CHAT, &body);
        assert_eq!(reply.status, 200, "{}", reply.body);
        if reply.json()["choices"][0]["finish_reason"] != "length" {
            let file = receipt(world, reply.header("x-probity-receipt").unwrap(), false);
            assert_eq!(replayed(world, &file), verify::Replay::Same);
            return reply;
        }
    }
    panic!("none of {SEEDS} answers ended");
}

#[test]
fn an_answer_follows_its_schema() {
    let world = World::long(|_| {});
    let schema = json!({
        "type": "object",
        "properties": {"sky": {"enum": ["blue", "grey"]}},
        "required": ["sky"],
        "additionalProperties": false,
    });
    let schema = json!({"name": "weather", "strict": true, "schema": schema});
    let format = json!({"type": "json_schema", "json_schema": schema});
    let reply = ended(&world, &json!({"response_format": format}));
    let text = reply.json()["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
    let said: Json = serde_json::from_str(&text).unwrap();
    assert!(said == json!({"sky": "blue"}) || said == json!({"sky": "grey"}), "{text}");
    assert_eq!(reply.json()["choices"][0]["finish_reason"], "stop");
}

#[test]
fn choices_of_one_form_are_masked_each_by_itself() {
    let world = World::long(|_| {});
    let schema = json!({
        "type": "object",
        "properties": {"sky": {"enum": ["blue", "grey", "red"]}},
        "required": ["sky"],
        "additionalProperties": false,
    });
    let format = json!({"type": "json_schema", "json_schema": {"name": "w", "schema": schema}});
    let reply =
        world.post(CHAT, &chat(&json!({"response_format": format, "n": 4, "max_tokens": 200})));
    assert_eq!(reply.status, 200, "{}", reply.body);
    // The grammar was compiled once for all of them; replay compiles it anew.
    let file = receipt(&world, reply.header("x-probity-receipt").unwrap(), false);
    assert_eq!(file.receipt().choices.len(), 4);
    assert_eq!(replayed(&world, &file), verify::Replay::Same);
}

fn tool(name: &str) -> Json {
    let parameters = json!({
        "type": "object",
        "properties": {"where": {"enum": ["here", "there"]}},
        "required": ["where"],
        "additionalProperties": false,
    });
    json!({"type": "function", "function": {"name": name, "parameters": parameters}})
}

#[test]
fn a_tool_that_must_be_called_is_called_streamed_or_not() {
    let world = World::long(|_| {});
    let choice = json!({"type": "function", "function": {"name": "look"}});
    let more = json!({"tools": [tool("go"), tool("look")], "tool_choice": choice});
    let whole = ended(&world, &more);
    let choice = &whole.json()["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    let call = &choice["message"]["tool_calls"][0];
    assert_eq!((&call["type"], &call["function"]["name"]), (&json!("function"), &json!("look")));
    let arguments = call["function"]["arguments"].as_str().unwrap();
    let said: Json = serde_json::from_str(arguments).unwrap();
    assert!(["here", "there"].contains(&said["where"].as_str().unwrap()), "{arguments}");

    let file = receipt(&world, whole.header("x-probity-receipt").unwrap(), false);
    let nonce = file.opening().unwrap().job.fields().nonce;
    let mut body = chat(&more);
    body["seed"] = u64::from_le_bytes(nonce[..8].try_into().unwrap()).into();
    body["max_tokens"] = 600.into();
    body["stream"] = true.into();
    let (events, done) = world.post(CHAT, &body).events();
    let deltas =
        events.iter().filter_map(|event| event["choices"][0]["delta"]["tool_calls"].as_array());
    let calls: Vec<&Json> = deltas.flatten().collect();
    assert_eq!(calls[0]["function"]["name"], "look");
    let pieces = calls.iter().filter_map(|call| call["function"]["arguments"].as_str());
    assert_eq!((pieces.collect::<String>(), done), (arguments.to_owned(), true));
}

#[test]
fn forms_that_can_not_be_followed_are_refused() {
    let world = World::new();
    let schema = |schema: Json, strict: bool| json!({"response_format": {"type": "json_schema", "json_schema": {"schema": schema, "strict": strict}}});
    for (more, param) in [
        (json!({"response_format": {"type": "xml"}}), "response_format.type"),
        (json!({"response_format": {}}), "response_format.type"),
        (json!({"response_format": {"type": "json_schema"}}), "response_format.json_schema"),
        // Nothing follows it: no draw is asked to find that out.
        (schema(json!({"$ref": "#"}), false), "response_format"),
        (schema(json!({"allOf": [{"$ref": "#"}]}), false), "response_format"),
        (schema(json!({"type": "object"}), true), "response_format.json_schema.schema"),
        (schema(json!({"type": "nothing"}), false), "response_format"),
        (json!({"tools": [{}]}), "tools"),
        (json!({"tools": [tool("a"), tool("a")]}), "tools"),
        (json!({"tool_choice": "required"}), "tool_choice"),
        (json!({"tools": [tool("a")], "tool_choice": "b"}), "tool_choice"),
        (
            json!({"tools": [tool("a")], "tool_choice": {"type": "function", "function": {"name": "b"}}}),
            "tool_choice",
        ),
        (
            json!({"tools": [tool("a")], "response_format": {"type": "json_object"}}),
            "response_format",
        ),
    ] {
        let reply = world.post(CHAT, &chat(&more));
        assert_eq!(
            (reply.status, reply.json()["error"]["param"].as_str()),
            (400, Some(param)),
            "{}",
            reply.body
        );
    }
}
