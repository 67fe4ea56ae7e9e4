//! Anthropic's dialect: the same answers, in its messages, events and errors.

// floats: JSON numbers as people write them; nothing is computed with them.

use commit::Network;
use gateway::{KeyEntry, KeyFile, Scope, key_hash};
use serde_json::{Value as Json, json};

use crate::answers::{content, receipt, replayed};
use crate::world::{Reply, World};

const MESSAGES: &str = "/v1/messages";
const COUNT: &str = "/v1/messages/count_tokens";
/// Seeds that are tried for an answer that comes to its end.
const SEEDS: u32 = 8;

fn ask(more: &Json) -> Json {
    let mut body = json!({
        "model": "tiny",
        "messages": [{"role": "user", "content": "hello there"}],
        "max_tokens": 40,
        "seed": 3,
    });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn text(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.body);
    let blocks = reply.json()["content"].clone();
    let texts = blocks.as_array().unwrap().iter().filter_map(|block| block["text"].as_str());
    texts.collect()
}

/// Events by type, each under its own name.
fn events(reply: &Reply) -> Vec<Json> {
    assert_eq!(reply.status, 200, "{}", reply.body);
    let (events, done) = reply.events();
    assert!(!done, "that is another dialect's");
    let names: Vec<&str> =
        reply.body.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    let types: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(names, types);
    events
}

/// The message that events make together; what does not follow is an error.
fn assembled(events: &[Json]) -> Json {
    assert_eq!(events[0]["type"], "message_start");
    let mut message = events[0]["message"].clone();
    let mut inputs: Vec<String> = Vec::new();
    let mut open = None;
    for (index, event) in events.iter().enumerate().skip(1) {
        let at = event["index"].as_u64();
        match event["type"].as_str().unwrap() {
            "ping" => {}
            "content_block_start" => {
                assert_eq!((open, at), (None, Some(inputs.len() as u64)));
                open = at;
                inputs.push(String::new());
                message["content"].as_array_mut().unwrap().push(event["content_block"].clone());
            }
            "content_block_delta" => {
                assert_eq!((open, at.is_some()), (at, true));
                let block = message["content"].as_array_mut().unwrap().last_mut().unwrap();
                let delta = &event["delta"];
                match delta["type"].as_str().unwrap() {
                    "text_delta" => {
                        let before = block["text"].as_str().unwrap();
                        block["text"] =
                            format!("{before}{}", delta["text"].as_str().unwrap()).into();
                    }
                    other => {
                        assert_eq!(
                            (other, &block["type"]),
                            ("input_json_delta", &json!("tool_use"))
                        );
                        inputs
                            .last_mut()
                            .unwrap()
                            .push_str(delta["partial_json"].as_str().unwrap());
                    }
                }
            }
            "content_block_stop" => {
                assert_eq!((open.take(), at.is_some()), (at, true));
                let block = message["content"].as_array_mut().unwrap().last_mut().unwrap();
                if block["type"] == "tool_use" {
                    block["input"] = serde_json::from_str(inputs.last().unwrap()).unwrap();
                }
            }
            "message_delta" => {
                assert_eq!((open, index), (None, events.len() - 2));
                for (name, value) in event["delta"].as_object().unwrap() {
                    message[name] = value.clone();
                }
                message["usage"] = event["usage"].clone();
            }
            other => assert_eq!((other, index), ("message_stop", events.len() - 1)),
        }
    }
    message
}

#[test]
fn a_message_is_the_same_streamed_or_not_and_as_chat_has_it() {
    let world = World::new();
    let whole = world.post(MESSAGES, &ask(&json!({})));
    assert!(!text(&whole).is_empty());
    let message = whole.json();
    assert_eq!((&message["type"], &message["role"]), (&json!("message"), &json!("assistant")));
    assert_eq!(
        (&message["stop_reason"], &message["stop_sequence"]),
        (&json!("max_tokens"), &Json::Null)
    );
    assert_eq!(message["usage"]["output_tokens"], 40);
    let chat = world.post("/v1/chat/completions", &ask(&json!({})));
    assert_eq!(content(&chat), text(&whole), "one core under both");
    let stream = world.post(MESSAGES, &ask(&json!({"stream": true})));
    let events = events(&stream);
    let streamed = assembled(&events);
    for same in ["content", "stop_reason", "stop_sequence", "model", "role", "type"] {
        assert_eq!(streamed[same], message[same], "{same}");
    }
    assert_eq!(streamed["usage"]["output_tokens"], 40);
    let end = &events[events.len() - 2]["probity"];
    assert!(events.last().unwrap()["probity"].is_null(), "nothing of ours comes after");
    for (reply, id) in [(&whole, &message["probity"]["receipt_id"]), (&stream, &end["receipt_id"])]
    {
        let file = receipt(&world, reply.header("x-probity-receipt").unwrap(), true);
        assert_eq!(receipt(&world, id.as_str().unwrap(), true), file);
        assert_eq!(replayed(&world, &file), verify::Replay::Same);
    }
}

#[test]
fn heads_ride_in_ordinary_events_and_bear_out_every_token() {
    let world = World::new();
    let events = events(&world.post(MESSAGES, &ask(&json!({"stream": true}))));
    let begun = &events[0]["probity"];
    let digits = |name: &str| commit::from_hex::<32>(begun[name].as_str().unwrap()).unwrap();
    let (job, blind) = (digits("job"), digits("blind"));
    let salts = commit::Salts { network: Network::OFFLINE, blind: commit::Blind(blind) };
    let mut vector = receipt::TokenVector::new(salts, receipt::Which::Output { choice: 0 });
    let mut heads = 0;
    for event in &events[1..] {
        for token in event["probity"]["tokens"].as_array().into_iter().flatten() {
            vector.push(u32::try_from(token.as_u64().unwrap()).unwrap());
        }
        let Some(head) = event["probity"]["head"].as_str() else { continue };
        let head = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, head);
        let head = receipt::SignedHead::decode(&head.unwrap()).unwrap();
        assert_eq!((head.head.job, head.head.count), (job, vector.count()));
        assert_eq!(head.head.root, vector.root());
        heads += 1;
    }
    assert!(heads > 0 && vector.count() == 40, "{heads} heads of {} tokens", vector.count());
}

fn tool(name: &str) -> Json {
    let schema = json!({
        "type": "object",
        "properties": {"where": {"enum": ["here", "there"]}},
        "required": ["where"],
        "additionalProperties": false,
    });
    json!({"name": name, "description": "d", "input_schema": schema, "cache_control": {"type": "ephemeral"}})
}

#[test]
fn a_tool_that_must_be_called_is_called_streamed_or_not() {
    let world = World::long(|_| {});
    let mut more = json!({
        "tools": [tool("go"), tool("look")],
        "tool_choice": {"type": "tool", "name": "look", "disable_parallel_tool_use": true},
        "max_tokens": 600,
    });
    let whole = (0..SEEDS).find_map(|seed| {
        more["seed"] = seed.into();
        let reply = world.post(MESSAGES, &ask(&more));
        assert_eq!(reply.status, 200, "{}", reply.body);
        (reply.json()["stop_reason"] == "tool_use").then_some(reply)
    });
    let whole = whole.expect("one of them ends");
    let call = whole.json()["content"][0].clone();
    assert_eq!((&call["type"], &call["name"]), (&json!("tool_use"), &json!("look")));
    assert!(["here", "there"].contains(&call["input"]["where"].as_str().unwrap()), "{call}");
    assert!(whole.json()["probity"]["cut_off_input"].is_null());
    let file = receipt(&world, whole.header("x-probity-receipt").unwrap(), false);
    assert_eq!(replayed(&world, &file), verify::Replay::Same);
    more["stream"] = true.into();
    let streamed = assembled(&events(&world.post(MESSAGES, &ask(&more))));
    for same in ["stop_reason", "usage"] {
        assert_eq!(streamed[same]["output_tokens"], whole.json()[same]["output_tokens"]);
    }
    let strip = |mut block: Json| {
        block.as_object_mut().unwrap().remove("id");
        block
    };
    assert_eq!(strip(streamed["content"][0].clone()), strip(call.clone()));
    // What it gave goes on as messages of the template.
    let result = json!({"type": "tool_result", "tool_use_id": call["id"], "is_error": true,
        "content": [{"type": "text", "text": "fog"}]});
    let messages = json!([
        {"role": "user", "content": "look"},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [result, {"type": "text", "text": "well?"}]},
    ]);
    let reply = world.post(MESSAGES, &ask(&json!({"messages": messages, "tools": [tool("look")]})));
    assert_eq!(reply.status, 200, "{}", reply.body);
}

#[test]
fn a_call_that_is_cut_off_loses_nothing() {
    let world = World::long(|_| {});
    let mut more = json!({"tools": [tool("look")], "tool_choice": {"type": "any"}});
    let cut = (4..60).find_map(|tokens| {
        more["max_tokens"] = tokens.into();
        let message = world.post(MESSAGES, &ask(&more)).json();
        message["probity"]["cut_off_input"].is_string().then_some(message)
    });
    let cut = cut.expect("one limit falls into the arguments");
    assert_eq!(
        (&cut["stop_reason"], &cut["content"][0]["input"]),
        (&json!("max_tokens"), &json!({}))
    );
}

#[test]
fn stops_forms_and_the_system_are_honoured() {
    let world = World::long(|_| {});
    let plain = text(&world.post(MESSAGES, &ask(&json!({}))));
    let stop = plain.chars().filter(char::is_ascii_graphic).nth(5).unwrap().to_string();
    let more = json!({"stop_sequences": ["\u{1F980}", stop]});
    let stopped = world.post(MESSAGES, &ask(&more));
    assert_eq!(text(&stopped), plain[..plain.find(&stop).unwrap()]);
    let message = stopped.json();
    assert_eq!(
        (&message["stop_reason"], &message["stop_sequence"]),
        (&json!("stop_sequence"), &json!(stop))
    );
    let system = |system: Json| text(&world.post(MESSAGES, &ask(&json!({"system": system}))));
    let told = system(json!("be brief"));
    assert_ne!(told, plain);
    let blocks = json!([{"type": "text", "text": "be ", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "text", "text": "brief"}]);
    assert_eq!(system(blocks), told);
    let schema = json!({"type": "object", "properties": {"sky": {"enum": ["blue"]}},
        "required": ["sky"], "additionalProperties": false});
    let format = json!({"output_config": {"format": {"type": "json_schema", "schema": schema}},
        "temperature": 0, "max_tokens": 400});
    let reply = world.post(MESSAGES, &ask(&format));
    assert!(text(&reply).trim_start().starts_with('{'), "{}", reply.body);
    // What asks for nothing is taken.
    let nothing = json!({"metadata": {"user_id": "u"}, "service_tier": "auto", "tools": [],
        "thinking": {"type": "disabled"}, "cache_control": {"type": "ephemeral"}, "top_k": null});
    assert_eq!(text(&world.post(MESSAGES, &ask(&nothing))), plain);
}

#[test]
fn turns_of_one_role_are_one_turn() {
    let world = World::new();
    let of = |messages: Json| text(&world.post(MESSAGES, &ask(&json!({"messages": messages}))));
    let two = of(
        json!([{"role": "user", "content": "a"}, {"role": "user", "content": [{"type": "text", "text": "b"}]}]),
    );
    assert_eq!(of(json!([{"role": "user", "content": "a\nb"}])), two);
}

#[test]
fn tokens_are_counted_as_the_answer_counts_them() {
    let world = World::new();
    for more in [json!({}), json!({"system": "be brief", "tools": [tool("look")]})] {
        let mut question = ask(&more);
        let answer = world.post(MESSAGES, &question).json()["usage"].clone();
        for not in ["max_tokens", "seed"] {
            question.as_object_mut().unwrap().remove(not);
        }
        let count = world.post(COUNT, &question);
        assert_eq!(count.status, 200, "{}", count.body);
        let read = |name: &str| answer[name].as_u64().unwrap();
        let all = read("input_tokens") + read("cache_read_input_tokens");
        assert_eq!(count.json(), json!({"input_tokens": all}));
    }
    assert_eq!(world.figure("probity_answers_total"), 2, "counting is no answer");
    world.until("probity_answers_running", 0);
    let more = ask(&json!({"seed": null}));
    is_refused(&world.post(COUNT, &more), 400, "invalid_request_error", "max_tokens: ");
}

fn is_refused(reply: &Reply, status: u16, kind: &str, word: &str) {
    assert_eq!(reply.status, status, "{word}: {}", reply.body);
    let error = reply.json();
    assert_eq!(
        (&error["type"], &error["error"]["type"]),
        (&json!("error"), &json!(kind)),
        "{word}"
    );
    let message = error["error"]["message"].as_str().unwrap();
    assert!(message.starts_with(word), "{word}: {message}");
}

#[test]
fn what_can_not_be_honoured_is_refused_by_its_name() {
    let world = World::new();
    let block = |block: Json| json!({"messages": [{"role": "user", "content": [block]}]});
    let tools = |tool: Json| json!({"tools": [tool]});
    for (more, param) in [
        (json!({"flavour": 1}), "flavour: "),
        (json!({"max_tokens": null}), "max_tokens: "),
        (json!({"max_tokens": 500}), "max_tokens: "),
        (json!({"temperature": -1}), "temperature: "),
        (json!({"stop_sequences": "a"}), "stop_sequences: "),
        (json!({"thinking": {"type": "enabled", "budget_tokens": 1024}}), "thinking.type: "),
        (json!({"container": "c"}), "container: "),
        (json!({"mcp_servers": []}), "mcp_servers: "),
        (json!({"service_tier": "priority"}), "service_tier: "),
        (json!({"speed": "fast"}), "speed: "),
        (json!({"output_config": {"effort": "high"}}), "output_config.effort: "),
        (json!({"output_config": {"format": {"type": "xml"}}}), "output_config.format.type: "),
        (
            json!({"output_config": {"format": {"type": "json_schema", "schema": {"type": "nothing"}}}}),
            "output_config.format: ",
        ),
        (json!({"cache_control": {"type": "eternal"}}), "cache_control.type: "),
        (json!({"messages": []}), "messages: "),
        (json!({"messages": [{"role": "poet", "content": "a"}]}), "messages[0].role: "),
        (
            json!({"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}),
            "messages: ",
        ),
        (block(json!({"type": "image", "source": {}})), "messages[0].content[0].type: "),
        (block(json!({"type": "thinking"})), "messages[0].content[0].type: "),
        (
            block(json!({"type": "tool_use", "name": "a", "input": {}})),
            "messages[0].content[0].type: ",
        ),
        (block(json!({"type": "tool_result"})), "messages[0].content[0].tool_use_id: "),
        (block(json!({"type": "text", "text": "a", "x": 1})), "messages[0].content[0].x: "),
        (tools(json!({"type": "web_search_20250305", "name": "web_search"})), "tools[0].type: "),
        (tools(json!({"name": "a"})), "tools[0].input_schema: "),
        (tools(json!({"name": "a b", "input_schema": {}})), "tools: "),
        (json!({"tool_choice": {"type": "any"}}), "tool_choice: "),
        (
            json!({"tools": [tool("a")], "tool_choice": {"type": "tool", "name": "b"}}),
            "tool_choice: ",
        ),
    ] {
        let reply = world.post(MESSAGES, &ask(&more));
        is_refused(&reply, 400, "invalid_request_error", param);
    }
    let nobody = world.post(MESSAGES, &ask(&json!({"model": "nobody"})));
    is_refused(&nobody, 404, "not_found_error", "model: ");
    let other = ["anthropic-version: 2030-01-01"];
    let other = world.send("POST", MESSAGES, &other, &ask(&json!({})).to_string());
    is_refused(&other, 400, "invalid_request_error", "anthropic-version: ");
    assert_eq!(world.figure("probity_answers_total"), 0);
}

#[test]
fn bodies_that_are_none_are_refused() {
    let world = World::with(|settings| settings.limits.body_bytes_max = 10_000);
    let deep = "[".repeat(4000) + &"]".repeat(4000);
    for body in [
        "",
        "{",
        "[]",
        "null",
        "{\"model\": \"tiny\"",
        "\u{7f}",
        "{\"a\":1}x",
        "{\"model\":\"tiny\",\"messages\":5}",
        "{\"model\":\"tiny\",\"model\":\"tiny\"}",
        &format!("{{\"model\":\"tiny\",\"messages\":[{{\"role\":\"user\",\"content\":{deep}}}]}}"),
        &format!("{{\"model\":\"tiny\",\"max_tokens\":1,\"messages\":{deep}}}"),
        &format!(
            "{{\"model\":\"tiny\",\"messages\":[{{\"role\":\"assistant\",\"content\":[{{\"type\":\"tool_use\",\"name\":\"a\",\"input\":{{\"a\":{deep}}}}}]}}]}}"
        ),
    ] {
        is_refused(&world.send("POST", MESSAGES, &[], body), 400, "invalid_request_error", "");
        is_refused(&world.send("POST", COUNT, &[], body), 400, "invalid_request_error", "");
    }
    let large = format!("{{\"model\":\"{}\"}}", "a".repeat(10_000));
    is_refused(&world.send("POST", MESSAGES, &[], &large), 413, "request_too_large", "the body");
    assert_eq!(world.post(MESSAGES, &ask(&json!({}))).status, 200);
}

#[test]
fn keys_are_anthropics_header_and_refusals_its_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let entry = |name: &str, scope, answers_max| KeyEntry {
        name: name.into(),
        hash: key_hash(name),
        scopes: vec![scope],
        answers_max,
        requests_per_minute: None,
        tokens_per_minute: None,
        expires_at: None,
    };
    let keys = vec![
        entry("pk-alice", Scope::Ask, None),
        entry("pk-bob", Scope::Ask, Some(0)),
        entry("pk-eve", Scope::Metrics, None),
    ];
    std::fs::write(&path, serde_json::to_string(&KeyFile { keys }).unwrap()).unwrap();
    let world = World::with(|settings| settings.keys = Some(path));
    let body = ask(&json!({})).to_string();
    let with = |key: &str| {
        let headers = [&format!("x-api-key: {key}"), "anthropic-version: 2023-06-01"];
        world.send("POST", MESSAGES, &headers, &body)
    };
    assert_eq!(with("pk-alice").status, 200);
    // As the clients of the later version send it.
    let later = ["authorization: Bearer pk-alice", "anthropic-version: 2026-10-21"];
    assert_eq!(world.send("POST", MESSAGES, &later, &body).status, 200);
    is_refused(&with("pk-mallory"), 401, "authentication_error", "");
    is_refused(&with("pk-eve"), 403, "permission_error", "");
    let bob = with("pk-bob");
    is_refused(&bob, 429, "rate_limit_error", "");
    assert!(bob.header("retry-after").is_some());
}
