//! Responses: the same answers as chat, as items and typed events, without a memory.

// floats: JSON numbers as people write them; nothing is computed with them.

use serde_json::{Value as Json, json};

use crate::answers::{chat, content, receipt, replayed};
use crate::world::{Reply, World};

const RESPONSES: &str = "/v1/responses";
/// Seeds that are tried for an answer that comes to its end.
const SEEDS: u32 = 8;

fn ask(more: &Json) -> Json {
    let mut body =
        json!({"model": "tiny", "input": "hello there", "max_output_tokens": 40, "seed": 3});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn text(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.json()["output"][0]["content"][0]["text"].as_str().unwrap().to_owned()
}

/// Events in order, each under its own name and number.
fn events(reply: &Reply) -> Vec<Json> {
    assert_eq!(reply.status, 200, "{}", reply.body);
    let (events, _) = reply.events();
    let names = reply.body.lines().filter_map(|line| line.strip_prefix("event: "));
    for ((number, event), name) in (0_u64..).zip(&events).zip(names) {
        assert_eq!((&event["type"], &event["sequence_number"]), (&json!(name), &json!(number)));
    }
    events
}

/// The response that events lead to, and the items that they make; what does not follow is an error.
fn followed(events: &[Json]) -> Json {
    assert_eq!(events[0]["type"], "response.created");
    assert_eq!(events[1]["type"], "response.in_progress");
    let mut items: Vec<Json> = Vec::new();
    let mut grown = String::new();
    for event in &events[2..] {
        let kind = event["type"].as_str().unwrap().strip_prefix("response.").unwrap();
        let at = event["output_index"].as_u64();
        match kind {
            "output_item.added" => {
                assert_eq!(at, Some(items.len() as u64));
                items.push(event["item"].clone());
                grown.clear();
            }
            "output_text.delta" | "function_call_arguments.delta" => {
                assert_eq!(event["item_id"], items.last().unwrap()["id"]);
                grown.push_str(event["delta"].as_str().unwrap());
            }
            "output_text.done" => assert_eq!(event["text"], grown.as_str()),
            "function_call_arguments.done" => assert_eq!(event["arguments"], grown.as_str()),
            "content_part.added" => assert_eq!(event["part"]["text"], ""),
            "content_part.done" => assert_eq!(event["part"]["text"], grown.as_str()),
            "output_item.done" => {
                let item = items.last_mut().unwrap();
                assert_eq!((at, &event["item"]["id"]), (Some(items_last(event)), &item["id"]));
                *item = event["item"].clone();
            }
            "in_progress" => assert!(event["probity"]["head"].is_string()),
            _ => {
                assert!(matches!(kind, "completed" | "incomplete"), "{kind}");
                assert_eq!(event, events.last().unwrap());
            }
        }
    }
    let response = events.last().unwrap()["response"].clone();
    assert_eq!(response["output"], Json::from(items));
    response
}

fn items_last(event: &Json) -> u64 {
    event["output_index"].as_u64().unwrap()
}

#[test]
fn a_response_is_the_same_streamed_or_not_and_as_chat_has_it() {
    let world = World::new();
    let whole = world.post(RESPONSES, &ask(&json!({"metadata": {"a": "b"}, "instructions": null})));
    let response = whole.json();
    assert_eq!(text(&whole), content(&world.post("/v1/chat/completions", &chat(&json!({})))));
    assert_eq!((&response["object"], &response["store"]), (&json!("response"), &json!(false)));
    assert_eq!((&response["status"], &response["error"]), (&json!("incomplete"), &Json::Null));
    assert_eq!(response["incomplete_details"]["reason"], "max_output_tokens");
    assert_eq!(
        (&response["metadata"]["a"], &response["max_output_tokens"]),
        (&json!("b"), &json!(40))
    );
    assert_eq!((&response["tools"], &response["tool_choice"]), (&json!([]), &json!("auto")));
    assert_eq!(response["usage"]["output_tokens"], 40);
    let stream = world.post(RESPONSES, &ask(&json!({"stream": true, "metadata": {"a": "b"}})));
    let events = events(&stream);
    let last = followed(&events);
    assert_eq!(last["output"][0]["content"], response["output"][0]["content"]);
    for (same, value) in response.as_object().unwrap() {
        if !["id", "created_at", "output", "probity", "usage"].contains(&same.as_str()) {
            assert_eq!(&last[same], value, "{same}");
        }
    }
    let mut tokens = 0;
    for event in &events[1..] {
        tokens += event["probity"]["tokens"].as_array().map_or(0, Vec::len);
    }
    assert_eq!(tokens, 40, "every token is told with an event");
    for (reply, of) in [(&whole, &response), (&stream, &last)] {
        let file = receipt(&world, reply.header("x-probity-receipt").unwrap(), true);
        let id = of["probity"]["receipt_id"].as_str().unwrap();
        assert_eq!(receipt(&world, id, true), file);
        assert_eq!(replayed(&world, &file), verify::Replay::Same);
    }
}

fn tool(name: &str) -> Json {
    let parameters = json!({
        "type": "object",
        "properties": {"where": {"enum": ["here", "there"]}},
        "required": ["where"],
        "additionalProperties": false,
    });
    json!({"type": "function", "name": name, "parameters": parameters, "strict": true})
}

#[test]
fn a_function_that_must_be_called_is_called_and_its_items_go_on() {
    let world = World::long(|_| {});
    let mut more = json!({
        "tools": [tool("go"), tool("look")],
        "tool_choice": {"type": "function", "name": "look"},
        "max_output_tokens": 600,
    });
    let whole = (0..SEEDS).find_map(|seed| {
        more["seed"] = seed.into();
        let reply = world.post(RESPONSES, &ask(&more));
        assert_eq!(reply.status, 200, "{}", reply.body);
        (reply.json()["status"] == "completed").then(|| reply.json())
    });
    let whole = whole.expect("one of them ends");
    let call = whole["output"][0].clone();
    assert_eq!((&call["type"], &call["name"]), (&json!("function_call"), &json!("look")));
    let arguments: Json = serde_json::from_str(call["arguments"].as_str().unwrap()).unwrap();
    assert!(["here", "there"].contains(&arguments["where"].as_str().unwrap()), "{call}");
    more["stream"] = true.into();
    let streamed = followed(&events(&world.post(RESPONSES, &ask(&more))));
    for same in ["arguments", "name", "status", "type"] {
        assert_eq!(streamed["output"][0][same], call[same], "{same}");
    }
    // Another answer has another call id.
    assert_ne!(streamed["output"][0]["call_id"], call["call_id"]);
    let result =
        json!({"type": "function_call_output", "call_id": call["call_id"], "output": "fog"});
    let said = json!({"role": "assistant", "type": "message", "id": "msg_1", "status": "completed",
        "content": [{"type": "output_text", "text": "I look.", "annotations": [], "logprobs": []}]});
    let input = json!([{"role": "user", "content": "look"}, said, call, result]);
    let reply = world.post(RESPONSES, &ask(&json!({"input": input, "tools": [tool("look")]})));
    assert_eq!(reply.status, 200, "{}", reply.body);
}

#[test]
fn instructions_forms_and_logprobs_are_honoured() {
    let world = World::long(|_| {});
    let of = |more: Json| text(&world.post(RESPONSES, &ask(&more)));
    let plain = of(json!({}));
    let told = of(json!({"instructions": "be brief"}));
    assert_ne!(told, plain);
    let input = json!([{"role": "developer", "content": "be brief"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello there"}]}]);
    assert_eq!(of(json!({"input": input})), told);
    assert_eq!(
        of(json!({"store": false, "background": false, "truncation": "disabled", "user": "u",
        "text": {"format": {"type": "text"}}, "include": [], "service_tier": "auto", "top_p": 1,
        "previous_response_id": null, "reasoning": {"effort": null}})),
        plain
    );
    let schema = json!({"type": "object", "properties": {"sky": {"enum": ["blue"]}},
        "required": ["sky"], "additionalProperties": false});
    let format = json!({"type": "json_schema", "name": "sky", "strict": true, "schema": schema});
    let form = of(json!({"text": {"format": format}, "temperature": 0, "max_output_tokens": 400}));
    assert!(form.trim_start().starts_with('{'), "{form}");
    let more = json!({"include": ["message.output_text.logprobs"], "top_logprobs": 2});
    let shares = world.post(RESPONSES, &ask(&more)).json();
    let shares = shares["output"][0]["content"][0]["logprobs"].as_array().unwrap().clone();
    assert_eq!(shares.len(), 40);
    assert!(shares.iter().all(|share| share["top_logprobs"].as_array().unwrap().len() == 2));
    let mut more = more;
    more["stream"] = true.into();
    let streamed = followed(&events(&world.post(RESPONSES, &ask(&more))));
    assert_eq!(streamed["output"][0]["content"][0]["logprobs"], Json::from(shares));
}

#[test]
fn what_can_not_be_honoured_is_refused_by_its_name() {
    let world = World::new();
    let item = |item: Json| json!({"input": [item]});
    for (more, param) in [
        (json!({"flavour": 1}), "flavour"),
        (json!({"store": true}), "store"),
        (json!({"previous_response_id": "resp_1"}), "previous_response_id"),
        (json!({"conversation": "c"}), "conversation"),
        (json!({"prompt": {"id": "p"}}), "prompt"),
        (json!({"background": true}), "background"),
        (json!({"truncation": "auto"}), "truncation"),
        (json!({"include": ["file_search_call.results"]}), "include[0]"),
        (json!({"max_output_tokens": 0}), "max_output_tokens"),
        (json!({"max_output_tokens": 500}), "max_output_tokens"),
        (json!({"max_tool_calls": 1}), "max_tool_calls"),
        (json!({"reasoning": {"effort": "high"}}), "reasoning.effort"),
        (json!({"temperature": -1}), "temperature"),
        (json!({"top_logprobs": 21}), "top_logprobs"),
        (json!({"text": {"verbosity": "low"}}), "text.verbosity"),
        (json!({"text": {"format": {"type": "xml"}}}), "text.format.type"),
        (
            json!({"text": {"format": {"type": "json_schema", "name": "a", "schema": {"type": "nothing"}}}}),
            "text.format",
        ),
        (
            json!({"text": {"format": {"type": "json_schema", "name": "a", "strict": true, "schema": {"type": "object"}}}}),
            "text.format.schema",
        ),
        (json!({"tools": [{"type": "web_search"}]}), "tools[0].type"),
        (json!({"tools": [{"type": "function"}]}), "tools[0].name"),
        (
            json!({"tools": [tool("a")], "tool_choice": {"type": "function", "name": "b"}}),
            "tool_choice",
        ),
        (json!({"tool_choice": "required"}), "tool_choice"),
        (json!({"stream_options": {"include_usage": true}}), "stream_options.include_usage"),
        (json!({"input": null}), "input"),
        (json!({"input": 5}), "input"),
        (item(json!({"role": "poet", "content": "a"})), "input[0].role"),
        (item(json!({"role": "user"})), "input[0].content"),
        (item(json!({"type": "reasoning", "summary": []})), "input[0].type"),
        (item(json!({"type": "item_reference", "id": "a"})), "input[0].type"),
        (
            item(json!({"role": "user", "content": [{"type": "input_image"}]})),
            "input[0].content[0].type",
        ),
        (
            item(json!({"type": "function_call", "name": "a", "arguments": "{}"})),
            "input[0].call_id",
        ),
        (
            item(json!({"type": "function_call", "call_id": "1", "name": "a", "arguments": "{"})),
            "input[0].arguments",
        ),
        (item(json!({"type": "function_call_output", "call_id": "1"})), "input[0].output"),
        (item(json!({"role": "user", "content": "a", "x": 1})), "input[0].x"),
        (json!({"input": "a ".repeat(400)}), "input"),
    ] {
        let reply = world.post(RESPONSES, &ask(&more));
        let error = reply.json()["error"].clone();
        assert_eq!(
            (reply.status, error["param"].as_str()),
            (400, Some(param)),
            "{more}: {}",
            reply.body
        );
        assert!(error["message"].as_str().unwrap().contains(param), "{error}");
    }
    assert_eq!(world.figure("probity_answers_total"), 0);
}

#[test]
fn bodies_that_are_none_are_refused() {
    let world = World::new();
    let deep = "[".repeat(4000) + &"]".repeat(4000);
    for body in [
        "",
        "{",
        "[]",
        "null",
        "{\"a\":1}x",
        "{\"model\":\"tiny\",\"model\":\"tiny\"}",
        &format!("{{\"model\":\"tiny\",\"input\":{deep}}}"),
        &format!("{{\"model\":\"tiny\",\"input\":\"a\",\"metadata\":{deep}}}"),
        &format!("{{\"model\":\"tiny\",\"input\":\"a\",\"tools\":{deep}}}"),
    ] {
        let reply = world.send("POST", RESPONSES, &[], body);
        assert_eq!(reply.status, 400, "{body}: {}", reply.body);
        assert_eq!(reply.json()["error"]["type"], "invalid_request_error");
    }
    assert_eq!(world.post(RESPONSES, &ask(&json!({}))).status, 200);
}
