//! For those who run the server: is it alive, does it take requests, how does it go.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

use crate::core::Refusal;
use crate::gateway::Gateway;
use crate::http::json;
use crate::keys::Scope;
use crate::openai;

/// Where a server says that it lives.
pub(super) const HEALTH: &str = "/healthz";
/// Where it says that it takes requests.
pub(super) const READY: &str = "/readyz";

/// Alive: this answers.
pub(super) async fn health() -> Response {
    json(200, r#"{"status":"ok"}"#.into())
}

/// What can be asked, as OpenAPI has it.
pub(super) const OPENAPI: &str = include_str!("openapi.json");

/// What can be asked, for tools.
pub(super) async fn openapi() -> Response {
    json(200, OPENAPI.into())
}

/// Takes requests: not stopping, and receipts can be kept.
pub(super) async fn ready(State(gateway): State<Arc<Gateway>>) -> Response {
    openai::respond(is_ready(&gateway).await)
}

async fn is_ready(gateway: &Gateway) -> Result<Response, Refusal> {
    if gateway.draining.load(Ordering::SeqCst) || gateway.leaving.load(Ordering::SeqCst) {
        return Err(Refusal::Unavailable("the server is stopping".into()));
    }
    gateway.compute.figures().await?;
    gateway.keeper.check()?;
    Ok(json(200, r#"{"status":"ready"}"#.into()))
}

/// As Prometheus reads it.
pub(super) async fn metrics(State(gateway): State<Arc<Gateway>>, headers: HeaderMap) -> Response {
    openai::respond(figures(&gateway, &headers).await)
}

async fn figures(gateway: &Gateway, headers: &HeaderMap) -> Result<Response, Refusal> {
    gateway.caller(headers)?.may(Scope::Metrics, "metrics")?;
    let figures = gateway.compute.figures().await?;
    let kept = gateway.keeper.kept();
    let answers = gateway.answers.load(Ordering::SeqCst);
    let mut response = Response::new(gateway.metrics.write(&figures, &kept, answers).into());
    let kind = HeaderValue::from_static("text/plain; version=0.0.4");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(response)
}
