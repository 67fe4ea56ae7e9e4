//! HTTP: the routes, what every response has, and how a server starts and stops.
//!
//! Never knows what a request asks: a dialect does. One dialect is one file and one line in [`router`].

mod around;
mod operations;
mod receipts;
mod server;
mod stream;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use tokio::time::timeout;

use crate::anthropic;
use crate::core::{Refusal, Started};
use crate::gateway::Gateway;
use crate::openai;
use crate::page;

pub(crate) use server::{Listening, Served, asked_to_end};
pub use server::{Server, ServerError};
pub(crate) use stream::{Chunks, data, event, stream};

/// The address of an answer's receipt.
const RECEIPT_HEADER: HeaderName = HeaderName::from_static("x-probity-receipt");
/// What OpenAI's and Anthropic's clients look at before a status: whoever asks again until an answer holds chooses among
/// answers, and should know.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

pub(crate) fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(openai::chat::answer))
        .route("/v1/completions", post(openai::completions::answer))
        .route("/v1/responses", post(openai::responses::answer))
        .route("/v1/messages", post(anthropic::messages::answer))
        .route("/v1/messages/count_tokens", post(anthropic::count::answer))
        .route("/v1/models", get(openai::models::list))
        .route("/v1/models/{*name}", get(openai::models::one))
        .route("/v1/receipts/{id}", get(receipts::file))
        .route("/v1/receipts/{id}/bundle", get(receipts::bundle))
        .merge(page::router())
        .route("/healthz", get(operations::health))
        .route("/readyz", get(operations::ready))
        .route("/metrics", get(operations::metrics))
        .route("/openapi.json", get(operations::openapi))
        .fallback(openai::not_found)
        .method_not_allowed_fallback(openai::not_allowed)
        .layer(from_fn_with_state(Arc::clone(&gateway), around::around))
        .with_state(gateway)
}

/// A whole body, within the limits.
pub(crate) async fn body(gateway: &Gateway, body: Body) -> Result<Bytes, Refusal> {
    let limits = &gateway.limits;
    let read = timeout(limits.body_time, to_bytes(body, limits.body_bytes_max)).await;
    let slow = |_| Refusal::request(None, "the body took too long to come");
    read.map_err(slow)?.map_err(|_| Refusal::Large(limits.body_bytes_max))
}

/// A response of JSON.
pub(crate) fn json(status: u16, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A whole answer, with the address of its receipt.
pub(crate) fn answered(started: &Started, text: String) -> Response {
    let mut response = json(200, text);
    if let Ok(receipt) = HeaderValue::from_str(&commit::hex(&started.job)) {
        response.headers_mut().insert(RECEIPT_HEADER, receipt);
    }
    response
}

/// What every refusal's response has in its headers.
pub(crate) fn refused(refusal: &Refusal, mut response: Response) -> Response {
    if let Some(seconds) = refusal.retry_after_s() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Refusal::Unverified(_) = refusal {
        response.headers_mut().insert(SHOULD_RETRY, HeaderValue::from_static("false"));
    }
    response
}
