//! What a stream establishes so far, as JSON: the same members in every language.
//!
//! Never says more than the stream. `outcome` is `holds`, `fails` (something is false) or `not_checked` (nothing was
//! there to look at, or it can't be read, which accuses nobody); `reason` is there when it does not hold.

use receipt::ReceiptFile;
use serde::Serialize;

use crate::stream::{ByReceipt, Stream};

const REPORT: &str = "stream report v1";

/// A stream's report, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StreamJson {
    probity: &'static str,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    worker: String,
    heads: u32,
    /// Tokens that came.
    came: u32,
    /// Those under a head that held, or the receipt's.
    signed: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<String>,
    trusts: &'static str,
    not_established: Vec<Open>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Open {
    what: &'static str,
    text: String,
}

impl StreamJson {
    /// Of a stream as it stands.
    #[must_use]
    pub fn new(stream: &Stream) -> Self {
        let failed = stream.failed();
        let claim = if failed.is_some() { None } else { claim(stream) };
        let outcome = match (failed, &claim) {
            (Some(error), _) if error.refutes() => "fails",
            (None, Some(_)) => "holds",
            (Some(_), _) | (None, None) => "not_checked",
        };
        let nothing = claim.is_none().then(|| "no signed head came yet".to_owned());
        Self {
            probity: REPORT,
            outcome,
            reason: failed.map(ToString::to_string).or(nothing),
            worker: stream.worker().to_string(),
            heads: stream.heads(),
            came: stream.came(),
            signed: stream.signed(),
            claim,
            trusts: "that key's holder, in everything",
            not_established: not_established(stream),
        }
    }

    /// The JSON text, with a line's end.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("our structs have string keys");
        text.push('\n');
        text
    }
}

/// What is established.
fn claim(stream: &Stream) -> Option<String> {
    let (came, signed) = (stream.came(), stream.signed());
    match stream.receipt() {
        Some(ByReceipt { beyond: 0 }) => Some(format!(
            "the receipt is about exactly the {came} tokens that came with the stream"
        )),
        Some(ByReceipt { beyond }) => Some(format!(
            "the receipt begins with the {came} tokens that came with the stream, and has {beyond} more"
        )),
        None if signed > 0 => Some(format!(
            "the worker's key signed the first {signed} of {came} tokens as they came"
        )),
        None => None,
    }
}

fn not_established(stream: &Stream) -> Vec<Open> {
    let mut list = vec![Open {
        what: "text",
        text: "that the text shown is what these tokens spell: that takes the model's tokenizer"
            .into(),
    }];
    let unsigned = stream.came().saturating_sub(stream.signed());
    if stream.receipt().is_none() && unsigned > 0 {
        let text = format!("that the worker stands by the last {unsigned} tokens that came");
        list.push(Open { what: "tail", text });
    }
    if stream.receipt().is_none() {
        let text = "that a receipt says the same: none was held against the stream".into();
        list.push(Open { what: "receipt", text });
    }
    list
}

/// The messages a file opens, as their JSON text; `None` where they are hidden, or there are none.
#[must_use]
pub fn messages(file: &ReceiptFile) -> Option<&str> {
    let rendered = &file.opening()?.job.fields().rendered;
    match rendered.messages()? {
        receipt::Messages::Shown(bytes) => core::str::from_utf8(bytes).ok(),
        receipt::Messages::Hidden(_) => None,
    }
}
