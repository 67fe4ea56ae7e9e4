//! What is done around every request: it is counted and told, and pages of other origins are let in where that was set.
//!
//! Never looks at a body, and never tells what stands behind a `?`.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use crate::gateway::Gateway;

/// Longest path that is told.
const PATH_BYTES_MAX: usize = 128;
/// What a page may send beside what every page may.
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
    let (method, path) = (request.method().clone(), shown(request.uri().path()));
    let origin = allowed(&gateway.cors, request.headers());
    let preflight =
        method == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if preflight && origin.is_some() {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NO_CONTENT;
        response
    } else {
        next.run(request).await
    };
    if let Some(origin) = origin {
        let_in(response.headers_mut(), origin, preflight);
    }
    let status = response.status().as_u16();
    gateway.metrics.answered(status);
    let ms = began.elapsed().as_millis();
    gateway.log.line(&format!("{method} {path} {status} {ms} ms"));
    response
}

fn let_in(headers: &mut HeaderMap, origin: HeaderValue, preflight: bool) {
    let fixed = HeaderValue::from_static;
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.append(VARY, fixed("origin"));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, fixed(EXPOSED_HEADERS));
    if preflight {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, fixed("GET, POST"));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, fixed(ALLOWED_HEADERS));
        headers.insert(ACCESS_CONTROL_MAX_AGE, fixed(MAX_AGE));
    }
}

/// The origin to answer to, where pages of it may ask.
fn allowed(cors: &[String], headers: &HeaderMap) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    let text = origin.to_str().ok()?;
    cors.iter().any(|known| known == "*" || known == text).then(|| origin.clone())
}

/// A path that can't break a line.
fn shown(path: &str) -> String {
    let kept = path.floor_char_boundary(PATH_BYTES_MAX);
    path[..kept].escape_default().to_string()
}
