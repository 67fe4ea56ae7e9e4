//! Prints what a GGUF file says of itself: `cargo run -p import --example gguf_dump -- model.gguf`.
//!
//! It never reads the tensors' data.
#![allow(clippy::print_stdout, reason = "an example for the terminal")]

use import::gguf::{Gguf, GgufError, Value, read_header};
use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::time::Instant;

const SHOWN_ELEMENTS: usize = 6;
const SHOWN_CHARS: usize = 120;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: gguf_dump FILE")?;
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let start = Instant::now();
    let header = read_header(length, |_, buffer| file.read_exact(buffer))?;
    let read = start.elapsed();
    let start = Instant::now();
    let gguf = Gguf::parse(&header, length)?;
    let parsed = start.elapsed();
    println!(
        "GGUF version {}, {} bytes, data from {}, alignment {}",
        gguf.version(),
        length,
        gguf.data_start(),
        gguf.alignment()
    );
    for field in gguf.fields() {
        println!("{:45} {:6} {}", field.key(), field.value().value_type(), shown(field.value()));
    }
    for tensor in gguf.tensors() {
        println!(
            "{:40} {:5} {:?} at {}, {} bytes",
            tensor.name(),
            tensor.kind(),
            tensor.shape(),
            tensor.offset(),
            tensor.bytes()
        );
    }
    if let Err(error) = gguf.require_supported_types() {
        println!("not supported: {error}");
    }
    let start = Instant::now();
    print_vocabulary(&gguf);
    println!(
        "read and parsed {} bytes in {read:?}; parsed again in {parsed:?}; vocabulary in {:?}",
        header.len(),
        start.elapsed()
    );
    Ok(())
}

fn print_vocabulary(gguf: &Gguf<'_>) {
    match gguf.vocabulary() {
        Ok(vocabulary) => println!(
            "vocabulary: {} / {:?}, {} tokens, {} merges, {:?}",
            vocabulary.model,
            vocabulary.pre,
            vocabulary.tokens.len(),
            vocabulary.merges.len(),
            vocabulary.special
        ),
        Err(error @ GgufError::MissingKey { .. }) => println!("no vocabulary: {error}"),
        Err(error) => println!("bad vocabulary: {error}"),
    }
}

fn shown(value: &Value<'_>) -> String {
    let text = if let Value::Array(array) = value {
        let first: Vec<_> = array.values().take(SHOWN_ELEMENTS).collect();
        format!("{} x {}: {first:?}", array.len(), array.element())
    } else {
        format!("{value:?}")
    };
    text.chars().take(SHOWN_CHARS).collect()
}
