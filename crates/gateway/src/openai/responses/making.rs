//! A response in the making: its items and the events that tell of them. A whole response is what its events led to.
//!
//! Never two items open at once. A head that has no event of its own rides in one that adds nothing: a delta without text,
//! or `response.in_progress` once more where no item is open. The receipt is in the response of the last event, and
//! nothing comes after that.

use std::mem;

use serde_json::value::RawValue;
use serde_json::{Map, Value as Json, json};
use text::tool_calls::CallEvent;

use super::super::writing::chat_logprob_text;
use crate::core::{
    End, Finish, Part, Refusal, Speech, Started, probity_end, probity_part, probity_start,
};

pub(super) struct Making {
    started: Started,
    echo: Map<String, Json>,
    logprobs: bool,
    speech: Speech,
    /// Items that are whole.
    items: Vec<Json>,
    open: Option<Item>,
    /// Tokens that no event told of yet.
    untold: Vec<Json>,
    number: u64,
}

/// The item that is open.
enum Item {
    Text { id: String, text: String, shares: Vec<Box<RawValue>> },
    Call { id: String, call_id: String, name: String, arguments: String },
}

impl Making {
    pub(super) fn new(started: &Started, echo: Map<String, Json>, logprobs: bool) -> Self {
        Self {
            started: started.clone(),
            echo,
            logprobs,
            speech: Speech::new(started, 0),
            items: Vec::new(),
            open: None,
            untold: Vec::new(),
            number: 0,
        }
    }

    /// The number of the next event.
    pub(super) fn next_number(&mut self) -> u64 {
        let number = self.number;
        self.number += 1;
        number
    }

    /// What is known at the start.
    pub(super) fn begun(&self) -> Json {
        probity_start(&self.started)
    }

    /// The events of a part.
    pub(super) fn part(&mut self, part: &Part) -> Vec<Json> {
        let mut out = Vec::new();
        let said = self.speech.part(part);
        let share = part.logprob.as_ref().filter(|_| self.logprobs);
        let share = share.map(|found| chat_logprob_text(&self.started.loaded, found));
        self.said(said, share, &mut out);
        let Some(mut probity) = probity_part(part) else { return out };
        let tokens = probity["tokens"].as_array_mut().map(mem::take).unwrap_or_default();
        self.untold.extend(tokens);
        if out.is_empty() && part.head.is_some() {
            out.push(self.nothing());
        }
        if let Some(first) = out.first_mut() {
            probity["tokens"] = mem::take(&mut self.untold).into();
            first["probity"] = probity;
        }
        out
    }

    /// An event that adds nothing to the response.
    fn nothing(&self) -> Json {
        match &self.open {
            Some(Item::Text { .. }) => {
                self.of_open("response.output_text.delta", json!({"delta": "", "logprobs": []}))
            }
            Some(Item::Call { .. }) => {
                self.of_open("response.function_call_arguments.delta", json!({"delta": ""}))
            }
            None => json!({"type": "response.in_progress", "response": self.bare(None)}),
        }
    }

    /// The last events.
    pub(super) fn end(&mut self, end: &End) -> Vec<Json> {
        let mut out = Vec::new();
        let said = self.speech.end();
        self.said(said, None, &mut out);
        self.close(is_completed(end), &mut out);
        let kind = if is_completed(end) { "response.completed" } else { "response.incomplete" };
        out.push(json!({"type": kind, "response": self.response(Some(end))}));
        out
    }

    fn said(
        &mut self,
        events: Vec<CallEvent>,
        mut share: Option<Box<RawValue>>,
        out: &mut Vec<Json>,
    ) {
        for said in events {
            match said {
                CallEvent::Text(text) => self.text(&text, share.take(), out),
                CallEvent::Begin { index, name } => {
                    self.close(true, out);
                    let (id, call_id) = (self.id("fc"), self.speech.call_id(index));
                    self.open(Item::Call { id, call_id, name, arguments: String::new() }, out);
                }
                CallEvent::Arguments { text, .. } => self.arguments(&text, out),
                CallEvent::End { .. } => {}
            }
        }
        // A token whose text is not certain yet has a share all the same.
        if let (Some(share), Some(Item::Text { shares, .. })) = (share, &mut self.open) {
            shares.push(share);
        }
    }

    fn text(&mut self, more: &str, share: Option<Box<RawValue>>, out: &mut Vec<Json>) {
        if !matches!(self.open, Some(Item::Text { .. })) {
            self.close(true, out);
            let (id, text, shares) = (self.id("msg"), String::new(), Vec::new());
            self.open(Item::Text { id, text, shares }, out);
            out.push(self.of_open("response.content_part.added", json!({"part": part("", &[])})));
        }
        if let Some(Item::Text { text, shares, .. }) = &mut self.open {
            text.push_str(more);
            shares.extend(share.clone());
        }
        let told: Vec<Box<RawValue>> = share.into_iter().collect();
        out.push(
            self.of_open("response.output_text.delta", json!({"delta": more, "logprobs": told})),
        );
    }

    fn arguments(&mut self, more: &str, out: &mut Vec<Json>) {
        if let Some(Item::Call { arguments, .. }) = &mut self.open {
            arguments.push_str(more);
        }
        out.push(self.of_open("response.function_call_arguments.delta", json!({"delta": more})));
    }

    fn open(&mut self, item: Item, out: &mut Vec<Json>) {
        let at = self.items.len();
        let shown = item.shown("in_progress", &[]);
        out.push(json!({"type": "response.output_item.added", "output_index": at, "item": shown}));
        self.open = Some(item);
    }

    /// Ends what is open.
    fn close(&mut self, whole: bool, out: &mut Vec<Json>) {
        let status = if whole { "completed" } else { "incomplete" };
        let shown = match &self.open {
            None => return,
            Some(item @ Item::Text { text, shares, .. }) => {
                let part = part(text, shares);
                let more = json!({"text": text, "logprobs": shares});
                out.push(self.of_open("response.output_text.done", more));
                out.push(self.of_open("response.content_part.done", json!({"part": part})));
                item.shown(status, &[part])
            }
            Some(item @ Item::Call { name, arguments, .. }) => {
                let more = json!({"name": name, "arguments": arguments});
                out.push(self.of_open("response.function_call_arguments.done", more));
                item.shown(status, &[])
            }
        };
        let at = self.items.len();
        out.push(json!({"type": "response.output_item.done", "output_index": at, "item": shown}));
        self.items.push(shown);
        self.open = None;
    }

    /// An event about the open item.
    fn of_open(&self, kind: &str, more: Json) -> Json {
        let (id, text) = match &self.open {
            Some(Item::Text { id, .. }) => (id.as_str(), true),
            Some(Item::Call { id, .. }) => (id.as_str(), false),
            None => ("", false),
        };
        let mut event = json!({"type": kind, "item_id": id, "output_index": self.items.len()});
        if text {
            event["content_index"] = 0.into();
        }
        if let Json::Object(more) = more {
            for (name, value) in more {
                event[name] = value;
            }
        }
        event
    }

    fn id(&self, prefix: &str) -> String {
        format!("{prefix}_{}{:02}", &commit::hex(&self.started.job)[..32], self.items.len())
    }

    /// The response as it stands; with its end, as a whole.
    pub(super) fn response(&self, end: Option<&End>) -> Json {
        let mut response = self.bare(end);
        for (name, value) in &self.echo {
            response[name] = value.clone();
        }
        response
    }

    /// The same, without what the request said.
    fn bare(&self, end: Option<&End>) -> Json {
        let started = &self.started;
        let status = match end {
            None => "in_progress",
            Some(end) if is_completed(end) => "completed",
            Some(_) => "incomplete",
        };
        let why = (status == "incomplete").then(|| json!({"reason": "max_output_tokens"}));
        let mut response = json!({
            "id": format!("resp_{}", &commit::hex(&started.job)[..32]),
            "object": "response",
            "created_at": started.created_s,
            "status": status,
            "background": false,
            "error": null,
            "incomplete_details": why,
            "model": started.model,
            "output": self.items,
            "previous_response_id": null,
            "store": false,
            "truncation": "disabled",
            "usage": end.map(usage),
        });
        if let Some(end) = end {
            response["probity"] = probity_end(started, end);
        }
        response
    }

    /// The response of an answer that has no end.
    pub(super) fn failed(&self, refusal: &Refusal) -> Json {
        let mut response = self.response(None);
        response["status"] = "failed".into();
        response["error"] = json!({"code": "server_error", "message": refusal.to_string()});
        response
    }
}

impl Item {
    /// As a response has it.
    fn shown(&self, status: &str, content: &[Json]) -> Json {
        match self {
            Self::Text { id, .. } => json!({
                "id": id, "type": "message", "status": status, "role": "assistant", "content": content,
            }),
            Self::Call { id, call_id, name, arguments } => json!({
                "id": id, "type": "function_call", "status": status,
                "call_id": call_id, "name": name, "arguments": arguments,
            }),
        }
    }
}

fn part(text: &str, shares: &[Box<RawValue>]) -> Json {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": shares})
}

/// Whether the model or a stop string ended it.
fn is_completed(end: &End) -> bool {
    end.choices.iter().all(|ended| match ended.finish {
        Finish::Token | Finish::String(_) => true,
        Finish::Length => false,
    })
}

fn usage(end: &End) -> Json {
    json!({
        "input_tokens": end.prompt_tokens,
        "input_tokens_details": {"cached_tokens": end.cached_tokens, "cache_write_tokens": 0},
        "output_tokens": end.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": end.prompt_tokens + end.completion_tokens,
    })
}
