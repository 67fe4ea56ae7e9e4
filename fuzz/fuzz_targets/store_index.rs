//! Any bytes as a page of a Python index, in both forms, and as a model reference.
//!
//! The first byte chooses. Nothing may panic; what is read keeps the promises the store builds on.

#![no_main]

use libfuzzer_sys::fuzz_target;
use store::ModelRef;
use store::index::{JSON_TYPE, MAX_LISTED_FILES, parse_page};

fuzz_target!(|input: &[u8]| {
    let Some((choice, body)) = input.split_first() else { return };
    if choice % 3 == 0 {
        let Ok(text) = std::str::from_utf8(body) else { return };
        if let Ok(reference) = ModelRef::parse(text) {
            assert_eq!(ModelRef::parse(&reference.to_string()), Ok(reference));
        }
        return;
    }
    let kind = if choice % 3 == 1 { JSON_TYPE } else { "text/html" };
    let base = url::Url::parse("https://index.example/simple/x/").expect("a constant");
    if let Ok(files) = parse_page(Some(kind), &base, body) {
        assert!(files.len() <= MAX_LISTED_FILES);
        assert!(files.iter().all(|file| matches!(file.url.scheme(), "http" | "https")));
    }
});
