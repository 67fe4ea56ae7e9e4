//! Any bytes as what a client that follows a network is given: a start, links, a bundle of the network.
//!
//! The first byte says which, and whether seats certify the network or a group. Starts and links are decoded to what encodes to just these bytes, or refused; a link that is
//! refused changes nothing that is known. Of a bundle there is a report, which is JSON; nothing that nobody certified is
//! verified, and no start is kept where the bundle is not taken.
//!
//! Run: `cargo +nightly fuzz run light_network -- -max_total_time=60 -rss_limit_mb=512`.
#![no_main]

use std::sync::LazyLock;

use chain::{Genesis, Header};
use libfuzzer_sys::fuzz_target;
use light::{Bounds, Known, Link, Start, next_start_words, verify_bundle_words};
use receipt::NetworkBundle;
use serde_json::Value;

const NOW: u64 = 1_700_000_100_000;

/// A network, and all of it that was ever certified.
struct Case {
    bytes: &'static [u8],
    genesis: Genesis,
    headers: Vec<Header>,
    starts: Vec<Vec<u8>>,
}

impl Case {
    fn of(bytes: &'static [u8], bundle: &str, reports: &str) -> Self {
        let genesis = Genesis::decode(bytes).expect("the case's genesis");
        let network = genesis.network();
        let mut case = Self { bytes, genesis, headers: Vec::new(), starts: Vec::new() };
        let reports: Value = serde_json::from_str(reports).expect("the cases' JSON");
        for taken in reports["cases"].as_array().into_iter().flatten() {
            let Some(next) = taken["next"].as_str() else { continue };
            let digit = |at| u8::from_str_radix(&next[at..at + 2], 16).expect("hexadecimal digits");
            case.starts.push((0..next.len()).step_by(2).map(digit).collect());
            let part = |at: usize| taken["replace"][at].as_str().unwrap_or_default();
            let text = bundle.replacen(part(0), part(1), 1);
            let bundle = NetworkBundle::parse(text.as_bytes(), network).expect("a sound bundle");
            let header = |link: &Vec<u8>| Link::decode(link).expect("a sound link").header;
            case.headers.extend(bundle.place().links.iter().map(header));
        }
        case
    }
}

/// Of seats, and of a group.
static CASES: LazyLock<[Case; 2]> = LazyLock::new(|| {
    [
        Case::of(
            include_bytes!("../../bindings/testdata/genesis.bin"),
            include_str!("../../bindings/testdata/network_bundle.json"),
            include_str!("../../bindings/testdata/network_reports.json"),
        ),
        Case::of(
            include_bytes!("../../bindings/testdata/group_genesis.bin"),
            include_str!("../../bindings/testdata/group_bundle.json"),
            include_str!("../../bindings/testdata/group_reports.json"),
        ),
    ]
});

fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else { return };
    let case = &CASES[usize::from(choice / 3 % 2)];
    match choice % 3 {
        0 => start(case, bytes),
        1 => links(case, bytes),
        _ => bundle(case, bytes),
    }
});

fn start(case: &Case, bytes: &[u8]) {
    match Start::decode(bytes) {
        Ok(start) => {
            assert_eq!(start.encode(), bytes, "two encodings of one start");
            if let Ok(known) = Known::since(&case.genesis, &start) {
                assert_eq!(known.kept(), Some(start));
            }
        }
        Err(error) => assert!(error.to_string().len() < 300, "a message is short"),
    }
}

/// Links with a length u16 before each.
fn links(case: &Case, mut bytes: &[u8]) {
    let mut known = Known::of(&case.genesis);
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        let length = usize::from(u16::from_le_bytes(*length)).min(rest.len());
        let (one, after) = rest.split_at(length);
        bytes = after;
        let Ok(link) = Link::decode(one) else { continue };
        assert_eq!(link.encode(), one, "two encodings of one link");
        let before = known.clone();
        match known.follow(&link) {
            Ok(()) => assert!(case.headers.contains(&link.header), "nobody certified it"),
            Err(error) => {
                assert!(error.to_string().len() < 300, "a message is short");
                assert_eq!(known, before, "a refused link changes nothing");
            }
        }
    }
}

fn bundle(case: &Case, bytes: &[u8]) {
    let at = (NOW, Bounds::default());
    for start in [None].into_iter().chain(case.starts.iter().map(|start| Some(&start[..]))) {
        let origin = (case.bytes, start);
        let report = verify_bundle_words(origin, bytes, at, ["signature"]);
        let report = report.expect("genesis, start and words are right");
        let report: Value = serde_json::from_str(&report).expect("a report is JSON");
        let verified = report["verdict"] == "verified";
        assert_eq!(verified, report["anchor"].is_object(), "a place, and nothing else");
        let kept = next_start_words(origin, bytes, at).expect("genesis and start are right");
        assert_eq!(kept.is_some(), verified, "the stamps of all of it are of now");
        assert!(kept.is_none_or(|kept| case.starts.contains(&kept)), "nobody certified it");
    }
}
