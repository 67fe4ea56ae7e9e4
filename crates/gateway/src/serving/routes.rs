//! Which address is whose. One dialect is one file and one line here.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use super::{around, operations, receipts};
use crate::gateway::Gateway;
use crate::{anthropic, openai, page};

pub(super) fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(openai::chat::answer))
        .route("/v1/completions", post(openai::completions::answer))
        .route("/v1/embeddings", post(openai::embeddings::answer))
        .route("/v1/responses", post(openai::responses::answer))
        .route("/v1/messages", post(anthropic::messages::answer))
        .route("/v1/messages/count_tokens", post(anthropic::count::answer))
        .route("/v1/models", get(openai::models::list))
        .route("/v1/models/{*name}", get(openai::models::one))
        .route("/v1/receipts/{id}", get(receipts::file))
        .route("/v1/receipts/{id}/bundle", get(receipts::bundle))
        .merge(page::router())
        .route(operations::HEALTH, get(operations::health))
        .route(operations::READY, get(operations::ready))
        .route("/metrics", get(operations::metrics))
        .route("/openapi.json", get(operations::openapi))
        .fallback(openai::not_found)
        .method_not_allowed_fallback(openai::not_allowed)
        .layer(from_fn_with_state(Arc::clone(&gateway), around::around))
        .with_state(gateway)
}
