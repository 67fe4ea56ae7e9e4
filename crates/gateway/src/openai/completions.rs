//! `POST /v1/completions`: text or tokens as they stand, without a chat template.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use super::chat::DONE;
use super::options::{Wire, choices, forgotten, stop, wire};
use super::writing::{self, WholeChoice, completion_logprobs, finish_reason, id, raw, usage};
use super::{error, respond};
use crate::core::{
    Answer, Ask, Asked, Bad, End, Event, Format, Members, Names, Part, Refusal, Started, Whole,
    cache_scope, items, probity_end, probity_part, probity_start, settings, text,
};
use crate::gateway::Gateway;
use crate::http::{Chunks, answered, data, question, stream};

/// Most tokens of an answer where none are given, as OpenAI has it.
const TOKENS_MAX_DEFAULT: u32 = 16;
/// Most likeliest tokens beside each.
const LOGPROBS_MAX: u64 = 20;

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
    let (guest, (ask, wire)) = question(gateway, headers, "completions", request, read).await?;
    let logprobs = ask.logprobs.is_some();
    let answer = gateway.ask(guest, ask).await?;
    if wire.stream {
        return Ok(streamed(answer, wire, logprobs, gateway.limits.keep_alive));
    }
    Ok(whole(&answer.whole().await?, logprobs))
}

/// Reads a request.
pub(crate) fn read(body: &[u8]) -> Result<(Ask, Wire), Refusal> {
    let mut members = Members::parse(body)?;
    let model = members.text("model")?;
    let model = model.ok_or_else(|| Bad::of("model", "it must be given"))?;
    let prompt = members.take("prompt").ok_or_else(|| Bad::of("prompt", "it must be given"))?;
    let wire = wire(&mut members)?;
    let tokens_max = members.whole_u32("max_tokens", 1, u32::MAX)?;
    let logprobs = members.whole("logprobs", 0, LOGPROBS_MAX)?;
    let ask = Ask {
        model,
        asked: asked(prompt)?,
        names: Names { prompt: "prompt", tokens_max: "max_tokens", format: "response_format" },
        settings: settings(&mut members)?,
        choices: choices(&mut members)?,
        tokens_max: Some(tokens_max.unwrap_or(TOKENS_MAX_DEFAULT)),
        stop: stop(&mut members)?,
        seed: members.whole("seed", 0, u64::MAX)?,
        cache: cache_scope(&mut members)?,
        logprobs: logprobs.and_then(|top| u8::try_from(top).ok()),
        format: Format::Text,
        tools: None,
    };
    let choices = ask.choices.to_string();
    members.only("echo", &["false"], "the prompt is not repeated here: leave it out")?;
    members.only("suffix", &["\"\""], "it is not supported: leave it out")?;
    members.only("best_of", &[&choices], "all answers are given back: it must be as `n`")?;
    forgotten(&mut members)?;
    members.end()?;
    Ok((ask, wire))
}

/// A text, or tokens; a list of one of them too.
fn asked(prompt: &RawValue) -> Result<Asked, Bad> {
    let wrong = || Bad::of("prompt", "it must be one text, or one list of token ids");
    if let Some(text) = text(prompt) {
        return Ok(Asked::Text(text));
    }
    let list = items(prompt).ok_or_else(wrong)?;
    match list.as_slice() {
        [one] if !one.get().starts_with(|first: char| first.is_ascii_digit()) => asked_one(one),
        _ => tokens(prompt),
    }
}

fn asked_one(prompt: &RawValue) -> Result<Asked, Bad> {
    match text(prompt) {
        Some(text) => Ok(Asked::Text(text)),
        None => tokens(prompt),
    }
}

fn tokens(prompt: &RawValue) -> Result<Asked, Bad> {
    let tokens: Result<Vec<u32>, _> = serde_json::from_str(prompt.get());
    let wrong = |_| Bad::of("prompt", "it must be one text, or one list of token ids");
    tokens.map(Asked::Tokens).map_err(wrong)
}

/// The response that streams an answer.
pub(crate) fn streamed(
    answer: Answer,
    wire: Wire,
    logprobs: bool,
    keep_alive: Duration,
) -> Response {
    let started = answer.started.clone();
    let offsets = (0..answer.started.choices).map(|_| 0).collect();
    stream(answer, TextChunks { started, wire, logprobs, offsets }, keep_alive)
}

/// The response that has all of an answer.
pub(crate) fn whole(whole: &Whole, logprobs: bool) -> Response {
    let started = &whole.started;
    let choices = whole.end.choices.iter().zip(&whole.choices).map(|(ended, parts)| {
        let text: String = parts.iter().map(|part| part.text.as_str()).collect();
        let shares = parts.iter().filter_map(|part| part.logprob.as_ref());
        WholeChoice {
            index: ended.choice,
            said: json!({"text": text}),
            logprobs: logprobs.then(|| raw(&completion_logprobs(&started.loaded, shares, 0))),
            finish_reason: finish_reason(ended.finish),
        }
    });
    let choices: Vec<WholeChoice> = choices.collect();
    answered(started, writing::whole(whole, ("cmpl", "text_completion"), &choices))
}

/// An answer as chunks.
struct TextChunks {
    started: Started,
    wire: Wire,
    logprobs: bool,
    /// How many characters each choice has so far.
    offsets: Vec<usize>,
}

impl TextChunks {
    fn chunk(&self, choices: Json) -> Json {
        let mut chunk = json!({
            "id": id("cmpl", &self.started),
            "object": "text_completion",
            "created": self.started.created_s,
            "model": self.started.model,
            "choices": choices,
        });
        if self.wire.include_usage {
            chunk["usage"] = Json::Null;
        }
        chunk
    }

    fn part(&mut self, part: &Part) -> String {
        let mut shares = Json::Null;
        let offset = self.offsets.get_mut(usize::try_from(part.choice).unwrap_or(usize::MAX));
        if let Some(offset) = offset.filter(|_| self.logprobs) {
            let found = part.logprob.iter();
            shares = completion_logprobs(&self.started.loaded, found, *offset);
            *offset += part.text.chars().count();
        }
        let choice = json!({
            "index": part.choice,
            "text": part.text,
            "logprobs": shares,
            "finish_reason": null,
        });
        let mut chunk = self.chunk(json!([choice]));
        if let Some(probity) = probity_part(part) {
            chunk["probity"] = probity;
        }
        data(&chunk)
    }

    fn end(&self, end: &End) -> String {
        let mut text = String::new();
        let last = end.choices.len().saturating_sub(1);
        for (index, ended) in end.choices.iter().enumerate() {
            let finish = finish_reason(ended.finish);
            let choice = json!({"index": ended.choice, "text": "", "logprobs": null, "finish_reason": finish});
            let mut chunk = self.chunk(json!([choice]));
            if index == last {
                chunk["probity"] = probity_end(&self.started, end);
            }
            text.push_str(&data(&chunk));
        }
        if self.wire.include_usage {
            let mut chunk = self.chunk(json!([]));
            chunk["usage"] = usage(end);
            text.push_str(&data(&chunk));
        }
        text + DONE
    }
}

impl Chunks for TextChunks {
    fn begin(&mut self) -> String {
        let choice = json!({"index": 0, "text": "", "logprobs": null, "finish_reason": null});
        let mut chunk = self.chunk(json!([choice]));
        chunk["probity"] = probity_start(&self.started);
        data(&chunk)
    }

    fn event(&mut self, event: Event) -> String {
        match event {
            Event::Part(part) => self.part(&part),
            Event::End(end) => self.end(&end),
            Event::Failed(refusal) => data(&error(&refusal)),
        }
    }
}
