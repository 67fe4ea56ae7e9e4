//! Upstreams that are too much: endless, silent, huge, or no servers of ours at all.

use std::io::Write;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use gateway::{ProxyServer, Requirement};
use serde_json::json;
use tempfile::TempDir;

use super::middle::{Heard, Tell, places, tell_all};
use super::{Chain, send, start};
use crate::answers::chat;
use crate::world::World;

const CHAT: &str = "/v1/chat/completions";

/// A proxy in front of a server that says the same to everybody.
pub(crate) fn fixed(status: u16, kind: &str, body: &str) -> (ProxyServer, TempDir) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = listener.local_addr().unwrap();
    let head = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\nretry-after: 7\r\nconnection: close\r\n\r\n"
    );
    let text = head + body;
    std::thread::spawn(move || {
        for mut socket in listener.incoming().map_while(Result::ok) {
            let mut some = [0; 16 << 10];
            // The request is whatever it is.
            let _ = std::io::Read::read(&mut socket, &mut some);
            let _ = socket.write_all(text.as_bytes());
        }
    });
    let folder = tempfile::tempdir().unwrap();
    let (proxy, _) = start(upstream, Requirement::Signature, &folder, |_| {});
    (proxy, folder)
}

fn refused(chain: &Chain, said: &str) {
    let reply = chain.post(CHAT, &chat(&json!({"stream": true})));
    assert!(reply.body.contains(said), "{said}: {}", reply.body);
    assert!(reply.body.contains("\"code\":\"unverified\""), "{}", reply.body);
    assert!(!reply.events().1, "{}", reply.body);
    assert_eq!(chain.evidence(".json").len(), 1);
}

fn chain(
    tamper: impl Fn(Heard, &mut Tell<'_>) + Send + Sync + 'static,
    set: impl FnOnce(&mut gateway::ProxySettings),
) -> Chain {
    Chain::with(World::new(), Requirement::Signature, Arc::new(tamper), set)
}

#[test]
fn endless_streams_end() {
    let comments = |heard: Heard, tell: &mut Tell<'_>| {
        tell(&format!("data: {}\n\n", heard.events[0]));
        while tell(": still there\n\n") {}
    };
    let small = |settings: &mut gateway::ProxySettings| {
        settings.upstream_limits.stream_bytes_max = 4096;
        settings.upstream_limits.token_bytes_max = 512;
    };
    refused(&chain(comments, small), "bytes for the tokens that were asked for");
    let nothing = |heard: Heard, tell: &mut Tell<'_>| {
        tell(&format!("data: {}\n\n", heard.events[0]));
        while tell("data: {}\n\n") {}
    };
    refused(&chain(nothing, small), "bytes for the tokens that were asked for");
    let line = |_: Heard, tell: &mut Tell<'_>| while tell("data: aaaaaaaaaaaaaaaaaaaaaaaaaaaa") {};
    refused(
        &chain(line, |settings| settings.upstream_limits.event_bytes_max = 5000),
        "an event of more than 5000",
    );
    let tokens = |heard: Heard, tell: &mut Tell<'_>| {
        tell(&format!("data: {}\n\n", heard.events[0]));
        let at = places(&heard.events, "tokens")[0];
        while tell(&format!("data: {}\n\n", heard.events[at])) {}
    };
    refused(&chain(tokens, |_| {}), "more than the 40 tokens");
}

#[test]
fn silence_and_slowness_end() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let silent = move |heard: Heard, tell: &mut Tell<'_>| {
        tell(&format!("data: {}\n\n", heard.events[0]));
        // Nothing more comes until the test is over, and the connection stays as it is.
        let _ = wait.lock().unwrap().recv();
    };
    let short = |settings: &mut gateway::ProxySettings| {
        settings.upstream_limits.silence = Duration::from_millis(20);
    };
    refused(&chain(silent, short), "takes too long");
    drop(go);
    let talking = |heard: Heard, tell: &mut Tell<'_>| {
        tell(&format!("data: {}\n\n", heard.events[0]));
        while tell(": a word\n\n") {
            std::thread::yield_now();
        }
    };
    let short = |settings: &mut gateway::ProxySettings| {
        settings.upstream_limits.answer_time = Duration::from_millis(100);
        settings.upstream_limits.stream_bytes_max = usize::MAX / 2;
    };
    refused(&chain(talking, short), "takes too long");
}

#[test]
fn what_is_no_stream_of_ours_is_said_to_be_none() {
    for (status, kind, body, want, said) in [
        (200, "application/json", "{\"choices\":[]}", 502, "does not say what it answers"),
        (
            200,
            "text/event-stream",
            "data: {\"choices\":[]}\n\ndata: [DONE]\n\n",
            502,
            "does not say what it answers",
        ),
        (200, "text/event-stream", "data: nonsense\n\n", 502, "no JSON"),
        (200, "text/event-stream", "", 502, "cut off"),
        (
            200,
            "text/event-stream",
            "data: {\"error\":{\"message\":\"busy\"}}\n\n",
            502,
            "says that it failed",
        ),
        (302, "text/html", "<a href=elsewhere>", 502, "refuses it (302)"),
        (
            401,
            "application/json",
            "{\"error\":{\"message\":\"no such key\"}}",
            401,
            "refuses it (401)",
        ),
        (429, "application/json", "{}", 429, "refuses it (429)"),
        (418, "text/plain", "tea", 502, "refuses it (418)"),
        (500, "text/plain", "it\r\nbroke", 500, "refuses it (500)"),
    ] {
        let (proxy, _folder) = fixed(status, kind, body);
        let asked = chat(&json!({"stream": true})).to_string();
        let reply = send(proxy.address(), "POST", CHAT, &[], &asked);
        assert_eq!(reply.status, want, "{body}: {}", reply.body);
        assert!(reply.body.contains(said), "{said}: {}", reply.body);
        assert!(reply.json()["error"]["message"].is_string());
        assert!(!reply.body.contains("no such key"), "{}", reply.body);
        assert_eq!(reply.header("retry-after"), (status == 429).then_some("7"));
        proxy.stop();
    }
}

#[test]
fn an_upstream_that_is_not_there_is_said_to_be_gone() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let upstream = listener.local_addr().unwrap();
    drop(listener);
    let folder = tempfile::tempdir().unwrap();
    let (proxy, _) = start(upstream, Requirement::Signature, &folder, |_| {});
    let reply = send(proxy.address(), "POST", CHAT, &[], &chat(&json!({})).to_string());
    assert_eq!(reply.status, 502);
    assert!(reply.body.contains("can't be asked"), "{}", reply.body);
    proxy.stop();
}

#[test]
fn a_stop_without_patience_ends_streams_with_an_error() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let tamper = move |heard: Heard, tell: &mut Tell<'_>| {
        tell(&format!("data: {}\n\n", heard.events[0]));
        // Until the test is over.
        let _ = wait.lock().unwrap().recv();
        tell_all(&heard.events[1..], tell);
    };
    let mut chain = chain(tamper, |settings| settings.drain = Duration::ZERO);
    let body = chat(&json!({"stream": true})).to_string();
    let mut reply = super::open(chain.address, "POST", CHAT, &[], &body);
    while !reply.line().unwrap().contains("blind") {}
    chain.proxy.take().unwrap().stop();
    let rest = super::left(&mut reply);
    assert!(rest.contains("the proxy is stopping"), "{rest}");
    drop(go);
}
