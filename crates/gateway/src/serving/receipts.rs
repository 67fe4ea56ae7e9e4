//! Receipts for whoever asked the question: the file, and the bundle with its place in the log.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

use crate::core::Refusal;
use crate::gateway::Gateway;
use crate::http::json;
use crate::keys::Scope;
use crate::openai;

pub(super) async fn file(
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    openai::respond(get(&gateway, &id, &headers, false).await)
}

pub(super) async fn bundle(
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Response {
    openai::respond(get(&gateway, &id, &headers, true).await)
}

async fn get(
    gateway: &Gateway,
    id: &str,
    headers: &HeaderMap,
    bundle: bool,
) -> Result<Response, Refusal> {
    let caller = gateway.caller(headers)?;
    caller.may(Scope::Ask, "receipts")?;
    // Each is read from disk: it counts as any other request of the key.
    caller.pace(gateway.now_ms())?;
    let id = commit::from_hex(id).ok_or(Refusal::NotFound("a receipt is named by 64 digits"))?;
    let text = gateway.keeper.get(id, caller.owner, bundle).await?;
    Ok(json(200, text))
}
