//! A real process, really killed in the middle of a download; and two that pull at the same time.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Arc, Barrier};

use crate::server::{Body, Reply, Server, file};
use crate::world::{World, has, hf, model_bytes, sha256, told};
use store::{Config, Store};

const SIZE: usize = 1_000_000;
const KEPT: usize = 300_000;

/// Not a test of its own: the process that the next test kills. Without its variables it does nothing.
#[test]
fn child_process() {
    let (Ok(home), Ok(url)) = (std::env::var("STORE_TEST_HOME"), std::env::var("STORE_TEST_HUB"))
    else {
        return;
    };
    let mut config = Config::new(home);
    config.network.hub_endpoint = Some(url);
    let _ = Store::open(config).unwrap().pull(&hf(), &mut |event| println!("{}", told(&event)));
}

#[test]
fn a_killed_download_is_resumed_by_the_next_process() {
    let bytes = Arc::new(model_bytes(SIZE));
    let copy = Arc::clone(&bytes);
    let hub = Server::start(move |seen| {
        let reply = match (seen.method.as_str(), seen.header("range")) {
            ("GET", None) => Reply::new(200).body(Body::Silence(copy[..KEPT].to_vec(), copy.len())),
            _ => file(seen, &copy, "\"e\""),
        };
        reply.with("x-linked-etag", format!("\"{}\"", sha256(&copy)))
    });
    let world = World::new(Some(&hub.url), None);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kill::child_process", "--nocapture"])
        .env("STORE_TEST_HOME", world.home.path())
        .env("STORE_TEST_HUB", &hub.url)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let all = format!("bytes {KEPT}");
    assert!(lines.any(|line| line.unwrap() == all), "the child never got {KEPT} bytes");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(world.files("blobs").is_empty());

    let (result, events) = world.pull(&hf());
    assert!(std::fs::read(result.unwrap().path).unwrap() == *bytes, "other bytes");
    assert!(has(&events, &format!("resuming {KEPT}")), "{events:?}");
    let ranges: Vec<_> =
        hub.seen().iter().filter_map(|s| s.header("range").map(str::to_owned)).collect();
    assert_eq!(ranges, [format!("bytes={KEPT}-")]);
}

#[test]
fn of_two_pulls_at_once_one_downloads_and_the_other_waits() {
    let bytes = Arc::new(model_bytes(SIZE));
    let copy = Arc::clone(&bytes);
    // The download is let go when the second pull says that it waits.
    let both = Arc::new(Barrier::new(2));
    let gate = Arc::clone(&both);
    let hub = Server::start(move |seen| {
        if seen.method == "GET" {
            gate.wait();
        }
        file(seen, &copy, "\"e\"").with("x-linked-etag", format!("\"{}\"", sha256(&copy)))
    });
    let world = World::new(Some(&hub.url), None);
    let pull = || {
        let gate = Arc::clone(&both);
        let store = world.store();
        move || {
            store
                .pull(&hf(), &mut |event| {
                    if told(&event) == "waiting" {
                        gate.wait();
                    }
                })
                .unwrap()
        }
    };
    let (one, two) = (pull(), pull());
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let two = scope.spawn(two);
        (one.join().unwrap(), two.join().unwrap())
    });
    assert_eq!(one, two);
    assert_eq!(hub.count("GET"), 1);
}

#[test]
fn nothing_is_deleted_while_somebody_pulls() {
    let bytes = model_bytes(1_000);
    let hub = Server::start(move |seen| file(seen, &bytes, "\"e\""));
    let world = World::new(Some(&hub.url), None);
    let mut refusals = Vec::new();
    world
        .store()
        .pull(&hf(), &mut |_| {
            refusals.push(world.store().gc().unwrap_err().to_string());
            refusals.push(world.store().remove(&hf()).unwrap_err().to_string());
        })
        .unwrap();
    assert!(refusals.len() > 2 && refusals.iter().all(|text| text.contains("another process")));
    world.store().remove(&hf()).unwrap();
}
