//! An in-toto Statement of a receipt, for tools that read those (`spec/receipt.md` section 6).
//!
//! Never read back and never signed here: it is a view and proves nothing. The receipt file does.

use commit::hex;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::file::ReceiptFile;
use crate::json::pretty;
use crate::view::View;

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PREDICATE: &str = "https://probity.dev/receipt/v1";

/// A Statement v1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Statement {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: Vec<Subject>,
    #[serde(rename = "predicateType")]
    predicate_type: &'static str,
    predicate: View,
}

/// What a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Subject {
    name: String,
    digest: DigestSet,
}

/// One digest, under the name of what makes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
enum DigestSet {
    /// Of an artifact that is bytes.
    #[serde(rename = "sha256")]
    Sha256(String),
    /// Root of an output's token vector.
    #[serde(rename = "probity-output-v1")]
    Output(String),
}

impl Statement {
    /// About the outputs of a receipt, and the receipt's bytes.
    #[must_use]
    pub fn new(file: &ReceiptFile) -> Self {
        let receipt = file.receipt();
        let output = |choice: &crate::Choice| Subject {
            name: format!("output/{}", choice.index),
            digest: DigestSet::Output(hex(&choice.root())),
        };
        let mut subject: Vec<Subject> = receipt.choices.iter().map(output).collect();
        subject.push(Subject {
            name: "receipt".to_owned(),
            digest: DigestSet::Sha256(hex(&Sha256::digest(receipt.encode()))),
        });
        Self { kind: STATEMENT, subject, predicate_type: PREDICATE, predicate: file.view() }
    }

    /// Its JSON; the same for the same file.
    #[must_use]
    pub fn to_json(&self) -> String {
        pretty(self)
    }
}
