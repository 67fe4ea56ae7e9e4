//! `GET /v1/models`: what can be asked here, as OpenAI's clients and Anthropic's read it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value as Json, json};

use super::respond;
use crate::core::Refusal;
use crate::gateway::Gateway;
use crate::http::json as json_response;

pub(crate) async fn list(State(gateway): State<Arc<Gateway>>, headers: HeaderMap) -> Response {
    respond(listed(&gateway, &headers))
}

fn listed(gateway: &Gateway, headers: &HeaderMap) -> Result<Response, Refusal> {
    gateway.caller(headers)?;
    let names = gateway.compute.names();
    let models: Vec<Json> = names.iter().map(|name| model(name)).collect();
    let list = json!({
        "object": "list",
        "data": models,
        "has_more": false,
        "first_id": names.first(),
        "last_id": names.last(),
    });
    Ok(json_response(200, list.to_string()))
}

pub(crate) async fn one(
    State(gateway): State<Arc<Gateway>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    respond(found(&gateway, &name, &headers))
}

fn found(gateway: &Gateway, name: &str, headers: &HeaderMap) -> Result<Response, Refusal> {
    gateway.caller(headers)?;
    gateway.model_index(name)?;
    Ok(json_response(200, model(name).to_string()))
}

fn model(name: &str) -> Json {
    json!({
        "id": name,
        "object": "model",
        "created": 0,
        "owned_by": "probity",
        "type": "model",
        "display_name": name,
        // Nobody here knows.
        "created_at": "1970-01-01T00:00:00Z",
    })
}
