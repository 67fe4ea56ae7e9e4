//! Who may ask: keys, their limits, their receipts; pages of other origins; certificates.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use gateway::{KeyEntry, KeyFile, Scope, Settings, key_hash};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::json;
use tempfile::TempDir;

use crate::answers::chat;
use crate::world::World;

const CHAT: &str = "/v1/chat/completions";

fn entry(key: &str, scopes: &[Scope], answers_max: Option<usize>) -> KeyEntry {
    let (requests_per_minute, tokens_per_minute) = (None, None);
    KeyEntry {
        name: key.into(),
        hash: key_hash(key),
        scopes: scopes.into(),
        answers_max,
        requests_per_minute,
        tokens_per_minute,
        expires_at: None,
    }
}

fn with_keys(folder: &TempDir) -> impl FnOnce(&mut Settings) {
    let keys = vec![
        entry("pk-alice", &[Scope::Ask], None),
        entry("pk-bob", &[Scope::Ask], Some(0)),
        entry("pk-eve", &[Scope::Metrics], None),
        entry("pk-carol", &[Scope::Ask, Scope::Metrics], None),
    ];
    let path = folder.path().join("keys.json");
    let text = serde_json::to_string(&KeyFile { keys }).unwrap();
    assert!(!text.replace("\"name\":\"pk-", "").contains("pk-"), "only hashes are kept");
    std::fs::write(&path, text).unwrap();
    move |settings| settings.keys = Some(path)
}

#[test]
fn keys_say_who_may_ask_and_whose_a_receipt_is() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::with(with_keys(&folder));
    let body = chat(&json!({})).to_string();
    let ask = |header: &str| world.send("POST", CHAT, &[header], &body);
    let alice = ask("authorization: Bearer pk-alice");
    assert_eq!(alice.status, 200, "{}", alice.body);
    assert_eq!(ask("x-api-key: pk-carol").status, 200);
    for header in [
        "authorization: Bearer pk-mallory",
        "authorization: Basic pk-alice",
        "x-api-key: ",
        "x-other: 1",
    ] {
        let refused = ask(header);
        assert_eq!(refused.status, 401, "{header}");
        assert_eq!(refused.json()["error"]["code"], "invalid_api_key");
    }
    assert_eq!(ask("authorization: Bearer pk-eve").status, 403);
    let bob = ask("authorization: Bearer pk-bob");
    assert_eq!((bob.status, bob.header("retry-after").is_some()), (429, true));
    let path = format!("/v1/receipts/{}", alice.header("x-probity-receipt").unwrap());
    let get =
        |path: &str, key: &str| world.send("GET", path, &[&format!("x-api-key: {key}")], "").status;
    assert_eq!(get(&path, "pk-alice"), 200);
    assert_eq!(get(&format!("{path}/bundle"), "pk-alice"), 200);
    assert_eq!((get(&path, "pk-carol"), get(&path, "pk-eve")), (404, 403));
    assert_eq!(world.get(&path).status, 401);
    assert_eq!((get("/metrics", "pk-alice"), get("/metrics", "pk-eve")), (403, 200));
    assert_eq!((world.get("/metrics").status, world.get("/v1/models").status), (401, 401));
    assert_eq!((world.get("/healthz").status, world.get("/readyz").status), (200, 200));
}

#[test]
fn every_choice_takes_a_place_and_no_key_takes_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let keys =
        vec![entry("pk-three", &[Scope::Ask], Some(3)), entry("pk-share", &[Scope::Ask], None)];
    std::fs::write(&path, serde_json::to_string(&KeyFile { keys }).unwrap()).unwrap();
    let world = World::with(|settings| {
        settings.keys = Some(path);
        settings.limits.answers_max = 8;
    });
    let ask = |key: &str, choices: u32| {
        let body = chat(&json!({"n": choices})).to_string();
        world.send("POST", CHAT, &[&format!("authorization: Bearer {key}")], &body).status
    };
    // More than it may ever have is no matter of waiting.
    assert_eq!((ask("pk-three", 4), ask("pk-three", 3)), (400, 200));
    // A quarter, where nothing is said.
    assert_eq!((ask("pk-share", 3), ask("pk-share", 2)), (400, 200));
    // What was refused took nothing for good.
    assert_eq!((ask("pk-three", 3), ask("pk-share", 2)), (200, 200));
}

#[test]
fn a_key_waits_where_its_minute_is_used_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let none = KeyEntry { requests_per_minute: Some(0), ..entry("pk-none", &[Scope::Ask], None) };
    // One answer takes more than an hour's worth.
    let few = KeyEntry { tokens_per_minute: Some(1), ..entry("pk-few", &[Scope::Ask], None) };
    let keys = vec![none, few, entry("pk-free", &[Scope::Ask], None)];
    std::fs::write(&path, serde_json::to_string(&KeyFile { keys }).unwrap()).unwrap();
    let world = World::with(|settings| settings.keys = Some(path));
    let body = chat(&json!({"max_tokens": 60})).to_string();
    let ask =
        |key: &str| world.send("POST", CHAT, &[&format!("authorization: Bearer {key}")], &body);
    let never = ask("pk-none");
    assert_eq!((never.status, never.header("retry-after")), (429, Some("60")), "{}", never.body);
    assert_eq!(never.json()["error"]["code"], "rate_limit_exceeded");
    assert_eq!(ask("pk-few").status, 200);
    let later = ask("pk-few");
    assert_eq!(later.status, 429, "{}", later.body);
    assert!(later.header("retry-after").unwrap().parse::<u64>().unwrap() > 3000);
    assert!(later.body.contains("tokens"), "{}", later.body);
    assert_eq!(ask("pk-free").status, 200);
    assert_eq!(ask("pk-free").status, 200);
}

#[test]
fn a_key_counts_until_it_expires() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let until = |name, expires_at| KeyEntry { expires_at, ..entry(name, &[Scope::Ask], None) };
    let keys = vec![until("pk-old", Some(1_700_000_000)), until("pk-new", Some(u64::MAX))];
    std::fs::write(&path, serde_json::to_string(&KeyFile { keys }).unwrap()).unwrap();
    let world = World::with(|settings| settings.keys = Some(path));
    let body = chat(&json!({})).to_string();
    let ask = |key: &str| world.send("POST", CHAT, &[&format!("x-api-key: {key}")], &body);
    assert_eq!(ask("pk-new").status, 200);
    let old = ask("pk-old");
    assert_eq!((old.status, &old.json()["error"]["code"]), (401, &json!("invalid_api_key")));
    assert!(old.body.contains("has expired"), "{}", old.body);
    assert_eq!(world.send("GET", "/v1/models", &["x-api-key: pk-old"], "").status, 401);
}

#[test]
fn pages_of_known_origins_may_ask() {
    let world = World::with(|settings| settings.cors = vec!["https://page.example".into()]);
    let preflight = |origin: &str| {
        let headers = [&format!("origin: {origin}"), "access-control-request-method: POST"];
        world.send("OPTIONS", CHAT, &headers, "")
    };
    let allowed = preflight("https://page.example");
    assert_eq!(allowed.status, 204);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://page.example"));
    assert!(allowed.header("access-control-allow-headers").unwrap().contains("authorization"));
    // Programs send headers of their own: those that are asked for are allowed.
    let asking = |headers: &str| {
        let asked = format!("access-control-request-headers: {headers}");
        let all = ["origin: https://page.example", "access-control-request-method: POST", &asked];
        let reply = world.send("OPTIONS", CHAT, &all, "");
        reply.header("access-control-allow-headers").unwrap().to_owned()
    };
    let own = "authorization,content-type,x-stainless-os,anthropic-dangerous-direct-browser-access";
    assert_eq!(asking(own), own);
    for odd in ["*", "a;b", &"a".repeat(2049)] {
        assert!(asking(odd).starts_with("authorization, "), "{odd}");
    }
    let other = preflight("https://other.example");
    assert_eq!((other.status, other.header("access-control-allow-origin")), (400, None));
    // A cache between must not give one origin's response to another, whoever asked first.
    let vary = |reply: &crate::world::Reply| reply.header("vary").map(str::to_owned);
    assert_eq!(vary(&world.get("/v1/models")).as_deref(), Some("origin"));
    let body = chat(&json!({})).to_string();
    let asked = world.send("POST", CHAT, &["origin: https://page.example"], &body);
    assert!(asked.header("access-control-expose-headers").unwrap().contains("x-probity-receipt"));
}

#[test]
fn pages_and_strange_names_get_nothing_where_no_key_is_needed() {
    let body = chat(&json!({})).to_string();
    let ask = |world: &World, host: &str, more: &str| {
        let head = format!("POST {CHAT} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
        let more = format!("{more}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        crate::world::Reply::read(world.raw(&(head + &more))).status
    };
    let json = "content-type: application/json";
    let page = "content-type: application/json\r\norigin: https://evil.example";
    let world = World::with(|settings| settings.hosts = vec!["gpu.example".into()]);
    assert_eq!(ask(&world, "localhost", json), 200);
    assert_eq!(ask(&world, "gpu.example:8000", json), 200);
    assert_eq!(ask(&world, "evil.example", json), 400, "a name of a page's own that leads here");
    assert_eq!(ask(&world, "localhost", page), 400);
    assert_eq!(ask(&world, "localhost", "content-type: text/plain"), 400);
    let get = |path: &str| {
        let head =
            format!("GET {path} HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n");
        crate::world::Reply::read(world.raw(&head)).status
    };
    assert_eq!((get("/metrics"), get("/v1/models")), (400, 400));
    assert_eq!((get("/healthz"), get("/readyz")), (200, 200), "who watches asks by any name");
    // A page has no key.
    let folder = tempfile::tempdir().unwrap();
    let keyed = World::with(with_keys(&folder));
    let key = "authorization: Bearer pk-alice";
    assert_eq!(ask(&keyed, "api.example", &format!("{json}\r\n{key}")), 200);
    assert_eq!(ask(&keyed, "api.example", page), 401);
}

#[test]
fn keys_are_read_anew_and_bad_ones_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let write = |keys: Vec<KeyEntry>| {
        std::fs::write(&path, serde_json::to_string(&KeyFile { keys }).unwrap()).unwrap();
    };
    let scarce =
        |key: &str| KeyEntry { requests_per_minute: Some(1), ..entry(key, &[Scope::Ask], None) };
    write(vec![entry("pk-alice", &[Scope::Ask], None), scarce("pk-bob")]);
    let (log, lines) = crate::world::lines();
    let world = World::with(|settings| {
        settings.keys = Some(path.clone());
        settings.log = log;
    });
    let body = chat(&json!({})).to_string();
    let ask = |key: &str| world.send("POST", CHAT, &[&format!("x-api-key: {key}")], &body).status;
    assert_eq!((ask("pk-alice"), ask("pk-bob"), ask("pk-carol")), (200, 200, 401));
    write(vec![scarce("pk-bob"), entry("pk-carol", &[Scope::Ask], None)]);
    assert_eq!((ask("pk-alice"), ask("pk-carol")), (200, 401), "nothing is read unasked");
    let reload = || world.server.as_ref().unwrap().reload();
    reload();
    assert_eq!((ask("pk-alice"), ask("pk-carol")), (401, 200));
    assert_eq!(ask("pk-bob"), 429, "reading anew gives no new minute");
    std::fs::write(&path, "{").unwrap();
    reload();
    assert_eq!(ask("pk-carol"), 200);
    let lines = lines.lock().unwrap();
    let told = |what: &str| lines.iter().any(|line| line.contains(what));
    assert!(told("read anew: 2 API keys") && told("nothing was read anew: the API keys in"));
}

#[test]
fn lines_name_key_peer_answer_and_reason_and_nothing_that_was_asked() {
    let folder = tempfile::tempdir().unwrap();
    let (log, lines) = crate::world::lines();
    let world = World::with(|settings| {
        with_keys(&folder)(settings);
        settings.log = log.in_format(gateway::LogFormat::Json);
    });
    let secret = "the secret of the house";
    let user = json!([{"role": "user", "content": secret}]);
    let ask = |more| {
        let body = chat(&more).to_string();
        world.send("POST", CHAT, &["authorization: Bearer pk-alice"], &body)
    };
    let job = ask(json!({"messages": user})).header("x-probity-receipt").unwrap().to_owned();
    assert_eq!(ask(json!({"messages": user, "temperature": secret})).status, 400);
    assert_eq!(world.send("POST", CHAT, &["x-api-key: pk-nobody"], "{}").status, 401);
    drop(world);
    let lines = lines.lock().unwrap();
    assert!(!lines.iter().any(|line| line.contains(secret) || line.contains("pk-nobody")));
    let all: Vec<serde_json::Value> =
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |event: &str| all.iter().filter(|one| one["event"] == event).collect::<Vec<_>>();
    let [answer] = of("answer")[..] else { panic!("{lines:?}") };
    let [asked, refused, unknown] = of("request")[..] else { panic!("{lines:?}") };
    assert_eq!(answer["answer"], job[..16]);
    assert_eq!((&asked["answer"], &asked["key"]), (&answer["answer"], &json!("pk-alice")));
    assert_eq!((&answer["key"], &answer["model"]), (&json!("pk-alice"), &json!("tiny")));
    assert!(asked["peer"].as_str().unwrap().starts_with("127.0.0.1:"));
    assert!(asked["time"].as_str().unwrap().ends_with('Z') && answer["ms"].is_u64());
    assert_eq!(
        (&refused["why"], &refused["key"]),
        (&json!("refused: temperature"), &json!("pk-alice"))
    );
    assert_eq!((&unknown["status"], &unknown["key"]), (&json!(401), &json!(null)));
}

#[test]
fn what_is_a_callers_own_is_kept_by_no_cache() {
    let world = World::new();
    let answer = world.post(CHAT, &chat(&json!({})));
    let path = format!("/v1/receipts/{}", answer.header("x-probity-receipt").unwrap());
    let stream = world.post(CHAT, &chat(&json!({"stream": true})));
    for reply in [&answer, &stream, &world.get(&path), &world.get(&format!("{path}/bundle"))] {
        assert_eq!((reply.status, reply.header("cache-control")), (200, Some("no-store")));
    }
}

#[test]
fn certificates_make_it_https() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let (chain, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    std::fs::write(&chain, made.cert.pem()).unwrap();
    std::fs::write(&key, made.key_pair.serialize_pem()).unwrap();
    let world = World::with(|settings| settings.tls = Some((chain, key)));
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.unwrap().with_root_certificates(roots).with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(world.address).unwrap());
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    // The server may close without TLS's own goodbye.
    let _ = stream.read_to_string(&mut text);
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    let mut plain = world.raw("GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n");
    let mut bytes = Vec::new();
    let _ = plain.read_to_end(&mut bytes);
    assert!(!bytes.starts_with(b"HTTP/1.1 200"));
}
