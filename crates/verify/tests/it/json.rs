//! The JSON of reports: which members there are, and that a refused file says nothing of its own.

use receipt::log::{Log, LogLeaf};
use receipt::note::Checkpoint;
use receipt::{Altered, Envelope, Inclusion, Opening, ReceiptFile, Refusal, Stop};
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
    let altered = Altered::of(&refusal, text.as_bytes(), NETWORK);
    let report = ReportJson::refused(&refusal, &BOTH).altered(altered.as_ref());
    serde_json::from_str(&report.text()).unwrap()
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
        "anchor_by arithmetic_version audit_consent auditable checked choices evidence job kind log model network \
         not_established opened probity receipt required sampling_version usage verdict worker"
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
    assert_eq!(
        members(&report),
        "checked evidence not_established probity reason required verdict why"
    );
    assert_eq!(
        (&report["verdict"], &report["why"]),
        (&"cannot_judge".into(), &"unreadable".into())
    );
    assert_eq!(report["reason"], "no such file");
    assert_eq!(outcomes(&report), "\"signature\" \"not_checked\" \"replay\" \"not_checked\" ");
    assert_eq!(report["evidence"][1]["required"], true);
    assert_eq!(report["checked"], serde_json::json!([]));
}

#[test]
fn what_was_asked_for_and_what_was_looked_at_are_told_apart() {
    let kinds = |json: &Value| [json["required"].clone(), json["checked"].clone()];
    let (one, both) =
        (serde_json::json!(["signature"]), serde_json::json!(["signature", "replay"]));
    let signed = json(&[Kind::Signature], &Replay::NotTried);
    assert_eq!(kinds(&signed), [one.clone(), one.clone()]);
    assert_eq!(signed["evidence"][1]["unchecked"], "it was not asked for");
    assert_eq!(signed["evidence"][1]["trusts"], "nobody, and establishes nothing");
    let replayed = json(&BOTH, &Replay::Same);
    assert_eq!(kinds(&replayed), [both.clone(), both.clone()]);
    assert!(replayed["evidence"][1].get("unchecked").is_none());
    assert_eq!(kinds(&json(&BOTH, &Replay::NotTried)), [both, one]);
}

#[test]
fn an_altered_opening_is_no_replay_and_leaves_what_was_signed_intact() {
    let mut other = opening();
    other.outputs[1].tokens[9] += 1;
    let member = |opening: &Opening| {
        let envelope =
            Envelope::seal(&receipt_of(opening, Stop::Length), &worker(), NETWORK).unwrap();
        let file = ReceiptFile::new(envelope, Some(opening.clone()), None, NETWORK).unwrap();
        let json: Value = serde_json::from_str(&file.to_json()).unwrap();
        json["opening"].as_str().unwrap().to_owned()
    };
    let altered = bundle().to_json().replace(&member(&opening()), &member(&other));
    let report = refused(&altered);
    assert_eq!(outcomes(&report), "\"signature\" \"holds\" \"replay\" \"not_checked\" ");
    let claim = report["evidence"][0]["claim"].as_str().unwrap();
    assert!(claim.contains("another job or other tokens"), "{claim}");
    assert_eq!(report["checked"], serde_json::json!(["signature"]));
    let listed: Vec<&Value> = report["not_established"].as_array().unwrap().iter().collect();
    assert!(listed.iter().any(|line| line["what"] == "tokens"), "{listed:?}");
    let reason = report["reason"].as_str().unwrap();
    assert!(reason.contains("altered after signing"), "{reason}");
    assert!(reason.ends_with("(one or more tokens of choice 1 are not those that were signed)"));
}

#[test]
fn a_refused_file_says_nothing_of_its_own() {
    let text = bundle().to_json();
    let malformed = refused("{}");
    assert_eq!(
        members(&malformed),
        "checked evidence not_established probity reason required verdict why"
    );
    assert_eq!(malformed["verdict"], "cannot_judge");
    assert_eq!(malformed["why"], "malformed");
    assert_eq!(outcomes(&malformed), "\"signature\" \"not_checked\" \"replay\" \"not_checked\" ");

    let at = text.find("\"sig\": \"").unwrap() + 8;
    let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
    let mut forged = text.clone();
    forged.replace_range(at..=at, other);
    let forged = refused(&forged);
    assert_eq!(
        members(&forged),
        "checked evidence not_established probity reason required verdict"
    );
    assert_eq!(forged["verdict"], "refuted");
    assert_eq!(outcomes(&forged), "\"signature\" \"fails\" \"replay\" \"not_checked\" ");

    let viewed = refused(&text.replace("\"prompt_tokens\": 3", "\"prompt_tokens\": 4"));
    assert_eq!(viewed["verdict"], "refuted");
    assert_eq!(outcomes(&viewed), "\"signature\" \"holds\" \"replay\" \"not_checked\" ");
}
