//! Any bytes: an opening is decoded to what encodes to just these bytes, or refused; what is decoded has a seed and a
//! commitment.
//!
//! Run: `cargo +nightly fuzz run receipt_opening -- -max_total_time=60 -rss_limit_mb=512 -malloc_limit_mb=16`.
#![no_main]

use commit::{Network, Salts};
use libfuzzer_sys::fuzz_target;
use receipt::Opening;

fuzz_target!(|bytes: &[u8]| {
    match Opening::decode(bytes) {
        Ok(opening) => {
            assert_eq!(opening.encode(), bytes, "two encodings of one opening");
            let salts = Salts { network: Network::OFFLINE, blind: opening.blind };
            let commitment = opening.job.commitment(&salts);
            let shown = opening.job.show(&salts, bytes[2] % 8).expect("a job has eight leaves");
            assert!(shown.is_of(Network::OFFLINE, &commitment));
            let _ = opening.job.rendering_holds(&salts);
        }
        Err(error) => assert!(error.to_string().len() < 200, "a message is short"),
    }
});
