//! A receipt's place in its worker's log, as a bundle carries it.

use receipt::log::LogLeaf;
use receipt::note::Checkpoint;
use receipt::{Inclusion, Malformed, ReceiptFile, Refusal, Refuted, SecretKey};
use serde_json::Value;

use crate::sealed::sealed;

#[test]
fn the_log_is_the_workers_and_holds_the_receipt() {
    let case = sealed(24);
    let holds = |inclusion: Inclusion| {
        ReceiptFile::new(case.envelope(), None, Some(inclusion), case.network)
    };
    let key = case.secret.public();
    assert!(holds(case.inclusion()).is_ok());
    // The right root, signed by another.
    let (log, other) = (case.log(), SecretKey::from_seed([9; 32]));
    let foreign = Checkpoint::sign(log.size(), &log.root(), &other);
    let foreign = Inclusion::of(&log, 2, foreign).unwrap();
    assert_eq!(holds(foreign.clone()), Err(Refuted::Origin { key }.into()));
    // Another leaf, and a tree with another root.
    let elsewhere = Inclusion::of(&log, 1, case.checkpoint()).unwrap();
    assert_eq!(holds(elsewhere), Err(Refuted::Inclusion { index: 1 }.into()));
    let paid = LogLeaf { to: 1, ..LogLeaf::offline(case.receipt.id(case.network)) };
    let mut log = receipt::log::Log::default();
    log.append(&paid);
    let checkpoint = Checkpoint::sign(1, &log.root(), &case.secret);
    let paid = Inclusion::of(&log, 0, checkpoint).unwrap();
    assert_eq!(holds(paid), Err(Refuted::Inclusion { index: 0 }.into()));
    assert!(Inclusion::of(&log, 1, Checkpoint::sign(1, &log.root(), &case.secret)).is_none());
}

#[test]
fn a_bundles_log_is_checked_when_it_is_read() {
    let case = sealed(25);
    let text = case.bundle().to_json();
    let json: Value = serde_json::from_str(&text).unwrap();
    let with = |pointer: &str, value: Value| {
        let mut json = json.clone();
        *json.pointer_mut(pointer).unwrap() = value;
        case.parse(&json.to_string())
    };
    let key = case.secret.public();
    assert_eq!(with("/log/index", 3.into()), Err(Refuted::Inclusion { index: 3 }.into()));
    assert_eq!(
        with("/log/index", u64::MAX.into()),
        Err(Refuted::Inclusion { index: u64::MAX }.into())
    );
    for other in [Value::from(-1), Value::from("2"), Value::Null] {
        let refused = with("/log/index", other);
        assert!(matches!(refused, Err(Refusal::Malformed(Malformed::Json { .. }))), "{refused:?}");
    }
    let proof = json["log"]["proof"].as_array().unwrap().clone();
    let mut shorter = proof.clone();
    shorter.pop();
    let mut swapped = proof.clone();
    swapped.swap(0, 1);
    let longer = [proof.clone(), vec![proof[0].clone()]].concat();
    for wrong in [shorter, swapped, longer] {
        assert_eq!(with("/log/proof", wrong.into()), Err(Refuted::Inclusion { index: 2 }.into()));
    }
    let endless = Value::from(vec![proof[0].clone(); receipt::log::LOG_PATH_MAX + 1]);
    let refused = with("/log/proof", endless);
    assert!(matches!(refused, Err(Refusal::Malformed(Malformed::Json { .. }))), "{refused:?}");

    let note = json["log"]["checkpoint"].as_str().unwrap().to_owned();
    let larger = note.replacen("\n5\n", "\n6\n", 1);
    assert_eq!(with("/log/checkpoint", larger.into()), Err(Refuted::Checkpoint { key }.into()));
    let other = SecretKey::from_seed([9; 32]);
    let foreign = Checkpoint::sign(5, &case.log().root(), &other).note().encode();
    assert_eq!(with("/log/checkpoint", foreign.into()), Err(Refuted::Origin { key }.into()));
    let refused = with("/log/checkpoint", "".into());
    assert!(matches!(refused, Err(Refusal::Malformed(Malformed::Note(_)))), "{refused:?}");
    // A witness's signature is good in a note; in a bundle nobody checks it.
    let cosigned = format!("{note}\u{2014} witness.example/w AAAAAAA=\n");
    assert_eq!(
        with("/log/checkpoint", cosigned.into()),
        Err(Malformed::Cosigned { found: 2 }.into())
    );
}
