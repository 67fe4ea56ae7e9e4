//! A receipt's place in a network, and everything that is none.

use chain::{Genesis, Height, Stamp};
use light::{Bounds, BundleError, Freshness, verify_bundle, verify_bundle_words};
use receipt::{Malformed, NetworkBundle, Place, ReceiptFile, Refusal, Refuted};
use verify::{Kind, NotEstablished, Verdict};

use crate::network_case::{
    NOW, bundle, genesis, group_bundle, group_genesis, group_reports, reports,
};

const DAY_MS: u64 = 86_400_000;

fn verified(bundle: &str) -> Result<light::Anchored, BundleError> {
    let at = (Stamp(NOW), Bounds::default());
    verify_bundle(&genesis(), None, bundle.as_bytes(), at, &[Kind::Signature])
}

#[test]
fn a_place_is_shown_from_the_genesis_alone() {
    let text = bundle(3_000).to_json();
    let anchored = verified(&text).unwrap();
    assert_eq!(anchored.report.verdict, Verdict::Verified);
    assert_eq!((anchored.anchor.size, anchored.header.height), (3_000, Height(77)));
    assert_eq!(anchored.freshness, Freshness::Fresh);
    let not = &anchored.report.not_established;
    assert!(
        not.contains(&NotEstablished::Seats) && not.contains(&NotEstablished::TimeBeforeAnchor)
    );
    assert!(!not.contains(&NotEstablished::TimeUntilAnchored));
    assert!(!not.contains(&NotEstablished::Still));
    assert_eq!(anchored.bundle.to_json(), text, "one text for one bundle");
}

#[test]
fn an_old_header_is_told_to_be_old() {
    let text = bundle(10).to_json();
    let later = (Stamp(NOW + 2 * DAY_MS), Bounds::default());
    let anchored = verify_bundle(&genesis(), None, text.as_bytes(), later, &[]).unwrap();
    assert_eq!(anchored.freshness, Freshness::Old);
    assert!(anchored.report.not_established.contains(&NotEstablished::Still));
}

/// The target of eight kibibytes, for a log of a million leaves (twenty hashes).
#[test]
fn a_bundle_is_small() {
    let made = bundle(3_000);
    let mut place = made.place().clone();
    place.proof.resize(20, [1; 32]);
    let text = NetworkBundle::new(made.file().clone(), place).unwrap().to_json();
    assert!(text.len() <= 8_192, "{} bytes", text.len());
}

type Change = fn(&mut Place);

#[test]
fn what_is_no_place() {
    let made = bundle(100);
    let refused = |change: Change| {
        let mut place = made.place().clone();
        change(&mut place);
        let bundle = NetworkBundle::new(made.file().clone(), place).unwrap();
        verified(&bundle.to_json()).unwrap_err()
    };
    assert_eq!(refused(|place| place.index += 1), BundleError::Inclusion { index: 34 });
    assert_eq!(refused(|place| place.leaf.to += 1), BundleError::Inclusion { index: 33 });
    assert_eq!(refused(|place| place.proof[0][0] ^= 1), BundleError::Inclusion { index: 33 });
    assert!(matches!(refused(|place| place.anchor[0] ^= 1), BundleError::Anchor(_)));
    assert!(matches!(refused(|place| place.anchor.push(0)), BundleError::Anchor(_)));
    assert!(matches!(
        refused(|place| *place.anchor_proof.last_mut().unwrap() ^= 1),
        BundleError::Anchor(_)
    ));
    assert!(matches!(refused(|place| place.anchor_proof.push(1)), BundleError::Bytes { .. }));
    assert!(matches!(refused(|place| place.links[0][40] ^= 1), BundleError::Begins { at: 0, .. }));
    assert!(matches!(refused(|place| place.links[0].push(1)), BundleError::Bytes { .. }));
    assert_eq!(refused(|place| place.links.clear()), BundleError::NoLinks);
    let again: Change = |place| place.links.push(place.links[0].clone());
    assert!(matches!(refused(again), BundleError::Link { at: 1, .. }));
}

#[test]
fn a_leaf_of_another_receipt_is_no_place_of_this_one() {
    let made = bundle(100);
    let mut place = made.place().clone();
    place.leaf.receipt[0] ^= 1;
    let found = place.leaf.receipt;
    let refused = NetworkBundle::new(made.file().clone(), place).unwrap_err();
    let wanted = made.place().leaf.receipt;
    assert_eq!(refused, Refuted::Leaf { found, wanted }.into());
    let words = refused.to_string();
    assert!(words.contains(&commit::hex(&found)) && words.contains(&commit::hex(&wanted)));
}

#[test]
fn another_network_knows_nothing_of_it() {
    let text = bundle(10).to_json();
    let mut other = genesis();
    other.stamp = Stamp(1);
    let at = (Stamp(NOW), Bounds::default());
    let refused = verify_bundle(&other, None, text.as_bytes(), at, &[]);
    let (found, wanted) = (genesis().network(), other.network());
    let elsewhere = Refusal::from(Malformed::Network { found, wanted });
    assert_eq!(refused, Err(BundleError::Receipt(elsewhere)));
}

#[test]
fn other_files_are_no_bundles_of_a_network() {
    let made = bundle(10);
    let refused = verified(&made.file().to_json()).unwrap_err();
    assert!(matches!(refused, BundleError::Receipt(Refusal::Malformed(_))));
    let text = made.to_json().replace("bundle v2", "bundle v1");
    assert!(matches!(verified(&text), Err(BundleError::Receipt(Refusal::Malformed(_)))));
    assert!(ReceiptFile::parse(made.to_json().as_bytes(), genesis().network()).is_err());
}

const TESTDATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bindings/testdata");

/// What the bindings' tests read is what is made here: `cargo run -p light --example network` writes it.
#[test]
fn the_bindings_have_this_case() {
    let read = |name: &str| std::fs::read(format!("{TESTDATA}/{name}")).unwrap();
    // Whether members keep their order depends on what else is built: it means nothing.
    let parsed = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).unwrap();
    let again = "changed: cargo run -p light --example network bindings/testdata";
    let same =
        |[begun, file, said]: [&str; 3], genesis: Genesis, bundle: NetworkBundle, reports: &str| {
            assert_eq!(read(begun), genesis.encode());
            assert!(read(file) == bundle.to_json().into_bytes(), "the bytes {again}");
            assert!(parsed(&read(said)) == parsed(reports.as_bytes()), "the reports {again}");
        };
    let of_seats = ["genesis.bin", "network_bundle.json", "network_reports.json"];
    same(of_seats, genesis(), bundle(1_000), &reports());
    let of_group = ["group_genesis.bin", "group_bundle.json", "group_reports.json"];
    same(of_group, group_genesis(), group_bundle(1_000), &group_reports());
}

/// In words that the example could not change with the reports.
#[test]
fn every_language_says_what_a_group_establishes() {
    let found: serde_json::Value = serde_json::from_str(&group_reports()).unwrap();
    let said = |case: &serde_json::Value| {
        let report = &case["report"];
        let word = |value: &serde_json::Value| value.as_str().unwrap_or("").to_owned();
        let kept = case["next"].is_string();
        (word(&report["verdict"]), word(&report["why"]), word(&report["anchor"]["fresh"]), kept)
    };
    let found: Vec<_> = found["cases"].as_array().unwrap().iter().map(said).collect();
    let words: Vec<_> = found
        .iter()
        .map(|(verdict, why, fresh, kept)| (&**verdict, &**why, &**fresh, *kept))
        .collect();
    let another_start = ("cannot_judge", "start", "", false);
    let kept = ("verified", "", "fresh", true);
    assert_eq!(
        words,
        [
            kept,
            kept,
            ("verified", "", "old", false),
            another_start,
            another_start,
            another_start,
            ("cannot_judge", "unsupported", "", false),
            kept,
            ("refuted", "", "", false),
            another_start,
        ]
    );
}

/// In words that the example could not change with the reports.
#[test]
fn every_language_says_what_is_established() {
    let found: Vec<[String; 4]> =
        serde_json::from_str::<serde_json::Value>(&reports()).unwrap()["cases"]
            .as_array()
            .unwrap()
            .iter()
            .map(|case| {
                let report = &case["report"];
                let word = |value: &serde_json::Value| value.as_str().unwrap_or("").to_owned();
                let kept = if case["next"].is_string() { "kept" } else { "" };
                let place = &report["anchor"];
                let fresh = format!("{} {}", word(&place["fresh"]), word(&place["start_fresh"]));
                [word(&report["verdict"]), word(&report["why"]), fresh, kept.to_owned()]
            })
            .collect();
    let wanted = [
        ["verified", "", "fresh fresh", "kept"],
        ["verified", "", "fresh fresh", "kept"],
        ["verified", "", "old fresh", ""],
        ["verified", "", "fresh old", ""],
        ["verified", "", "fresh fresh", "kept"],
        ["verified", "", "fresh old", ""],
        ["verified", "", "ahead ahead", ""],
        ["cannot_judge", "start", " ", ""],
        ["refuted", "", " ", ""],
        ["cannot_judge", "start", " ", ""],
        ["cannot_judge", "unsupported", " ", ""],
    ];
    assert_eq!(found, wanted.map(|row| row.map(str::to_owned)));
}

#[test]
fn words_give_a_report_whatever_is_given() {
    let (genesis, text) = (genesis().encode(), bundle(10).to_json());
    let report = |bundle: &str, now| {
        let at = (now, Bounds::default());
        let words = verify_bundle_words((&genesis, None), bundle.as_bytes(), at, ["signature"]);
        serde_json::from_str::<serde_json::Value>(&words.unwrap()).unwrap()
    };
    let verified = report(&text, NOW);
    assert_eq!(
        (&verified["verdict"], &verified["anchor"]["fresh"]),
        (&"verified".into(), &"fresh".into())
    );
    assert_eq!(
        (&verified["anchor"]["size"], &verified["anchor"]["height"]),
        (&10.into(), &77.into())
    );
    assert_eq!(report(&text, NOW + 2 * DAY_MS)["anchor"]["fresh"], "old");
    let refuted = report(&text.replace("\"index\": 3", "\"index\": 4"), NOW);
    assert_eq!((&refuted["verdict"], refuted.get("anchor")), (&"refuted".into(), None));
    let nothing = report("{}", NOW);
    assert_eq!(
        (&nothing["verdict"], &nothing["why"]),
        (&"cannot_judge".into(), &"malformed".into())
    );
    let at = (NOW, Bounds::default());
    assert!(verify_bundle_words((&genesis[1..], None), text.as_bytes(), at, []).is_err());
}
