//! A receipt's place in a network, and everything that is none.

use chain::records::{
    Account, AccountSlot, Anchor, AnchorSlot, NodeId, ParameterValues, Record, Seat, Seats, Slot,
};
use chain::state::{Changes, Entry, State};
use chain::{Amount, Certificate, Epoch, Genesis, Header, Height, NetworkKind, Stamp, Time, vote};
use commit::{Network, Salts};
use light::{BundleError, Freshness, Link, verify_bundle};
use receipt::log::{Log, LogLeaf};
use receipt::{
    Choice, Envelope, Head, NetworkBundle, Place, PublicKey, Receipt, ReceiptFile, Refusal,
    SecretKey, SignedHead, Stop, TokenVector, Usage, Which,
};
use std::sync::Arc;
use verify::{Kind, NotEstablished, Verdict};

const NOW: u64 = 1_700_000_100_000;
const DAY_MS: u64 = 86_400_000;

fn seats() -> Vec<SecretKey> {
    (1..5).map(|seed| SecretKey::from_seed([seed; 32])).collect()
}

fn genesis() -> Genesis {
    let seat = |key: &SecretKey| Seat { node: NodeId([3; 32]), key: key.public() };
    Genesis {
        kind: NetworkKind::Simulation,
        stamp: Stamp(NOW - 50_000),
        parameters: ParameterValues::default(),
        seats: Seats(seats().iter().map(seat).collect()),
        accounts: Vec::new(),
        treasury: Amount::ZERO,
        nodes: Vec::new(),
    }
}

fn worker() -> SecretKey {
    SecretKey::from_seed([9; 32])
}

fn receipt_file(network: Network) -> ReceiptFile {
    let (job, tokens) = ([5; 32], [1, 2, 3]);
    let salts = Salts { network, blind: commit::Blind([6; 32]) };
    let vector = TokenVector::over(salts, Which::Output { choice: 0 }, &tokens);
    let (count, root) = (vector.count(), vector.root());
    let head = Head { job, choice: 0, start: 0, prior: [0; 32], count, root };
    let segments = vec![SignedHead::sign(head, &worker(), network)];
    let receipt = Receipt {
        kind: receipt::WorkKind::Generate,
        job,
        model: [7; 32],
        arithmetic: 1,
        sampling: 1,
        consent: 0,
        anchor_by: 2,
        usage: Usage { prompt: 4, output: 3 },
        choices: vec![Choice { index: 0, segments, stop: Stop::Unfinished }],
        worker: worker().public(),
    };
    let envelope = Envelope::seal(&receipt, &worker(), network).unwrap();
    ReceiptFile::new(envelope, None, None, network).unwrap()
}

/// A log of many leaves with the receipt's among them, anchored in a state of many accounts.
fn bundle(leaves: u64) -> NetworkBundle {
    let network = genesis().network();
    let file = receipt_file(network);
    let leaf = LogLeaf {
        receipt: file.receipt().id(network),
        channel: [8; 32],
        from: 1_000_000,
        to: 2_000_000,
    };
    let other = |at: u64| LogLeaf::offline(std::array::from_fn(|byte| at.to_le_bytes()[byte % 8]));
    let mut log = Log::default();
    for at in 0..leaves {
        log.append(&if at == leaves / 3 { leaf } else { other(at) });
    }
    let anchor =
        Anchor { size: log.size(), root: log.root(), epoch: Epoch(2), time: Time(3_600_000) };
    let (state, slot) = (state(network, &anchor), AnchorSlot(worker().public()));
    let place = Place {
        leaf,
        index: leaves / 3,
        proof: log.inclusion(leaves / 3, log.size()).unwrap(),
        anchor: anchor.encode(),
        anchor_proof: state.prove(&state.place(&slot.key())).encode(),
        links: vec![link(network, &state).encode()],
    };
    NetworkBundle::new(file, place).unwrap()
}

fn state(network: Network, anchor: &Anchor) -> State {
    let entry = |key: Vec<u8>, value: Vec<u8>| {
        let place = State::empty(network).place(&key);
        (place, Some(Arc::new(Entry { key: key.into(), value: value.into() })))
    };
    let account = |at: u16| {
        let key = std::array::from_fn(|byte| at.to_le_bytes()[byte % 2]);
        let rich = Account { balance: Amount(at.into()), made: 1 };
        entry(AccountSlot(PublicKey(key)).key(), rich.encode())
    };
    let mut changes: Changes = (0..5_000).map(account).collect();
    let slot = AnchorSlot(worker().public());
    changes.extend([entry(slot.key(), anchor.encode())]);
    State::empty(network).updated(&changes)
}

fn link(network: Network, state: &State) -> Link {
    let header = Header {
        protocol: 1,
        height: Height(77),
        parent: [1; 32],
        stamp: Stamp(NOW - 1_000),
        time: Time(3_700_000),
        epoch: Epoch(2),
        proposer: seats()[0].public(),
        beacon: [2; 32],
        transactions: 0,
        transactions_root: [0; 32],
        state_root: state.root(),
        seats: genesis().seats.digest(network),
    };
    let hash = header.hash(network);
    let votes = seats().into_iter().take(3).map(|key| vote(network, &key, &hash));
    let certificate = Certificate::Quorum((0..).zip(votes).collect());
    Link { header, certificate, seats: None }
}

fn verified(bundle: &str) -> Result<light::Anchored, BundleError> {
    verify_bundle(&genesis(), bundle.as_bytes(), (Stamp(NOW), DAY_MS), &[Kind::Signature])
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
    let later = (Stamp(NOW + 2 * DAY_MS), DAY_MS);
    let anchored = verify_bundle(&genesis(), text.as_bytes(), later, &[]).unwrap();
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
    assert!(matches!(refused(|place| place.links[0][40] ^= 1), BundleError::Link { at: 0, .. }));
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
    let refused = NetworkBundle::new(made.file().clone(), place);
    assert!(matches!(refused, Err(Refusal::Refuted(_))));
}

#[test]
fn another_network_knows_nothing_of_it() {
    let text = bundle(10).to_json();
    let mut other = genesis();
    other.stamp = Stamp(1);
    let refused = verify_bundle(&other, text.as_bytes(), (Stamp(NOW), DAY_MS), &[]);
    assert!(matches!(refused, Err(BundleError::Receipt(Refusal::Malformed(_)))), "{refused:?}");
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
