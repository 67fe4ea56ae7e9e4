//! Makes the streams and reports that every language must agree on: `streams FOLDER`, which is `bindings/testdata`.
//!
//! Keys, blind and nonce are fixed, so the same bytes come out again. The reports are ours: what they must say is
//! asserted in `tests/it`, not here.
#![allow(clippy::unwrap_used, reason = "a tool of the tests fails by panicking")]

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use canon::sample::{Parameters, Settings};
use commit::{Blind, Network, Salts};
use light::{Stream, StreamJson, begun_words};
use receipt::{
    AuditConsent, Choice, Envelope, Job, JobFields, Messages, NonceChooser, Opening, Output,
    PublicKey, Receipt, ReceiptFile, Rendered, SecretKey, Stop, StopRule, Terms, Transcript, Usage,
    WorkKind,
};
use serde_json::{Value, json};

const BLIND: Blind = Blind([9; 32]);
const SALTS: Salts = Salts { network: Network::OFFLINE, blind: BLIND };
/// How many tokens the answer has: two whole chunks and a rest.
const TOKENS: u32 = 40;

/// What a worker sent.
struct Sent {
    job: String,
    /// Tokens and heads, in order.
    steps: Vec<Value>,
    file: String,
}

fn main() {
    let folder: PathBuf = std::env::args().nth(1).expect("the folder is named").into();
    let tokens: Vec<u32> = (0..TOKENS).map(|n| 3 + n * 31 % 97).collect();
    let mut others = tokens.clone();
    others[7] += 1;
    let (sent, other) = (sent(&tokens), sent(&others));
    let mut text = serde_json::to_string_pretty(&json!({ "cases": cases(&sent, &other) })).unwrap();
    text.push('\n');
    std::fs::write(folder.join("streams.json"), text).unwrap();
}

fn worker() -> SecretKey {
    SecretKey::from_seed([1; 32])
}

fn job() -> Job {
    let terms = Terms {
        kind: WorkKind::Generate,
        model: [7; 32],
        arithmetic: 1,
        sampling: 1,
        nonce_by: NonceChooser::Client,
        beacon_height: 0,
        requester: PublicKey::NONE,
        consent: AuditConsent::Open,
    };
    let messages = br#"{"messages":[{"role":"user","content":"hi"}]}"#;
    let fields = JobFields {
        terms,
        nonce: [3; 32],
        prompt: vec![5, 6, 7],
        parameters: Parameters::new(Settings::default()).unwrap(),
        choices: 1,
        stop: StopRule { tokens_max: TOKENS, tokens: vec![2], strings: Vec::new() },
        rendered: Rendered::Worker(Messages::Shown(messages.to_vec())),
    };
    Job::new(fields).unwrap()
}

/// An answer of these tokens, as it comes.
fn sent(tokens: &[u32]) -> Sent {
    let job = job();
    let commitment = job.commitment(&SALTS);
    let mut transcript = Transcript::new(SALTS, commitment, 0, worker());
    let mut steps = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        transcript.push(*token);
        steps.push(json!({ "token": token }));
        if transcript.is_due() || at + 1 == tokens.len() {
            steps.push(json!({ "head": STANDARD.encode(transcript.sign().encode()) }));
        }
    }
    let (head, terms) = (transcript.sign(), &job.fields().terms);
    let receipt = Receipt {
        kind: terms.kind,
        job: commitment,
        model: terms.model,
        arithmetic: 1,
        sampling: 1,
        consent: terms.consent.number(),
        anchor_by: 0,
        usage: Usage { prompt: 3, output: TOKENS },
        choices: vec![Choice { index: 0, segments: vec![head], stop: Stop::Length }],
        worker: worker().public(),
    };
    let envelope = Envelope::seal(&receipt, &worker(), SALTS.network).unwrap();
    let outputs = vec![Output { choice: 0, tokens: tokens.to_vec() }];
    let opening = Opening { blind: BLIND, job, outputs };
    let file = ReceiptFile::new(envelope, Some(opening), None, SALTS.network).unwrap();
    Sent { job: hex(&commitment), steps, file: file.to_json() }
}

fn cases(sent: &Sent, other: &Sent) -> Vec<Value> {
    let steps = &sent.steps;
    let begun = || json!({ "blind": hex(&BLIND.0), "job": sent.job, "worker": worker().public().to_string() });
    let with = |member: &str, value: &str| {
        let mut begun = begun();
        begun[member] = value.into();
        begun
    };
    let end = |file: &str| vec![json!({ "ended": file })];
    let head =
        |at: usize| (0..steps.len()).filter(|at| steps[*at]["head"].is_string()).nth(at).unwrap();
    let edited = |at: usize, edit: &dyn Fn(&mut Vec<u8>)| {
        let mut steps = steps.clone();
        let mut bytes = STANDARD.decode(steps[at]["head"].as_str().unwrap()).unwrap();
        edit(&mut bytes);
        steps[at] = json!({ "head": STANDARD.encode(bytes) });
        steps
    };
    let without = |at: usize| [&steps[..at], &steps[at + 1..]].concat();
    let early = [&steps[..10], &steps[head(0)..=head(0)]].concat();
    let whole = [steps.clone(), end(&sent.file)].concat();
    let mut token = steps.clone();
    token[5] = json!({ "token": 1 });
    let unread = end(&sent.file.replace("v1", "v2"));
    [
        ("nothing came", begun(), Vec::new()),
        ("heads as they come", begun(), steps.clone()),
        ("a rest without a head", begun(), steps[..head(1)].to_vec()),
        ("with its receipt", begun(), whole.clone()),
        ("cut off", begun(), [&steps[..21], &end(&sent.file)].concat()),
        ("another token", begun(), token),
        ("a head left out", begun(), without(head(1))),
        ("a head before its tokens", begun(), early),
        ("a head cut short", begun(), edited(head(0), &|bytes| bytes.truncate(100))),
        ("a false signature", begun(), edited(head(1), &|bytes| *bytes.last_mut().unwrap() ^= 1)),
        ("another blind", with("blind", &"ab".repeat(32)), whole.clone()),
        ("another job", with("job", &"ab".repeat(32)), whole.clone()),
        (
            "another worker",
            with("worker", &SecretKey::from_seed([2; 32]).public().to_string()),
            whole,
        ),
        ("another answer's receipt", begun(), [steps.clone(), end(&other.file)].concat()),
        ("another answer's receipt, cut off", begun(), [&steps[..21], &end(&other.file)].concat()),
        ("a receipt that can't be read", begun(), [steps.clone(), unread].concat()),
    ]
    .into_iter()
    .map(|(name, begun, steps)| case(name, &begun, &steps))
    .collect()
}

fn case(name: &str, begun: &Value, steps: &[Value]) -> Value {
    let word = |member: &str| begun[member].as_str().unwrap();
    let words = begun_words(None, word("blind"), word("job"), 0, word("worker"));
    let mut stream = Stream::new(words.unwrap());
    for step in steps {
        if let Some(token) = step["token"].as_u64() {
            stream.token(u32::try_from(token).unwrap());
        } else if let Some(head) = step["head"].as_str() {
            stream.head(&STANDARD.decode(head).unwrap());
        } else if let Ok(checked) =
            light::check(step["ended"].as_str().unwrap().as_bytes(), None, Network::OFFLINE, &[])
        {
            stream.ended(&checked.file);
        }
    }
    let report: Value = serde_json::from_str(&StreamJson::new(&stream).text()).unwrap();
    json!({ "name": name, "begun": begun, "steps": steps, "report": report })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
