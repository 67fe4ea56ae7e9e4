//! Any bytes: a manifest or a part of a package is decoded to what encodes to just these bytes, or refused by a typed
//! error. The first byte says which it is.
//!
//! Run: `cargo +nightly fuzz run package_manifest -- -max_total_time=60 -rss_limit_mb=512`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use package::{Defaults, Manifest, Quality, TokenBytes, Tokenizer};

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    let again = match kind {
        0 => Manifest::decode(bytes).map(|part| part.encode()).map_err(|e| e.to_string()),
        1 => Tokenizer::decode(bytes)
            .map(|part| part.encode().expect("what was decoded keeps its limits"))
            .map_err(|e| e.to_string()),
        2 => TokenBytes::decode(bytes).map(|part| part.encode()).map_err(|e| e.to_string()),
        3 => Defaults::decode(bytes).map(|part| part.encode()).map_err(|e| e.to_string()),
        4 => Quality::decode(bytes)
            .map(|part| part.encode().expect("what was decoded keeps its limits"))
            .map_err(|e| e.to_string()),
        _ => return,
    };
    match again {
        Ok(again) => assert_eq!(again, bytes, "two encodings of one thing"),
        Err(error) => assert!(error.len() < 4_096, "a message is short"),
    }
});
