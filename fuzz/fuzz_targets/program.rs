//! Any bytes: a program is decoded to what encodes to just these bytes, or refused by a typed error.
//!
//! Run: `cargo +nightly fuzz run program -- -max_total_time=60 -rss_limit_mb=512`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use program::Checked;

fuzz_target!(|bytes: &[u8]| {
    match Checked::decode(bytes) {
        Ok(checked) => assert_eq!(checked.encode(), bytes, "two encodings of one program"),
        Err(error) => assert!(error.to_string().len() < 4_096, "a message is short"),
    }
});
