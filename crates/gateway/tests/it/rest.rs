//! Requests that are refused before all of them has come, over both versions of HTTP.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use gateway::Settings;
use serde_json::json;

use crate::answers::chat;
use crate::world::{Reply, World};

const CHAT: &str = "/v1/chat/completions";
/// As good as for ever.
const LONG: Duration = Duration::from_hours(1);
/// After this a test has failed: nothing waits for it.
const HANGS: Duration = Duration::from_mins(2);
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const END: u8 = 1;
const ALL_HEADERS: u8 = 4;
const ANSWER: u8 = 1;

/// A connection of HTTP/2 that asks one thing.
struct Asked(TcpStream);

struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    bytes: Vec<u8>,
}

impl Asked {
    /// Sends the headers of a POST, and no body yet.
    fn post(address: SocketAddr, path: &str, host: &str, length: Option<usize>) -> Self {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_read_timeout(Some(HANGS)).unwrap();
        let mut asked = Self(socket);
        asked.0.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
        asked.send(SETTINGS, 0, 0, b"");
        let mut headers = vec![0x83, 0x86];
        let mut text = |name: &[u8], value: &str| {
            headers.extend_from_slice(name);
            headers.push(u8::try_from(value.len()).unwrap());
            headers.extend_from_slice(value.as_bytes());
        };
        text(&[0x04], path);
        text(&[0x01], host);
        text(&[0x0f, 0x10], "application/json");
        if let Some(length) = length {
            text(&[0x0f, 0x0d], &length.to_string());
        }
        asked.send(HEADERS, ALL_HEADERS, 1, &headers);
        asked
    }

    fn send(&mut self, kind: u8, flags: u8, stream: u8, bytes: &[u8]) {
        let [_, _, high, low] = u32::try_from(bytes.len()).unwrap().to_be_bytes();
        let head = [0, high, low, kind, flags, 0, 0, 0, stream];
        self.0.write_all(&[&head, bytes].concat()).unwrap();
    }

    fn next(&mut self) -> Frame {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).unwrap();
        let [_, high, low, kind, flags, stream @ ..] = head;
        let mut bytes = vec![0; usize::from(u16::from_be_bytes([high, low]))];
        self.0.read_exact(&mut bytes).unwrap();
        Frame { kind, flags, stream: u32::from_be_bytes(stream), bytes }
    }

    /// How much was answered until the server had read all that was sent.
    fn answered(&mut self) -> usize {
        self.send(PING, 0, 0, &[0; 8]);
        let mut frames = 0;
        loop {
            match self.next() {
                Frame { kind: PING, flags: ANSWER, .. } => return frames,
                frame => frames += usize::from(frame.kind <= RESET),
            }
        }
    }

    /// The body of the answer, to its end.
    fn answer(&mut self) -> String {
        let mut body = Vec::new();
        loop {
            let frame = self.next();
            assert_ne!(frame.kind, RESET, "it was reset before its end");
            if (frame.kind, frame.stream) == (DATA, 1) {
                body.extend_from_slice(&frame.bytes);
            }
            if frame.kind <= HEADERS && frame.flags & END != 0 {
                return String::from_utf8(body).unwrap();
            }
        }
    }
}

fn refused(answer: &str) -> serde_json::Value {
    serde_json::from_str::<serde_json::Value>(answer).unwrap()["error"]["code"].clone()
}

fn patient(settings: &mut Settings) {
    settings.limits.rest_time = LONG;
    settings.limits.body_time = LONG;
}

fn with_no_keys(folder: &tempfile::TempDir) -> impl FnOnce(&mut Settings) {
    let path = folder.path().join("keys.json");
    std::fs::write(&path, r#"{"keys": []}"#).unwrap();
    move |settings| settings.keys = Some(path)
}

#[test]
fn a_refusal_waits_for_what_is_still_sent_and_resets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let open = World::with(patient);
    let closed = World::with(|settings| {
        patient(settings);
        with_no_keys(&folder)(settings);
    });
    let full = World::with(|settings| {
        patient(settings);
        settings.limits.answers_max = 0;
        settings.limits.body_bytes_max = 1000;
    });
    let small = World::with(|settings| {
        patient(settings);
        settings.limits.body_bytes_max = 1000;
    });
    for (world, path, host, code) in [
        (&open, "/v1/nothing", "localhost", json!("not_found")),
        (&open, "/v1/models", "localhost", json!("method_not_allowed")),
        (&open, CHAT, "evil.example", json!(null)),
        (&closed, CHAT, "localhost", json!("invalid_api_key")),
        (&full, CHAT, "localhost", json!("rate_limit_exceeded")),
        (&small, CHAT, "localhost", json!("request_too_large")),
    ] {
        for length in [None, Some(2000)] {
            let mut asked = Asked::post(world.address, path, host, length);
            assert_eq!(asked.answered(), 0, "{path}");
            asked.send(DATA, 0, 1, &[b' '; 1500]);
            assert_eq!(asked.answered(), 0, "{path}");
            asked.send(DATA, END, 1, &[b' '; 500]);
            assert_eq!(refused(&asked.answer()), code, "{path}");
            assert_eq!(asked.answered(), 0, "it was reset");
        }
    }
}

#[test]
fn what_never_comes_is_waited_for_no_longer_than_its_time() {
    let world = World::with(|settings| settings.limits.rest_time = Duration::from_millis(1));
    let mut asked = Asked::post(world.address, "/v1/nothing", "localhost", Some(10));
    assert_eq!(refused(&asked.answer()), "not_found");
    // Nor a rest without an end.
    let world = World::with(patient);
    let mut asked = Asked::post(world.address, "/v1/nothing", "localhost", None);
    // Its settings say that so much may be sent: they are taken.
    assert_eq!(asked.answered(), 0);
    asked.send(SETTINGS, ANSWER, 0, b"");
    for _ in 0..5 {
        asked.send(DATA, 0, 1, &[b' '; 16_000]);
    }
    assert_eq!(refused(&asked.answer()), "not_found");
}

#[test]
fn a_body_that_says_that_it_is_too_long_is_refused_at_once() {
    let world = World::with(patient);
    let mut asked = Asked::post(world.address, CHAT, "localhost", Some((8 << 20) + 1));
    assert_eq!(refused(&asked.answer()), "request_too_large");
    let head = "host: localhost\r\ncontent-type: application/json";
    for more in ["content-length: 8388609", "content-length: 9223372036854775807"] {
        let mut reply =
            Reply::read(world.raw(&format!("POST {CHAT} HTTP/1.1\r\n{head}\r\n{more}\r\n\r\n")));
        reply.rest();
        assert_eq!((reply.status, refused(&reply.body)), (413, json!("request_too_large")));
    }
    // Who waits for leave to send gets the answer instead.
    let more = "content-length: 10\r\nexpect: 100-continue";
    let nothing = format!("POST /v1/nothing HTTP/1.1\r\n{head}\r\n{more}\r\n\r\n");
    assert_eq!(Reply::read(world.raw(&nothing)).status, 404);
}

#[test]
fn the_rest_of_a_refused_body_leaves_the_connection_usable() {
    let world = World::with(patient);
    let mut socket =
        world.raw("POST /v1/nothing HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n12345");
    socket.set_read_timeout(Some(HANGS)).unwrap();
    world.until("probity_http_requests_total{status=\"4xx\"}", 1);
    socket
        .write_all(b"67890GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut text = String::new();
    socket.read_to_string(&mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 404") && text.contains("HTTP/1.1 200"), "{text}");
}

#[test]
fn whoever_still_sends_what_was_refused_holds_no_place_and_no_stop() {
    let world = World::with(|settings| {
        patient(settings);
        settings.limits.answers_max = 1;
        settings.limits.body_bytes_max = 1000;
    });
    let mut asked = Asked::post(world.address, CHAT, "localhost", Some(2000));
    world.until("probity_http_requests_total{status=\"4xx\"}", 1);
    assert_eq!(world.post(CHAT, &chat(&json!({}))).status, 200);
    let stopped = std::thread::spawn(move || world.stop());
    assert_eq!(refused(&asked.answer()), "request_too_large");
    drop(asked);
    stopped.join().unwrap();
}
