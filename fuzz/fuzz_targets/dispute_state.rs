//! Any bytes as a referee's state, about one of several models: decoded to what encodes to just these bytes, or refused;
//! asked, played on by any move of either side, let pass, and never a panic.
//!
//! The input: which model, how long the state is as u16, the state, the move.
//!
//! Run: `cargo +nightly fuzz run dispute_state -- -max_total_time=60 -rss_limit_mb=512 -detect_leaks=0`: the models are
//! leaked, once.
#![no_main]

use commit::Network;
use dispute::{Dispute, Model, Move, Party};
use libfuzzer_sys::fuzz_target;
use std::sync::OnceLock;

/// Those of `dispute_message`.
const SEEDS: [u64; 5] = [0, 3, 7, 16, 18];

static MODELS: OnceLock<Vec<(&'static Model<'static>, Network)>> = OnceLock::new();

fuzz_target!(|input: &[u8]| {
    let Some((&[which, low, high], rest)) = input.split_first_chunk() else { return };
    let length = usize::from(u16::from_le_bytes([low, high]));
    let (state, made) = rest.split_at(length.min(rest.len()));
    let models = MODELS.get_or_init(|| {
        let model = |seed| {
            let states = dispute::sides::states(seed).expect("an honest dispute");
            (states[0].0.model(), states[0].0.subject().network)
        };
        SEEDS.into_iter().map(model).collect()
    });
    let (model, network) = models[usize::from(which) % models.len()];
    let Ok(dispute) = Dispute::decode(model, network, state) else { return };
    assert_eq!(dispute.encode(), state, "two encodings of one state");
    assert_eq!(dispute.asked().is_some(), dispute.turn().is_some());
    let Ok(made) = Move::decode(made) else { return };
    for party in [Party::Claimant, Party::Challenger] {
        let mut dispute = dispute.clone();
        if dispute.take(party, &made, 0).is_err() {
            assert_eq!(dispute.encode(), state, "a refused move changes nothing");
        }
        let bytes = dispute.encode();
        let again = Dispute::decode(model, network, &bytes).expect("it was encoded");
        assert_eq!(again.asked(), dispute.asked());
        // No time is after the last one that can be said.
        let over = dispute.verdict().is_some() || dispute.deadline() < u64::MAX;
        dispute.pass(u64::MAX);
        assert_eq!(dispute.verdict().is_some(), over);
    }
});
