//! `POST /v1/messages`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::chunks::MessageChunks;
use super::reading::read;
use super::{respond, version, writing};
use crate::core::Refusal;
use crate::gateway::Gateway;
use crate::http::{answered, question, stream};

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
    let (guest, (ask, streams)) = question(gateway, headers, "messages", request, read).await?;
    let stops = ask.stop.clone();
    let answer = gateway.ask(guest, ask).await?;
    if streams {
        let chunks = MessageChunks::new(&answer.started, stops);
        return Ok(stream(answer, chunks, gateway.limits.keep_alive));
    }
    let whole = answer.whole().await?;
    Ok(answered(&whole.started, writing::message(&whole, &stops)))
}
