//! Any bytes: a GGUF header is read or refused by a typed error, within memory bounded by the input.
//!
//! Run: `cargo +nightly run --manifest-path fuzz/Cargo.toml --bin seeds`, then
//! `cargo +nightly fuzz run gguf -- -max_total_time=60 -rss_limit_mb=512 -malloc_limit_mb=16`.
#![no_main]

use import::gguf::{Gguf, GgufError, Value, value::Array};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let length = bytes.len() as u64;
    match Gguf::parse(bytes, length) {
        Ok(gguf) => look_at(&gguf, length),
        Err(GgufError::NeedMore { .. }) => panic!("the whole file was given"),
        Err(error) => assert!(error.to_string().len() < 4_096, "a message is short"),
    }
    // The same bytes as the start of a longer file.
    if let Err(GgufError::NeedMore { at_least }) = Gguf::parse(bytes, length + 1_000_000) {
        assert!(at_least > length && at_least <= length + 1_000_000);
    }
});

fn look_at(gguf: &Gguf<'_>, length: u64) {
    for tensor in gguf.tensors() {
        assert!(tensor.offset() >= gguf.data_start() && tensor.offset() + tensor.bytes() <= length);
        assert!(gguf.tensor(tensor.name()).is_some());
    }
    for field in gguf.fields() {
        if let Value::Array(array) = field.value() {
            walk(array);
        }
        assert!(gguf.optional(field.key()).is_some());
        let _ = (field.dyadic(), field.unsigned(0..=9), field.boolean(), field.string(9));
    }
    let _ = gguf.require_supported_types();
    if let Ok(vocabulary) = gguf.vocabulary() {
        assert_eq!(vocabulary.tokens.len(), vocabulary.kinds.len());
        let end = vocabulary.special.end.map_or(0, |id| id as usize);
        assert!(end < vocabulary.tokens.len());
    }
}

fn walk(array: &Array<'_>) {
    let mut count = 0;
    for value in array.values() {
        count += 1;
        if let Value::Array(inner) = &value {
            walk(inner);
        }
    }
    assert_eq!(count, array.len());
}
