//! Server-sent events: an answer's events as a dialect writes them.
//!
//! A silent stream gets something that says nothing now and then, so that nobody between here and the reader gives it up. A reader that
//! goes drops the stream, and with it the answer's events: that cancels it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::Response;
use futures_util::stream::unfold;
use serde::Serialize;
use tokio::time::{Instant, timeout};

use super::{NO_STORE, RECEIPT_HEADER};
use crate::core::{Answer, Event, Refusal};

/// How a dialect writes an answer's events.
pub(crate) trait Chunks: Send + 'static {
    /// What comes first.
    fn begin(&mut self) -> String;
    /// What an event becomes; nothing, where it says nothing to this dialect.
    fn event(&mut self, event: Event) -> String;
    /// What keeps a silent stream alive.
    fn keep_alive(&self) -> String {
        ": keep-alive\n\n".into()
    }
}

/// One event of a stream, by name.
pub(crate) fn event(name: &str, value: &impl Serialize) -> String {
    format!("event: {name}\n{}", data(value))
}

/// One event of a stream.
pub(crate) fn data(value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).expect("what we write is JSON");
    format!("data: {json}\n\n")
}

enum Step<C> {
    Begin(Answer, C),
    Go(Answer, C),
    End,
}

/// The response that streams an answer.
pub(crate) fn stream(answer: Answer, chunks: impl Chunks, keep_alive: Duration) -> Response {
    let receipt = commit::hex(&answer.started.job);
    let ended = Arc::clone(&answer.ended);
    let frames = unfold(Step::Begin(answer, chunks), move |step| next(step, keep_alive));
    let mut response = Response::new(Body::from_stream(frames));
    response.extensions_mut().insert(ended);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, NO_STORE);
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    if let Ok(receipt) = HeaderValue::from_str(&receipt) {
        headers.insert(RECEIPT_HEADER, receipt);
    }
    response
}

async fn next<C: Chunks>(
    step: Step<C>,
    keep_alive: Duration,
) -> Option<(Result<Bytes, Infallible>, Step<C>)> {
    let (mut answer, mut chunks) = match step {
        Step::Begin(answer, mut chunks) => {
            return Some((Ok(chunks.begin().into()), Step::Go(answer, chunks)));
        }
        Step::Go(answer, chunks) => (answer, chunks),
        Step::End => return None,
    };
    loop {
        let Ok(event) = timeout(keep_alive, answer.events.recv()).await else {
            return Some((Ok(chunks.keep_alive().into()), Step::Go(answer, chunks)));
        };
        let mut text = String::new();
        // A stream that just ends would look whole to whoever does not look for an end.
        let event = event.unwrap_or_else(|| Event::Failed(Refusal::unended()));
        let mut last = take(&mut chunks, event, &mut text);
        // What came meanwhile goes with it.
        while !last && let Ok(event) = answer.events.try_recv() {
            last = take(&mut chunks, event, &mut text);
        }
        if last {
            answer.ended.get_or_init(Instant::now);
            return Some((Ok(text.into()), Step::End));
        }
        if !text.is_empty() {
            return Some((Ok(text.into()), Step::Go(answer, chunks)));
        }
    }
}

/// Whether it was the last.
fn take(chunks: &mut impl Chunks, event: Event, text: &mut String) -> bool {
    let last = matches!(event, Event::End(_) | Event::Failed(_));
    text.push_str(&chunks.event(event));
    last
}
