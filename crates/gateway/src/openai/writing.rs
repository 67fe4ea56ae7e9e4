//! What responses of chat and completions share: ids, usage, logprobs.

use llm::{Likely, Model, TokenLogprob};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value as Json, json};

use crate::core::{End, Finish, Started, Whole, probity_end};

/// What an answer is called.
pub(super) fn id(prefix: &str, started: &Started) -> String {
    format!("{prefix}-{}", &commit::hex(&started.job)[..32])
}

/// Why an answer ended, in OpenAI's words.
pub(super) const fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Token | Finish::String(_) => "stop",
        Finish::Length => "length",
    }
}

pub(super) fn usage(end: &End) -> Json {
    json!({
        "prompt_tokens": end.prompt_tokens,
        "completion_tokens": end.completion_tokens,
        "total_tokens": end.prompt_tokens + end.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": end.cached_tokens},
    })
}

/// The bytes of a token, and the text they are.
fn spelled(model: &Model, token: u32) -> (String, Vec<u8>) {
    let piece = model.tokenizer.token_bytes().get(token);
    let bytes = piece.map(|piece| piece.bytes.to_vec()).unwrap_or_default();
    (String::from_utf8_lossy(&bytes).into_owned(), bytes)
}

/// How likely a token was, as chat has it.
pub(super) fn chat_logprob(model: &Model, found: &TokenLogprob) -> Json {
    let one = |likely: &Likely| {
        let (token, bytes) = spelled(model, likely.token);
        json!({"token": token, "logprob": likely.logprob, "bytes": bytes})
    };
    let mut object = one(&found.drawn);
    object["top_logprobs"] = found.top.iter().map(one).collect();
    object
}

/// The same as text, which takes a tenth of what its values take. Made a value again, its numbers may end in another digit.
pub(super) fn chat_logprob_text(model: &Model, found: &TokenLogprob) -> Box<RawValue> {
    raw(&chat_logprob(model, found))
}

/// Values as text.
pub(super) fn raw(value: &impl Serialize) -> Box<RawValue> {
    to_raw_value(value).expect("what we write is JSON")
}

/// A whole answer's choice, as both write it.
#[derive(Serialize)]
pub(super) struct WholeChoice {
    pub(super) index: u32,
    #[serde(flatten)]
    pub(super) said: Json,
    pub(super) logprobs: Option<Box<RawValue>>,
    pub(super) finish_reason: &'static str,
}

/// A whole answer.
pub(super) fn whole(
    whole: &Whole,
    (prefix, object): (&str, &str),
    choices: &[WholeChoice],
) -> String {
    #[derive(Serialize)]
    struct Object<'a> {
        id: String,
        object: &'a str,
        created: u64,
        model: &'a str,
        choices: &'a [WholeChoice],
        usage: Json,
        probity: Json,
    }
    let started = &whole.started;
    let object = Object {
        id: id(prefix, started),
        object,
        created: started.created_s,
        model: &started.model,
        choices,
        usage: usage(&whole.end),
        probity: probity_end(started, &whole.end),
    };
    serde_json::to_string(&object).expect("what we write is JSON")
}

/// How likely tokens were, as completions have it.
pub(super) fn completion_logprobs<'a>(
    model: &Model,
    found: impl Iterator<Item = &'a TokenLogprob>,
    mut offset: usize,
) -> Json {
    let (mut tokens, mut shares, mut tops, mut offsets) = (vec![], vec![], vec![], vec![]);
    for one in found {
        let (token, _) = spelled(model, one.drawn.token);
        offsets.push(offset);
        offset += token.chars().count();
        tokens.push(token);
        shares.push(json!(one.drawn.logprob));
        let mut top = serde_json::Map::new();
        for likely in &one.top {
            top.insert(spelled(model, likely.token).0, json!(likely.logprob));
        }
        tops.push(Json::Object(top));
    }
    json!({"tokens": tokens, "token_logprobs": shares, "top_logprobs": tops, "text_offset": offsets})
}
