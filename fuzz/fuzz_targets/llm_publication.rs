//! Any bytes as a model file to publish: refused by a typed error, or made a package that opens as the same model.
//!
//! Run: `cargo +nightly fuzz run llm_publication -- -max_total_time=60 -rss_limit_mb=512`.
#![no_main]

use std::convert::Infallible;

use libfuzzer_sys::fuzz_target;
use llm::{Model, Publication};
use package::{Package, Shards, Units};

fuzz_target!(|bytes: &[u8]| {
    let read = |offset: u64, into: &mut [u8]| {
        let start = offset as usize;
        into.copy_from_slice(&bytes[start..start + into.len()]);
        Ok::<_, Infallible>(())
    };
    match Publication::from_gguf(bytes, bytes.len() as u64, read) {
        Ok(publication) => {
            let Some(package) = publish(&publication, bytes) else { return };
            let model = Model::from_package(&package).expect("what was published opens");
            assert_eq!(model.program, publication.model.program);
            assert_eq!(model.template.is_some(), publication.model.template.is_some());
            let stops = |model: &Model| model.tokenizer.stop_tokens().clone();
            assert_eq!(stops(&model), stops(&publication.model));
        }
        Err(error) => assert!(error.to_string().len() < 4_096, "a message is short"),
    }
});

/// The package, where the weights can be used and every part keeps its limits.
fn publish(publication: &Publication, bytes: &[u8]) -> Option<Package> {
    let units = units(publication, bytes)?;
    let mut shards = Shards::new();
    shards.update(bytes);
    match publication.package(&units, vec![shards.finish()]) {
        Ok(package) => Some(package),
        Err(error) => {
            assert!(error.to_string().len() < 4_096, "a message is short");
            None
        }
    }
}

fn units(publication: &Publication, bytes: &[u8]) -> Option<Units> {
    let mut units = publication.units();
    for tensor in &publication.model.program.program().tensors {
        let start = tensor.location.offset as usize;
        units.add(tensor, &bytes[start..start + tensor.bytes() as usize]).ok()?;
    }
    Some(units.finish().expect("every tensor was given"))
}
