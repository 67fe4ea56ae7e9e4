//! Any bytes in a file that the store reads: a record, a key, a log's leaves or the note of how far it has come, an entry of
//! the cache of packed weights, pip's configuration. No panic, and what is read is what the file says.
//!
//! The first byte chooses. The files lie in a folder of this process below the system's folder for temporary files.
//!
//! Run: `cargo +nightly fuzz run store_files -- -max_total_time=60 -rss_limit_mb=512`.
#![no_main]

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use receipt::PublicKey;
use receipt::log::{Log, LogLeaf};
use store::pip::{PipEnvironment, PipSettings};
use store::{Blake3, Config, LEAF_BYTES, PackedKey, Store, blake3_reader};

/// The reference whose record it is.
const REFERENCE: &str = "hf:owner/name:model.gguf";

static HOME: LazyLock<PathBuf> = LazyLock::new(|| {
    let home = std::env::temp_dir().join(format!("probity-fuzz-{}", std::process::id()));
    let log = Path::new("log").join(PublicKey([7; 32]).hex());
    for folder in [Path::new("refs"), Path::new("keys"), Path::new("cache/packed"), &log] {
        fs::create_dir_all(home.join(folder)).expect("a folder can be made");
    }
    home
});

fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else { return };
    let store = Store::look(Config::new(HOME.as_path()));
    match choice % 6 {
        0 => record(&store, bytes),
        1 => key(&store, bytes),
        2 => leaves(&store, bytes),
        3 => packed(&store, bytes),
        4 => note(&store, bytes),
        _ => {
            let path = file("pip.conf", bytes);
            if let Ok(settings) = PipSettings::load(&[path], &PipEnvironment::default()) {
                assert!(settings.find_links.len() <= bytes.len());
                let _ = (settings.indexes(), format!("{settings:?}"));
            }
        }
    }
});

/// Writes a file of the store's folder.
fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = HOME.join(name);
    fs::write(&path, bytes).expect("a file can be written");
    path
}

/// The hash of the reference: what its record is called, and here the model of the packed weights too.
fn name() -> Blake3 {
    blake3_reader(&mut REFERENCE.as_bytes()).expect("memory can be read").1
}

fn record(store: &Store, bytes: &[u8]) {
    let path = file(&format!("refs/{}.json", name()), bytes);
    let listing = store.list().expect("the folder can be read");
    assert_eq!(listing.models.len() + listing.damaged.len(), 1);
    assert!(listing.models.iter().all(|model| model.record.reference == REFERENCE));
    fs::remove_file(path).expect("a file can be deleted");
}

fn key(store: &Store, bytes: &[u8]) {
    let path = file("keys/worker", bytes);
    close(&path);
    if let Ok(Some(key)) = store.keys().get() {
        let digits = commit::hex(&key.seed()).into_bytes();
        assert!(bytes.windows(digits.len()).any(|window| window == digits));
    }
}

/// For its owner alone.
#[cfg(unix)]
fn close(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("it is ours");
}

#[cfg(not(unix))]
fn close(_path: &Path) {}

fn leaves(store: &Store, bytes: &[u8]) {
    let key = PublicKey([7; 32]);
    file(&format!("log/{}/leaves", key.hex()), bytes);
    let leaves = store.log(&key).all().expect("it is short");
    assert_eq!(leaves.as_flattened(), &bytes[..bytes.len() / LEAF_BYTES * LEAF_BYTES]);
}

/// Beside three leaves: they are given where the note has the root of some first ones.
fn note(store: &Store, bytes: &[u8]) {
    let (key, leaf) = (PublicKey([7; 32]), [1; LEAF_BYTES]);
    file(&format!("log/{}/leaves", key.hex()), [leaf; 3].as_flattened());
    let path = file(&format!("log/{}/head", key.hex()), bytes);
    let mut log = Log::default();
    let mut roots = vec![commit::hex(&log.root())];
    for _ in 0..3 {
        log.append(&LogLeaf::decode(&leaf).expect("every 96 bytes are a leaf"));
        roots.push(commit::hex(&log.root()));
    }
    if store.log(&key).all().is_ok() {
        let text = core::str::from_utf8(bytes).expect("a note is text");
        assert!(roots.iter().any(|root| text.lines().any(|line| line == root)));
    }
    fs::remove_file(path).expect("a file can be deleted");
}

fn packed(store: &Store, bytes: &[u8]) {
    let model = name();
    let path = file(&format!("cache/packed/{model}-layout"), bytes);
    let key = PackedKey::new(model, "layout").expect("it is plain");
    match store.packed().get(&key).expect("the folder can be read") {
        None => assert!(!path.exists(), "a damaged entry is deleted"),
        Some(entry) => {
            let mut payload = Vec::new();
            entry.into_payload().read_to_end(&mut payload).expect("the file can be read");
            assert!(bytes.starts_with(&payload) && bytes.len() == payload.len() + 48);
        }
    }
}
