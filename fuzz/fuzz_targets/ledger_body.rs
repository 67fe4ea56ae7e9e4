//! Any bytes as the body of a transaction of every kind: decoded to what encodes to just these bytes, or refused; signed
//! and offered to a block it is taken or rejected, and never a fault of ours.
//!
//! The first byte is the kind.
//!
//! Run: `cargo +nightly fuzz run ledger_body -- -max_total_time=60 -rss_limit_mb=512 -malloc_limit_mb=64`.
#![no_main]

use std::sync::LazyLock;

use chain::records::{
    Account, AccountSlot, Clock, ClockSlot, Group, GroupSlot, NodeId, ParameterValues,
    ParametersSlot, Purse, PurseSlot, Seat, Seats, SeatsSlot,
};
use chain::state::State;
use chain::{Amount, Epoch, Genesis, Height, KindNumber, Stamp, Time, Transaction};
use commit::Network;
use ledger::tx::Action;
use ledger::{Author, Execution, Opening, Rejection, Stop, Working};
use libfuzzer_sys::fuzz_target;
use receipt::SecretKey;

const NETWORK: Network = Network([7; 32]);
const RICH: Amount = Amount(1 << 100);

/// Of the group that has blocks certified here, for whoever wants to change it.
const GENESIS: &[u8] = include_bytes!("../../bindings/testdata/group_genesis.bin");

/// One account, one seat, and a group.
static STATE: LazyLock<State> = LazyLock::new(|| {
    let key = key().public();
    let clock = Clock {
        height: Height(5),
        stamp: Stamp(1_700_000_000_000),
        time: Time(5_000),
        epoch: Epoch(1),
        epoch_began: Time(0),
        beacon: [9; 32],
    };
    let mut working = Working::new(State::empty(NETWORK));
    working.put(&ClockSlot, &clock);
    working.put(&PurseSlot, &Purse { issued: RICH, ..Purse::default() });
    working.put(&ParametersSlot, &ParameterValues::default());
    working.put(&SeatsSlot, &Seats(vec![Seat { node: NodeId([1; 32]), key }]));
    let genesis = Genesis::decode(GENESIS).expect("the case's genesis");
    let group = genesis.kind.group().expect("it is no simulation");
    working.put(&GroupSlot, &Group::first(group));
    working.put(&AccountSlot(key), &Account { balance: RICH, made: 0 });
    working.finish()
});

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
            let _ = action.touches(&Author { network: NETWORK, payer: key().public(), number: 0 });
            offered(kind, body);
        }
        Err(Rejection::Kind | Rejection::Body) => {}
        Err(other) => panic!("no reason for bytes: {other}"),
    }
});

/// A rejected transaction leaves the state as it was.
fn offered(kind: KindNumber, body: &[u8]) {
    let what = (kind, 0, Amount(u128::MAX));
    let made = Transaction::sign(NETWORK, &key(), what, body.to_vec());
    let authentic = made.authenticate(NETWORK).expect("it is signed");
    let opening = Opening { stamp: Stamp(1_700_000_001_000), beacon: [3; 32] };
    let begin = || Execution::begin(&STATE, &opening).expect("the state is sound");
    let root = |made: Execution| made.finish().expect("the state is sound").state.root();
    let mut execution = begin();
    match execution.take(&authentic) {
        Ok(()) => assert_ne!(root(execution), root(begin()), "nothing happened"),
        Err(Stop::Rejected(_)) => assert_eq!(root(execution), root(begin()), "half done"),
        Err(stop @ (Stop::NoRoom | Stop::Fault(_))) => panic!("{stop}"),
    }
}
