//! Any bytes: a transaction is decoded to what encodes to just these bytes, or refused; whatever its key and signature
//! are, checking them is an answer, and what somebody signs anew holds.
//!
//! Run: `cargo +nightly fuzz run chain_transaction -- -max_total_time=60 -rss_limit_mb=512 -malloc_limit_mb=16`.
#![no_main]

use chain::Transaction;
use commit::Network;
use libfuzzer_sys::fuzz_target;
use receipt::SecretKey;

const NETWORK: Network = Network([7; 32]);

fuzz_target!(|bytes: &[u8]| {
    match Transaction::decode(bytes) {
        Ok(made) => {
            assert_eq!(made.encode(), bytes, "two encodings of one transaction");
            assert_eq!(made.bytes(), bytes.len(), "it says how long it is");
            let what = (made.kind, made.number, made.fee_max);
            let key = SecretKey::from_seed([1; 32]);
            let again = Transaction::sign(NETWORK, &key, what, made.body.clone());
            assert_eq!(again.id(NETWORK) == made.id(NETWORK), again.payer == made.payer);
            assert!(again.clone().authenticate(NETWORK).is_some());
            assert!(again.authenticate(Network::OFFLINE).is_none());
            let _ = made.authenticate(NETWORK);
        }
        Err(error) => assert!(error.to_string().len() < 200, "a message is short"),
    }
});
