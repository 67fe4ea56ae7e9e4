//! Receipts are kept whoever reads, and go when they are too old, whether anybody asks or not.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use store::{Config, KeptReceipt};
use tokio::runtime::{Builder, Runtime};

use super::*;

const OWNER: [u8; 32] = [1; 32];

fn never() -> Retention {
    Retention { seconds: None, look_every: LOOK_EVERY, now_s: || 1000 }
}

fn book(home: &Path) -> ReceiptBook {
    ReceiptBook::open(&home.join("book.redb")).unwrap()
}

fn store(home: &Path) -> Store {
    Store::open(Config::new(home.to_path_buf())).unwrap()
}

fn begin(home: &Path, seed: u8, retention: Retention) -> (Keeper, JoinHandle<()>) {
    let (store, book, secret) = (store(home), book(home), SecretKey::from_seed([seed; 32]));
    let (log, try_first) = (Log::none(), TRY_FIRST);
    start(Keeping { store, book, secret, retention, log, try_first }).unwrap()
}

fn end((keeper, thread): (Keeper, JoinHandle<()>)) {
    drop(keeper);
    thread.join().unwrap();
}

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

fn to_keep(number: u8, at_s: u64) -> ToKeep {
    let kept = kept(number, at_s);
    let file = String::from_utf8(kept.file).unwrap();
    ToKeep { job: kept.job, receipt: kept.receipt, owner: kept.owner, at_s, file }
}

fn kept(number: u8, at_s: u64) -> KeptReceipt {
    KeptReceipt {
        job: [number; 32],
        receipt: [number | 0x80; 32],
        owner: OWNER,
        leaf: number.into(),
        at_s,
        file: b"{}".to_vec(),
    }
}

#[test]
fn a_receipt_waits_for_its_place_and_is_never_refused_for_lack_of_one() {
    let home = tempfile::tempdir().unwrap();
    let (keeper, thread) = begin(home.path(), 7, never());
    let all = u32::try_from(WAITING_MAX).unwrap();
    let full = Arc::clone(&keeper.places).try_acquire_many_owned(all).unwrap();
    {
        let mut keeping = pin!(keeper.keep(to_keep(1, 1000)));
        let poll = keeping.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(poll, Poll::Pending);
        drop(full);
        runtime().block_on(keeping).unwrap();
    }
    assert_eq!((keeper.kept().receipts, keeper.kept().leaves), (1, 1));
    end((keeper, thread));
}

#[test]
fn receipts_are_read_while_the_thread_that_writes_is_busy() {
    let home = tempfile::tempdir().unwrap();
    let (keeper, thread) = begin(home.path(), 7, never());
    runtime().block_on(keeper.keep(to_keep(1, 1000))).unwrap();
    // A thread that never comes to what it is told.
    let (to, from) = channel();
    let busy = Keeper { to, ..keeper.clone() };
    let read = runtime().block_on(busy.get([1; 32], OWNER, false));
    assert_eq!(read.unwrap(), "{}");
    assert!(from.try_recv().is_err(), "it was told nothing");
    drop(busy);
    end((keeper, thread));
}

#[test]
fn what_is_too_old_is_not_given_out_and_goes_though_nothing_comes() {
    let home = tempfile::tempdir().unwrap();
    // More than go at once.
    let many: Vec<KeptReceipt> = (0..3)
        .flat_map(|turn| {
            (0..=255).map(move |number| {
                let mut one = kept(number, 10);
                (one.job[0], one.receipt[0]) = (turn, turn | 0x80);
                one
            })
        })
        .collect();
    book(home.path()).keep(&many).unwrap();
    book(home.path()).keep(&[kept(9, 951)]).unwrap();
    let retention = Retention { seconds: Some(50), ..never() };
    // It does not look by itself here.
    let (keeper, thread) = begin(home.path(), 7, Retention { seconds: None, ..never() });
    let get = |keeper: &Keeper, id: [u8; 32]| runtime().block_on(keeper.get(id, OWNER, false));
    assert_eq!(get(&keeper, many[0].job).unwrap(), "{}");
    let strict = keeper.reading.keeping(retention.clone());
    let strict = Keeper { reading: Arc::new(strict), ..keeper.clone() };
    assert!(matches!(get(&strict, many[0].job), Err(Refusal::NotFound(_))));
    assert_eq!(get(&strict, [9; 32]).unwrap(), "{}");
    drop(strict);
    end((keeper, thread));
    // Started anew, all that is too old goes, however many, before anything comes.
    let (keeper, thread) = begin(home.path(), 7, retention);
    while keeper.kept().receipts > 1 {
        thread::yield_now();
    }
    assert_eq!(get(&keeper, [9; 32]).unwrap(), "{}");
    end((keeper, thread));
}

#[test]
fn old_receipts_are_looked_for_again_and_again() {
    let home = tempfile::tempdir().unwrap();
    let retention =
        Retention { seconds: Some(50), look_every: Duration::from_millis(1), ..never() };
    let (keeper, thread) = begin(home.path(), 7, retention);
    // Too old from the first, so only a look after it can find it; one that is newer than now takes nobody with it.
    let keep = |receipt| runtime().block_on(keeper.keep(receipt)).unwrap();
    keep(to_keep(1, 1000));
    keep(to_keep(2, 1 << 40));
    keep(to_keep(3, 10));
    while keeper.kept().receipts > 2 {
        thread::yield_now();
    }
    let get = |id: [u8; 32]| runtime().block_on(keeper.get(id, OWNER, false));
    assert!(get([1; 32]).is_ok() && get([2; 32]).is_ok() && get([3; 32]).is_err());
    end((keeper, thread));
}

/// A log, and what it says.
fn heard() -> (Log, Arc<Mutex<Vec<String>>>) {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let taken = Arc::clone(&lines);
    (Log::new(move |line| taken.lock().unwrap().push(line.into())), lines)
}

#[test]
fn a_book_that_breaks_is_told_once_and_nothing_begins_any_more() {
    let home = tempfile::tempdir().unwrap();
    let (log, lines) = heard();
    let (store, book) = (store(home.path()), book(home.path()));
    let secret = SecretKey::from_seed([7; 32]);
    let folder = home.path().join("log").join(secret.public().hex());
    let try_first = Duration::from_hours(1);
    let keeping = Keeping { store, book, secret, retention: never(), log, try_first };
    let (keeper, thread) = start(keeping).unwrap();
    assert!(keeper.check().is_ok());
    // A log that was put back is not gone on from.
    std::fs::write(folder.join("leaves"), [1; 96]).unwrap();
    for _ in 0..2 {
        let refused = runtime().block_on(keeper.keep(to_keep(1, 1000))).unwrap_err();
        let home = home.path().to_str().unwrap();
        assert!(!refused.to_string().contains(home), "no path of this machine: {refused}");
    }
    assert!(matches!(keeper.check(), Err(Refusal::Unavailable(_))));
    assert!(keeper.kept().broken);
    end((keeper, thread));
    let lines = lines.lock().unwrap();
    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert!(line.contains(home.path().to_str().unwrap()), "{line}");
}

#[test]
fn a_log_that_heals_is_gone_on_with() {
    let home = tempfile::tempdir().unwrap();
    let (log, lines) = heard();
    let (store, book) = (store(home.path()), book(home.path()));
    let secret = SecretKey::from_seed([7; 32]);
    let leaves = home.path().join("log").join(secret.public().hex()).join("leaves");
    let try_first = Duration::from_millis(1);
    let keeping = Keeping { store, book, secret, retention: never(), log, try_first };
    let (keeper, thread) = start(keeping).unwrap();
    let keep = |number| runtime().block_on(keeper.keep(to_keep(number, 1000)));
    keep(1).unwrap();
    let good = std::fs::read(&leaves).unwrap();
    std::fs::write(&leaves, [1; 192]).unwrap();
    assert!(keep(2).is_err() && keeper.check().is_err());
    assert!(keep(3).is_err() && keeper.kept().broken);
    std::fs::write(&leaves, good).unwrap();
    while keeper.check().is_err() {
        thread::yield_now();
    }
    keep(4).unwrap();
    assert_eq!((keeper.kept().receipts, keeper.kept().leaves, keeper.kept().broken), (2, 2, false));
    end((keeper, thread));
    let lines = lines.lock().unwrap();
    let [broke, whole] = &lines[..] else { panic!("{lines:?}") };
    assert!(broke.contains("no receipt is kept") && whole.contains("kept again"), "{lines:?}");
}

#[test]
fn a_key_that_was_rotated_away_is_told_once() {
    let home = tempfile::tempdir().unwrap();
    let (log, lines) = heard();
    let (store, book) = (store(home.path()), book(home.path()));
    store.keys().get_or_make([9; 32]).unwrap();
    let retention = Retention { look_every: Duration::from_millis(1), ..never() };
    let secret = SecretKey::from_seed([7; 32]);
    let keeping = Keeping { store, book, secret, retention, log, try_first: TRY_FIRST };
    let (keeper, thread) = start(keeping).unwrap();
    // Each time it looks before it takes what comes.
    for number in 1..=3 {
        runtime().block_on(keeper.keep(to_keep(number, 1000))).unwrap();
    }
    end((keeper, thread));
    let lines = lines.lock().unwrap();
    assert!(matches!(&lines[..], [one] if one.contains("until it is started anew")), "{lines:?}");
}
