//! Any bytes in place of one part of a sound package: the package is refused by a typed error, or it opens from its folder
//! as it was, and what makes a model of it refuses it or not, and never panics.
//!
//! The first byte says which part.
//!
//! Run: `cargo +nightly fuzz run package_parts -- -max_total_time=60 -rss_limit_mb=512`.
#![no_main]

use std::collections::BTreeMap;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use package::{Package, PartKind, folder};

#[path = "../packages.rs"]
mod packages;

static SOUND: LazyLock<Package> = LazyLock::new(packages::sound);

fuzz_target!(|input: &[u8]| {
    let Some((kind, bytes)) = input.split_first() else { return };
    let kind = PartKind::ALL[usize::from(*kind) % PartKind::ALL.len()];
    let mut parts = SOUND.parts().clone();
    parts.insert(kind, bytes.to_vec());
    let manifest = SOUND.manifest();
    match Package::assemble(manifest.about().clone(), manifest.files().to_vec(), parts) {
        Ok(package) => look_at(&package),
        Err(error) => assert!(error.to_string().len() < 4_096, "a message is short"),
    }
});

fn look_at(package: &Package) {
    let files: BTreeMap<String, Vec<u8>> = folder::entries(package).into_iter().collect();
    let again = folder::open(|path, most| match files.get(path) {
        Some(bytes) if bytes.len() as u64 <= most => Ok(bytes.clone()),
        _ => Err(()),
    });
    let again = again.expect("what was assembled is opened");
    assert_eq!((again.id(), again.parts()), (package.id(), package.parts()));
    if let Err(error) = llm::Model::from_package(package) {
        assert!(error.to_string().len() < 4_096, "a message is short");
    }
}
