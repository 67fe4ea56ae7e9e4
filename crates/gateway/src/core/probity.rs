//! The object `probity` that rides in ordinary responses and events, the same in every dialect.
//!
//! Never says anything that is not in the receipt, but for the salt that whoever asked checks heads with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use super::event::{End, Part, Started};

/// What is known at the start: the job, by which the receipt is found, and what its commitments are salted with.
pub(crate) fn probity_start(started: &Started) -> Json {
    json!({
        "job": commit::hex(&started.job),
        "model_id": commit::hex(&started.model_id),
        "worker": started.worker.hex(),
        "blind": commit::hex(&started.blind),
    })
}

/// What is known at the end.
pub(crate) fn probity_end(started: &Started, end: &End) -> Json {
    let stops: Vec<&str> = end.choices.iter().map(|ended| ended.finish.name()).collect();
    let envelope: Json = serde_json::from_str(&end.receipt.envelope).unwrap_or(Json::Null);
    json!({
        "job": commit::hex(&started.job),
        "receipt_id": commit::hex(&end.receipt.id),
        "model_id": commit::hex(&started.model_id),
        "worker": started.worker.hex(),
        "stops": stops,
        "receipt": envelope,
    })
}

/// What rides in an ordinary chunk: the tokens since the last one, and the head over everything so far.
pub(crate) fn probity_part(part: &Part) -> Option<Json> {
    let tokens: Vec<u32> = part.token.into_iter().collect();
    let head = part.head.map(|head| STANDARD.encode(head.encode()));
    match (tokens.is_empty(), head) {
        (true, None) => None,
        (_, None) => Some(json!({"tokens": tokens})),
        (_, Some(head)) => Some(json!({"tokens": tokens, "head": head})),
    }
}
