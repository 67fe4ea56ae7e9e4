//! Any bytes: a GGUF header is read or refused by a typed error, within memory bounded by the input; what the importer
//! makes of it is a program that a check accepts or refuses.
//!
//! Run: `cargo +nightly run --manifest-path fuzz/Cargo.toml --bin seeds`, then
//! `cargo +nightly fuzz run gguf -- -max_total_time=60 -rss_limit_mb=512 -malloc_limit_mb=16`.
#![no_main]

use std::convert::Infallible;

use import::architectures;
use import::gguf::{Gguf, GgufError, TensorInfo, Value, value::Array};
use libfuzzer_sys::fuzz_target;
use program::Checked;

fuzz_target!(|bytes: &[u8]| {
    let length = bytes.len() as u64;
    match Gguf::parse(bytes, length) {
        Ok(gguf) => {
            look_at(&gguf, length);
            import(&gguf, bytes);
        }
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

fn import(gguf: &Gguf<'_>, bytes: &[u8]) {
    let program = architectures::program(gguf, &mut |tensor: &TensorInfo<'_>| {
        let start = tensor.offset() as usize;
        Ok::<_, Infallible>(bytes[start..start + tensor.bytes() as usize].to_vec())
    });
    let message = match program.map(Checked::new) {
        Ok(Ok(checked)) => {
            assert_eq!(Checked::decode(&checked.encode()).as_ref(), Ok(&checked));
            return;
        }
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    assert!(message.len() < 4_096, "a message is short");
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
