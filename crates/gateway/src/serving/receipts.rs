//! Receipts for whoever asked the question: the file, and the bundle with its place in the log.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

use crate::core::Refusal;
use crate::gateway::Gateway;
use crate::http::json;
use crate::keys::Scope;
use crate::openai;

/// What stands where an id is expected.
type Id = Result<Path<String>, PathRejection>;

pub(super) async fn file(
    State(gateway): State<Arc<Gateway>>,
    id: Id,
    headers: HeaderMap,
) -> Response {
    openai::respond(get(&gateway, id, &headers, false).await)
}

pub(super) async fn bundle(
    State(gateway): State<Arc<Gateway>>,
    id: Id,
    headers: HeaderMap,
) -> Response {
    openai::respond(get(&gateway, id, &headers, true).await)
}

async fn get(
    gateway: &Gateway,
    id: Id,
    headers: &HeaderMap,
    bundle: bool,
) -> Result<Response, Refusal> {
    let caller = gateway.caller(headers)?;
    caller.may(Scope::Ask, "receipts")?;
    // Each is read from disk: it counts as any other request of the key.
    caller.pace(gateway.now_ms())?;
    let id = id.ok().and_then(|Path(id)| commit::from_hex(&id));
    let id = id.ok_or(Refusal::NotFound("a receipt is named by 64 digits"))?;
    let text = gateway.keeper.get(id, caller.owner, bundle).await?;
    Ok(json(200, text))
}
