//! Any bytes as what a client that follows a network is given: a start, links, a bundle of the network.
//!
//! The first byte says which. Starts and links are decoded to what encodes to just these bytes, or refused; a link that is
//! refused changes nothing that is known. Of a bundle there is a report, which is JSON; nothing that no quorum certified is
//! verified, and no start is kept where the bundle is not taken.
//!
//! Run: `cargo +nightly fuzz run light_network -- -max_total_time=60 -rss_limit_mb=512`.
#![no_main]

use std::sync::LazyLock;

use chain::Genesis;
use libfuzzer_sys::fuzz_target;
use light::{Bounds, Known, Link, Start, next_start_words, verify_bundle_words};
use serde_json::Value;

const GENESIS: &[u8] = include_bytes!("../../bindings/testdata/genesis.bin");
const REPORTS: &str = include_str!("../../bindings/testdata/network_reports.json");
const NOW: u64 = 1_700_000_100_000;

static NETWORK: LazyLock<Genesis> =
    LazyLock::new(|| Genesis::decode(GENESIS).expect("the case's genesis"));
/// The header that the case's quorum certified: no other can be.
static CERTIFIED: LazyLock<Start> = LazyLock::new(|| {
    let reports: Value = serde_json::from_str(REPORTS).expect("the cases' JSON");
    let hex = reports["cases"][0]["next"].as_str().expect("the first case leads to a start");
    let digit = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(digit).collect();
    Start::decode(&bytes).expect("the case's start")
});

fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else { return };
    match choice % 3 {
        0 => start(bytes),
        1 => links(bytes),
        _ => bundle(bytes),
    }
});

fn start(bytes: &[u8]) {
    match Start::decode(bytes) {
        Ok(start) => {
            assert_eq!(start.encode(), bytes, "two encodings of one start");
            if let Ok(known) = Known::since(&NETWORK, &start) {
                assert_eq!(known.kept(), Some(start));
            }
        }
        Err(error) => assert!(error.to_string().len() < 300, "a message is short"),
    }
}

/// Links with a length u16 before each.
fn links(mut bytes: &[u8]) {
    let mut known = Known::of(&NETWORK);
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
        let (one, after) = rest.split_at(length);
        bytes = after;
        let Ok(link) = Link::decode(one) else { continue };
        assert_eq!(link.encode(), one, "two encodings of one link");
        let before = known.clone();
        match known.follow(&link) {
            Ok(()) => assert_eq!(&link.header, CERTIFIED.header(), "nobody certified it"),
            Err(error) => {
                assert!(error.to_string().len() < 300, "a message is short");
                assert_eq!(known, before, "a refused link changes nothing");
            }
        }
    }
}

fn bundle(bytes: &[u8]) {
    let at = (NOW, Bounds::default());
    let start = CERTIFIED.encode();
    for origin in [(GENESIS, None), (GENESIS, Some(&start[..]))] {
        let report = verify_bundle_words(origin, bytes, at, ["signature"]);
        let report = report.expect("genesis, start and words are right");
        let report: Value = serde_json::from_str(&report).expect("a report is JSON");
        let verified = report["verdict"] == "verified";
        assert_eq!(verified, report["anchor"].is_object(), "a place, and nothing else");
        let kept = next_start_words(origin, bytes, at).expect("genesis and start are right");
        assert_eq!(kept, verified.then(|| start.clone()), "what the quorum certified");
    }
}
