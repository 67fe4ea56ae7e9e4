//! Any bytes: a receipt is decoded to what encodes to just these bytes, or refused by a typed error.
//!
//! Run: `cargo +nightly fuzz run receipt_statement -- -max_total_time=60 -rss_limit_mb=512`.
#![no_main]

use commit::Network;
use libfuzzer_sys::fuzz_target;
use receipt::{Receipt, limits};

fuzz_target!(|bytes: &[u8]| {
    match Receipt::decode(bytes) {
        Ok(receipt) => {
            assert_eq!(receipt.encode(), bytes, "two encodings of one receipt");
            let counts: u32 = receipt.choices.iter().map(|choice| choice.count()).sum();
            assert_eq!(receipt.usage.output, counts);
            assert!(receipt.choices.len() <= limits::RECEIPT_CHOICES_MAX);
            // Whatever keys and signatures are, checking them is an answer.
            let _ = receipt.heads_hold(Network::OFFLINE);
        }
        Err(error) => assert!(error.to_string().len() < 200, "a message is short"),
    }
});
