//! Which address is whose. One dialect is one file and one line here.

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};

use super::{around, operations, receipts};
use crate::gateway::Gateway;
use crate::{anthropic, openai, page};

/// What programs ask: each address stands in `openapi.json` too.
fn routes() -> Vec<(&'static str, MethodRouter<Arc<Gateway>>)> {
    vec![
        ("/v1/chat/completions", post(openai::chat::answer)),
        ("/v1/completions", post(openai::completions::answer)),
        ("/v1/embeddings", post(openai::embeddings::answer)),
        ("/v1/responses", post(openai::responses::answer)),
        ("/v1/messages", post(anthropic::messages::answer)),
        ("/v1/messages/count_tokens", post(anthropic::count::answer)),
        ("/v1/models", get(openai::models::list)),
        ("/v1/models/{*name}", get(openai::models::one)),
        ("/v1/receipts/{id}", get(receipts::file)),
        ("/v1/receipts/{id}/bundle", get(receipts::bundle)),
        (operations::HEALTH, get(operations::health)),
        (operations::READY, get(operations::ready)),
        ("/metrics", get(operations::metrics)),
        ("/openapi.json", get(operations::openapi)),
    ]
}

pub(super) fn router(gateway: Arc<Gateway>) -> Router {
    let add = |router: Router<_>, (path, methods)| router.route(path, methods);
    routes()
        .into_iter()
        .fold(Router::new(), add)
        .merge(page::router())
        .fallback(openai::not_found)
        .method_not_allowed_fallback(openai::not_allowed)
        .layer(from_fn_with_state(Arc::clone(&gateway), around::around))
        .with_state(gateway)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn every_address_is_described_and_no_other() {
        let description: serde_json::Value = serde_json::from_str(operations::OPENAPI).unwrap();
        let described: Vec<&String> = description["paths"].as_object().unwrap().keys().collect();
        let there: Vec<String> = routes().iter().map(|(path, _)| path.replace("{*", "{")).collect();
        assert_eq!(described, there.iter().collect::<Vec<_>>());
    }
}
