//! Any bytes as the body of a transaction of every kind: decoded to what encodes to just these bytes, or refused; signed
//! and offered to a block it is taken or rejected, and never a fault of ours.
//!
//! The first byte is the kind.
//!
//! Run: `cargo +nightly fuzz run ledger_body -- -max_total_time=60 -rss_limit_mb=512 -malloc_limit_mb=64`.
#![no_main]

use std::sync::LazyLock;

use chain::records::{NodeId, Seat, Seats};
use chain::state::State;
use chain::{Amount, Genesis, KindNumber, Stamp, Transaction};
use ledger::tx::Action;
use ledger::{Author, Execution, Opening, Rejection, Stop, begin};
use libfuzzer_sys::fuzz_target;
use receipt::SecretKey;

const RICH: Amount = Amount(1 << 100);
const BEGAN: u64 = 1_700_000_000_000;
const BLOCKS: u64 = 5;

/// Of the group that has blocks certified here, for whoever wants to change it.
const GENESIS: &[u8] = include_bytes!("../../bindings/testdata/group_genesis.bin");

/// One account, one seat, and a group, some blocks after the genesis.
static STATE: LazyLock<State> = LazyLock::new(|| {
    let key = key().public();
    let genesis = Genesis::decode(GENESIS).expect("the case's genesis");
    let genesis = Genesis {
        stamp: Stamp(BEGAN),
        seats: Seats(vec![Seat { node: NodeId([1; 32]), key }]),
        accounts: vec![(key, RICH)],
        nodes: Vec::new(),
        ..genesis
    };
    let (state, _) = begin(&genesis).expect("the genesis is sound");
    (1..=BLOCKS).fold(state, |state, height| {
        let block = Execution::begin(&state, &opening(height)).expect("the state is sound");
        block.finish().expect("the state is sound").state
    })
});

fn opening(height: u64) -> Opening {
    Opening { stamp: Stamp(BEGAN + 1_000 * height), beacon: [3; 32] }
}

fn key() -> SecretKey {
    SecretKey::from_seed([1; 32])
}

fuzz_target!(|input: &[u8]| {
    let Some((kind, body)) = input.split_first() else { return };
    let kind = KindNumber(u16::from(*kind));
    match Action::decode(kind, body) {
        Ok(action) => {
            assert_eq!(action.kind(), kind);
            assert_eq!(action.encode(), body, "two encodings of one body");
            let _ = action.touches(&Author {
                network: STATE.network(),
                payer: key().public(),
                number: 0,
            });
            offered(kind, body);
        }
        Err(Rejection::Kind | Rejection::Body) => {}
        Err(other) => panic!("no reason for bytes: {other}"),
    }
});

/// A rejected transaction leaves the state as it was.
fn offered(kind: KindNumber, body: &[u8]) {
    let what = (kind, 0, Amount(u128::MAX));
    let network = STATE.network();
    let made = Transaction::sign(network, &key(), what, body.to_vec());
    let authentic = made.authenticate(network).expect("it is signed");
    let begin = || Execution::begin(&STATE, &opening(BLOCKS + 1)).expect("the state is sound");
    let root = |made: Execution| made.finish().expect("the state is sound").state.root();
    let mut execution = begin();
    match execution.take(&authentic) {
        Ok(()) => assert_ne!(root(execution), root(begin()), "nothing happened"),
        Err(Stop::Rejected(_)) => assert_eq!(root(execution), root(begin()), "half done"),
        Err(stop @ (Stop::NoRoom | Stop::Fault(_))) => panic!("{stop}"),
    }
}
