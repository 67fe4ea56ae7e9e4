//! A receipt in a log of many leaves, anchored in a state of many accounts, under a header that a quorum certifies, or a
//! group.
//!
//! Never a shortcut: everything is signed and committed to as a network would. `examples/network.rs` writes it down for the
//! bindings' tests.

use chain::records::{
    Account, AccountSlot, Anchor, AnchorSlot, Group, NodeId, ParameterValues, Record, Seat, Seats,
    Slot,
};
use chain::state::{Changes, Entry, State};
use chain::{
    Amount, Certificate, Certifiers, Epoch, Genesis, Header, Height, NetworkKind, Stamp, Time,
    View, vote,
};
use commit::{Network, Salts};
use light::{Bounds, Link, Start, next_start_words, verify_bundle_words};
use receipt::log::{Log, LogLeaf};
use receipt::{
    Choice, Envelope, Head, NetworkBundle, Place, PublicKey, Receipt, ReceiptFile, SecretKey,
    SignedHead, Stop, TokenVector, Usage, Which,
};
use serde_json::{Value, json};
use std::sync::Arc;

use crate::signer::Signer;

pub(crate) const NOW: u64 = 1_700_000_100_000;

pub(crate) fn seats() -> Vec<SecretKey> {
    (1..5).map(|seed| SecretKey::from_seed([seed; 32])).collect()
}

/// Of a network whose blocks a quorum of seats certifies.
pub(crate) fn genesis() -> Genesis {
    of_kind(NetworkKind::Simulation)
}

/// Of one whose blocks a group certifies.
pub(crate) fn group_genesis() -> Genesis {
    of_kind(NetworkKind::Test(Signer::new(1).key()))
}

fn of_kind(kind: NetworkKind) -> Genesis {
    let seat = |key: &SecretKey| Seat { node: NodeId([3; 32]), key: key.public() };
    Genesis {
        kind,
        stamp: Stamp(NOW - 50_000),
        parameters: ParameterValues::default(),
        seats: Seats(seats().iter().map(seat).collect()),
        accounts: Vec::new(),
        treasury: Amount::ZERO,
        nodes: Vec::new(),
    }
}

pub(crate) fn worker() -> SecretKey {
    SecretKey::from_seed([9; 32])
}

pub(crate) fn receipt_file(network: Network) -> ReceiptFile {
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
pub(crate) fn bundle(leaves: u64) -> NetworkBundle {
    let certify = |network, state: &State| vec![link(network, state)];
    bundle_of(genesis().network(), leaves, certify)
}

/// The same in a network whose blocks a group certifies.
pub(crate) fn group_bundle(leaves: u64) -> NetworkBundle {
    let certify = |network, state: &State| vec![group_link(network, state, (1, 1))];
    bundle_of(group_genesis().network(), leaves, certify)
}

fn bundle_of(
    network: Network,
    leaves: u64,
    certify: impl Fn(Network, &State) -> Vec<Link>,
) -> NetworkBundle {
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
    let anchor = Anchor {
        size: log.size(),
        root: log.root(),
        epoch: Epoch(2),
        time: Time(3_600_000),
        earlier: vec![(Epoch(1), 1)],
    };
    let (state, slot) = (state(network, &anchor), AnchorSlot(worker().public()));
    let place = Place {
        leaf,
        index: leaves / 3,
        proof: log.inclusion(leaves / 3, log.size()).unwrap(),
        anchor: anchor.encode(),
        anchor_proof: state.prove(&state.place(&slot.key())).encode(),
        links: certify(network, &state).iter().map(Link::encode).collect(),
    };
    NetworkBundle::new(file, place).unwrap()
}

pub(crate) fn state(network: Network, anchor: &Anchor) -> State {
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

pub(crate) fn link(network: Network, state: &State) -> Link {
    let header = header(network, state, 77, &genesis().seats.into());
    let hash = header.hash(network);
    let votes = seats().into_iter().take(3).map(|key| vote(network, &key, View(2), &hash));
    let certificate = Certificate::Quorum { view: View(2), signatures: (0..).zip(votes).collect() };
    Link { header, certificate, seats: None }
}

/// A link of the group of a name, by what the group of another one signed.
fn group_link(network: Network, state: &State, (named, by): (u64, u64)) -> Link {
    let header = header(network, state, 77, &group(named).into());
    let certificate = Signer::new(by).certify(network, &header.hash(network));
    Link { header, certificate, seats: None }
}

/// The first group, or the one of another name that followed it.
fn group(name: u64) -> Group {
    let first = Group::first(Signer::new(name).key());
    match name {
        1 => first,
        _ => Group { from: Height(50), since: Time(2_000_000), ..first },
    }
}

/// The link that gives a group's key up to the second one's.
fn change(network: Network) -> Link {
    let after = Certifiers::Group(group(2));
    let header = header(network, &State::empty(network), 50, &after);
    let certificate = Signer::new(1).certify(network, &header.hash(network));
    Link { header, certificate, seats: Some(after) }
}

fn header(network: Network, state: &State, height: u64, after: &Certifiers) -> Header {
    Header {
        protocol: 1,
        height: Height(height),
        parent: [1; 32],
        stamp: Stamp(NOW - 1_000),
        time: Time(3_700_000),
        epoch: Epoch(2),
        proposer: seats()[0].public(),
        beacon: [2; 32],
        transactions: 0,
        transactions_root: [0; 32],
        state_root: state.root(),
        seats: after.digest(network),
    }
}

const DAY_MS: u64 = 86_400_000;

/// How a bundle is checked, and what must come of it in every language: `bindings/testdata/network_reports.json`.
pub(crate) fn reports() -> String {
    let text = bundle(1_000).to_json();
    let (network, seats) = (genesis().network(), genesis().seats);
    let header = Link::decode(&bundle(1_000).place().links[0]).unwrap().header;
    let start = |header| commit::hex(&Start::new(network, header, seats.clone()).unwrap().encode());
    let beyond = Header { height: Height(80), ..header };
    let cases = [
        json!({ "name": "from the genesis", "now": NOW }),
        json!({ "name": "from a start that was kept", "now": NOW, "start": start(header) }),
        json!({ "name": "an old header", "now": NOW + 2 * DAY_MS }),
        json!({ "name": "an old start", "now": NOW + 11 * DAY_MS, "bound": 20 * DAY_MS }),
        json!({ "name": "a start as old as it may be", "now": NOW + 11 * DAY_MS, "bound": 20 * DAY_MS, "startBound": 12 * DAY_MS }),
        json!({ "name": "a bound above what stake answers for", "now": NOW + 15 * DAY_MS, "bound": 20 * DAY_MS, "startBound": 30 * DAY_MS }),
        json!({ "name": "ahead of the time", "now": NOW - DAY_MS }),
        json!({ "name": "a later start than the bundle's end", "now": NOW, "start": start(beyond) }),
        json!({ "name": "another place", "now": NOW, "replace": ["\"index\": 333", "\"index\": 334"] }),
        json!({ "name": "a header that nobody certified", "now": NOW, "replace": ["AQABAE0A", "AQABAE4A"] }),
        json!({ "name": "rules that are not known", "now": NOW, "replace": ["AQABAE0A", "AQACAE0A"] }),
    ];
    all_reported(cases.into(), &genesis(), &text)
}

/// The same of the bundle of a network whose blocks a group certifies: `bindings/testdata/group_reports.json`.
pub(crate) fn group_reports() -> String {
    let (genesis, made) = (group_genesis(), group_bundle(1_000));
    let (network, text) = (genesis.network(), made.to_json());
    let link = Link::decode(&made.place().links[0]).unwrap();
    let start = Start::new(network, link.header, group(1)).unwrap().encode();
    let with = |make: &dyn Fn(Network, &State) -> Vec<Link>| {
        let other = bundle_of(network, 1_000, make).to_json();
        [links_of(&text), links_of(&other)]
    };
    let by = |named, by| with(&move |network, state| vec![group_link(network, state, (named, by))]);
    let changed = with(&|network, state| vec![change(network), group_link(network, state, (2, 2))]);
    let too_long =
        with(&|network, state| vec![change(network), group_link(network, state, (2, 1))]);
    let no_point = with(&|network, state| {
        let mut link = group_link(network, state, (1, 1));
        if let Certificate::Group(word) = &mut link.certificate {
            word.signature.0 = [0; 48];
        }
        vec![link]
    });
    let in_another_view = with(&|network, state| {
        let mut link = group_link(network, state, (1, 1));
        if let Certificate::Group(word) = &mut link.certificate {
            word.view += 1;
        }
        vec![link]
    });
    let of_seats = with(&|network, state| vec![self::link(network, state)]);
    let cases = [
        json!({ "name": "from the genesis", "now": NOW }),
        json!({ "name": "from a start that was kept", "now": NOW, "start": commit::hex(&start) }),
        json!({ "name": "an old header", "now": NOW + 2 * DAY_MS }),
        json!({ "name": "another group's signature", "now": NOW, "replace": by(1, 2) }),
        json!({ "name": "no point", "now": NOW, "replace": no_point }),
        json!({ "name": "another view", "now": NOW, "replace": in_another_view }),
        json!({ "name": "another kind of certificate", "now": NOW, "replace": of_seats }),
        json!({ "name": "the group's key changed", "now": NOW, "replace": changed }),
        json!({ "name": "by the key before", "now": NOW, "replace": too_long }),
        json!({ "name": "another header of the start's height", "now": NOW, "start": commit::hex(&start), "replace": changed }),
    ];
    all_reported(cases.into(), &genesis, &text)
}

/// What a bundle's text has between the brackets of its links.
fn links_of(text: &str) -> String {
    let (_, after) = text.split_once("\"links\": [").unwrap();
    after.split_once(']').unwrap().0.to_owned()
}

fn all_reported(cases: Vec<Value>, genesis: &Genesis, text: &str) -> String {
    let cases: Vec<Value> = cases.into_iter().map(|case| reported(case, genesis, text)).collect();
    serde_json::to_string_pretty(&json!({ "cases": cases })).unwrap() + "\n"
}

/// A case with its report, and the start to keep where there is one.
fn reported(mut case: Value, genesis: &Genesis, text: &str) -> Value {
    let number = |name: &str| case[name].as_u64();
    let start = case["start"].as_str().map(|hex| {
        let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (0..hex.len()).step_by(2).map(digits).collect::<Vec<u8>>()
    });
    let usual = Bounds::default();
    let bounds = Bounds {
        header_ms: number("bound").unwrap_or(usual.header_ms),
        start_ms: number("startBound").unwrap_or(usual.start_ms),
    };
    let at = (number("now").unwrap(), bounds);
    let file = match case["replace"].as_array() {
        Some(pair) => {
            assert!(text.contains(pair[0].as_str().unwrap()), "{pair:?}");
            text.replacen(pair[0].as_str().unwrap(), pair[1].as_str().unwrap(), 1)
        }
        None => text.to_owned(),
    };
    let genesis = genesis.encode();
    let from = (&genesis[..], start.as_deref());
    let report = verify_bundle_words(from, file.as_bytes(), at, ["signature"]).unwrap();
    let next = next_start_words(from, file.as_bytes(), at).unwrap();
    case["report"] = serde_json::from_str(&report).unwrap();
    if let Some(next) = next {
        case["next"] = commit::hex(&next).into();
    }
    case
}
