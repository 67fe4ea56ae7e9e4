//! What is refused, by name, and what hostile clients get.

// floats: JSON numbers as people write them; nothing is computed with them.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use gateway::{Describe, Description};
use serde_json::{Value as Json, json};

use crate::answers::chat;
use crate::world::{LOOKS_MAX, Reply, World};

const CHAT: &str = "/v1/chat/completions";

fn is_refused(reply: &Reply, status: u16, param: Option<&str>, code: Option<&str>) {
    assert_eq!(reply.status, status, "{}", reply.body);
    let error = reply.json()["error"].clone();
    assert_eq!((error["param"].as_str(), error["code"].as_str()), (param, code), "{error}");
    assert!(error["message"].as_str().unwrap().contains(param.unwrap_or_default()), "{error}");
    assert!(error["type"].is_string(), "{error}");
}

#[test]
fn what_can_not_be_honoured_is_refused_by_its_name() {
    let world = World::new();
    for (more, param) in [
        (json!({"foo": 1}), "foo"),
        (json!({"temperature": 1e-7}), "temperature"),
        (json!({"temperature": -1}), "temperature"),
        (json!({"temperature": "hot"}), "temperature"),
        (json!({"top_p": 1.5}), "top_p"),
        (json!({"top_k": -1}), "top_k"),
        (json!({"min_p": 2}), "min_p"),
        (json!({"presence_penalty": 3}), "presence_penalty"),
        (json!({"frequency_penalty": -3}), "frequency_penalty"),
        (json!({"repetition_penalty": 0}), "repetition_penalty"),
        (json!({"logit_bias": {"x": 1}}), "logit_bias"),
        (json!({"logit_bias": {"1": 101}}), "logit_bias"),
        (json!({"n": 0}), "n"),
        (json!({"n": 17}), "n"),
        (json!({"n": 1.5}), "n"),
        (json!({"seed": -1}), "seed"),
        (json!({"stop": 5}), "stop"),
        (json!({"stream": "yes"}), "stream"),
        (json!({"stream_options": {"include_usage": true}}), "stream_options"),
        (json!({"stream": true, "stream_options": {"x": 1}}), "stream_options.x"),
        (json!({"max_tokens": 0}), "max_tokens"),
        (json!({"max_completion_tokens": 41}), "max_tokens"),
        (json!({"top_logprobs": 3}), "top_logprobs"),
        (json!({"logprobs": true, "top_logprobs": 21}), "top_logprobs"),
        (json!({"store": true}), "store"),
        (json!({"service_tier": "flex"}), "service_tier"),
        (json!({"modalities": ["audio"]}), "modalities"),
        (json!({"cache_scope": "all"}), "cache_scope"),
        (json!({"messages": "hi"}), "messages"),
        (json!({"messages": [{"role": "poet", "content": "a"}]}), "messages[0].role"),
        (json!({"messages": [{"role": "user"}]}), "messages[0].content"),
        (json!({"messages": [{"role": "user", "content": "a", "x": 1}]}), "messages[0].x"),
        (
            json!({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}),
            "messages[0].content[0].type",
        ),
    ] {
        let reply = world.post(CHAT, &chat(&more));
        assert!(reply.json()["error"]["code"].is_null(), "{}", reply.body);
        is_refused(&reply, 400, Some(param), None);
    }
    assert_eq!(world.figure("probity_answers_total"), 0);
}

#[test]
fn a_prompt_or_an_answer_beyond_the_context_is_refused() {
    let world = World::new();
    let code = Some("context_length_exceeded");
    let long = json!({"messages": [{"role": "user", "content": "a ".repeat(400)}]});
    is_refused(&world.post(CHAT, &chat(&long)), 400, Some("messages"), code);
    is_refused(
        &world.post(CHAT, &chat(&json!({"max_tokens": 500}))),
        400,
        Some("max_tokens"),
        code,
    );
    let body = json!({"model": "tiny", "prompt": "a ".repeat(400)});
    is_refused(&world.post("/v1/completions", &body), 400, Some("prompt"), code);
}

#[test]
fn bodies_that_are_none_are_refused() {
    let world = World::with(|settings| settings.limits.body_bytes_max = 10_000);
    for body in ["", "{", "[]", "null", "{\"model\": \"tiny\"", "\u{7f}", "{\"a\":1}x"] {
        is_refused(&world.send("POST", CHAT, &[], body), 400, None, None);
    }
    let twice = r#"{"model":"tiny","messages":[],"model":"tiny"}"#;
    is_refused(&world.send("POST", CHAT, &[], twice), 400, Some("model"), None);
    let deep =
        format!("{{\"model\":\"tiny\",\"messages\":{}{}}}", "[".repeat(4000), "]".repeat(4000));
    is_refused(&world.send("POST", CHAT, &[], &deep), 400, Some("messages[0]"), None);
    let large = format!("{{\"model\":\"{}\"}}", "a".repeat(10_000));
    is_refused(&world.send("POST", CHAT, &[], &large), 413, None, Some("request_too_large"));
    is_refused(
        &world.post(CHAT, &chat(&json!({"model": "none"}))),
        404,
        Some("model"),
        Some("model_not_found"),
    );
    is_refused(&world.get("/nothing"), 404, None, Some("not_found"));
    is_refused(&world.get(CHAT), 405, None, Some("method_not_allowed"));
    for path in ["receipts/12", "receipts/%ff%fe", "receipts/%ff%fe/bundle", "models/%ff%fe"] {
        is_refused(&world.get(&format!("/v1/{path}")), 404, None, Some("not_found"));
    }
    let id = "00".repeat(32);
    is_refused(&world.get(&format!("/v1/receipts/{id}")), 404, None, Some("not_found"));
    // After all of it, the server answers.
    assert_eq!(world.post(CHAT, &chat(&json!({}))).status, 200);
}

#[test]
fn what_is_too_much_to_hold_is_refused() {
    let world = World::long(|_| {});
    let many: serde_json::Map<String, Json> =
        (0..17).map(|index| (index.to_string(), "a".into())).collect();
    let name = "n".repeat(65);
    let tool =
        json!({"type": "function", "function": {"name": "f", "description": "d".repeat(1 << 18)}});
    for (more, param) in [
        (json!({"metadata": many}), "metadata"),
        (json!({"metadata": {name: "a"}}), "metadata"),
        (json!({"metadata": {"a": "b".repeat(513)}}), "metadata.a"),
        (json!({"metadata": {"a": [0, 0]}}), "metadata.a"),
        (json!({"user": "u".repeat(513)}), "user"),
        (json!({"tools": [tool]}), "tools"),
        (json!({"logprobs": true, "top_logprobs": 20, "n": 16, "max_tokens": 1000}), "logprobs"),
    ] {
        is_refused(&world.post(CHAT, &chat(&more)), 400, Some(param), None);
        if param.starts_with("metadata") {
            let mut asked = more.clone();
            asked["model"] = "tiny".into();
            asked["input"] = "a".into();
            is_refused(&world.post("/v1/responses", &asked), 400, Some(param), None);
        }
    }
    let text = json!({"model": "tiny", "input": "a", "tool_choice": ["a".repeat(1 << 18)]});
    is_refused(&world.post("/v1/responses", &text), 400, Some("tool_choice"), None);
    let enough = json!({"logprobs": true, "top_logprobs": 2, "n": 16, "max_tokens": 3});
    assert_eq!(world.post(CHAT, &chat(&enough)).status, 200);
}

#[test]
fn bodies_take_no_more_memory_than_there_is_for_them() {
    let world = World::with(|settings| {
        settings.limits.bodies_bytes_max = 1;
        settings.limits.body_bytes_max = 64 << 10;
    });
    let body = chat(&json!({})).to_string();
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let (begun, rest) = body.split_at(10);
    let begun = head + begun;
    // As soon as a first has begun, there is none for a second. Where the second comes before it, the first is refused.
    let (mut first, refused) = (0..LOOKS_MAX)
        .find_map(|_| {
            let first = world.raw(&begun);
            let mut seconds = (0..8).map(|_| world.send("POST", CHAT, &[], &body));
            Some((first, seconds.find(|one| one.status != 200)?))
        })
        .unwrap();
    is_refused(&refused, 429, None, Some("rate_limit_exceeded"));
    assert_eq!(refused.header("retry-after"), Some("1"));
    first.write_all(rest.as_bytes()).unwrap();
    assert_eq!(Reply::read(first).status, 200);
    assert_eq!(world.send("POST", CHAT, &[], &body).status, 200);
}

#[test]
fn headers_have_limits_of_size_and_time() {
    let world = World::with(|settings| settings.limits.header_time = Duration::from_secs(1));
    let header = format!("x-long: {}", "a".repeat(64 << 10));
    let mut reply = world.raw(&format!("GET /healthz HTTP/1.1\r\nhost: a\r\n{header}\r\n\r\n"));
    let mut text = String::new();
    // The rest of what was sent may be answered by a reset.
    let _ = reply.read_to_string(&mut text);
    assert!(text.is_empty() || text.starts_with("HTTP/1.1 431"), "{text}");
    let mut slow = world.raw("GET /healthz HTTP/1.1\r\nhost: a\r\nx-slow: ");
    let mut rest = Vec::new();
    let _ = slow.read_to_end(&mut rest);
    assert!(!rest.starts_with(b"HTTP/1.1 200"));
    // Nothing at all, and the beginning of what could become either version of HTTP.
    for begun in ["", "PRI", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut silent = world.raw(begun);
        // Ended in whatever way.
        let _ = silent.read_to_end(&mut rest);
    }
    assert_eq!(world.get("/healthz").status, 200);
}

#[test]
fn a_connection_without_questions_is_given_up() {
    let world = World::with(|settings| settings.limits.idle_time = Duration::from_millis(50));
    // The second version of HTTP has no time limit of its own for this; settings, then a GET of /healthz.
    let mut asked = world.raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    asked.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).unwrap();
    let path = [&[0x82, 0x86, 0x04, 0x08][..], b"/healthz", &[0x01, 0x01, b'a']].concat();
    let length = u8::try_from(path.len()).unwrap();
    asked.write_all(&[&[0, 0, length, 1, 5, 0, 0, 0, 1], &path[..]].concat()).unwrap();
    let mut rest = Vec::new();
    let _ = asked.read_to_end(&mut rest);
    let body: &[u8] = br#"{"status":"ok"}"#;
    assert!(rest.windows(body.len()).any(|part| part == body), "it was answered before");
}

#[test]
fn an_answer_that_is_not_taken_is_given_up() {
    let world = World::with(|settings| settings.limits.stall_time = Duration::from_millis(500));
    // More than the system keeps between the two.
    let unread =
        world.raw(&"GET /page/wasm_bg.wasm HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(200));
    world.until("probity_connections", 1);
    drop(unread);
}

#[test]
fn a_body_that_does_not_come_is_given_up() {
    let world = World::with(|settings| {
        settings.limits.body_time = Duration::from_millis(50);
        settings.limits.rest_time = Duration::ZERO;
    });
    let head = format!(
        "POST {CHAT} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
    );
    let reply = Reply::read(world.raw(&head));
    assert_eq!(reply.status, 400);
}

#[test]
fn models_are_listed() {
    let world = World::new();
    let list: Json = world.get("/v1/models").json();
    assert_eq!(list["data"][0]["id"], "tiny");
    assert_eq!(
        (&list["data"][0]["loaded"], &list["data"][0]["chat"]),
        (&json!(false), &Json::Null)
    );
    assert_eq!(world.post(CHAT, &chat(&json!({}))).status, 200);
    let known = json!({"loaded": true, "model_id": "07".repeat(32), "context_length": 512, "chat": true,
        "tools": "generic", "embedding_dimensions": 64});
    let model = world.get("/v1/models/tiny").json();
    for (name, value) in known.as_object().unwrap() {
        assert_eq!(model[name], *value, "{name}: {model}");
    }
    assert_eq!(world.get("/v1/models").json()["data"][0], model);
    assert_eq!(world.get("/v1/models/tiny").json()["object"], "model");
    is_refused(&world.get("/v1/models/other"), 404, Some("model"), Some("model_not_found"));
}

#[test]
fn what_is_known_of_a_model_that_was_never_asked_is_listed_and_found_out_once() {
    let about = Description {
        id: Some([9; 32]),
        context: 77,
        weights: vec!["Q4_1", "F32"],
        chat: false,
        tools: None,
        dimensions: 5,
    };
    let times = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&times);
    let world = World::with(|settings| {
        settings.describe = Describe(Arc::new(move |name| {
            counted.fetch_add(1, Ordering::SeqCst);
            assert_eq!(name, "tiny");
            Some(about.clone())
        }));
    });
    let known = json!({"loaded": false, "model_id": "09".repeat(32), "context_length": 77, "chat": false,
        "tools": null, "weights": ["Q4_1", "F32"], "embedding_dimensions": 5});
    for _ in 0..2 {
        let model = world.get("/v1/models/tiny").json();
        for (name, value) in known.as_object().unwrap() {
            assert_eq!(model[name], *value, "{name}: {model}");
        }
    }
    assert_eq!(times.load(Ordering::SeqCst), 1);
    // What was loaded counts.
    assert_eq!(world.post(CHAT, &chat(&json!({}))).status, 200);
    assert_eq!(world.get("/v1/models/tiny").json()["context_length"], 512);
}
