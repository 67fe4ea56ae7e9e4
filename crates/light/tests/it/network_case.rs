//! A receipt in a log of many leaves, anchored in a state of many accounts, under a header that a quorum certifies.
//!
//! Never a shortcut: everything is signed and committed to as a network would. `examples/network.rs` writes it down for the
//! bindings' tests.

use chain::records::{
    Account, AccountSlot, Anchor, AnchorSlot, NodeId, ParameterValues, Record, Seat, Seats, Slot,
};
use chain::state::{Changes, Entry, State};
use chain::{
    Amount, Certificate, Epoch, Genesis, Header, Height, NetworkKind, Stamp, Time, View, vote,
};
use commit::{Network, Salts};
use light::Link;
use receipt::log::{Log, LogLeaf};
use receipt::{
    Choice, Envelope, Head, NetworkBundle, Place, PublicKey, Receipt, ReceiptFile, SecretKey,
    SignedHead, Stop, TokenVector, Usage, Which,
};
use std::sync::Arc;

pub(crate) const NOW: u64 = 1_700_000_100_000;

pub(crate) fn seats() -> Vec<SecretKey> {
    (1..5).map(|seed| SecretKey::from_seed([seed; 32])).collect()
}

pub(crate) fn genesis() -> Genesis {
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
        links: vec![link(network, &state).encode()],
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
    let votes = seats().into_iter().take(3).map(|key| vote(network, &key, View(2), &hash));
    let certificate = Certificate::Quorum { view: View(2), signatures: (0..).zip(votes).collect() };
    Link { header, certificate, seats: None }
}
