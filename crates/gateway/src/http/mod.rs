//! HTTP, as every dialect needs it: connections, who asks, bodies, responses, streams.
//!
//! Never knows what a request asks: a dialect does; which address is whose stands in `serving`.

mod bodies;
mod guard;
mod listening;
mod patience;
mod rest;
mod stream;

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use commit::Digest;

use crate::core::{Refusal, Started};
use crate::gateway::{Gateway, Guest};
use crate::keys::Scope;

pub(crate) use bodies::Bodies;
pub(crate) use guard::{Guard, Hosts, is_known, is_local};
pub(crate) use listening::{CANCELLED_TIME, Listening, Peer, Served, asked_to_end};
pub(crate) use stream::{Chunks, data, event, stream};

/// A body of this size is read apart.
const LARGE_BYTES: usize = 64 << 10;
/// The address of an answer's receipt.
pub(crate) const RECEIPT_HEADER: HeaderName = HeaderName::from_static("x-probity-receipt");
/// No cache between may keep it: it is the caller's.
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// What OpenAI's and Anthropic's clients look at before a status: whoever asks again until an answer holds chooses among
/// answers, and should know.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// Lets a question in: whoever asks may, there is a place for it, and it can be read. The place is free again when the
/// guest is gone.
pub(crate) async fn question<T: Send + 'static>(
    gateway: &Gateway,
    headers: &HeaderMap,
    what: &'static str,
    request: Body,
    read: impl FnOnce(&[u8]) -> Result<T, Refusal> + Send + 'static,
) -> Result<(Guest, T), Refusal> {
    let caller = gateway.caller(headers)?;
    caller.may(Scope::Ask, what)?;
    let guest = gateway.admit(caller)?;
    let sent = gateway.bodies.read(&gateway.limits, request).await?;
    if sent.bytes.len() < LARGE_BYTES {
        return Ok((guest, read(&sent.bytes)?));
    }
    // The threads that write everybody's answers read no book.
    let asked = tokio::task::spawn_blocking(move || read(&sent.bytes)).await;
    let asked = asked.map_err(|_| Refusal::Fault("the request can't be read".into()))?;
    Ok((guest, asked?))
}

/// Why a request was refused, for the log; goes with the response and is not sent.
#[derive(Clone)]
pub(crate) struct Why(pub(crate) String);

/// A response of JSON, which no cache between may keep: it is the caller's.
pub(crate) fn json(status: u16, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, NO_STORE);
    response
}

/// A whole answer, with the address of its receipt.
pub(crate) fn answered(started: &Started, text: String) -> Response {
    let mut response = json(200, text);
    receipt_header(&mut response, &started.job);
    response
}

/// Says where the receipt is.
pub(crate) fn receipt_header(response: &mut Response, job: &Digest) {
    if let Ok(receipt) = HeaderValue::from_str(&commit::hex(job)) {
        response.headers_mut().insert(RECEIPT_HEADER, receipt);
    }
}

/// What every refusal's response has in its headers.
pub(crate) fn refused(refusal: &Refusal, mut response: Response) -> Response {
    response.extensions_mut().insert(Why(refusal.logged()));
    if let Some(seconds) = refusal.retry_after_s() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Refusal::CutOff { job, .. } = refusal
        && let Ok(receipt) = HeaderValue::from_str(&commit::hex(job))
    {
        response.headers_mut().insert(RECEIPT_HEADER, receipt);
    }
    if let Refusal::Unverified(_) = refusal {
        response.headers_mut().insert(SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    response
}
