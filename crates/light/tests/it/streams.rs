//! What every language must say of the same streams: `bindings/testdata/streams.json`, made by the example `streams`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use commit::Network;
use light::{Stream, StreamJson, begun_words};
use serde_json::Value;

/// What must come of each, whatever the reports' words are: outcome, heads that hold, tokens under them.
const OUTCOMES: [(&str, &str, u64, u64); 16] = [
    ("nothing came", "not_checked", 0, 0),
    ("heads as they come", "holds", 3, 40),
    ("a rest without a head", "holds", 1, 16),
    ("with its receipt", "holds", 3, 40),
    ("cut off", "holds", 1, 20),
    ("another token", "fails", 0, 0),
    ("a head left out", "fails", 1, 16),
    ("a head before its tokens", "fails", 0, 0),
    ("a head cut short", "not_checked", 0, 0),
    ("a false signature", "fails", 1, 16),
    ("another blind", "fails", 0, 0),
    ("another job", "fails", 0, 0),
    ("another worker", "fails", 0, 0),
    ("another answer's receipt", "fails", 3, 40),
    ("another answer's receipt, cut off", "fails", 1, 16),
    ("a receipt that can't be read", "holds", 3, 40),
];

fn agreed() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bindings/testdata/streams.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn begun(case: &Value) -> Stream {
    let word = |member: &str| case["begun"][member].as_str().unwrap();
    Stream::new(begun_words(None, word("blind"), word("job"), 0, word("worker")).unwrap())
}

fn step(stream: &mut Stream, step: &Value) {
    if let Some(token) = step["token"].as_u64() {
        stream.token(u32::try_from(token).unwrap());
    }
    if let Some(head) = step["head"].as_str() {
        stream.head(&STANDARD.decode(head).unwrap());
    }
    let file = step["ended"].as_str().map(str::as_bytes);
    let file = file.and_then(|file| light::check(file, None, Network::OFFLINE, &[]).ok());
    if let Some(checked) = file {
        stream.ended(&checked.file);
    }
}

fn report(stream: &Stream) -> Value {
    serde_json::from_str(&StreamJson::new(stream).text()).unwrap()
}

#[test]
fn every_stream_gives_the_agreed_report() {
    let agreed = agreed();
    let cases = agreed["cases"].as_array().unwrap();
    assert_eq!(cases.len(), OUTCOMES.len());
    for (case, (name, outcome, heads, signed)) in cases.iter().zip(OUTCOMES) {
        assert_eq!(case["name"], name);
        let mut stream = begun(case);
        case["steps"].as_array().unwrap().iter().for_each(|each| step(&mut stream, each));
        let report = report(&stream);
        assert_eq!(
            report, case["report"],
            "{name}: if the words were meant to change: cargo run -p light --example streams bindings/testdata"
        );
        assert_eq!(report["outcome"], outcome, "{name}");
        assert_eq!(
            (&report["heads"], &report["signed"]),
            (&heads.into(), &signed.into()),
            "{name}"
        );
        assert_eq!(report["claim"].is_string(), outcome == "holds", "{name}");
        assert_eq!(report["reason"].is_string(), outcome != "holds", "{name}");
        assert!(!report["not_established"].as_array().unwrap().is_empty(), "{name}");
    }
}

#[test]
fn a_receipt_says_how_far_it_goes() {
    let agreed = agreed();
    let beyond = |name: &str| {
        let cases = agreed["cases"].as_array().unwrap();
        let case = cases.iter().find(|case| case["name"] == name).unwrap();
        let mut stream = begun(case);
        case["steps"].as_array().unwrap().iter().for_each(|each| step(&mut stream, each));
        stream.receipt().map(|receipt| receipt.beyond)
    };
    assert_eq!(beyond("with its receipt"), Some(0));
    // 20 tokens came, four of them after the last head.
    assert_eq!(beyond("cut off"), Some(20));
    assert_eq!(beyond("heads as they come"), None);
    assert_eq!(beyond("another answer's receipt"), None);
}

#[test]
fn what_is_false_stays_false() {
    let agreed = agreed();
    let mut stream = begun(&agreed["cases"][1]);
    let steps = agreed["cases"][1]["steps"].as_array().unwrap();
    stream.token(1);
    for each in steps {
        step(&mut stream, each);
    }
    let reason = report(&stream)["reason"].clone();
    assert!(reason.as_str().unwrap().contains("17 came"), "{reason}");
    step(&mut stream, &agreed["cases"][3]["steps"][43]);
    assert_eq!(report(&stream)["reason"], reason);
    assert_eq!(report(&stream)["outcome"], "fails");
}

#[test]
fn a_stream_takes_no_more_tokens_than_an_answer_has() {
    let mut stream = begun(&agreed()["cases"][0]);
    for _ in 0..receipt::limits::TOKENS_MAX {
        stream.token(1);
    }
    assert_eq!(stream.failed(), None);
    stream.token(1);
    assert_eq!(stream.failed(), Some(&light::StreamError::Tokens));
    assert_eq!(report(&stream)["outcome"], "not_checked");
}

#[test]
fn what_a_stream_begins_with_is_named_when_it_is_wrong() {
    let key = "ab".repeat(32);
    let mistake = |network, blind: &str, job: &str, worker: &str| {
        begun_words(network, blind, job, 0, worker).unwrap_err().to_string()
    };
    assert!(mistake(Some("ab"), &key, &key, &key).starts_with("a network"));
    assert!(mistake(None, "ab", &key, &key).starts_with("a blind"));
    assert!(mistake(None, &key, "AB", &key).starts_with("a job's commitment"));
    assert!(mistake(None, &key, &key, "").starts_with("a worker's key"));
    let far = begun_words(None, &key, &key, receipt::limits::CHOICES_MAX, &key).unwrap();
    assert_eq!(report(&Stream::new(far))["outcome"], "not_checked");
}

#[test]
fn messages_are_those_the_file_opens() {
    let agreed = agreed();
    let file = agreed["cases"][3]["steps"][43]["ended"].as_str().unwrap().as_bytes();
    let checked = light::check(file, None, Network::OFFLINE, &[]).unwrap();
    let messages = r#"{"messages":[{"role":"user","content":"hi"}]}"#;
    assert_eq!(light::messages(&checked.file), Some(messages));
}
