//! Makes the receipts and reports that every language must agree on: `cases FOLDER`, which is `bindings/testdata`.
//!
//! Keys, blind and nonce are fixed, so the same bytes come out again; a change of a report's words changes
//! `reports.json`, and nothing else does. The reports are ours: what they must say is asserted in `tests/it`, not here.
#![allow(clippy::unwrap_used, reason = "a tool of the tests fails by panicking")]

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use canon::sample::{Parameters, Settings};
use commit::{Blind, Digest, Network, Salts};
use receipt::log::{Log, LogLeaf};
use receipt::note::Checkpoint;
use receipt::{
    AuditConsent, Choice, Envelope, Inclusion, Job, JobFields, Messages, NonceChooser, Opening,
    Output, PayloadKind, Receipt, ReceiptFile, Rendered, SecretKey, Stop, StopRule, Terms,
    Transcript, Usage, WorkKind, domains, pae,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const NETWORK: Network = Network::OFFLINE;
const BLIND: Blind = Blind([9; 32]);
const SALTS: Salts = Salts { network: NETWORK, blind: BLIND };
/// Every so many bytes of the bundle one is altered.
const SWEEP_STEP: usize = 3;

/// The files of the folder.
struct Files {
    bundle: String,
    receipt: String,
    opening: Vec<u8>,
}

fn main() {
    let folder: PathBuf = std::env::args().nth(1).expect("the folder is named").into();
    let opening = opening();
    let receipt = receipt(&opening);
    let envelope = Envelope::seal(&receipt, &worker(), NETWORK).unwrap();
    let inclusion = inclusion(&receipt);
    let whole = ReceiptFile::new(envelope.clone(), Some(opening.clone()), inclusion, NETWORK);
    let bare = ReceiptFile::new(envelope, None, None, NETWORK);
    let files = Files {
        bundle: whole.unwrap().to_json(),
        receipt: bare.unwrap().to_json(),
        opening: opening.encode(),
    };
    let reports = json!({
        "cases": cases(&files, &receipt, &opening),
        "sweep": { "file": "bundle.json", "step": SWEEP_STEP, "sha256": sweep(files.bundle.as_bytes()) },
    });
    let mut text = serde_json::to_string_pretty(&reports).unwrap();
    text.push('\n');
    std::fs::write(folder.join("bundle.json"), files.bundle).unwrap();
    std::fs::write(folder.join("receipt.json"), files.receipt).unwrap();
    std::fs::write(folder.join("opening.bin"), files.opening).unwrap();
    std::fs::write(folder.join("reports.json"), text).unwrap();
}

fn worker() -> SecretKey {
    SecretKey::from_seed([1; 32])
}

fn opening() -> Opening {
    let fields = JobFields {
        terms: Terms {
            kind: WorkKind::Generate,
            model: [7; 32],
            arithmetic: 1,
            sampling: 1,
            nonce_by: NonceChooser::Client,
            beacon_height: 0,
            requester: SecretKey::from_seed([2; 32]).public(),
            consent: AuditConsent::Open,
        },
        nonce: [3; 32],
        prompt: vec![5, 6, 7],
        parameters: Parameters::new(Settings::default()).unwrap(),
        choices: 2,
        stop: StopRule { tokens_max: 64, tokens: vec![2], strings: vec!["end".into()] },
        rendered: Rendered::Worker(Messages::Shown(b"{\"text\":\"hi\"}".to_vec())),
    };
    let output = |choice| Output {
        choice,
        tokens: (0..40 + choice).map(|n| 3 + (n * 31 + choice) % 97).collect(),
    };
    Opening { blind: BLIND, job: Job::new(fields).unwrap(), outputs: vec![output(0), output(1)] }
}

/// Two answers, each begun by another worker.
fn receipt(opening: &Opening) -> Receipt {
    let job = opening.job.commitment(&SALTS);
    let stops = [Stop::Length, Stop::Unfinished];
    let choices = opening.outputs.iter().zip(stops);
    let choices: Vec<Choice> = choices.map(|(output, stop)| choice(job, output, stop)).collect();
    let terms = &opening.job.fields().terms;
    Receipt {
        kind: terms.kind,
        job,
        model: terms.model,
        arithmetic: terms.arithmetic,
        sampling: terms.sampling,
        consent: terms.consent.number(),
        anchor_by: 0,
        usage: Usage { prompt: 3, output: choices.iter().map(Choice::count).sum() },
        choices,
        worker: worker().public(),
    }
}

fn choice(job: Digest, output: &Output, stop: Stop) -> Choice {
    let other = SecretKey::from_seed([4; 32]);
    let mut first = Transcript::new(SALTS, job, output.choice, other);
    let (before, after) = output.tokens.split_at(20);
    before.iter().for_each(|token| first.push(*token));
    let handed_over = first.sign();
    let mut second = Transcript::resumed(SALTS, worker(), before, handed_over).unwrap();
    after.iter().for_each(|token| second.push(*token));
    Choice { index: output.choice, segments: vec![handed_over, second.sign()], stop }
}

/// The second leaf of three.
fn inclusion(receipt: &Receipt) -> Option<Inclusion> {
    let mut log = Log::over(Vec::new());
    for id in [[1; 32], receipt.id(NETWORK), [2; 32]] {
        log.append(&LogLeaf::offline(id));
    }
    Inclusion::of(&log, 1, Checkpoint::sign(log.size(), &log.root(), &worker()))
}

/// Every case: a file as it is, or altered, and what is said of it.
fn cases(files: &Files, receipt: &Receipt, opening: &Opening) -> Vec<Value> {
    let replay = ["signature", "replay"];
    let none: [&str; 0] = [];
    let other_network = "ab".repeat(32);
    let mut cases = vec![
        files.case("a bundle", "bundle.json", json!({})),
        files.case("without its opening", "receipt.json", json!({})),
        files.case("its opening apart", "receipt.json", json!({ "opening": true })),
        files.case("its opening twice", "bundle.json", json!({ "opening": true })),
        files.case("nothing required", "bundle.json", json!({ "required": none })),
        files.case("replay required", "bundle.json", json!({ "required": replay })),
        files.case("replay of what is hidden", "receipt.json", json!({ "required": replay })),
        files.case("another network", "bundle.json", json!({ "network": other_network })),
        files.case("an empty file", "bundle.json", json!({ "length": 0 })),
        files.case("a file cut short", "bundle.json", json!({ "length": 1000 })),
        files.case(
            "an opening cut short",
            "receipt.json",
            json!({ "opening": true, "opening_length": 100 }),
        ),
    ];
    let mut altered = |name: &str, text: &str| {
        let edits = edits(files.bundle.as_bytes(), text.as_bytes());
        cases.push(files.case(name, "bundle.json", json!({ "edits": edits })));
    };
    for (name, from, to) in [
        ("a view with other usage", "\"prompt_tokens\": 3", "\"prompt_tokens\": 4"),
        ("a view of another model", "\"model\": \"07", "\"model\": \"08"),
        ("an unknown member", "\"view\"", "\"vieW\""),
        ("a bundle that says it is none", "\"bundle v1\"", "\"bundle v2\""),
        ("another place in the log", "\"index\": 1", "\"index\": 2"),
        ("a checkpoint of another size", "\\n3\\n", "\\n4\\n"),
    ] {
        assert!(files.bundle.contains(from), "{name}");
        altered(name, &files.bundle.replacen(from, to, 1));
    }
    altered("a letter of the proof", &letter(&files.bundle, "\"proof\": ["));
    altered("a letter of the signature", &letter(&files.bundle, "\"sig\": \""));
    altered("a digit of the keyid", &letter(&files.bundle, "\"keyid\": \""));

    let shown = |opening: &Opening| {
        files.bundle.replace(&STANDARD.encode(&files.opening), &STANDARD.encode(opening.encode()))
    };
    let mut token = opening.clone();
    token.outputs[1].tokens[30] += 1;
    altered("another token in the opening", &shown(&token));
    let mut blind = opening.clone();
    blind.blind.0[31] ^= 1;
    altered("another blind in the opening", &shown(&blind));

    let mut head = receipt.clone();
    head.choices[0].segments[0].head.root[0] ^= 1;
    altered("a head that was not signed", &resealed(&files.bundle, receipt, &head));
    let mut model = receipt.clone();
    model.model[0] ^= 1;
    altered("a receipt that is not in the log", &resealed(&files.bundle, receipt, &model));
    // Without the view, which would differ first.
    let (bare, _) = files.receipt.split_once(",\n  \"view\"").unwrap();
    let bare = resealed(&format!("{bare}}}\n"), receipt, &model);
    let how = json!({ "text": bare, "opening": true });
    cases.push(files.case("a receipt of another model than its job's", "receipt.json", how));
    cases
}

impl Files {
    fn case(&self, name: &str, file: &str, how: Value) -> Value {
        let bytes = if file == "bundle.json" { &self.bundle } else { &self.receipt };
        let mut case = json!({ "name": name, "file": file });
        let members = case.as_object_mut().unwrap();
        members.extend(how.as_object().unwrap().clone());
        let text = members.get("text").and_then(Value::as_str);
        let mut bytes = text.unwrap_or(bytes).as_bytes().to_vec();
        for edit in members.get("edits").and_then(Value::as_array).into_iter().flatten() {
            let at = usize::try_from(edit[0].as_u64().unwrap()).unwrap();
            let new = edit[1].as_str().unwrap().as_bytes();
            bytes[at..at + new.len()].copy_from_slice(new);
        }
        let length = |name| {
            let length = members.get(name).and_then(Value::as_u64);
            length.map_or(usize::MAX, |length| usize::try_from(length).unwrap())
        };
        bytes.truncate(length("length"));
        let mut opening = self.opening.clone();
        opening.truncate(length("opening_length"));
        let opening = members.contains_key("opening").then_some(opening.as_slice());
        let network = members.get("network").and_then(Value::as_str);
        let required = match members.get("required").and_then(Value::as_array) {
            Some(words) => words.iter().map(|word| word.as_str().unwrap()).collect(),
            None => vec!["signature"],
        };
        let report = light::verify_words(&bytes, opening, network, required).unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        members.insert("report".into(), report);
        case
    }
}

/// What of a text differs: places and what stands there.
fn edits(from: &[u8], to: &[u8]) -> Vec<Value> {
    assert_eq!(from.len(), to.len());
    let differs = |at: &usize| from[*at] != to[*at];
    let places = (0..from.len()).filter(differs);
    let edits = places.map(|at| json!([at, char::from(to[at]).to_string()]));
    edits.collect()
}

/// Another letter, or digit, after a mark.
fn letter(text: &str, mark: &str) -> String {
    let start = text.find(mark).unwrap() + mark.len();
    let at = start + text[start..].find(|c: char| c.is_ascii_alphanumeric()).unwrap();
    let other = if text.as_bytes()[at] == b'1' { "2" } else { "1" };
    let mut text = text.to_owned();
    text.replace_range(at..=at, other);
    text
}

/// The file with another receipt in it that the worker signed: what a dishonest worker could make.
fn resealed(text: &str, from: &Receipt, to: &Receipt) -> String {
    let seal = |receipt: &Receipt| {
        let payload = [domains::RECEIPT.prefix(NETWORK), receipt.encode()].concat();
        let signature = worker().sign(&pae(PayloadKind::Receipt.payload_type(), &payload));
        (STANDARD.encode(payload), STANDARD.encode(signature.0))
    };
    let ((old, old_signature), (new, new_signature)) = (seal(from), seal(to));
    text.replace(&old, &new).replace(&old_signature, &new_signature)
}

/// One digest of what is said of the file with one byte altered, for many of its bytes.
fn sweep(bytes: &[u8]) -> String {
    let mut hash = Sha256::new();
    for at in (0..bytes.len()).step_by(SWEEP_STEP) {
        let mut altered = bytes.to_vec();
        altered[at] ^= 1;
        let report = light::verify_words(&altered, None, None, ["signature"]).unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        let verdict = report["verdict"].as_str().unwrap();
        assert_ne!(verdict, "verified", "byte {at}");
        hash.update(format!("{at} {verdict} {}\n", report["reason"].as_str().unwrap()));
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
