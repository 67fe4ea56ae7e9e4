//! A message as a stream of named events.
//!
//! Blocks come one after the other, each with its start and its stop. What our heads and tokens have no event of their
//! own for rides in a `ping`; the receipt rides in the `message_delta` that says why the message ended, and nothing of
//! ours comes after it.

use serde_json::{Value as Json, json};
use text::tool_calls::CallEvent;

use super::error;
use super::writing::{finish, id, stop_reason, stop_sequence, usage};
use crate::core::{End, Event, Part, Speech, Started, probity_end, probity_part, probity_start};
use crate::http::{Chunks, event};

/// An answer as events.
pub(super) struct MessageChunks {
    started: Started,
    stops: Vec<String>,
    speech: Speech,
    /// The block that is open.
    open: Option<Open>,
    /// Blocks so far.
    blocks: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    Call,
}

impl MessageChunks {
    pub(super) fn new(started: &Started, stops: Vec<String>) -> Self {
        let speech = Speech::new(started, 0);
        Self { started: started.clone(), stops, speech, open: None, blocks: 0 }
    }

    /// Begins a block; what is open ends.
    fn begin_block(&mut self, open: Open, block: Json, out: &mut Vec<Json>) {
        self.end_block(out);
        out.push(json!({
            "type": "content_block_start", "index": self.blocks, "content_block": block,
        }));
        self.open = Some(open);
        self.blocks += 1;
    }

    fn end_block(&mut self, out: &mut Vec<Json>) {
        if self.open.take().is_some() {
            out.push(json!({"type": "content_block_stop", "index": self.blocks - 1}));
        }
    }

    fn delta(&self, delta: Json, out: &mut Vec<Json>) {
        let index = self.blocks.saturating_sub(1);
        out.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
    }

    fn said(&mut self, events: Vec<CallEvent>, out: &mut Vec<Json>) {
        for said in events {
            match said {
                CallEvent::Text(text) => {
                    if self.open != Some(Open::Text) {
                        self.begin_block(Open::Text, json!({"type": "text", "text": ""}), out);
                    }
                    self.delta(json!({"type": "text_delta", "text": text}), out);
                }
                CallEvent::Begin { index, name } => {
                    let id = self.speech.call_id(index);
                    let block = json!({"type": "tool_use", "id": id, "name": name, "input": {}});
                    self.begin_block(Open::Call, block, out);
                }
                CallEvent::Arguments { text, .. } => {
                    self.delta(json!({"type": "input_json_delta", "partial_json": text}), out);
                }
                CallEvent::End { .. } => self.end_block(out),
            }
        }
    }

    fn part(&mut self, part: &Part) -> String {
        let mut out = Vec::new();
        let events = self.speech.part(part);
        self.said(events, &mut out);
        if let Some(probity) = probity_part(part) {
            if out.is_empty() {
                out.push(json!({"type": "ping"}));
            }
            out[0]["probity"] = probity;
        }
        written(&out)
    }

    fn end(&mut self, end: &End) -> String {
        let mut out = Vec::new();
        let events = self.speech.end();
        self.said(events, &mut out);
        self.end_block(&mut out);
        let finish = finish(end);
        out.push(json!({
            "type": "message_delta",
            "delta": {
                "stop_reason": stop_reason(finish, self.speech.has_called()),
                "stop_sequence": stop_sequence(finish, &self.stops),
            },
            "usage": usage(end),
            "probity": probity_end(&self.started, end),
        }));
        out.push(json!({"type": "message_stop"}));
        written(&out)
    }
}

/// Events by their types.
fn written(events: &[Json]) -> String {
    let one = |one: &Json| event(one["type"].as_str().unwrap_or_default(), one);
    events.iter().map(one).collect()
}

impl Chunks for MessageChunks {
    fn begin(&mut self) -> String {
        let message = json!({
            "id": id(&self.started),
            "type": "message",
            "role": "assistant",
            "model": self.started.model,
            "content": [],
            "stop_reason": null,
            "stop_sequence": null,
            // What was found in the cache is known at the end.
            "usage": {"input_tokens": self.started.prompt_tokens, "output_tokens": 0},
        });
        let probity = probity_start(&self.started);
        let start = json!({"type": "message_start", "message": message, "probity": probity});
        written(&[start, json!({"type": "ping"})])
    }

    fn event(&mut self, event: Event) -> String {
        match event {
            Event::Part(part) => self.part(&part),
            Event::End(end) => self.end(&end),
            Event::Failed(refusal) => crate::http::event("error", &error(&refusal)),
        }
    }

    fn keep_alive(&self) -> String {
        event("ping", &json!({"type": "ping"}))
    }
}
