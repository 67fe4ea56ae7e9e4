//! `POST /v1/embeddings`: texts or tokens to vectors, each with a receipt of its own.
//!
//! The response is written piece by piece: it can be long. Its numbers are the ones that were signed, in either form.

use std::convert::Infallible;
use std::iter;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use futures_util::stream;
use receipt::limits::TOKENS_MAX;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use super::{numbers, respond};
use crate::core::{
    Bad, EmbeddingAsk, INPUTS_MAX, Input, Members, Refusal, at, cache_scope, items, labels, text,
};
use crate::embedding::{Embedding, Embeddings};
use crate::gateway::Gateway;
use crate::http::{json as json_response, question, receipt_header};

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// A list of exact decimals.
    Float,
    /// Little-endian binary32.
    Base64,
}

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
    let (guest, (ask, encoding)) = question(gateway, headers, "embeddings", request, read).await?;
    Ok(written(gateway.embed(guest, ask).await?, encoding))
}

/// Reads a request.
fn read(body: &[u8]) -> Result<(EmbeddingAsk, Encoding), Refusal> {
    let mut members = Members::parse(body)?;
    let model = members.text("model")?;
    let model = model.ok_or_else(|| Bad::of("model", "it must be given"))?;
    let input = members.take("input").ok_or_else(|| Bad::of("input", "it must be given"))?;
    let dimensions_max = u32::try_from(TOKENS_MAX).unwrap_or(u32::MAX);
    let ask = EmbeddingAsk {
        model,
        inputs: inputs(input)?,
        dimensions: members.whole_u32("dimensions", 1, dimensions_max)?,
        cache: cache_scope(&mut members)?,
    };
    let encoding = match members.word("encoding_format", &["float", "base64"])? {
        Some("base64") => Encoding::Base64,
        Some(_) | None => Encoding::Float,
    };
    labels(&mut members)?;
    members.end()?;
    Ok((ask, encoding))
}

/// One text, one list of tokens, or a list of either.
fn inputs(input: &RawValue) -> Result<Vec<Input>, Bad> {
    if input.get().starts_with('"') {
        return Ok(vec![one(input, "input")?]);
    }
    let first = input.get().strip_prefix('[').and_then(|rest| rest.trim_start().chars().next());
    if first.is_some_and(|first| first.is_ascii_digit() || first == '-') {
        return Ok(vec![one(input, "input")?]);
    }
    let wrong = || Bad::of("input", "it must be a text, a list of token ids, or a list of either");
    let list = items(input).ok_or_else(wrong)?;
    match list.len() {
        0 => Err(Bad::of("input", "it is empty")),
        1..=INPUTS_MAX => {
            let named = list.iter().enumerate();
            named.map(|(index, input)| one(input, &at("input", index))).collect()
        }
        count => Err(Bad::of("input", format!("{count} inputs: at most {INPUTS_MAX} are allowed"))),
    }
}

fn one(input: &RawValue, name: &str) -> Result<Input, Bad> {
    let wrong = |_| Bad::of(name, "it must be a text, or a list of token ids");
    let empty = || Bad::of(name, "it is empty");
    if let Some(text) = text(input) {
        return if text.is_empty() { Err(empty()) } else { Ok(Input::Text(text)) };
    }
    let tokens: Vec<u32> = serde_json::from_str(input.get()).map_err(wrong)?;
    if tokens.is_empty() { Err(empty()) } else { Ok(Input::Tokens(tokens)) }
}

/// The response: everything but the vectors first.
fn written(made: Embeddings, encoding: Encoding) -> Response {
    let Embeddings { model, model_id, worker, list, room } = made;
    let alone = (list.len() == 1).then(|| list[0].job);
    let tokens: u64 = list.iter().map(|one| one.prompt_tokens).sum();
    let receipts: Vec<Json> = list.iter().enumerate().map(probity).collect();
    let mut head = json!({
        "object": "list",
        "model": model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        "probity": {
            "model_id": commit::hex(&model_id),
            "worker": worker.hex(),
            "receipts": receipts,
        },
    })
    .to_string();
    // The last member is the list.
    head.truncate(head.len() - 1);
    head.push_str(",\"data\":[");
    let items = list.into_iter().enumerate().map(move |(index, one)| {
        // What room the vectors take is given back when the last is written.
        let _held = &room;
        item(index, &one, encoding)
    });
    let pieces = iter::once(head).chain(items).chain(iter::once("]}".to_owned()));
    let pieces = pieces.map(|piece| Ok::<_, Infallible>(Bytes::from(piece)));
    let mut response = json_response(200, String::new());
    *response.body_mut() = Body::from_stream(stream::iter(pieces));
    if let Some(job) = alone {
        receipt_header(&mut response, &job);
    }
    response
}

fn probity((index, one): (usize, &Embedding)) -> Json {
    let envelope: Json = serde_json::from_str(&one.receipt.envelope).unwrap_or(Json::Null);
    json!({
        "index": index,
        "job": commit::hex(&one.job),
        "receipt_id": commit::hex(&one.receipt.id),
        "receipt": envelope,
    })
}

fn item(index: usize, one: &Embedding, encoding: Encoding) -> String {
    let numbers = match encoding {
        Encoding::Float => numbers::list(&one.vector),
        Encoding::Base64 => format!("\"{}\"", numbers::base64(&one.vector)),
    };
    let comma = if index == 0 { "" } else { "," };
    format!(r#"{comma}{{"object":"embedding","index":{index},"embedding":{numbers}}}"#)
}
