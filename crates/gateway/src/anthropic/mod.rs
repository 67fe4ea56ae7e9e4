//! Anthropic's dialect: its messages, its events, its errors.
//!
//! An option that is not honoured is refused by its name. Taken and forgotten is only what can change nothing of an
//! answer: who asks (`metadata`), and marks of what to cache (`cache_control`): whatever was computed before is found
//! without them.

mod chunks;
mod conversation;
pub(crate) mod count;
pub(crate) mod messages;
mod reading;
mod tools;
mod writing;

use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

use crate::core::{Bad, Members, Refusal};
use crate::http::{json as json_response, refused};

/// Where its addresses begin.
pub(crate) const PATH: &str = "/v1/messages";
/// The versions of this dialect. The later one took `temperature`, `top_p` and `top_k` out of it: here they are honoured
/// in both.
const VERSIONS: [&str; 2] = ["2023-06-01", "2026-10-21"];
/// The header that names it.
const VERSION_HEADER: &str = "anthropic-version";

/// The error object of a refusal.
fn error(refusal: &Refusal) -> serde_json::Value {
    let kind = match refusal {
        Refusal::Request { .. } | Refusal::Context { .. } => "invalid_request_error",
        Refusal::Key(_) => "authentication_error",
        Refusal::Scope(_) => "permission_error",
        Refusal::Model(_) | Refusal::NotFound(_) => "not_found_error",
        Refusal::Large(_) => "request_too_large",
        Refusal::Busy { .. } => "rate_limit_error",
        Refusal::Unavailable(_) => "overloaded_error",
        Refusal::Upstream { status: 400..500, .. } => "invalid_request_error",
        Refusal::Fault(_)
        | Refusal::CutOff { .. }
        | Refusal::Unverified(_)
        | Refusal::Upstream { .. } => "api_error",
    };
    let message = match refusal.param() {
        Some(param) => format!("{param}: {refusal}"),
        None => refusal.to_string(),
    };
    json!({"type": "error", "error": {"type": kind, "message": message}})
}

/// The response, or the refusal's.
pub(crate) fn respond(response: Result<Response, Refusal>) -> Response {
    response.unwrap_or_else(|refusal| {
        refused(&refusal, json_response(refusal.status(), error(&refusal).to_string()))
    })
}

/// Refuses a version of the dialect that is not known. Without the header it is any of them.
fn version(headers: &HeaderMap) -> Result<(), Bad> {
    let Some(version) = headers.get(VERSION_HEADER) else { return Ok(()) };
    if VERSIONS.iter().any(|known| version.as_bytes() == known.as_bytes()) {
        return Ok(());
    }
    Err(Bad::of(VERSION_HEADER, format!("known here are {}", VERSIONS.join(" and "))))
}

/// Reads a mark of what to cache, which changes nothing here.
fn cache_control(members: &mut Members<'_>) -> Result<(), Bad> {
    let Some(mut mark) = members.object("cache_control")? else { return Ok(()) };
    mark.word("type", &["ephemeral"])?;
    mark.word("ttl", &["5m", "1h"])?;
    mark.end()
}
