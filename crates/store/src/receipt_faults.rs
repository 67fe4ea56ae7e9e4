//! Every write of receipts and their leaves made to fail, and every end without a goodbye.
//!
//! Whatever fails, what was said to be kept is kept, what was not is there whole or not at all, and the same call
//! repeated on a sound disk succeeds.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use commit::Digest;
use receipt::log::{Log, leaf_hash};

use crate::book::{KeptReceipt, ReceiptBook};
use crate::config::Config;
use crate::disk::{Disk, Fault, Step};
use crate::error::StoreError;
use crate::leaves::LEAF_BYTES;
use crate::platter::{Storage, each_failure};
use crate::store::Store;

const GROUPS: usize = 3;

fn leaf(number: u8) -> [u8; LEAF_BYTES] {
    [number; LEAF_BYTES]
}

fn group(number: usize) -> Vec<[u8; LEAF_BYTES]> {
    let first = u8::try_from(1 + number * 3).unwrap();
    (first..first + 3).map(leaf).collect()
}

fn root(leaves: &[[u8; LEAF_BYTES]]) -> Digest {
    Log::over(leaves.iter().map(|leaf| leaf_hash(leaf)).collect()).root()
}

fn key() -> receipt::PublicKey {
    receipt::SecretKey::from_seed([7; 32]).public()
}

/// Appends the groups; those that were said to be durable. A failed group is not tried again.
fn append(home: &Path, disk: Disk) -> Result<Vec<[u8; LEAF_BYTES]>, StoreError> {
    let store = Store::open_on(Config::new(home.to_path_buf()), disk)?;
    let mut writer = store.log(&key()).writer()?;
    let mut durable = Vec::new();
    for number in 0..GROUPS {
        if let Ok(first) = writer.append_all(&group(number)) {
            let first = usize::try_from(first).unwrap();
            durable.resize(first, leaf(0));
            durable.extend(group(number));
        }
    }
    Ok(durable)
}

#[test]
fn leaves_that_were_given_an_index_keep_it_whatever_fails() {
    let counted = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&counted);
    let home = tempfile::tempdir().unwrap();
    let plan = move |_: Step, _: &Path| {
        seen.fetch_add(1, Ordering::Relaxed);
        Fault::None
    };
    append(home.path(), Disk::with_faults(Arc::new(plan))).unwrap();
    let steps = counted.load(Ordering::Relaxed);
    for fault in [Fault::NotApplied, Fault::AppliedButReported, Fault::Torn] {
        for failing in 0..steps {
            let home = tempfile::tempdir().unwrap();
            let taken = AtomicUsize::new(0);
            let plan = move |_: Step, _: &Path| {
                let now = taken.fetch_add(1, Ordering::Relaxed);
                if now == failing { fault } else { Fault::None }
            };
            let at = format!("{fault:?} of step {failing}");
            // An error of the opening itself leaves nothing to look at but the folder.
            let durable =
                append(home.path(), Disk::with_faults(Arc::new(plan))).unwrap_or_default();
            let store = Store::open(Config::new(home.path().to_path_buf())).unwrap();
            let log = store.log(&key());
            let all = log.settled().unwrap_or_else(|error| panic!("{at}: {error}"));
            for (index, kept) in durable.iter().enumerate().filter(|(_, kept)| **kept != leaf(0)) {
                assert_eq!(all.get(index), Some(kept), "{at}: leaf {index}");
            }
            let mut writer = store.log(&key()).writer().unwrap();
            let next =
                writer.append_all(&[leaf(99)]).unwrap_or_else(|error| panic!("{at}: {error}"));
            assert_eq!(next, u64::try_from(all.len()).unwrap(), "{at}");
            let whole = [all, vec![leaf(99)]].concat();
            assert_eq!(writer.log().root(), root(&whole), "{at}");
            assert_eq!(log.all().unwrap(), whole, "{at}");
        }
    }
}

/// Whoever has opened all that he may can't open the leaves again, and need not.
#[test]
fn leaves_that_are_open_are_appended_to_though_they_can_not_be_opened() {
    let home = tempfile::tempdir().unwrap();
    let begun = Arc::new(AtomicUsize::new(0));
    let opened = Arc::clone(&begun);
    let plan = move |step: Step, path: &Path| {
        let leaves = step == Step::Create && path.ends_with("leaves");
        let again = leaves && opened.fetch_add(1, Ordering::Relaxed) > 0;
        if again { Fault::NotApplied } else { Fault::None }
    };
    let durable = append(home.path(), Disk::with_faults(Arc::new(plan))).unwrap();
    assert_eq!((durable.len(), begun.load(Ordering::Relaxed)), (GROUPS * 3, 1));
}

fn kept(number: u8) -> KeptReceipt {
    KeptReceipt {
        job: [number; 32],
        receipt: [number | 0x80; 32],
        owner: [1; 32],
        leaf: number.into(),
        at_s: number.into(),
        file: vec![number; 3000],
    }
}

/// Puts in two receipts at a time until one time fails, and forgets the first after a while; how many times went well.
fn fill(storage: Storage) -> usize {
    let Ok(book) = ReceiptBook::on(storage) else { return 0 };
    for (done, number) in (1..=6).zip((1..).step_by(2)) {
        if book.keep(&[kept(number), kept(number + 1)]).is_err() {
            return done - 1;
        }
        if done == 4 && book.forget_before(2, 10).is_err() {
            return done;
        }
    }
    6
}

/// What a book has after its process died in the middle: all that was kept, and of the last time all or nothing.
fn is_whole(bytes: Vec<u8>, times: usize, at: &str) {
    let book = ReceiptBook::on(Storage::of(bytes)).unwrap_or_else(|error| panic!("{at}: {error}"));
    let has = |number: u8| book.get(&[number; 32], &[1; 32]).unwrap() == Some(kept(number));
    for number in 2..=u8::try_from(times * 2).unwrap() {
        assert!(has(number), "{at}: receipt {number} of {times} times");
    }
    let next = u8::try_from(times * 2 + 1).unwrap();
    assert_eq!(has(next), has(next + 1), "{at}: half of a time");
    if !has(next) {
        book.keep(&[kept(next)]).unwrap_or_else(|error| panic!("{at}: {error}"));
    }
    assert!(has(next), "{at}");
}

#[test]
fn receipts_that_were_kept_stay_whatever_fails() {
    // A book is made under another name first, so nothing is to be had of one that is half made.
    let empty = Storage::default();
    drop(ReceiptBook::on(empty.clone()).unwrap());
    let empty = empty.0.lock().unwrap().bytes.clone();
    assert_eq!(each_failure(&empty, fill, is_whole), 6);
}

/// A disk that was full and is not any more.
#[test]
fn a_book_whose_writing_failed_goes_on_once_it_is_opened_anew() {
    let empty = Storage::default();
    drop(ReceiptBook::on(empty.clone()).unwrap());
    let empty = empty.0.lock().unwrap().bytes.clone();
    let mut failures = 0;
    for failing in 0..64 {
        let storage = Storage::of(empty.clone());
        let book = ReceiptBook::on(storage.clone()).unwrap();
        book.keep(&[kept(1)]).unwrap();
        storage.0.lock().unwrap().left = Some(failing);
        let failed = book.keep(&[kept(2)]).is_err();
        storage.0.lock().unwrap().left = Some(0);
        assert!(book.reopen().is_err(), "{failing}: it is full still");
        storage.0.lock().unwrap().left = None;
        book.reopen().unwrap_or_else(|error| panic!("{failing}: {error}"));
        book.keep(&[kept(3)]).unwrap_or_else(|error| panic!("{failing}: {error}"));
        let has = |number: u8| book.get(&[number; 32], &[1; 32]).unwrap() == Some(kept(number));
        assert!(has(1) && has(3) && (failed || has(2)), "{failing}");
        failures += usize::from(failed);
    }
    assert!((1..64).contains(&failures), "{failures}");
}

/// So it is with leaves: those of a failed append are there whole, or not at all.
#[test]
fn a_log_whose_writing_failed_goes_on_once_it_is_settled() {
    let home = tempfile::tempdir().unwrap();
    let full = Arc::new(Mutex::new(false));
    let asked = Arc::clone(&full);
    let plan = move |step: Step, _: &Path| {
        let fails = *asked.lock().unwrap() && matches!(step, Step::Write | Step::Sync);
        if fails { Fault::Torn } else { Fault::None }
    };
    let disk = Disk::with_faults(Arc::new(plan));
    let store = Store::open_on(Config::new(home.path().to_path_buf()), disk).unwrap();
    let mut writer = store.log(&key()).writer().unwrap();
    writer.append_all(&group(0)).unwrap();
    *full.lock().unwrap() = true;
    assert!(writer.append_all(&group(1)).is_err() && writer.settle().is_err());
    *full.lock().unwrap() = false;
    writer.settle().unwrap();
    let size = writer.log().size();
    assert_eq!(writer.append_all(&group(2)).unwrap(), size);
    let all = store.log(&key()).all().unwrap();
    assert_eq!((&all[..3], root(&all)), (&group(0)[..], writer.log().root()));
}
