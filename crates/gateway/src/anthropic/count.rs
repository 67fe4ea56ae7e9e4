//! `POST /v1/messages/count_tokens`: how long a prompt is, as the model would be given it. Nothing is computed, and
//! nothing receipted.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::json;

use super::reading::counted;
use super::{respond, version};
use crate::core::Refusal;
use crate::gateway::Gateway;
use crate::http::{json as json_response, question};

pub(crate) async fn answer(
    State(gateway): State<Arc<Gateway>>,
    headers: HeaderMap,
    request: Body,
) -> Response {
    respond(respond_to(&gateway, &headers, request).await)
}

async fn respond_to(
    gateway: &Arc<Gateway>,
    headers: &HeaderMap,
    request: Body,
) -> Result<Response, Refusal> {
    version(headers)?;
    let (guest, ask) = question(gateway, headers, "messages", request, counted).await?;
    let tokens = gateway.count(guest, ask).await?;
    Ok(json_response(200, json!({"input_tokens": tokens}).to_string()))
}
