//! The description is of this server: its paths are there, and the example of each option is taken.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gateway::{KeyEntry, KeyFile, Loaded, Scope, key_hash};
use import::gguf::tiny::TinyModel;
use serde_json::{Value as Json, json};

use crate::answers::chat;
use crate::world::{MODEL_ID, Reply, Tiny, World};

#[test]
fn what_is_described_is_there_and_every_option_is_taken() {
    let world = World::long(|_| {});
    let description = world.get("/openapi.json").json();
    for (path, methods) in description["paths"].as_object().unwrap() {
        let path = path.replace("{name}", "tiny").replace("{id}", "00");
        let method = methods.as_object().unwrap().keys().next().unwrap().to_uppercase();
        let reply = world.send(&method, &path, &[], "");
        assert!(!reply.body.contains("there is nothing at this address"), "{path}");
        assert_ne!(reply.status, 405, "{path}");
    }
    let schemas = &description["components"]["schemas"];
    for (path, schema, tokens_max) in [
        ("/v1/chat/completions", "Chat", "max_tokens"),
        ("/v1/completions", "Completion", "max_tokens"),
        ("/v1/responses", "ResponseQuestion", "max_output_tokens"),
        ("/v1/embeddings", "Embedding", ""),
        ("/v1/messages", "Messages", "max_tokens"),
        ("/v1/messages/count_tokens", "MessagesCount", ""),
    ] {
        let properties = schemas[schema]["properties"].as_object().unwrap();
        let needed = schemas[schema]["required"].as_array().unwrap();
        let examples = properties.iter().filter(|(_, of)| !of["example"].is_null());
        for (name, of) in examples {
            let mut body = json!({});
            for needed in needed.iter().map(|needed| needed.as_str().unwrap()) {
                body[needed] = properties[needed]["example"].clone();
            }
            for (other, value) in of["x-example-with"].as_object().into_iter().flatten() {
                body[other] = value.clone();
            }
            if !name.contains("max_") && !tokens_max.is_empty() {
                body[tokens_max] = Json::from(2);
            }
            body[name] = of["example"].clone();
            let reply = world.post(path, &body);
            assert_eq!(reply.status, 200, "{name}: {}", reply.body);
        }
    }
}

/// Every address, how it is asked, and what is sent.
fn asked(job: &str) -> Vec<(&'static str, &'static str, String, String)> {
    let user = json!([{"role": "user", "content": "a"}]);
    let post = |path: &'static str, body: Json| (path, "POST", path.to_owned(), body.to_string());
    let get = |path: &'static str| {
        let asked = path.replace("{name}", "tiny").replace("{id}", job);
        (path, "GET", asked, String::new())
    };
    vec![
        post("/v1/chat/completions", chat(&json!({"max_tokens": 2}))),
        post("/v1/completions", json!({"model": "tiny", "prompt": "a", "max_tokens": 2})),
        post("/v1/embeddings", json!({"model": "tiny", "input": "a"})),
        post("/v1/responses", json!({"model": "tiny", "input": "a", "max_output_tokens": 2})),
        post("/v1/messages", json!({"model": "tiny", "messages": user, "max_tokens": 2})),
        post("/v1/messages/count_tokens", json!({"model": "tiny", "messages": user})),
        get("/v1/models"),
        get("/v1/models/{name}"),
        get("/v1/receipts/{id}"),
        get("/v1/receipts/{id}/bundle"),
        get("/healthz"),
        get("/readyz"),
        get("/metrics"),
        get("/openapi.json"),
    ]
}

/// The statuses that each address gave.
#[derive(Default)]
struct Seen(BTreeMap<&'static str, BTreeSet<u16>>);

impl Seen {
    fn note(&mut self, path: &'static str, reply: &Reply) -> u16 {
        if reply.status != 200 {
            let error = &reply.json()["error"];
            assert!(error["message"].is_string() && error["type"].is_string(), "{path}: {error}");
            let anthropic = path.starts_with("/v1/messages");
            assert_eq!(reply.json()["type"] == "error", anthropic, "{path}: {}", reply.body);
        }
        self.0.entry(path).or_default().insert(reply.status);
        reply.status
    }

    /// Asks everything with these headers.
    fn all(&mut self, world: &World, headers: &[&str], job: &str) {
        for (path, method, asked, body) in asked(job) {
            self.note(path, &world.send(method, &asked, headers, &body));
        }
    }

    /// Whatever is asked wrongly: by another name, without sense, of nothing that there is.
    fn wrong(&mut self, world: &World) {
        for (path, method, asked, body) in asked(&"00".repeat(32)) {
            let head =
                format!("{method} {asked} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n");
            let kind =
                format!("content-type: application/json\r\ncontent-length: {}\r\n", body.len());
            let mut reply = Reply::read(world.raw(&format!("{head}{kind}\r\n{body}")));
            reply.rest();
            self.note(path, &reply);
            if method == "POST" {
                self.note(path, &world.send(method, path, &[], "{"));
                self.note(
                    path,
                    &world.send(method, path, &[], &body.replace("\"tiny\"", "\"none\"")),
                );
                self.note(path, &world.send(method, path, &[], &" ".repeat(70_000)));
            } else {
                self.note(path, &world.get(&asked.replace("tiny", "none")));
            }
            // What is no text, or no id.
            for no in ["%FF", "12"] {
                if path.contains('{') {
                    let asked = path.replace("{name}", no).replace("{id}", no);
                    assert_eq!(self.note(path, &world.get(&asked)), 404, "{asked}");
                }
            }
        }
    }
}

/// Keys that may ask, that may not, and that have asked enough.
fn keys() -> Vec<KeyEntry> {
    let entry = |name: &str, scope, requests_per_minute| KeyEntry {
        name: name.into(),
        hash: key_hash(name),
        scopes: vec![scope],
        answers_max: None,
        requests_per_minute,
        tokens_per_minute: None,
        expires_at: None,
    };
    vec![
        entry("pk-asks", Scope::Ask, None),
        entry("pk-reads", Scope::Metrics, None),
        entry("pk-never", Scope::Ask, Some(0)),
    ]
}

/// A model and an engine that don't go together: a bug, which ends the thread that computes.
fn broken() -> World {
    let wide = TinyModel { vocabulary: 400, heads: 2, kv_heads: 1, ..TinyModel::new(11) };
    let (tiny, narrow) = (Arc::new(Tiny::of(&wide.write())), Tiny::new(11));
    let model = Arc::clone(&tiny.model);
    let load = move |_: &str| {
        Ok(Loaded { model: Arc::clone(&model), runner: narrow.runner(), id: MODEL_ID })
    };
    let world = World::loading(tempfile::tempdir().unwrap(), tiny, |_| {}, Arc::new(load));
    world.post("/v1/chat/completions", &chat(&json!({"logit_bias": {"399": 1}})));
    world
}

#[test]
fn every_status_that_is_described_is_given_and_no_other() {
    let mut seen = Seen::default();
    let world = World::with(|settings| settings.limits.body_bytes_max = 65_536);
    let first = world.post("/v1/chat/completions", &chat(&json!({})));
    let job = first.header("x-probity-receipt").unwrap().to_owned();
    seen.all(&world, &[], &job);
    seen.wrong(&world);
    let description = world.get("/openapi.json").json();

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    std::fs::write(&path, serde_json::to_string(&KeyFile { keys: keys() }).unwrap()).unwrap();
    let keyed = World::with(|settings| settings.keys = Some(path));
    seen.all(&keyed, &[], &job);
    for key in ["pk-asks", "pk-reads", "pk-never"] {
        seen.all(&keyed, &[&format!("x-api-key: {key}")], &job);
    }
    seen.all(&broken(), &[], &job);

    // The log is put back under the server: the next answer has no receipt, and nothing is asked any more.
    for (path, method, asked, body) in asked(&job) {
        // Each of them is the first.
        if method == "POST" && path != "/v1/messages/count_tokens" {
            let other = World::new();
            let once = json!({"model": "tiny", "prompt": "a", "max_tokens": 1});
            assert_eq!(other.post("/v1/completions", &once).status, 200);
            for log in std::fs::read_dir(other.home.path().join("log")).unwrap() {
                std::fs::write(log.unwrap().path().join("leaves"), [1; 192]).unwrap();
            }
            assert_eq!(seen.note(path, &other.send(method, &asked, &[], &body)), 500, "{path}");
            seen.all(&other, &[], &job);
        }
    }

    for (path, methods) in description["paths"].as_object().unwrap() {
        let (_, operation) = methods.as_object().unwrap().iter().next().unwrap();
        let described: BTreeSet<u16> = operation["responses"]
            .as_object()
            .unwrap()
            .keys()
            .map(|s| s.parse().unwrap())
            .collect();
        let mut given = seen.0.remove(path.as_str()).unwrap_or_default();
        // A damaged book, a thread that panicked: no test can make them.
        let rare: &[u16] = match path.as_str() {
            "/v1/receipts/{id}" | "/v1/receipts/{id}/bundle" => &[500, 503],
            "/v1/messages/count_tokens" => &[500],
            _ => &[],
        };
        given.extend(rare);
        assert_eq!(described, given, "{path}");
    }
}
