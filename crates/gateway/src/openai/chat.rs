//! `POST /v1/chat/completions`.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use text::Conversation;

use super::messages::messages;
use super::options::{Wire, choices, forgotten, stop, wire};
use super::tools::{Speaker, format, message, tools};
use super::writing::{
    self, WholeChoice, chat_logprob, chat_logprob_text, finish_reason, id, raw, usage,
};
use super::{error, respond};
use crate::core::{
    Answer, Ask, Asked, Bad, End, Event, Finish, Members, Names, Part, Refusal, Started, Whole,
    cache_scope, probity_end, probity_part, probity_start, settings,
};
use crate::gateway::Gateway;
use crate::http::{Chunks, answered, data, question, stream};

/// Most messages of a request: the template's own limit is told by the template.
const MESSAGES_MAX: usize = 1 << 14;
/// Most likeliest tokens beside each.
const TOP_LOGPROBS_MAX: u64 = 20;

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
    let (guest, (ask, wire)) = question(gateway, headers, "chat", request, read).await?;
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
    let list = members.list("messages", MESSAGES_MAX)?;
    let list = list.ok_or_else(|| Bad::of("messages", "it must be given"))?;
    let conversation = Conversation {
        messages: messages(&list)?,
        add_generation_prompt: true,
        ..Conversation::default()
    };
    let (tokens_max, tokens_max_name) = tokens_max(&mut members)?;
    let wire = wire(&mut members)?;
    let ask = Ask {
        model,
        asked: Asked::Conversation(conversation),
        names: Names { prompt: "messages", tokens_max: tokens_max_name, format: "response_format" },
        settings: settings(&mut members)?,
        choices: choices(&mut members)?,
        tokens_max,
        stop: stop(&mut members)?,
        seed: members.whole("seed", 0, u64::MAX)?,
        cache: cache_scope(&mut members)?,
        logprobs: logprobs(&mut members)?,
        format: format(&mut members)?,
        tools: tools(&mut members)?,
    };
    forgotten(&mut members)?;
    modalities(&mut members)?;
    members.end()?;
    Ok((ask, wire))
}

/// Most tokens of an answer, under the new name or the old one.
fn tokens_max(members: &mut Members<'_>) -> Result<(Option<u32>, &'static str), Bad> {
    let old = members.whole_u32("max_tokens", 1, u32::MAX)?;
    let new = members.whole_u32("max_completion_tokens", 1, u32::MAX)?;
    match (old, new) {
        (Some(old), Some(new)) if old != new => {
            Err(Bad::of("max_tokens", "it differs from `max_completion_tokens`: send one of them"))
        }
        (_, Some(new)) => Ok((Some(new), "max_completion_tokens")),
        (old, None) => Ok((old, "max_tokens")),
    }
}

fn logprobs(members: &mut Members<'_>) -> Result<Option<u8>, Bad> {
    let wanted = members.yes("logprobs")?.unwrap_or(false);
    let top = members.whole("top_logprobs", 0, TOP_LOGPROBS_MAX)?;
    if top.is_some_and(|top| top > 0) && !wanted {
        return Err(Bad::of("top_logprobs", "it needs `logprobs` to be true"));
    }
    let top = top.and_then(|top| u8::try_from(top).ok()).unwrap_or(0);
    Ok(wanted.then_some(top))
}

/// Only text is spoken here.
fn modalities(members: &mut Members<'_>) -> Result<(), Bad> {
    let list = members.list("modalities", 8)?.unwrap_or_default();
    if list.iter().any(|one| one.get() != "\"text\"") {
        return Err(Bad::of("modalities", "only text is supported"));
    }
    Ok(())
}

/// The response that has all of an answer.
pub(crate) fn whole(whole: &Whole, logprobs: bool) -> Response {
    let started = &whole.started;
    let choices = whole.end.choices.iter().zip(&whole.choices).map(|(ended, parts)| {
        let mut speaker = Speaker::new(started, ended.choice);
        let mut deltas: Vec<Json> = parts.iter().flat_map(|part| speaker.part(part)).collect();
        deltas.extend(speaker.end());
        WholeChoice {
            index: ended.choice,
            said: json!({"message": message(&deltas)}),
            logprobs: logprobs.then(|| shares(started, parts)),
            finish_reason: reason(ended.finish, &speaker),
        }
    });
    let choices: Vec<WholeChoice> = choices.collect();
    answered(started, writing::whole(whole, ("chatcmpl", "chat.completion"), &choices))
}

/// How likely a choice's tokens were.
fn shares(started: &Started, parts: &[Part]) -> Box<RawValue> {
    #[derive(Serialize)]
    struct Shares {
        content: Vec<Box<RawValue>>,
        refusal: (),
    }
    let found = parts.iter().filter_map(|part| part.logprob.as_ref());
    let content = found.map(|found| chat_logprob_text(&started.loaded, found)).collect();
    raw(&Shares { content, refusal: () })
}

/// Why a choice ended; one that called a tool waits for what it says.
fn reason(finish: Finish, speaker: &Speaker) -> &'static str {
    match finish_reason(finish) {
        "stop" if speaker.has_called() => "tool_calls",
        reason => reason,
    }
}

/// The response that streams an answer.
pub(crate) fn streamed(
    answer: Answer,
    wire: Wire,
    logprobs: bool,
    keep_alive: Duration,
) -> Response {
    let started = answer.started.clone();
    let speakers = (0..started.choices).map(|choice| Speaker::new(&started, choice)).collect();
    stream(answer, ChatChunks { started, wire, logprobs, speakers }, keep_alive)
}

/// An answer as chunks.
struct ChatChunks {
    started: Started,
    wire: Wire,
    logprobs: bool,
    /// One a choice.
    speakers: Vec<Speaker>,
}

impl ChatChunks {
    fn chunk(&self, choices: Json) -> Json {
        let mut chunk = json!({
            "id": id("chatcmpl", &self.started),
            "object": "chat.completion.chunk",
            "created": self.started.created_s,
            "model": self.started.model,
            "choices": choices,
        });
        if self.wire.include_usage {
            chunk["usage"] = Json::Null;
        }
        chunk
    }

    fn choice(&self, index: u32, delta: Json, finish: Option<&str>) -> Json {
        let mut choice = json!({"index": index, "delta": delta, "finish_reason": finish});
        if self.logprobs {
            choice["logprobs"] = Json::Null;
        }
        choice
    }

    /// A chunk for each delta, and one at least where there is something beside text to tell.
    fn part(&mut self, part: &Part) -> String {
        let index = usize::try_from(part.choice).unwrap_or(usize::MAX);
        let speaker = self.speakers.get_mut(index);
        let mut deltas = speaker.map(|speaker| speaker.part(part)).unwrap_or_default();
        if deltas.is_empty() {
            deltas.push(json!({}));
        }
        let mut text = String::new();
        for (index, delta) in deltas.into_iter().enumerate() {
            let mut choice = self.choice(part.choice, delta, None);
            let found = part.logprob.as_ref().filter(|_| self.logprobs && index == 0);
            if let Some(found) = found {
                let found = chat_logprob(&self.started.loaded, found);
                choice["logprobs"] = json!({"content": [found], "refusal": null});
            }
            let mut chunk = self.chunk(json!([choice]));
            if let Some(probity) = probity_part(part).filter(|_| index == 0) {
                chunk["probity"] = probity;
            }
            text.push_str(&data(&chunk));
        }
        text
    }

    /// Each choice's last chunk; the receipt rides in the last of them.
    fn end(&mut self, end: &End) -> String {
        let mut text = String::new();
        let last = end.choices.len().saturating_sub(1);
        let mut speakers = std::mem::take(&mut self.speakers);
        for (index, (ended, speaker)) in end.choices.iter().zip(&mut speakers).enumerate() {
            for delta in speaker.end() {
                let choice = self.choice(ended.choice, delta, None);
                text.push_str(&data(&self.chunk(json!([choice]))));
            }
            let reason = reason(ended.finish, speaker);
            let choice = self.choice(ended.choice, json!({}), Some(reason));
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

/// The end of a stream.
pub(super) const DONE: &str = "data: [DONE]\n\n";

impl Chunks for ChatChunks {
    fn begin(&mut self) -> String {
        let mut text = String::new();
        for index in 0..self.started.choices {
            let delta = json!({"role": "assistant", "content": "", "refusal": null});
            let mut chunk = self.chunk(json!([self.choice(index, delta, None)]));
            if index == 0 {
                chunk["probity"] = probity_start(&self.started);
            }
            text.push_str(&data(&chunk));
        }
        text
    }

    fn event(&mut self, event: Event) -> String {
        match event {
            Event::Part(part) => self.part(&part),
            Event::End(end) => self.end(&end),
            Event::Failed(refusal) => data(&error(&refusal)),
        }
    }
}
