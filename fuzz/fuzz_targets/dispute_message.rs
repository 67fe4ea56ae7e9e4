//! Any bytes as a move: decoded to what encodes to just these bytes, or refused; taken or refused in every state of a
//! dispute, by either side, and never a panic.
//!
//! Run: `cargo +nightly fuzz run dispute_message -- -max_total_time=60 -rss_limit_mb=1024 -detect_leaks=0`: the disputes are
//! leaked, once.
#![no_main]

use dispute::{Dispute, Move, Party};
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

/// Disputes about a fault of the first op, a token, one of a vocabulary of several chunks, a fault in a layer, and one in
/// the epilogue. What a layer has behind its second norm is in none of them.
const SEEDS: [u64; 5] = [0, 3, 7, 16, 18];

static STATES: OnceLock<Vec<(Dispute<'static>, Vec<u8>)>> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    let Ok(made) = Move::decode(bytes) else { return };
    assert_eq!(made.encode(), bytes, "two encodings of one move");
    let states = STATES.get_or_init(|| {
        let states = |seed| dispute::sides::states(seed).expect("an honest dispute");
        SEEDS.into_iter().flat_map(states).collect()
    });
    for (state, _) in states {
        for party in [Party::Claimant, Party::Challenger] {
            let mut dispute = state.clone();
            let turn = dispute.turn();
            if dispute.take(party, &made, 0).is_err() {
                assert_eq!(dispute.turn(), turn, "a refused move changes nothing");
            }
        }
    }
});
