//! Keys and the receipt log on disk.

use std::fs;
use std::io::Write as _;

use crate::world::World;
use store::{LEAF_BYTES, StoreError};

fn world() -> World {
    World::new(None, None)
}

#[test]
fn a_key_is_made_once_and_kept() {
    let world = world();
    let store = world.store();
    assert!(store.keys().get().unwrap().is_none());
    let made = store.keys().get_or_make([1; 32]).unwrap();
    let again = store.keys().get_or_make([2; 32]).unwrap();
    assert_eq!((made.seed(), again.seed()), ([1; 32], [1; 32]));
    let rotated = store.keys().rotate([3; 32]).unwrap();
    assert_eq!(rotated.old.unwrap().seed(), [1; 32]);
    assert_eq!(store.keys().get().unwrap().unwrap().seed(), [3; 32]);
    let kept = rotated.kept_at.unwrap();
    assert_eq!(fs::read(&kept).unwrap().len(), fs::read(store.keys().path()).unwrap().len());
}

#[cfg(unix)]
#[test]
fn a_key_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let world = world();
    let keys = world.store();
    let keys = keys.keys();
    keys.get_or_make([1; 32]).unwrap();
    let rotated = keys.rotate([2; 32]).unwrap();
    for path in [keys.path(), rotated.kept_at.unwrap()] {
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    fs::set_permissions(keys.path(), fs::Permissions::from_mode(0o640)).unwrap();
    let told = keys.get().unwrap_err().to_string();
    assert!(told.contains("others can read it") && told.contains("chmod 600"), "{told}");
    let exposed = fs::read(keys.path()).unwrap();
    let rotated = keys.rotate([3; 32]).unwrap();
    assert!(rotated.old.is_none(), "an exposed key is nobody's any more");
    assert_eq!(fs::read(rotated.kept_at.unwrap()).unwrap(), exposed);
    assert_eq!(keys.get().unwrap().unwrap().seed(), [3; 32]);
}

#[test]
fn what_is_no_key_is_refused_and_left_alone() {
    let world = world();
    let store = world.store();
    store.keys().get_or_make([1; 32]).unwrap();
    let path = store.keys().path();
    let whole = fs::read(&path).unwrap();
    let upper = String::from_utf8(whole.clone()).unwrap().to_uppercase().into_bytes();
    let mut digit = whole.clone();
    digit[30] = b'g';
    for wrong in [Vec::new(), whole[1..].to_vec(), [&whole[..], b"\n"].concat(), upper, digit] {
        fs::write(&path, &wrong).unwrap();
        let error = store.keys().get_or_make([2; 32]).unwrap_err();
        assert!(matches!(error, StoreError::Key { .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), wrong);
        let rotated = store.keys().rotate([4; 32]).unwrap();
        assert_eq!(fs::read(rotated.kept_at.unwrap()).unwrap(), wrong);
        assert_eq!(store.keys().get().unwrap().unwrap().seed(), [4; 32]);
    }
}

#[test]
fn leaves_are_appended_and_a_torn_one_is_written_over() {
    let world = world();
    let store = world.store();
    let key = store.keys().get_or_make([1; 32]).unwrap().public();
    let log = store.log(&key);
    assert_eq!(log.all().unwrap(), Vec::<[u8; LEAF_BYTES]>::new());
    let leaf = |n: u8| [n; LEAF_BYTES];
    assert_eq!(log.append(&leaf(1)).unwrap(), 0);
    assert_eq!(log.append(&leaf(2)).unwrap(), 1);
    let path = world.home.path().join("log").join(key.hex()).join("leaves");
    let mut file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(&leaf(9)[..40]).unwrap();
    assert_eq!(log.all().unwrap(), [leaf(1), leaf(2)]);
    assert_eq!(log.append(&leaf(3)).unwrap(), 2);
    assert_eq!(log.all().unwrap(), [leaf(1), leaf(2), leaf(3)]);
}

#[test]
fn a_key_that_was_rotated_away_is_found_by_its_public_half() {
    let world = world();
    let store = world.store();
    let keys = store.keys();
    let seeds: [[u8; 32]; 3] = [[1; 32], [2; 32], [3; 32]];
    let public = seeds.map(|seed| receipt::SecretKey::from_seed(seed).public());
    assert!(keys.of(&public[0]).unwrap().is_none());
    keys.get_or_make(seeds[0]).unwrap();
    keys.rotate(seeds[1]).unwrap();
    let found = public.map(|key| keys.of(&key).unwrap().map(|key| key.seed()));
    assert_eq!(found, [Some(seeds[0]), Some(seeds[1]), None]);
    // A file under a key's name that holds another is not taken for it.
    let retired = keys.path().with_file_name("retired");
    fs::copy(retired.join(public[0].hex()), retired.join(public[2].hex())).unwrap();
    let error = keys.of(&public[2]).unwrap_err();
    assert!(matches!(error, StoreError::Key { .. }), "{error}");
}

#[test]
fn a_log_that_was_put_back_or_changed_is_refused() {
    let world = world();
    let store = world.store();
    let key = store.keys().get_or_make([1; 32]).unwrap().public();
    let log = store.log(&key);
    let folder = world.home.path().join("log").join(key.hex());
    let (leaves, head) = (folder.join("leaves"), folder.join("head"));
    let leaf = |n: u8| [n; LEAF_BYTES];
    let mut copies = Vec::new();
    for n in 1..=5 {
        log.append(&leaf(n)).unwrap();
        copies.push((fs::read(&leaves).unwrap(), fs::read(&head).unwrap()));
    }
    let sound = &copies[4];
    let refused = |bytes: &[u8]| {
        fs::write(&leaves, bytes).unwrap();
        for error in [log.all().unwrap_err(), log.append(&leaf(9)).unwrap_err()] {
            assert!(matches!(error, StoreError::LogRolledBack { noted: 5, .. }), "{error}");
            let told = error.to_string();
            assert!(told.contains("leaves") && told.contains("probity key rotate"), "{told}");
        }
        assert_eq!(fs::read(&leaves).unwrap(), bytes, "what is refused is left as it is");
    };
    for (older, _) in &copies[..4] {
        refused(older);
        // Grown again to what it was, and beyond, but with other leaves.
        for beyond in 0..2 {
            let missing = sound.0.len() + beyond * LEAF_BYTES - older.len();
            refused(&[&older[..], &vec![7; missing]].concat());
        }
    }
    refused(&[]);
    fs::remove_file(&leaves).unwrap();
    assert!(matches!(log.all(), Err(StoreError::LogRolledBack { found: 0, noted: 5, .. })));
    // A crash after a leaf and before its note leaves more than was noted, not less.
    fs::write(&leaves, &sound.0).unwrap();
    fs::write(&head, &copies[3].1).unwrap();
    assert_eq!(log.all().unwrap().len(), 5);
    assert_eq!(log.append(&leaf(5)).unwrap(), 5);
    fs::write(&leaves, &sound.0).unwrap();
    assert!(matches!(
        log.append(&leaf(6)),
        Err(StoreError::LogRolledBack { found: 5, noted: 6, .. })
    ));
}

#[test]
fn a_log_begins_with_its_note_and_goes_on_with_it_alone() {
    let world = world();
    let store = world.store();
    let key = store.keys().get_or_make([1; 32]).unwrap().public();
    let log = store.log(&key);
    let folder = world.home.path().join("log").join(key.hex());
    let (leaves, head) = (folder.join("leaves"), folder.join("head"));
    log.append(&[1; LEAF_BYTES]).unwrap();
    let older = fs::read(&leaves).unwrap();
    log.append(&[2; LEAF_BYTES]).unwrap();
    fs::remove_file(&head).unwrap();
    for bytes in [older, fs::read(&leaves).unwrap()] {
        fs::write(&leaves, &bytes).unwrap();
        for error in [log.all().unwrap_err(), log.append(&[3; LEAF_BYTES]).unwrap_err()] {
            assert!(matches!(error, StoreError::LogNoteGone { .. }), "{error}");
            assert!(error.to_string().contains("head") && error.to_string().contains("rotate"));
        }
        assert_eq!(fs::read(&leaves).unwrap(), bytes);
        assert!(!head.exists(), "a note that is gone is not made up");
    }
}

#[test]
fn a_damaged_note_is_named() {
    let world = world();
    let store = world.store();
    let key = store.keys().get_or_make([1; 32]).unwrap().public();
    let log = store.log(&key);
    let head = world.home.path().join("log").join(key.hex()).join("head");
    for n in 0..3 {
        assert_eq!(log.append(&[9; LEAF_BYTES]).unwrap(), n);
    }
    let sound = fs::read_to_string(&head).unwrap();
    let spelled = |text: &str| sound.replacen("\n3\n", text, 1);
    for wrong in [
        String::new(),
        sound[..sound.len() - 1].to_owned(),
        format!("{sound}\n"),
        sound.replace("v1", "v2"),
        sound.to_uppercase(),
        spelled("\n-3\n"),
        spelled("\n+3\n"),
        spelled("\n03\n"),
        spelled("\n"),
        "x".repeat(1 << 20),
    ] {
        fs::write(&head, &wrong).unwrap();
        for error in [log.all().unwrap_err(), log.append(&[3; LEAF_BYTES]).unwrap_err()] {
            assert!(matches!(error, StoreError::LogNote { .. }), "{wrong:?}: {error}");
            assert!(error.to_string().contains("head"), "{error}");
        }
    }
    fs::write(&head, &sound).unwrap();
    assert_eq!(log.append(&[3; LEAF_BYTES]).unwrap(), 3);
}

#[test]
fn zeros_at_the_end_are_what_a_crash_left() {
    let world = world();
    let store = world.store();
    let key = store.keys().get_or_make([1; 32]).unwrap().public();
    let log = store.log(&key);
    let leaf = |n: u8| [n; LEAF_BYTES];
    log.append(&leaf(1)).unwrap();
    let path = world.home.path().join("log").join(key.hex()).join("leaves");
    let whole = fs::read(&path).unwrap();
    // The zeros, and what stands behind them, were never given out.
    fs::write(&path, [&whole[..], &leaf(0), &leaf(0), &leaf(7), &[0; 9]].concat()).unwrap();
    assert_eq!(log.all().unwrap(), [leaf(1)]);
    assert_eq!(log.settled().unwrap(), [leaf(1)]);
    assert_eq!(log.append(&leaf(2)).unwrap(), 1);
    assert_eq!(log.all().unwrap(), [leaf(1), leaf(2)]);
    assert_eq!(fs::read(&path).unwrap(), [leaf(1), leaf(2)].concat());
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_place_of_a_file_keeps_nobody_waiting() {
    let world = world();
    let store = world.store();
    let key = store.keys().get_or_make([1; 32]).unwrap().public();
    let log = store.log(&key);
    log.append(&[1; LEAF_BYTES]).unwrap();
    let folder = world.home.path().join("log").join(key.hex());
    for name in ["leaves", "head"] {
        let (path, aside) = (folder.join(name), folder.join("aside"));
        fs::rename(&path, &aside).unwrap();
        pipe(&path);
        for error in [log.all().unwrap_err(), log.append(&[2; LEAF_BYTES]).unwrap_err()] {
            assert!(error.to_string().contains("no plain file"), "{error}");
        }
        fs::rename(&aside, &path).unwrap();
    }
    assert_eq!(log.append(&[2; LEAF_BYTES]).unwrap(), 1);
    let record = world.home.path().join("refs").join("0".repeat(64) + ".json");
    pipe(&record);
    assert_eq!(store.list().unwrap().damaged.len(), 1);
    let key = store.keys().path();
    fs::remove_file(&key).unwrap();
    pipe(&key);
    assert!(matches!(store.keys().get(), Err(StoreError::Key { .. })));
    store.keys().rotate([2; 32]).unwrap();
    assert_eq!(store.keys().get().unwrap().unwrap().seed(), [2; 32]);
}

#[cfg(unix)]
fn pipe(path: &std::path::Path) {
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, path, mode).unwrap();
}

#[test]
fn what_a_kill_left_of_a_secret_is_collected() {
    let world = world();
    let store = world.store();
    let key = store.keys().get_or_make([1; 32]).unwrap().public();
    let kept_at = store.keys().rotate([2; 32]).unwrap().kept_at.unwrap();
    store.log(&key).append(&[1; LEAF_BYTES]).unwrap();
    let log = world.home.path().join("log").join(key.hex());
    let folders = [kept_at.parent().unwrap(), store.keys().path().parent().unwrap(), &log]
        .map(std::path::Path::to_owned);
    for folder in &folders {
        fs::write(folder.join(".tmp-x"), "probity secret key v1").unwrap();
    }
    let collected = store.gc().unwrap();
    assert_eq!((collected.temporary, collected.freed_bytes), (3, 63));
    for folder in &folders {
        assert!(!folder.join(".tmp-x").exists());
    }
    // Nothing else went.
    assert_eq!(store.keys().of(&key).unwrap().unwrap().seed(), [1; 32]);
    assert_eq!(store.keys().get().unwrap().unwrap().seed(), [2; 32]);
    assert_eq!(store.log(&key).all().unwrap(), [[1; LEAF_BYTES]]);
}

#[test]
fn appends_at_once_lose_nothing() {
    let world = world();
    let key = world.store().keys().get_or_make([1; 32]).unwrap().public();
    let mut indexes: Vec<u64> = std::thread::scope(|scope| {
        let append = |n: u8| {
            let world = &world;
            scope.spawn(move || world.store().log(&key).append(&[n; LEAF_BYTES]).unwrap())
        };
        let threads: Vec<_> = (1..=8).map(append).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    indexes.sort_unstable();
    assert_eq!(indexes, (0..8).collect::<Vec<u64>>());
    let mut first: Vec<u8> =
        world.store().log(&key).all().unwrap().into_iter().map(|leaf| leaf[0]).collect();
    first.sort_unstable();
    assert_eq!(first, (1..=8).collect::<Vec<u8>>());
}
