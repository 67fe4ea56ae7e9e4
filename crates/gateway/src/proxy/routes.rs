//! What can be asked of a proxy: what it can verify, and nothing else.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{get, post};
use serde_json::{Value as Json, json};

use super::asking::Question;
use super::receipts;
use super::server::{Known, Proxy};
use crate::compute::Description;
use crate::core::{Answer, Refusal};
use crate::http::json as json_response;
use crate::openai::models::model as listed_model;
use crate::openai::{Wire, chat, completions, not_allowed, respond};

/// What everything that is emitted is held to. A stream's is sent when it begins, whatever its end.
pub(super) const VERIFIED_HEADER: HeaderName = HeaderName::from_static("x-probity-verified");
/// What stands where a name or an id is expected.
type Part = Result<Path<String>, PathRejection>;
const CHAT: &str = "/v1/chat/completions";
const COMPLETIONS: &str = "/v1/completions";

pub(super) fn router(proxy: Arc<Proxy>) -> Router {
    Router::new()
        .route(CHAT, post(chat_answer))
        .route(COMPLETIONS, post(completion))
        .route("/v1/models", get(models))
        .route("/v1/models/{*name}", get(model))
        .route("/v1/receipts/{id}", get(receipt))
        .route("/v1/receipts/{id}/bundle", get(bundle))
        .route("/healthz", get(health))
        .route("/readyz", get(ready))
        .fallback(not_verified)
        .method_not_allowed_fallback(not_allowed)
        .layer(from_fn_with_state(Arc::clone(&proxy), guarded))
        .with_state(proxy)
}

async fn chat_answer(
    State(proxy): State<Arc<Proxy>>,
    headers: HeaderMap,
    request: Body,
) -> Response {
    respond(chat_answered(&proxy, &headers, request).await)
}

async fn chat_answered(
    proxy: &Arc<Proxy>,
    headers: &HeaderMap,
    request: Body,
) -> Result<Response, Refusal> {
    let sent = proxy.bodies.read(&proxy.limits, request).await?;
    let (ask, wire) = chat::read(&sent.bytes)?;
    let question = Question { path: CHAT, callers_key: key(headers), body: &sent.bytes, ask };
    let answer = proxy.ask(question).await?;
    written(proxy, answer, wire, chat::streamed, chat::whole).await
}

async fn completion(
    State(proxy): State<Arc<Proxy>>,
    headers: HeaderMap,
    request: Body,
) -> Response {
    respond(completed(&proxy, &headers, request).await)
}

async fn completed(
    proxy: &Arc<Proxy>,
    headers: &HeaderMap,
    request: Body,
) -> Result<Response, Refusal> {
    let sent = proxy.bodies.read(&proxy.limits, request).await?;
    let (ask, wire) = completions::read(&sent.bytes)?;
    let question =
        Question { path: COMPLETIONS, callers_key: key(headers), body: &sent.bytes, ask };
    let answer = proxy.ask(question).await?;
    written(proxy, answer, wire, completions::streamed, completions::whole).await
}

/// The answer as its dialect writes it.
async fn written(
    proxy: &Proxy,
    answer: Answer,
    wire: Wire,
    streamed: impl Fn(Answer, Wire, bool, std::time::Duration) -> Response,
    whole: impl Fn(&crate::core::Whole, bool) -> Response,
) -> Result<Response, Refusal> {
    let mut response = if wire.stream {
        streamed(answer, wire, false, proxy.limits.keep_alive)
    } else {
        whole(&answer.whole().await?, false)
    };
    let required = HeaderValue::from_static(proxy.requirement.name());
    response.headers_mut().insert(VERIFIED_HEADER, required);
    Ok(response)
}

/// The caller's key: for the upstream, and nobody else.
fn key(headers: &HeaderMap) -> Option<&HeaderValue> {
    headers.get(AUTHORIZATION)
}

/// The models that can be verified here: those the proxy was given.
async fn models(State(proxy): State<Arc<Proxy>>) -> Response {
    let models: Vec<Json> = proxy.models.iter().map(shown).collect();
    json_response(200, json!({"object": "list", "data": models}).to_string())
}

async fn model(State(proxy): State<Arc<Proxy>>, name: Part) -> Response {
    let name = text(name);
    let known = proxy.models.iter().find(|known| known.name == name);
    let known = known.ok_or_else(|| Refusal::Model(name.chars().take(256).collect()));
    respond(known.map(|known| json_response(200, shown(known).to_string())))
}

fn shown(known: &Known) -> Json {
    listed_model(
        &known.name,
        known.replaying.is_some(),
        Some(&Description::of(&known.model, Some(known.id))),
    )
}

async fn receipt(State(proxy): State<Arc<Proxy>>, id: Part, headers: HeaderMap) -> Response {
    respond(receipts::get(&proxy, &text(id), key(&headers), false).await)
}

async fn bundle(State(proxy): State<Arc<Proxy>>, id: Part, headers: HeaderMap) -> Response {
    respond(receipts::get(&proxy, &text(id), key(&headers), true).await)
}

/// A part of an address; what is no text is none that is known.
fn text(part: Part) -> String {
    part.map(|Path(text)| text).unwrap_or_default()
}

async fn health() -> Response {
    json_response(200, r#"{"status":"ok"}"#.into())
}

/// Takes requests: it is not stopping. What the upstream would say, only a question can tell.
async fn ready(State(proxy): State<Arc<Proxy>>) -> Response {
    let ready = json_response(200, r#"{"status":"ready"}"#.into());
    respond(proxy.is_open().map(|()| ready))
}

/// The response, where no page asks that may not. Whoever watches a proxy asks by any name.
async fn guarded(State(proxy): State<Arc<Proxy>>, request: Request, next: Next) -> Response {
    let watched = matches!(request.uri().path(), "/healthz" | "/readyz");
    let admitted = if watched { Ok(()) } else { proxy.guard.admits(&request) };
    match admitted {
        Ok(()) => next.run(request).await,
        Err(what) => respond(Err(Refusal::request(None, what))),
    }
}

async fn not_verified() -> Response {
    respond(Err(Refusal::NotFound(
        "this proxy passes on nothing that it can't verify: it has /v1/chat/completions, /v1/completions, \
         /v1/models and /v1/receipts/ID",
    )))
}
