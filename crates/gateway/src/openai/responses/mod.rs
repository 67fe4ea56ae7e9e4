//! `POST /v1/responses`, without a memory: what a response goes on from is sent along, for nothing is stored here.

mod input;
mod making;
mod reading;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value as Json, json};

use super::respond;
use crate::core::{Event, Refusal};
use crate::gateway::Gateway;
use crate::http::{Chunks, answered, event, question, stream};
use making::Making;
use reading::{Asking, read};

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
    let (guest, Asking { ask, echo, stream: streams }) =
        question(gateway, headers, "responses", request, read).await?;
    let logprobs = ask.logprobs.is_some();
    let answer = gateway.ask(guest, ask).await?;
    let mut making = Making::new(&answer.started, echo, logprobs);
    if streams {
        return Ok(stream(answer, ResponseChunks(making), gateway.limits.keep_alive));
    }
    let whole = answer.whole().await?;
    for part in whole.choices.iter().flatten() {
        making.part(part);
    }
    making.end(&whole.end);
    Ok(answered(&whole.started, making.response(Some(&whole.end)).to_string()))
}

/// A response as typed events, numbered from 0.
struct ResponseChunks(Making);

impl ResponseChunks {
    fn written(&mut self, events: Vec<Json>) -> String {
        let one = |mut one: Json| {
            one["sequence_number"] = self.0.next_number().into();
            event(one["type"].as_str().unwrap_or_default(), &one)
        };
        events.into_iter().map(one).collect()
    }
}

impl Chunks for ResponseChunks {
    fn begin(&mut self) -> String {
        let response = self.0.response(None);
        let probity = self.0.begun();
        self.written(vec![
            json!({"type": "response.created", "response": response, "probity": probity}),
            json!({"type": "response.in_progress", "response": response}),
        ])
    }

    fn event(&mut self, event: Event) -> String {
        let events = match event {
            Event::Part(part) => self.0.part(&part),
            Event::End(end) => self.0.end(&end),
            Event::Failed(refusal) => {
                let response = self.0.failed(&refusal);
                vec![json!({"type": "response.failed", "response": response})]
            }
        };
        self.written(events)
    }
}
