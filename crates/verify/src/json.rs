//! A report as JSON: the same members from every program and in every language.
//!
//! Never reads anything back, and never says more than the report. What a receipt says stands under the names of
//! `spec/receipt.md` section 8 (its view), beside what was found:
//!
//! | member | is |
//! |---|---|
//! | `probity` | "report v1" |
//! | `verdict` | `verified`: all required evidence holds; `refuted`: something is false; `cannot_judge`: nobody can tell with what is at hand, which accuses nobody |
//! | `reason` | in words, for people; absent when verified |
//! | `why` | when it can't be judged: for want of the `opening` or the `model`; it asks for something `unsupported`; the file is `malformed`, so no receipt file; or it is `unreadable`, and nothing was seen of it |
//! | `evidence` | a list of {`kind`, `outcome` (`holds`, `fails`, `not_checked`), `required`, `claim`, `trusts`} |
//! | `not_established` | a list of {`what`, `text`}; empty where nothing at all is |
//! | `auditable` | whether auditors may open it |
//! | `log` | {`index`, `size`, `root`} of a bundle: where the receipt stands, under which signed root |
//!
//! The last two, and what the receipt says, are absent when the file was not taken: then nothing in it counts.

use receipt::{ReceiptFile, Refusal, Refuted, View};
use serde::Serialize;

use crate::evidence::{Evidence, Kind, Outcome};
use crate::refutation::Hex;
use crate::report::{Missing, NotEstablished, Report, Verdict};

const REPORT: &str = "report v1";
const VERIFIED: &str = "verified";
const REFUTED: &str = "refuted";
const CANNOT_JUDGE: &str = "cannot_judge";

/// A report, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportJson {
    probity: &'static str,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'static str>,
    evidence: Vec<EvidenceJson>,
    not_established: Vec<NotEstablishedJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auditable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<LogJson>,
    #[serde(flatten)]
    view: Option<View>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct EvidenceJson {
    kind: &'static str,
    outcome: &'static str,
    required: bool,
    claim: &'static str,
    trusts: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct NotEstablishedJson {
    what: &'static str,
    text: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct LogJson {
    index: u64,
    size: u64,
    root: String,
}

impl ReportJson {
    /// Of a file that was taken.
    #[must_use]
    pub fn new(report: &Report, file: &ReceiptFile) -> Self {
        let (verdict, reason, why) = match &report.verdict {
            Verdict::Verified => (VERIFIED, None, None),
            Verdict::Refuted(refutation) => (REFUTED, Some(refutation.to_string()), None),
            Verdict::CannotJudge(missing) => {
                (CANNOT_JUDGE, Some(missing.to_string()), Some(missing.name()))
            }
        };
        Self {
            probity: REPORT,
            verdict,
            reason,
            why,
            evidence: report.evidence.iter().map(EvidenceJson::new).collect(),
            not_established: report.not_established.iter().map(NotEstablishedJson::new).collect(),
            auditable: Some(report.auditable),
            log: file.log().map(|log| LogJson {
                index: log.index(),
                size: log.checkpoint().size(),
                root: Hex(*log.checkpoint().root()).to_string(),
            }),
            view: Some(file.view()),
        }
    }

    /// Of a file that was not taken: it can't be read, or what it says is false.
    #[must_use]
    pub fn refused(refusal: &Refusal, required: &[Kind]) -> Self {
        let (verdict, why, signature, replay) = match refusal {
            // What can't be read accuses nobody.
            Refusal::Malformed(_) => {
                (CANNOT_JUDGE, Some("malformed"), Outcome::NotChecked, Outcome::NotChecked)
            }
            Refusal::Refuted(refuted) => {
                let (signature, replay) = outcomes(refuted);
                (REFUTED, None, signature, replay)
            }
        };
        let reason = Some(refusal.to_string());
        let line = |kind, outcome| EvidenceJson::new(&Evidence::new(kind, outcome, required, None));
        let evidence = vec![line(Kind::Signature, signature), line(Kind::Replay, replay)];
        Self { verdict, reason, why, evidence, ..Self::NOTHING }
    }

    /// Of a file whose bytes nobody could get.
    #[must_use]
    pub fn unreadable(reason: String, required: &[Kind]) -> Self {
        let line = |kind| Evidence::new(kind, Outcome::NotChecked, required, None);
        Self {
            reason: Some(reason),
            why: Some("unreadable"),
            evidence: Kind::ALL.map(line).iter().map(EvidenceJson::new).collect(),
            ..Self::NOTHING
        }
    }

    /// Of a file of which nothing counts.
    const NOTHING: Self = Self {
        probity: REPORT,
        verdict: CANNOT_JUDGE,
        reason: None,
        why: None,
        evidence: Vec::new(),
        not_established: Vec::new(),
        auditable: None,
        log: None,
        view: None,
    };

    /// Whether all required evidence holds.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        self.verdict == VERIFIED
    }

    /// The JSON text, indented, with a line's end.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("our structs have string keys");
        text.push('\n');
        text
    }
}

/// What a false statement says of the signatures, which are looked at first, and of a replay.
fn outcomes(refuted: &Refuted) -> (Outcome, Outcome) {
    match refuted {
        Refuted::Signature { .. } | Refuted::Signer { .. } | Refuted::Head { .. } => {
            (Outcome::Fails, Outcome::NotChecked)
        }
        // What is committed to is not what is shown: no replay of it can be the receipt's.
        Refuted::Opening { .. } => (Outcome::Holds, Outcome::Fails),
        Refuted::View { .. }
        | Refuted::Checkpoint { .. }
        | Refuted::Origin { .. }
        | Refuted::Inclusion { .. } => (Outcome::Holds, Outcome::NotChecked),
    }
}

impl EvidenceJson {
    fn new(evidence: &Evidence) -> Self {
        Self {
            kind: evidence.kind.name(),
            outcome: evidence.outcome.name(),
            required: evidence.required,
            claim: evidence.claim,
            trusts: evidence.kind.trusts(),
        }
    }
}

impl NotEstablishedJson {
    fn new(what: &NotEstablished) -> Self {
        Self { what: what.name(), text: what.text() }
    }
}

impl Missing {
    const fn name(&self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Model { .. } => "model",
            Self::Unsupported(_) => "unsupported",
        }
    }
}
