//! `GET /v1/models`: what can be asked here, as OpenAI's clients and Anthropic's read it, and what is known of it.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value as Json, json};

use super::respond;
use crate::compute::Description;
use crate::core::Refusal;
use crate::gateway::Gateway;
use crate::http::json as json_response;

pub(crate) async fn list(State(gateway): State<Arc<Gateway>>, headers: HeaderMap) -> Response {
    respond(listed(&gateway, &headers).await)
}

async fn listed(gateway: &Gateway, headers: &HeaderMap) -> Result<Response, Refusal> {
    gateway.caller(headers)?;
    let names = gateway.compute.names();
    let mut models: Vec<Json> = Vec::new();
    for index in 0..names.len() {
        models.push(shown(gateway, index).await);
    }
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
    name: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    respond(found(&gateway, name, &headers).await)
}

async fn found(
    gateway: &Gateway,
    name: Result<Path<String>, PathRejection>,
    headers: &HeaderMap,
) -> Result<Response, Refusal> {
    gateway.caller(headers)?;
    let Path(name) = name.map_err(|_| Refusal::NotFound("a model's name is text"))?;
    let index = gateway.model_index(&name)?;
    Ok(json_response(200, shown(gateway, index).await.to_string()))
}

async fn shown(gateway: &Gateway, index: usize) -> Json {
    let name = gateway.compute.names().get(index).map(String::as_str);
    let about = gateway.compute.describe(index).await;
    model(name.unwrap_or_default(), gateway.compute.is_loaded(index), about.as_ref())
}

/// A model; what is not known of it is null.
pub(crate) fn model(name: &str, loaded: bool, about: Option<&Description>) -> Json {
    let mut model = json!({
        "id": name,
        "object": "model",
        "created": 0,
        "owned_by": "probity",
        "type": "model",
        "display_name": name,
        // Nobody here knows.
        "created_at": "1970-01-01T00:00:00Z",
        "loaded": loaded,
        "model_id": about.and_then(|about| about.id).map(|id| commit::hex(&id)),
    });
    model["context_length"] = about.map(|about| about.context).into();
    model["weights"] = about.map(|about| about.weights.clone()).into();
    model["chat"] = about.map(|about| about.chat).into();
    model["tools"] = about.and_then(|about| about.tools).into();
    model["embedding_dimensions"] = about.map(|about| about.dimensions).into();
    model
}
