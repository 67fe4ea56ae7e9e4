//! Receipts that were given out, and the leaves of their log, on a real disk.

use std::fs;

use receipt::log::{Log, leaf_hash};
use store::{KeptReceipt, LEAF_BYTES, ReceiptBook, Store, StoreError};

use crate::world::World;

fn key() -> receipt::PublicKey {
    receipt::SecretKey::from_seed([7; 32]).public()
}

fn leaf(number: u8) -> [u8; LEAF_BYTES] {
    [number; LEAF_BYTES]
}

fn home() -> (World, Store) {
    let world = World::new(None, None);
    let store = world.store();
    (world, store)
}

fn kept(number: u8, owner: u8, at_s: u64) -> KeptReceipt {
    KeptReceipt {
        job: [number; 32],
        receipt: [number | 0x80; 32],
        owner: [owner; 32],
        leaf: number.into(),
        at_s,
        file: vec![number; 100],
    }
}

#[test]
fn groups_of_leaves_are_as_leaves_one_by_one() {
    let (_world, store) = home();
    let (_other, alone) = home();
    let mut writer = store.log(&key()).writer().unwrap();
    let mut count = 0;
    for group in [1, 4, 0, 2] {
        let leaves: Vec<_> = (count..count + group).map(|number| leaf(number + 1)).collect();
        assert_eq!(writer.append_all(&leaves).unwrap(), u64::from(count));
        for one in &leaves {
            alone.log(&key()).append(one).unwrap();
        }
        count += group;
        let all = alone.log(&key()).all().unwrap();
        assert_eq!(store.log(&key()).all().unwrap(), all);
        let tree = Log::over(all.iter().map(|leaf| leaf_hash(leaf)).collect());
        assert_eq!((writer.log().size(), writer.log().root()), (tree.size(), tree.root()));
    }
    let file = |store: &Store, name: &str| {
        fs::read(store.home().join("log").join(key().hex()).join(name)).unwrap()
    };
    assert_eq!(file(&store, "leaves"), file(&alone, "leaves"));
    assert_eq!(file(&store, "head"), file(&alone, "head"));
}

#[test]
fn two_writers_of_one_log_do_not_lose_each_others_leaves() {
    let (_world, store) = home();
    let mut one = store.log(&key()).writer().unwrap();
    let mut other = store.log(&key()).writer().unwrap();
    assert_eq!(one.append_all(&[leaf(1), leaf(2)]).unwrap(), 0);
    assert_eq!(other.append_all(&[leaf(3)]).unwrap(), 2);
    assert_eq!(store.log(&key()).append(&leaf(4)).unwrap(), 3);
    assert_eq!(one.append_all(&[leaf(5)]).unwrap(), 4);
    let all = store.log(&key()).all().unwrap();
    assert_eq!(all, [1, 2, 3, 4, 5].map(leaf));
    let tree = Log::over(all.iter().map(|leaf| leaf_hash(leaf)).collect());
    assert_eq!(one.log().root(), tree.root());
}

#[test]
fn what_a_crash_left_behind_the_last_leaf_is_written_over() {
    for torn in [&leaf(9)[..50], &[0; LEAF_BYTES][..], &[0; 3 * LEAF_BYTES + 5][..]] {
        let (_world, store) = home();
        store.log(&key()).writer().unwrap().append_all(&[leaf(1), leaf(2)]).unwrap();
        let path = store.home().join("log").join(key().hex()).join("leaves");
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, [&bytes, torn].concat()).unwrap();
        let mut writer = store.log(&key()).writer().unwrap();
        assert_eq!(writer.log().size(), 2);
        assert_eq!(writer.append_all(&[leaf(3)]).unwrap(), 2);
        assert_eq!(store.log(&key()).all().unwrap(), [1, 2, 3].map(leaf));
    }
}

#[test]
fn leaves_that_were_put_back_or_changed_are_not_gone_on_from() {
    let (_world, store) = home();
    let mut writer = store.log(&key()).writer().unwrap();
    writer.append_all(&[leaf(1), leaf(2)]).unwrap();
    let path = store.home().join("log").join(key().hex()).join("leaves");
    let whole = fs::read(&path).unwrap();
    let mut changed = whole.clone();
    changed[3] ^= 1;
    for wrong in [whole[..LEAF_BYTES].to_vec(), changed] {
        fs::write(&path, &wrong).unwrap();
        let refused =
            |found: Result<u64, StoreError>| matches!(found, Err(StoreError::LogRolledBack { .. }));
        assert!(matches!(store.log(&key()).writer(), Err(StoreError::LogRolledBack { .. })));
        if wrong.len() < whole.len() {
            assert!(refused(writer.append_all(&[leaf(3)])), "a writer that is open looks too");
        }
        fs::write(&path, &whole).unwrap();
    }
    assert_eq!(writer.append_all(&[leaf(3)]).unwrap(), 2);
}

/// A whole copy under the log's name is another file than the one that is open.
#[test]
fn leaves_go_where_the_log_is_though_a_copy_took_its_place() {
    let (_world, store) = home();
    let mut writer = store.log(&key()).writer().unwrap();
    writer.append_all(&[leaf(1), leaf(2)]).unwrap();
    let path = store.home().join("log").join(key().hex()).join("leaves");
    let copy = path.with_extension("copy");
    fs::copy(&path, &copy).unwrap();
    fs::rename(&copy, &path).unwrap();
    assert_eq!(writer.append_all(&[leaf(3)]).unwrap(), 2);
    assert_eq!(store.log(&key()).all().unwrap(), [1, 2, 3].map(leaf));
}

#[test]
fn a_server_is_known_of_while_it_runs() {
    let (_world, store) = home();
    assert!(!store.is_serving().unwrap());
    let (one, other) = (store.serve().unwrap(), store.serve().unwrap());
    assert!(store.is_serving().unwrap());
    drop(one);
    assert!(store.is_serving().unwrap());
    drop(other);
    assert!(!store.is_serving().unwrap());
}

#[test]
#[should_panic(expected = "a leaf has a receipt's id")]
fn no_leaf_is_no_leaf() {
    let (_world, store) = home();
    let _ = store.log(&key()).writer().unwrap().append_all(&[leaf(1), leaf(0)]);
}

#[test]
fn a_receipt_is_found_by_both_names_and_by_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let book = ReceiptBook::open(&folder.path().join("deep/book.redb")).unwrap();
    book.keep(&[kept(1, 1, 10), kept(2, 2, 10)]).unwrap();
    for id in [[1; 32], [0x81; 32]] {
        assert_eq!(book.get(&id, &[1; 32]).unwrap(), Some(kept(1, 1, 10)));
        assert_eq!(book.get(&id, &[2; 32]).unwrap(), None);
    }
    assert_eq!(book.get(&[3; 32], &[1; 32]).unwrap(), None);
    assert_eq!(book.count().unwrap(), 2);
}

#[cfg(unix)]
#[test]
fn a_book_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.redb");
    let _book = ReceiptBook::open(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn receipts_leave_by_age_oldest_first_and_by_both_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.redb");
    let book = ReceiptBook::open(&path).unwrap();
    let all: Vec<KeptReceipt> =
        [(1, 30), (2, 10), (3, 20), (4, 20)].map(|(number, at_s)| kept(number, 1, at_s)).to_vec();
    book.keep(&all).unwrap();
    let here = |book: &ReceiptBook| -> Vec<u8> {
        let is_here = |number: &u8| book.get(&[*number; 32], &[1; 32]).unwrap().is_some();
        (1..=4).filter(is_here).collect()
    };
    assert_eq!(book.forget_before(10, 100).unwrap(), 0, "before, and not at");
    assert_eq!(book.forget_before(25, 2).unwrap(), 2, "so many at most");
    assert_eq!(here(&book), [1, 4]);
    assert_eq!(book.get(&[0x82; 32], &[1; 32]).unwrap(), None);
    drop(book);
    let book = ReceiptBook::open(&path).unwrap();
    assert_eq!(book.forget_before(25, 100).unwrap(), 1);
    assert_eq!((here(&book), book.count().unwrap()), (vec![1], 1));
    // What was forgotten may come again.
    book.keep(&[kept(2, 1, 40)]).unwrap();
    assert_eq!(here(&book), [1, 2]);
}

#[test]
fn a_book_is_one_processs_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.redb");
    let book = ReceiptBook::open(&path).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left of its making");
    assert!(matches!(ReceiptBook::open(&path), Err(StoreError::BookTaken { .. })));
    drop(book);
    ReceiptBook::open(&path).unwrap();
}

#[test]
fn a_book_that_was_not_closed_has_all_that_was_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("book.redb"), folder.path().join("copy.redb"));
    let book = ReceiptBook::open(&path).unwrap();
    for number in 1..=20 {
        book.keep(&[kept(number, 1, number.into())]).unwrap();
        if number % 5 == 0 {
            // What a killed process leaves.
            fs::copy(&path, &copy).unwrap();
            let found = ReceiptBook::open(&copy).unwrap();
            assert_eq!(found.count().unwrap(), u64::from(number));
            assert_eq!(
                found.get(&[number; 32], &[1; 32]).unwrap(),
                Some(kept(number, 1, number.into()))
            );
        }
    }
}

#[test]
fn what_is_no_book_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("book.redb");
    // A book that was emptied is none either: that it has nothing in it would be said of receipts that were kept.
    for bytes in [b"something else that somebody keeps here".repeat(200), Vec::new()] {
        fs::write(&path, &bytes).unwrap();
        let error = ReceiptBook::open(&path).map(drop).unwrap_err();
        assert!(matches!(error, StoreError::Book { .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
}
