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
//! | `why` | when it can't be judged: for want of the `opening` or the `model`; it asks for something `unsupported`; a bundle of a network needs another `start`, or does not show that it is so `now`, where that was required; the file is `malformed`, so no receipt file; or it is `unreadable`, and nothing was seen of it |
//! | `required` | the kinds of evidence that were asked for |
//! | `checked` | the kinds that were looked at: those whose outcome is `holds` or `fails` |
//! | `evidence` | a list of {`kind`, `outcome` (`holds`, `fails`, `not_checked`), `required`, `claim`, `trusts`}, and `unchecked`, why it was not looked at, if it was not |
//! | `not_established` | a list of {`what`, `text`}, never empty |
//! | `auditable` | whether auditors may open it |
//! | `log` | {`index`, `size`, `root`} of a bundle: where the receipt stands, under which signed root |
//! | `anchor` | {`index`, `size`, `root`, `epoch`, `height`, `stamp_ms`, `fresh`, ...} of a bundle of a network: where the receipt stands in the anchored log, in which block's state, and whether that is `fresh`, `old` or `ahead` of the time given; and {`start_height`, `start_stamp_ms`, `start_fresh`} of what the network was followed from |
//!
//! The last three, and what the receipt says, are absent when the file was not taken: then nothing in it counts.

use receipt::{Altered, ReceiptFile, Refusal, Refuted, View};
use serde::Serialize;

use crate::evidence::{Evidence, Kind, Outcome, Unchecked};
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
    required: Vec<&'static str>,
    checked: Vec<&'static str>,
    evidence: Vec<EvidenceJson>,
    not_established: Vec<NotEstablishedJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auditable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<LogJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    anchor: Option<PlaceJson>,
    #[serde(flatten)]
    view: Option<View>,
}

/// Where a bundle of a network shows the receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PlaceJson {
    /// The leaf's index in its worker's log.
    pub index: u64,
    /// The log's size when it was anchored last.
    pub size: u64,
    /// Its root, in hexadecimal.
    pub root: String,
    /// In which epoch it was anchored.
    pub epoch: u64,
    /// The block whose state shows the anchor.
    pub height: u64,
    /// What that block's proposer's clock said.
    pub stamp_ms: u64,
    /// `fresh`, `old` or `ahead` of the time that was given.
    pub fresh: &'static str,
    /// The block that the network was followed from; 0: its genesis.
    pub start_height: u64,
    /// What that one's clock said.
    pub start_stamp_ms: u64,
    /// `fresh`, `old` or `ahead`, by the bound for what a network is followed from.
    pub start_fresh: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct EvidenceJson {
    kind: &'static str,
    outcome: &'static str,
    required: bool,
    claim: &'static str,
    trusts: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    unchecked: Option<String>,
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
            not_established: report.not_established.iter().map(NotEstablishedJson::new).collect(),
            auditable: Some(report.auditable),
            log: file.log().map(|log| LogJson {
                index: log.index(),
                size: log.checkpoint().size(),
                root: Hex(*log.checkpoint().root()).to_string(),
            }),
            view: Some(file.view()),
            ..Self::of_evidence(&report.evidence)
        }
    }

    /// Of a file that was not taken: it can't be read, or what it says is false.
    #[must_use]
    pub fn refused(refusal: &Refusal, required: &[Kind]) -> Self {
        let (verdict, why) = match refusal {
            // What can't be read accuses nobody.
            Refusal::Malformed(_) => (CANNOT_JUDGE, Some("malformed")),
            Refusal::Refuted(_) => (REFUTED, None),
        };
        let reason = Some(refusal.to_string());
        Self { verdict, reason, why, ..Self::of_evidence(&evidence_refused(refusal, required)) }
    }

    /// With what of its opening was altered, where that was found out.
    #[must_use]
    pub fn altered(mut self, altered: Option<&Altered>) -> Self {
        if let (Some(reason), Some(altered)) = (&mut self.reason, altered) {
            *reason = format!("{reason} ({altered})");
        }
        self
    }

    /// Of a file whose bytes nobody could get.
    #[must_use]
    pub fn unreadable(reason: String, required: &[Kind]) -> Self {
        let line = |kind| Evidence::new(kind, Err(Unchecked::NotTaken), required, None);
        Self {
            reason: Some(reason),
            why: Some("unreadable"),
            ..Self::of_evidence(&Kind::ALL.map(line))
        }
    }

    /// With these lines, and nothing else of the file.
    fn of_evidence(evidence: &[Evidence]) -> Self {
        let kinds = |of: fn(&Evidence) -> bool| {
            evidence.iter().filter(|line| of(line)).map(|line| line.kind.name()).collect()
        };
        Self {
            probity: REPORT,
            verdict: CANNOT_JUDGE,
            reason: None,
            why: None,
            required: kinds(|line| line.required),
            checked: kinds(|line| line.outcome != Outcome::NotChecked),
            evidence: evidence.iter().map(EvidenceJson::new).collect(),
            not_established: NotEstablished::ALL_OF_IT
                .iter()
                .map(NotEstablishedJson::new)
                .collect(),
            auditable: None,
            log: None,
            anchor: None,
            view: None,
        }
    }

    /// With its place in a network.
    #[must_use]
    pub fn placed(self, anchor: PlaceJson) -> Self {
        Self { anchor: Some(anchor), ..self }
    }

    /// Of a receipt whose signatures hold in a bundle that does not place it: nothing of the file counts.
    #[must_use]
    pub fn nowhere(reason: String, why: Option<&'static str>, required: &[Kind]) -> Self {
        let verdict = if why.is_some() { CANNOT_JUDGE } else { REFUTED };
        let line = |kind, looked_at| Evidence::new(kind, looked_at, required, None);
        let replay = line(Kind::Replay, Err(Unchecked::NotTaken));
        let signature = line(Kind::Signature, Ok(true));
        let reason = Some(reason);
        Self { verdict, reason, why, ..Self::of_evidence(&[signature, replay]) }
    }

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

/// What is known of a file that was not taken: signatures are looked at first.
fn evidence_refused(refusal: &Refusal, required: &[Kind]) -> Vec<Evidence> {
    let line = |kind, looked_at| Evidence::new(kind, looked_at, required, None);
    let replay = |why| line(Kind::Replay, Err(why));
    let signature = |looked_at| line(Kind::Signature, looked_at);
    let refuted = match refusal {
        Refusal::Malformed(_) => {
            return vec![signature(Err(Unchecked::NotTaken)), replay(Unchecked::NotTaken)];
        }
        Refusal::Refuted(refuted) => refuted,
    };
    match refuted {
        Refuted::Signature { .. } | Refuted::Signer { .. } | Refuted::Head { .. } => {
            vec![signature(Ok(false)), replay(Unchecked::NotTaken)]
        }
        Refuted::Opening { .. } => {
            vec![signature(Ok(true)).of_others(), replay(Unchecked::Opening)]
        }
        Refuted::View { .. }
        | Refuted::Checkpoint { .. }
        | Refuted::Origin { .. }
        | Refuted::Leaf { .. }
        | Refuted::Inclusion { .. } => vec![signature(Ok(true)), replay(Unchecked::NotTaken)],
    }
}

impl EvidenceJson {
    fn new(evidence: &Evidence) -> Self {
        Self {
            kind: evidence.kind.name(),
            outcome: evidence.outcome.name(),
            required: evidence.required,
            claim: evidence.claim,
            trusts: evidence.trusts(),
            unchecked: evidence.unchecked.as_ref().map(ToString::to_string),
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
            Self::Model { .. } | Self::AnotherModel { .. } => "model",
            Self::Now(_) => "now",
            Self::Unsupported(_) => "unsupported",
        }
    }
}
