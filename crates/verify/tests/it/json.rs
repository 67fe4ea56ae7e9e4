//! The JSON of reports: which members there are, and that a refused file says nothing of its own.

use receipt::log::{Log, LogLeaf};
use receipt::note::Checkpoint;
use receipt::{Envelope, Inclusion, ReceiptFile, Refusal, Stop};
use serde_json::Value;
use verify::{Kind, Missing, Replay, ReportJson, examine};

use crate::world::{NETWORK, opening, receipt_of, worker};

const BOTH: [Kind; 2] = [Kind::Signature, Kind::Replay];

fn bundle() -> ReceiptFile {
    let receipt = receipt_of(&opening(), Stop::Length);
    let mut log = Log::over(Vec::new());
    for id in [[1; 32], receipt.id(NETWORK), [2; 32]] {
        log.append(&LogLeaf::offline(id));
    }
    let checkpoint = Checkpoint::sign(log.size(), &log.root(), &worker());
    let envelope = Envelope::seal(&receipt, &worker(), NETWORK).unwrap();
    let inclusion = Inclusion::of(&log, 1, checkpoint);
    ReceiptFile::new(envelope, Some(opening()), inclusion, NETWORK).unwrap()
}

fn json(required: &[Kind], replay: &Replay) -> Value {
    let file = bundle();
    let report = examine(file.receipt(), file.opening(), NETWORK, required, replay);
    serde_json::from_str(&ReportJson::new(&report, &file).text()).unwrap()
}

fn refused(text: &str) -> Value {
    let refusal: Refusal = ReceiptFile::parse(text.as_bytes(), NETWORK).unwrap_err();
    serde_json::from_str(&ReportJson::refused(&refusal, &BOTH).text()).unwrap()
}

/// Sorted: whether an object keeps its order is a feature that other crates switch on.
fn members(json: &Value) -> String {
    let mut names: Vec<String> = json.as_object().unwrap().keys().cloned().collect();
    names.sort();
    names.join(" ")
}

fn outcomes(json: &Value) -> String {
    let lines = json["evidence"].as_array().unwrap().iter();
    lines.map(|line| format!("{} {} ", line["kind"], line["outcome"])).collect()
}

#[test]
fn a_report_has_what_was_found_and_the_receipts_own_words() {
    let verified = json(&[Kind::Signature], &Replay::NotTried);
    assert_eq!(
        members(&verified),
        "anchor_by arithmetic_version audit_consent auditable choices evidence job kind log model network \
         not_established opened probity receipt sampling_version usage verdict worker"
    );
    assert_eq!(verified["verdict"], "verified");
    assert_eq!(outcomes(&verified), "\"signature\" \"holds\" \"replay\" \"not_checked\" ");
    assert_eq!(verified["model"], "07".repeat(32));
    assert_eq!((&verified["log"]["index"], &verified["log"]["size"]), (&1.into(), &3.into()));
    assert_eq!(verified["auditable"], false);
    assert_eq!(verified["not_established"][0]["what"], "truth");

    let unjudged = json(&BOTH, &Replay::NotTried);
    assert_eq!((&unjudged["verdict"], &unjudged["why"]), (&"cannot_judge".into(), &"model".into()));
    assert!(unjudged["reason"].as_str().unwrap().contains(&"07".repeat(32)));
    let grammar = Replay::Impossible(Missing::Unsupported("no grammars here".into()));
    assert_eq!(json(&BOTH, &grammar)["reason"], "no grammars here");
    assert_eq!(json(&BOTH, &Replay::Same)["verdict"], "verified");
}

#[test]
fn a_file_that_nobody_could_read_can_not_be_judged() {
    let report = ReportJson::unreadable("no such file".into(), &BOTH);
    assert!(!report.is_verified());
    let report: Value = serde_json::from_str(&report.text()).unwrap();
    assert_eq!(members(&report), "evidence not_established probity reason verdict why");
    assert_eq!(
        (&report["verdict"], &report["why"]),
        (&"cannot_judge".into(), &"unreadable".into())
    );
    assert_eq!(report["reason"], "no such file");
    assert_eq!(outcomes(&report), "\"signature\" \"not_checked\" \"replay\" \"not_checked\" ");
    assert_eq!(report["evidence"][1]["required"], true);
}

#[test]
fn a_refused_file_says_nothing_of_its_own() {
    let text = bundle().to_json();
    let malformed = refused("{}");
    assert_eq!(members(&malformed), "evidence not_established probity reason verdict why");
    assert_eq!(malformed["verdict"], "cannot_judge");
    assert_eq!(malformed["why"], "malformed");
    assert_eq!(outcomes(&malformed), "\"signature\" \"not_checked\" \"replay\" \"not_checked\" ");

    let at = text.find("\"sig\": \"").unwrap() + 8;
    let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    let mut forged = text.clone();
    forged.replace_range(at..=at, other);
    let forged = refused(&forged);
    assert_eq!(members(&forged), "evidence not_established probity reason verdict");
    assert_eq!(forged["verdict"], "refuted");
    assert_eq!(outcomes(&forged), "\"signature\" \"fails\" \"replay\" \"not_checked\" ");

    let viewed = refused(&text.replace("\"prompt_tokens\": 3", "\"prompt_tokens\": 4"));
    assert_eq!(viewed["verdict"], "refuted");
    assert_eq!(outcomes(&viewed), "\"signature\" \"holds\" \"replay\" \"not_checked\" ");
}
