//! The bundle of a network in `spec/golden`, which the oracle made: later releases read it, from each start.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chain::{Genesis, Height, Stamp};
use light::{Bounds, Freshness, Start, verify_bundle};
use serde_json::Value;
use verify::{Kind, Verdict};

fn file(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/golden");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

fn origin(name: &str) -> Vec<u8> {
    let json: Value = serde_json::from_slice(&file("network.origin.json")).unwrap();
    STANDARD.decode(json[name].as_str().unwrap()).unwrap()
}

#[test]
fn the_golden_bundle_is_read_from_every_start() {
    let genesis = Genesis::decode(&origin("genesis")).unwrap();
    let bundle = file("network.bundle.json");
    let starts = ["start", "next_start"].map(|name| Start::decode(&origin(name)).unwrap());
    let at = (Stamp(genesis.stamp.0 + 80_000), Bounds::default());
    for (start, height) in [(None, 0), (Some(&starts[0]), 40), (Some(&starts[1]), 77)] {
        let taken = verify_bundle(&genesis, start, &bundle, at, &[Kind::Signature]).unwrap();
        assert_eq!(taken.report.verdict, Verdict::Verified);
        assert_eq!((taken.start.0, taken.header.height), (Height(height), Height(77)));
        assert_eq!((taken.freshness, taken.start_freshness), (Freshness::Fresh, Freshness::Fresh));
        assert_eq!((taken.anchor.size, taken.bundle.place().index), (21, 13));
        assert_eq!(taken.kept.unwrap().encode(), origin("next_start"));
        assert_eq!(taken.bundle.to_json().into_bytes(), bundle);
    }
}
