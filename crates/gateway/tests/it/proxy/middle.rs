//! A server between a proxy and a real gateway, which does with its answers what it likes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::Value as Json;

use crate::world::Reply;

/// What the gateway said to one question.
pub(crate) struct Heard {
    /// The events of its stream.
    pub(crate) events: Vec<Json>,
}

/// Where the answer goes; what can't be written is dropped, and `false` says so.
pub(crate) type Tell<'a> = dyn FnMut(&str) -> bool + 'a;

pub(crate) type Tamper = dyn Fn(Heard, &mut Tell<'_>) + Send + Sync;

/// The server, and what it was asked.
pub(crate) struct Middle {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Middle {
    /// Listens; its thread ends with the test's process.
    pub(crate) fn start(gateway: SocketAddr, tamper: Arc<Tamper>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let (tamper, seen) = (Arc::clone(&tamper), Arc::clone(&seen));
                std::thread::spawn(move || serve(socket, gateway, &*tamper, &seen));
            }
        });
        Self { address, asked }
    }

    /// The heads of what it was asked, as they came, each with its body.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(mut socket: TcpStream, gateway: SocketAddr, tamper: &Tamper, seen: &Mutex<Vec<String>>) {
    let request = request(&socket);
    seen.lock().unwrap().push(request.clone());
    let mut there = TcpStream::connect(gateway).unwrap();
    there.write_all(request.replacen("\r\n", "\r\nconnection: close\r\n", 1).as_bytes()).unwrap();
    let mut reply = Reply::read(there);
    reply.rest();
    if reply.status != 200 || reply.header("content-type") != Some("text/event-stream") {
        let (status, body) = (reply.status, &reply.body);
        let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n", body.len());
        let _ = socket.write_all(format!("{head}{body}").as_bytes());
        return;
    }
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nset-cookie: a=b\r\n\
                x-from-afar: yes\r\nconnection: close\r\n\r\n";
    let _ = socket.write_all(head.as_bytes());
    let (events, _) = reply.events();
    tamper(Heard { events }, &mut |text| socket.write_all(text.as_bytes()).is_ok());
}

/// A whole request.
fn request(socket: &TcpStream) -> String {
    let mut reader = BufReader::new(socket);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return head;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    head + &String::from_utf8(body).unwrap()
}

/// Tells events, and the end of the stream.
pub(crate) fn tell_all(events: &[Json], tell: &mut Tell<'_>) {
    for event in events {
        tell(&format!("data: {event}\n\n"));
    }
    tell("data: [DONE]\n\n");
}

/// Tells everything as it is.
pub(crate) fn honest() -> Arc<Tamper> {
    Arc::new(|heard, tell| tell_all(&heard.events, tell))
}

/// The places of events that have this member in `probity`.
pub(crate) fn places(events: &[Json], member: &str) -> Vec<usize> {
    let has = |at: &usize| !events[*at]["probity"][member].is_null();
    (0..events.len()).filter(has).collect()
}
