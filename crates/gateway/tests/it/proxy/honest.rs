//! An honest upstream: what comes through a proxy is what its worker gives, sooner or later, and nothing else.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

use commit::Network;
use gateway::Requirement;
use receipt::ReceiptFile;
use serde_json::{Value as Json, json};

use super::middle::{honest, places, tell_all};
use super::{Chain, left, open, send};
use crate::answers::{chat, content, replayed, streamed};
use crate::world::World;

const CHAT: &str = "/v1/chat/completions";
const BOTH: [Requirement; 2] = [Requirement::Signature, Requirement::Replay];

#[test]
fn an_answer_is_the_same_through_it_streamed_and_whole() {
    for requirement in BOTH {
        let chain = Chain::new(requirement, honest());
        for more in [
            json!({}),
            json!({"n": 3}),
            json!({"stop": ["e", "a"]}),
            json!({"response_format": {"type": "json_object"}}),
            // Decimals as they are written, to the last digit.
            serde_json::from_str(
                r#"{"temperature": 0.70, "frequency_penalty": 0.5, "logit_bias": {"20": 5}}"#,
            )
            .unwrap(),
        ] {
            let direct = chain.gateway.post(CHAT, &chat(&more));
            let through = chain.post(CHAT, &chat(&more));
            assert_eq!(through.status, 200, "{}", through.body);
            assert_eq!(through.json()["choices"], direct.json()["choices"], "{more}");
            for count in ["prompt_tokens", "completion_tokens", "total_tokens"] {
                assert_eq!(through.json()["usage"][count], direct.json()["usage"][count]);
            }
            let mut more = more.clone();
            more["stream"] = true.into();
            let stream = chain.post(CHAT, &chat(&more));
            for choice in direct.json()["choices"].as_array().unwrap() {
                let text = choice["message"]["content"].as_str().unwrap();
                assert_eq!(streamed(&stream, choice["index"].as_u64().unwrap()), text);
            }
            assert_eq!(stream.header("x-probity-verified"), Some(requirement.name()));
        }
        assert!(chain.evidence(".json").is_empty());
    }
}

#[test]
fn completions_and_their_tokens_come_through_too() {
    for requirement in BOTH {
        let chain = Chain::new(requirement, honest());
        for prompt in [json!("once"), json!([9, 20, 30])] {
            let body = json!({"model": "tiny", "prompt": prompt, "seed": 4, "max_tokens": 30});
            let direct = chain.gateway.post("/v1/completions", &body).json();
            let through = chain.post("/v1/completions", &body);
            assert_eq!(through.json()["choices"], direct["choices"], "{}", through.body);
            let mut body = body.clone();
            body["stream"] = true.into();
            let (events, done) = chain.post("/v1/completions", &body).events();
            let text: String =
                events.iter().filter_map(|event| event["choices"][0]["text"].as_str()).collect();
            assert!(done);
            assert_eq!(text, direct["choices"][0]["text"].as_str().unwrap());
        }
    }
}

#[test]
fn tools_are_called_through_it() {
    let chain = Chain::new(Requirement::Replay, honest());
    let tool = json!({"type": "function", "function": {"name": "go", "parameters": {
        "type": "object", "properties": {"to": {"enum": ["a", "b"]}}, "required": ["to"],
        "additionalProperties": false}}});
    let more = json!({"tools": [tool], "tool_choice": "required", "max_tokens": 60});
    let direct = chain.gateway.post(CHAT, &chat(&more));
    let through = chain.post(CHAT, &chat(&more));
    assert_eq!(through.status, 200, "{}", through.body);
    let message =
        |reply: &Json| reply["choices"][0]["message"]["tool_calls"][0]["function"].clone();
    assert_eq!(message(&through.json()), message(&direct.json()));
    assert_eq!(message(&through.json())["name"], "go");
}

#[test]
fn what_is_emitted_is_spelled_here_and_not_copied() {
    let chain = Chain::new(
        Requirement::Signature,
        Arc::new(|mut heard, tell| {
            for event in &mut heard.events {
                event["choices"][0]["delta"]["content"] = "a lie".into();
                event["id"] = "another".into();
                event["usage"] = json!({"prompt_tokens": 0, "completion_tokens": 0});
            }
            tell_all(&heard.events, tell);
        }),
    );
    let direct = content(&chain.gateway.post(CHAT, &chat(&json!({}))));
    let through = chain.post(CHAT, &chat(&json!({})));
    assert_eq!(content(&through), direct);
    assert!(!through.body.contains("another") && through.json()["usage"]["total_tokens"] != 0);
    for header in ["set-cookie", "x-from-afar"] {
        assert_eq!(through.header(header), None, "{header}");
    }
}

#[test]
fn what_holds_comes_before_the_end_does() {
    for requirement in BOTH {
        let (go, wait) = channel::<()>();
        let wait = Mutex::new(wait);
        // Half of the heads, and no more until some text was seen at the other side.
        let tamper = move |heard: super::middle::Heard, tell: &mut super::middle::Tell<'_>| {
            let heads = places(&heard.events, "head");
            let half = heads[heads.len() / 2] + 1;
            for event in &heard.events[..half] {
                tell(&format!("data: {event}\n\n"));
            }
            wait.lock().unwrap().recv().unwrap();
            tell_all(&heard.events[half..], tell);
        };
        let chain = Chain::new(requirement, Arc::new(tamper));
        let body = chat(&json!({"stream": true, "max_tokens": 100})).to_string();
        let mut reply = open(chain.address, "POST", CHAT, &[], &body);
        let mut seen = 0;
        while seen < 20 {
            let line = reply.line().unwrap();
            let Some(data) = line.strip_prefix("data: ") else {
                continue;
            };
            let event: Json = serde_json::from_str(data).unwrap();
            seen += event["probity"]["tokens"].as_array().map_or(0, Vec::len);
        }
        go.send(()).unwrap();
        let rest = left(&mut reply);
        assert!(rest.contains("\"finish_reason\":\"length\""), "{rest}");
        assert!(rest.contains("[DONE]"));
    }
}

#[test]
fn a_held_stream_is_kept_alive() {
    let (go, wait) = channel::<()>();
    let wait = Mutex::new(wait);
    let tamper = move |heard: super::middle::Heard, tell: &mut super::middle::Tell<'_>| {
        tell(&format!("data: {}\n\n", heard.events[0]));
        wait.lock().unwrap().recv().unwrap();
        tell_all(&heard.events[1..], tell);
    };
    let chain = Chain::with(World::new(), Requirement::Signature, Arc::new(tamper), |settings| {
        settings.limits.keep_alive = std::time::Duration::from_millis(1);
    });
    let body = chat(&json!({"stream": true})).to_string();
    let mut reply = open(chain.address, "POST", CHAT, &[], &body);
    while reply.line().unwrap() != ": keep-alive" {}
    go.send(()).unwrap();
    assert!(left(&mut reply).contains("[DONE]"));
}

#[test]
fn its_receipts_are_kept_passed_on_and_replayed() {
    let kept = tempfile::tempdir().unwrap();
    let chain = Chain::with(World::new(), Requirement::Signature, honest(), |settings| {
        settings.receipts = Some(kept.path().to_path_buf());
    });
    let reply = chain.post(CHAT, &chat(&json!({})));
    let job = reply.header("x-probity-receipt").unwrap();
    let bytes = std::fs::read(kept.path().join(format!("{job}.json"))).unwrap();
    let file = ReceiptFile::parse(&bytes, Network::OFFLINE).unwrap();
    assert_eq!(replayed(&chain.gateway, &file), verify::Replay::Same);
    let id = reply.json()["probity"]["receipt_id"].as_str().unwrap().to_owned();
    for path in [format!("/v1/receipts/{job}"), format!("/v1/receipts/{id}")] {
        let passed = chain.get(&path);
        assert_eq!(passed.status, 200, "{}", passed.body);
        assert_eq!(passed.header("x-probity-verified"), Some("signature"));
        let passed = ReceiptFile::parse(passed.body.as_bytes(), Network::OFFLINE).unwrap();
        assert_eq!(passed, file);
    }
    let bundle = chain.get(&format!("/v1/receipts/{job}/bundle"));
    assert!(bundle.body.contains("bundle v1"), "{}", bundle.body);
    assert_eq!(chain.get(&format!("/v1/receipts/{}", "0".repeat(64))).status, 404);
    for path in ["receipts/1", "receipts/%ff%fe", "receipts/%ff%fe/bundle", "models/%ff%fe"] {
        let reply = chain.get(&format!("/v1/{path}"));
        assert_eq!((reply.status, reply.json()["error"].is_object()), (404, true), "{path}");
    }
}

#[test]
fn a_key_goes_to_the_upstream_and_no_other_header_does() {
    let chain = Chain::new(Requirement::Signature, honest());
    let headers = ["authorization: Bearer mine", "cookie: c=d", "x-other: e"];
    let body = chat(&json!({"user": "u"})).to_string();
    send(chain.address, "POST", CHAT, &headers, &body);
    let asked = chain.middle.asked().remove(0);
    let (head, body) = asked.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.contains("authorization: bearer mine"), "{head}");
    assert!(!head.contains("cookie") && !head.contains("x-other"), "{head}");
    let body: Json = serde_json::from_str(body).unwrap();
    assert_eq!((&body["user"], &body["stream"]), (&json!("u"), &json!(true)));
    let set = |settings: &mut gateway::ProxySettings| {
        settings.upstream_key = Some("ours".into());
    };
    let chain = Chain::with(World::new(), Requirement::Signature, honest(), set);
    send(chain.address, "POST", CHAT, &headers, &chat(&json!({})).to_string());
    let asked = chain.middle.asked().remove(0).to_ascii_lowercase();
    assert!(asked.contains("bearer ours") && !asked.contains("bearer mine"), "{asked}");
}

#[test]
fn what_can_not_be_verified_is_refused_by_name() {
    let chain = Chain::new(Requirement::Signature, honest());
    let logprobs = chain.post(CHAT, &chat(&json!({"logprobs": true})));
    assert_eq!((logprobs.status, &logprobs.json()["error"]["param"]), (400, &json!("logprobs")));
    let other = chain.post(CHAT, &chat(&json!({"model": "other"})));
    assert_eq!(other.status, 404);
    let path = chain.post("/v1/embeddings", &json!({}));
    assert_eq!(path.status, 404);
    assert!(path.body.contains("can't verify"), "{}", path.body);
    assert!(chain.middle.asked().is_empty(), "the upstream was asked none of it");
    let models = chain.get("/v1/models").json();
    assert_eq!(
        (&models["data"][0]["id"], models["data"].as_array().unwrap().len()),
        (&json!("tiny"), 1)
    );
    // What the upstream refuses is said to be its refusal.
    let long = chat(&json!({})).to_string() + &" ".repeat(9 << 20);
    assert_eq!(send(chain.address, "POST", CHAT, &[], &long).status, 413);
    let small = World::with(|settings| settings.limits.body_bytes_max = 64);
    let chain = Chain::with(small, Requirement::Signature, honest(), |_| {});
    let refused = chain.post(CHAT, &chat(&json!({})));
    assert_eq!(refused.status, 413, "{}", refused.body);
    assert!(
        refused.body.contains("the server behind this proxy refuses it (413)"),
        "{}",
        refused.body
    );
}
