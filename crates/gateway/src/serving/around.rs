//! What is done around every request: pages of other origins are let in where that was set and kept out elsewhere, and
//! it is counted and told.
//!
//! Never looks at a body, and never tells what stands behind a `?`.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::operations::{HEALTH, READY};
use crate::core::Refusal;
use crate::gateway::Gateway;
use crate::http::{Peer, RECEIPT_HEADER, Why, is_known};
use crate::log::Entry;
use crate::{anthropic, openai};

/// Longest path that is told.
const PATH_BYTES_MAX: usize = 128;
/// Longest list of headers that a page may ask for.
const ASKED_BYTES_MAX: usize = 2048;
/// Digits of an answer's job that are told: enough to find its other line.
pub(crate) const JOB_DIGITS: usize = 16;
/// What a page may send that does not say what.
const ALLOWED_HEADERS: &str =
    "authorization, content-type, x-api-key, anthropic-version, anthropic-beta";
/// What a page may read.
const EXPOSED_HEADERS: &str = "x-probity-receipt, retry-after";
/// Seconds for which a browser need not ask again.
const MAX_AGE: &str = "600";

pub(super) async fn around(
    State(gateway): State<Arc<Gateway>>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let told = Entry::new("request")
        .text("method", request.method().as_str())
        .text("path", shown(request.uri().path()));
    let caller = gateway.caller(request.headers()).ok();
    let key = caller.as_ref().and_then(|caller| caller.name());
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.to_string());
    let page = Page::of(&gateway.cors, &request);
    let mut response = match &page {
        Some(Page { preflight: Some(_), .. }) => no_content(),
        Some(_) | None => guarded(&gateway, request, next).await,
    };
    if !gateway.cors.is_empty() {
        // A cache between may hold what one origin got for another.
        response.headers_mut().append(VARY, HeaderValue::from_static("origin"));
    }
    if let Some(page) = page {
        page.let_in(response.headers_mut());
    }
    let status = response.status().as_u16();
    gateway.metrics.answered(status);
    let job = response.headers().get(RECEIPT_HEADER).and_then(|job| job.to_str().ok());
    let entry = told
        .number("status", status)
        .number("ms", began.elapsed().as_millis())
        .maybe("key", key)
        .maybe("peer", peer)
        .maybe("answer", job.and_then(|job| job.get(..JOB_DIGITS)))
        .maybe("why", response.extensions().get::<Why>().map(|why| why.0.clone()));
    gateway.log.entry(&entry);
    response
}

/// The response, where no page asks that may not.
async fn guarded(gateway: &Gateway, request: Request, next: Next) -> Response {
    // Whoever watches a server asks by any name.
    let watched = matches!(request.uri().path(), HEALTH | READY);
    let guard = gateway.guard.as_ref().filter(|_| !watched);
    let anthropic = request.uri().path().starts_with(anthropic::PATH);
    let respond = if anthropic { anthropic::respond } else { openai::respond };
    match guard.map_or(Ok(()), |guard| guard.admits(&request)) {
        Ok(()) => next.run(request).await,
        Err(what) => respond(Err(Refusal::request(None, what))),
    }
}

/// A page of another origin that may ask.
struct Page {
    origin: HeaderValue,
    /// Where it asks for leave first: the headers that it wants to send.
    preflight: Option<HeaderValue>,
}

impl Page {
    fn of(cors: &[String], request: &Request) -> Option<Self> {
        let headers = request.headers();
        let origin = headers.get(ORIGIN)?;
        if !is_known(cors, origin.to_str().ok()?) {
            return None;
        }
        let asks = *request.method() == Method::OPTIONS
            && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let preflight = asks.then(|| wanted(headers));
        Some(Self { origin: origin.clone(), preflight })
    }

    fn let_in(self, headers: &mut HeaderMap) {
        let fixed = HeaderValue::from_static;
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, self.origin);
        headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, fixed(EXPOSED_HEADERS));
        if let Some(wanted) = self.preflight {
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, fixed("GET, POST"));
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted);
            headers.insert(ACCESS_CONTROL_MAX_AGE, fixed(MAX_AGE));
            headers.append(VARY, fixed("access-control-request-headers"));
        }
    }
}

/// The headers that a page asks for: programs send their own beside those that are known.
fn wanted(headers: &HeaderMap) -> HeaderValue {
    let is_list = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        let fits = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_, ".contains(byte);
        bytes.len() <= ASKED_BYTES_MAX && bytes.iter().all(fits)
    };
    let asked = headers.get(ACCESS_CONTROL_REQUEST_HEADERS).filter(is_list);
    asked.cloned().unwrap_or(HeaderValue::from_static(ALLOWED_HEADERS))
}

fn no_content() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// A path that can't break a line.
fn shown(path: &str) -> String {
    let kept = path.floor_char_boundary(PATH_BYTES_MAX);
    path[..kept].escape_default().to_string()
}
