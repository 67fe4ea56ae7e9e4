//! Any bytes as what a caller of the light check has: a file, an opening that came apart from it, and words.
//!
//! They are split at bytes of 255, which no JSON has: file, words, opening. A report is JSON and no mistake's text; what
//! nobody replayed is never said to be established.
//!
//! Run: `cargo +nightly fuzz run light_file -- -max_total_time=60 -rss_limit_mb=512`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    let mut parts = input.splitn(3, |byte| *byte == 255);
    let file = parts.next().unwrap_or_default();
    let words = core::str::from_utf8(parts.next().unwrap_or_default()).unwrap_or_default();
    let (network, required) = match words.split_once(';') {
        Some((network, required)) => (Some(network), required),
        None => (None, words),
    };
    let required = required.split(',').filter(|word| !word.is_empty());
    match light::verify_words(file, parts.next(), network, required.clone()) {
        Ok(report) => {
            let report: Value = serde_json::from_str(&report).expect("a report is JSON");
            let verdict = report["verdict"].as_str().expect("a report has a verdict");
            let replayed = required.clone().any(|word| word == "replay");
            assert!(verdict != "verified" || !replayed, "nobody replayed it");
            let evidence = report["evidence"].as_array().expect("a report has evidence");
            let holds = |kind| {
                evidence.iter().any(|line| line["kind"] == kind && line["outcome"] == "holds")
            };
            assert!(!holds("replay"), "nobody replayed it");
            assert!(verdict != "verified" || holds("signature"));
        }
        Err(mistake) => assert!(!mistake.to_string().is_empty()),
    }
});
