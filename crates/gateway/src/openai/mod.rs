//! OpenAI's dialect: its options, its responses, its errors.
//!
//! An option that is not honoured is refused by its name. What official clients send without being asked, and what asks
//! for nothing, is taken.

pub(crate) mod chat;
pub(crate) mod completions;
pub(crate) mod embeddings;
mod messages;
pub(crate) mod models;
mod numbers;
mod options;
pub(crate) mod responses;
mod tools;
mod writing;

use axum::response::Response;
use serde_json::json;

pub(crate) use options::Wire;

use crate::core::Refusal;
use crate::http::{json as json_response, refused};

/// The error object of a refusal.
pub(super) fn error(refusal: &Refusal) -> serde_json::Value {
    let (kind, code) = match refusal {
        Refusal::Request { .. } => ("invalid_request_error", None),
        Refusal::Context { .. } => ("invalid_request_error", Some("context_length_exceeded")),
        Refusal::Model(_) => ("invalid_request_error", Some("model_not_found")),
        Refusal::NotFound(_) => ("invalid_request_error", Some("not_found")),
        Refusal::Key(_) => ("invalid_request_error", Some("invalid_api_key")),
        Refusal::Scope(_) => ("invalid_request_error", Some("insufficient_permissions")),
        Refusal::Busy { .. } => ("rate_limit_error", Some("rate_limit_exceeded")),
        Refusal::Unavailable(_) => ("server_error", Some("unavailable")),
        Refusal::Large(_) => ("invalid_request_error", Some("request_too_large")),
        Refusal::Fault(_) => ("server_error", None),
        Refusal::CutOff { .. } => ("server_error", Some("cut_off")),
        Refusal::Unverified(_) => ("server_error", Some("unverified")),
        Refusal::Upstream { status: 400..500, .. } => ("invalid_request_error", Some("upstream")),
        Refusal::Upstream { .. } => ("server_error", Some("upstream")),
    };
    let message = match refusal.param() {
        Some(param) => format!("{param}: {refusal}"),
        None => refusal.to_string(),
    };
    json!({"error": {"message": message, "type": kind, "param": refusal.param(), "code": code}})
}

/// The response, or the refusal's.
pub(crate) fn respond(response: Result<Response, Refusal>) -> Response {
    response.unwrap_or_else(|refusal| {
        refused(&refusal, json_response(refusal.status(), error(&refusal).to_string()))
    })
}

/// Nothing is there.
pub(crate) async fn not_found() -> Response {
    respond(Err(Refusal::NotFound("there is nothing at this address")))
}

/// Something is there, but not for this method.
pub(crate) async fn not_allowed() -> Response {
    let refusal = Refusal::NotFound("this address does not take this method");
    let mut object = error(&refusal);
    object["error"]["code"] = "method_not_allowed".into();
    json_response(405, object.to_string())
}
