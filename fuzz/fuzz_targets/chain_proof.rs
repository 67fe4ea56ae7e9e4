//! Any bytes as a state proof: decoded to what encodes to just these bytes, or refused; what it shows of a state is so.
//!
//! The first byte chooses a key that stands there or not, the second the record that is claimed.
//!
//! Run: `cargo +nightly fuzz run chain_proof -- -max_total_time=60 -rss_limit_mb=512`.
#![no_main]

use std::sync::{Arc, LazyLock};

use chain::state::{Changes, Entry, Place, Proof, State};
use commit::{Digest, Network};
use libfuzzer_sys::fuzz_target;

const NETWORK: Network = Network([7; 32]);

/// Every second byte is a key, and its own record.
static STATE: LazyLock<State> = LazyLock::new(|| {
    let entry = |key: u8| {
        let entry = Entry { key: [key].into(), value: [key].into() };
        (Place::of(NETWORK, &[key]), Some(Arc::new(entry)))
    };
    State::empty(NETWORK).updated(&(0..=255).step_by(2).map(entry).collect::<Changes>())
});
static ROOT: LazyLock<Digest> = LazyLock::new(|| STATE.root());

fuzz_target!(|input: &[u8]| {
    let [key, claimed, bytes @ ..] = input else { return };
    let own = STATE.prove(&STATE.place(&[*key]));
    let there = (*key % 2 == 0).then_some(*key);
    let record = (claimed % 2 == 0).then_some(claimed / 2);
    let as_bytes = record.map(|record| [record]);
    let holds = |proof: &Proof| {
        proof.check(NETWORK, &ROOT, &[*key], as_bytes.as_ref().map(<[u8; 1]>::as_slice)).is_ok()
    };
    assert_eq!(holds(&own), record == there, "a state's own proof");
    match Proof::decode(bytes) {
        Ok(proof) => {
            assert_eq!(proof.encode(), bytes, "two encodings of one proof");
            assert!(!holds(&proof) || (record == there && proof == own), "shown and not so");
        }
        Err(error) => assert!(error.to_string().len() < 200, "a message is short"),
    }
});
