//! The hub's protocol: heads, redirects, tokens, refusals that teach.

use crate::server::{Reply, Seen, Server, file};
use crate::world::{HUB, World, catalogue, has, hf, model_bytes, sha256, tiny};
use std::sync::Arc;
use store::Secret;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A hub that redirects to storage of another origin.
fn hub_of(bytes: &Arc<Vec<u8>>, storage: &str) -> Server {
    let (size, hash) = (bytes.len(), sha256(bytes));
    let storage = storage.to_owned();
    Server::start(move |_| {
        Reply::new(302)
            .with("location", format!("{storage}/cdn/x?signature=secret"))
            .with("x-repo-commit", COMMIT)
            .with("x-linked-size", size.to_string())
            .with("x-linked-etag", format!("\"{hash}\""))
    })
}

fn storage_of(bytes: &Arc<Vec<u8>>) -> Server {
    let bytes = Arc::clone(bytes);
    Server::start(move |seen| file(seen, &bytes, "\"cdn\""))
}

#[test]
fn a_redirected_file_arrives_and_the_token_stays_with_the_hub() {
    let bytes = Arc::new(model_bytes(300_000));
    let storage = storage_of(&bytes);
    let hub = hub_of(&bytes, &storage.url);
    let mut world = World::new(Some(&hub.url), None);
    world.config.network.hub_token = Some(Secret::new("hf_secret"));
    let (result, events) = world.pull(&hf());
    let got = result.unwrap();
    assert!(std::fs::read(&got.path).unwrap() == *bytes, "other bytes");
    assert_eq!(got.blake3.as_bytes(), blake3::hash(&bytes).as_bytes());
    assert_eq!(got.sha256.unwrap().to_string(), sha256(&bytes));
    assert!(has(&events, "stored 300000"));
    assert!(hub.seen().iter().all(|s| s.header("authorization") == Some("Bearer hf_secret")));
    assert!(storage.seen().iter().all(|seen| seen.header("authorization").is_none()));
    // The head was asked of the hub alone, and the file by its commit.
    assert_eq!(storage.count("HEAD"), 0);
    assert!(hub.seen().iter().any(|seen| seen.path.contains(COMMIT)));
    let listed = world.store().list().unwrap();
    assert_eq!(listed.models[0].record.commit.as_deref(), Some(COMMIT));
    assert!(!format!("{:?}", world.config).contains("hf_secret"));
}

#[test]
fn a_second_pull_asks_nobody() {
    let bytes = Arc::new(model_bytes(5_000));
    let storage = storage_of(&bytes);
    let hub = hub_of(&bytes, &storage.url);
    let world = World::new(Some(&hub.url), None);
    world.pull(&hf()).0.unwrap();
    let before = hub.seen().len();
    world.pull(&hf()).0.unwrap();
    assert_eq!(hub.seen().len(), before);
}

#[test]
fn the_same_bytes_under_another_reference_are_not_downloaded_again() {
    let bytes = Arc::new(model_bytes(5_000));
    let storage = storage_of(&bytes);
    let hub = hub_of(&bytes, &storage.url);
    let mut world = World::new(Some(&hub.url), None);
    world.config.catalogue = catalogue(&bytes, vec![HUB]);
    let one = world.pull(&hf()).0.unwrap();
    let other = world.pull(&tiny()).0.unwrap();
    assert_eq!((one, storage.count("GET")), (other, 1));
}

#[test]
fn refusals_teach() {
    let cases: [(u16, &str, bool, &str); 6] = [
        (401, "RepoNotFound", false, "set HF_TOKEN"),
        (401, "GatedRepo", false, "accept its terms"),
        (403, "GatedRepo", true, "refused the token"),
        (404, "RepoNotFound", true, "no repository org/repo"),
        (404, "RevisionNotFound", false, "no revision `main`"),
        (404, "EntryNotFound", false, "it has: model-Q4.gguf, other.gguf"),
    ];
    for (status, code, token, expected) in cases {
        let hub = Server::start(move |seen: &Seen| {
            if seen.path.starts_with("/api/models/org/repo/tree/main") {
                let tree = br#"[{"type":"file","path":"other.gguf","size":1},
                    {"path":"README.md"},{"path":"model-Q4.gguf"}]"#;
                return Reply::new(200).body(crate::server::Body::Bytes(tree.to_vec()));
            }
            Reply::new(status).with("x-error-code", code)
        });
        let mut world = World::new(Some(&hub.url), None);
        world.config.network.hub_token = token.then(|| Secret::new("t"));
        let message = world.pull(&hf()).0.unwrap_err().to_string();
        assert!(message.contains(expected), "{status} {code}: {message}");
    }
}

#[test]
fn busy_hubs_are_asked_again_but_not_for_ever() {
    let bytes = Arc::new(model_bytes(1_000));
    let (size, copy) = (bytes.len(), Arc::clone(&bytes));
    let hub = Server::start(move |seen| match seen.nth {
        0 => Reply::new(429).with("retry-after", "7"),
        1 => Reply::new(503),
        _ => file(seen, &copy, "\"e\"").with("x-linked-size", size.to_string()),
    });
    let world = World::new(Some(&hub.url), None);
    let (result, events) = world.pull(&hf());
    result.unwrap();
    assert!(has(&events, "retrying after 7000 ms"), "{events:?}");

    let hub = Server::start(|_| Reply::new(429).with("retry-after", "86400"));
    let message = World::new(Some(&hub.url), None).pull(&hf()).0.unwrap_err().to_string();
    assert!(message.contains("86400 seconds"), "{message}");
    assert_eq!(hub.seen().len(), 1);

    let hub = Server::start(|_| Reply::new(500));
    World::new(Some(&hub.url), None).pull(&hf()).0.unwrap_err();
    assert_eq!(hub.seen().len(), 5);
}

#[test]
fn redirects_without_end_and_to_other_schemes_are_refused() {
    for target in ["/again", "file:///etc/passwd", "ftp://127.0.0.1/x"] {
        let hub = Server::start(move |_| Reply::new(302).with("location", target));
        let world = World::new(Some(&hub.url), None);
        let message = world.pull(&hf()).0.unwrap_err().to_string();
        assert!(hub.seen().len() <= 9, "{target}: {}", hub.seen().len());
        assert!(!message.contains("passwd"), "{message}");
        assert!(world.files("blobs").is_empty());
    }
}

#[test]
fn offline_asks_nobody_and_says_so() {
    let hub = Server::start(|_| Reply::new(200));
    let mut world = World::new(Some(&hub.url), None);
    world.config.network.offline = true;
    let (result, events) = world.pull(&hf());
    let message = result.unwrap_err().to_string();
    assert!(message.contains("PROBITY_OFFLINE") && message.lines().count() == 1, "{message}");
    assert!(hub.seen().is_empty() && events.is_empty(), "{events:?}");
}

#[test]
fn signed_links_do_not_appear_in_messages() {
    let bytes = Arc::new(model_bytes(1_000));
    let storage = Server::start(|_| Reply::new(403));
    let hub = hub_of(&bytes, &storage.url);
    let message = World::new(Some(&hub.url), None).pull(&hf()).0.unwrap_err().to_string();
    assert!(message.contains("/cdn/x answered 403") && !message.contains("secret"), "{message}");
}
