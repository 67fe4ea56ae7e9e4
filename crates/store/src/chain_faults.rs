//! Every write of a chain made to fail, and every end without a goodbye.
//!
//! Whatever fails, every block that was said to be kept is kept, of the next one all or nothing, and the state is that of
//! the last header.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chain::records::{NodeId, Record, Seat, Seats, SeatsSlot, Slot};
use chain::state::{Changes, Entry, State};
use chain::{Block, Certificate, Epoch, Header, Height, Stamp, Time, View};
use commit::Network;
use receipt::PublicKey;

use crate::chain_book::ChainBook;
use crate::error::StoreError;
use crate::platter::{Storage, each_failure};

const NETWORK: Network = Network([4; 32]);
const BLOCKS: u64 = 4;

fn changes(rows: &[(u8, Option<u8>)]) -> Changes {
    let change = |(key, value): &(u8, Option<u8>)| {
        let place = State::empty(NETWORK).place(&[*key]);
        let entry = value.map(|value| Entry { key: [*key].into(), value: vec![value; 500].into() });
        (place, entry.map(Arc::new))
    };
    rows.iter().map(change).collect()
}

/// What block number `height` changes: it takes away what the one before put.
fn step(height: u64) -> Changes {
    let height = u8::try_from(height).unwrap();
    changes(&[(height, Some(height)), (height.wrapping_sub(1), None), (200, Some(height))])
}

/// Who certifies what comes after a block: others after every second one.
fn seats(height: u64) -> Seats {
    let named = u8::try_from(height / 2).unwrap();
    Seats(vec![Seat { node: NodeId([named; 32]), key: PublicKey([named; 32]) }])
}

fn seated(state: &State, seats: &Seats) -> State {
    let entry = Entry { key: SeatsSlot.key().into(), value: seats.encode().into() };
    let place = state.place(&entry.key);
    state.updated(&Changes::from([(place, Some(Arc::new(entry)))]))
}

/// The headers and states of a short chain.
fn chain() -> Vec<(Header, State)> {
    let state = seated(&State::empty(NETWORK).updated(&step(0)), &seats(0));
    let mut chain = vec![(header(0, [0; 32], &state), state)];
    for height in 1..=BLOCKS {
        let (parent, before) = &chain[chain.len() - 1];
        let state = seated(&before.updated(&step(height)), &seats(height));
        chain.push((header(height, parent.hash(NETWORK), &state), state));
    }
    chain
}

fn header(height: u64, parent: [u8; 32], state: &State) -> Header {
    Header {
        protocol: 1,
        height: Height(height),
        parent,
        stamp: Stamp(height),
        time: Time(height),
        epoch: Epoch(1),
        proposer: PublicKey::NONE,
        beacon: [0; 32],
        transactions: 0,
        transactions_root: [0; 32],
        state_root: state.root(),
        seats: seats(height).digest(NETWORK),
    }
}

fn block(header: Header) -> Block {
    Block { header, transactions: Vec::new() }
}

fn certificate() -> Certificate {
    Certificate::Quorum { view: View(0), signatures: Vec::new() }
}

fn keep(book: &ChainBook, chain: &[(Header, State)], height: usize) -> Result<(), StoreError> {
    book.keep(&block(chain[height].0), &certificate(), &chain[height - 1].1, &chain[height].1)
}

/// Begins, keeps all blocks and forgets the first; how many were said to be kept, where it had begun.
fn fill(storage: Storage) -> Option<usize> {
    let chain = chain();
    let book = ChainBook::on(storage, NETWORK).ok()?;
    book.begin(&chain[0].0, &chain[0].1).ok()?;
    for height in 1..chain.len() {
        if keep(&book, &chain, height).is_err() {
            assert!(keep(&book, &chain, height).is_err(), "after a failure nothing is written");
            return Some(height - 1);
        }
    }
    let _failed_or_not = book.forget_below(Height(2), 10);
    Some(chain.len() - 1)
}

/// What a book has after its process died in the middle.
fn is_whole(bytes: Vec<u8>, kept: Option<usize>, at: &str) {
    let chain = chain();
    let book = ChainBook::on(Storage::of(bytes), NETWORK).unwrap();
    let tip = book.tip().unwrap_or_else(|error| panic!("{at}: {error}"));
    let Some(tip) = tip else { return assert_eq!(kept, None, "{at}") };
    let height = usize::try_from(tip.header.height.0).unwrap();
    let least = kept.unwrap_or(0);
    assert!((least..=least + 1).contains(&height), "{at}: {height} of {kept:?}");
    assert_eq!((tip.header, tip.state.root()), (chain[height].0, chain[height].1.root()), "{at}");
    if height + 1 < chain.len() {
        keep(&book, &chain, height + 1).unwrap_or_else(|error| panic!("{at}: {error}"));
    }
}

#[test]
fn blocks_that_were_kept_stay_whatever_fails() {
    let empty = Storage::default();
    drop(ChainBook::on(empty.clone(), NETWORK).unwrap());
    let empty = empty.0.lock().unwrap().bytes.clone();
    assert_eq!(each_failure(&empty, fill, is_whole), Some(4));
}

#[test]
fn a_chain_is_found_again_and_its_old_blocks_can_be_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain.redb");
    let chain = chain();
    {
        let book = ChainBook::open(&path, NETWORK).unwrap();
        assert!(book.tip().unwrap().is_none());
        book.begin(&chain[0].0, &chain[0].1).unwrap();
        (1..chain.len()).for_each(|height| keep(&book, &chain, height).unwrap());
        assert!(matches!(ChainBook::open(&path, NETWORK), Err(StoreError::ChainTaken { .. })));
    }
    let book = ChainBook::open(&path, NETWORK).unwrap();
    let tip = book.tip().unwrap().unwrap();
    assert_eq!((tip.header, tip.state.root()), (chain[4].0, chain[4].1.root()));
    let (kept, _) = book.block(Height(2)).unwrap().unwrap();
    assert_eq!(kept, block(chain[2].0));
    assert_eq!(book.forget_below(Height(3), 1).unwrap(), 1);
    assert_eq!(book.forget_below(Height(3), 10).unwrap(), 1);
    assert!(book.block(Height(2)).unwrap().is_none());
    assert!(book.block(Height(3)).unwrap().is_some());
}

#[test]
fn what_does_not_follow_is_not_kept() {
    let chain = chain();
    let book = ChainBook::on(Storage::default(), NETWORK).unwrap();
    assert!(keep(&book, &chain, 1).is_err(), "nothing has begun");
    book.begin(&chain[0].0, &chain[0].1).unwrap();
    assert!(book.begin(&chain[0].0, &chain[0].1).is_err());
    assert!(keep(&book, &chain, 2).is_err());
    let certificate = certificate();
    let put = |header: Header, before: &State, after: &State| {
        book.keep(&block(header), &certificate, before, after).unwrap_err().to_string()
    };
    let sound = chain[1].0;
    let why = put(sound, &chain[0].1, &chain[2].1);
    assert!(why.contains("the state is not"), "another state than the header's: {why}");
    let foreign = chain[0].1.updated(&changes(&[(77, Some(7))]));
    let why = put(sound, &foreign, &chain[1].1);
    assert!(why.contains("the state before"), "what it changed would be of another state: {why}");
    let why = put(Header { height: Height(2), ..sound }, &chain[0].1, &chain[1].1);
    assert!(why.contains("does not follow"), "{why}");
    for other in
        [Header { transactions: 1, ..sound }, Header { transactions_root: [1; 32], ..sound }]
    {
        let why = put(other, &chain[0].1, &chain[1].1);
        assert!(why.contains("its transactions"), "a block that could not be read again: {why}");
    }
    let why = put(Header { seats: [1; 32], ..sound }, &chain[0].1, &chain[1].1);
    assert!(why.contains("the seats"), "{why}");
    keep(&book, &chain, 1).unwrap();
    assert!(keep(&book, &chain, 1).is_err());
    let tip = book.tip().unwrap().unwrap();
    assert_eq!((tip.header, tip.state.root()), (chain[1].0, chain[1].1.root()));
}

#[test]
fn nothing_begins_with_a_state_of_another_header() {
    let (header, state) = chain().swap_remove(0);
    let book = ChainBook::on(Storage::default(), NETWORK).unwrap();
    assert!(book.begin(&Header { state_root: [1; 32], ..header }, &state).is_err());
    assert!(book.begin(&Header { seats: [1; 32], ..header }, &state).is_err());
    assert!(book.tip().unwrap().is_none());
    book.begin(&header, &state).unwrap();
}

/// Whoever follows the network by links needs every header that names other seats, however old, and the last one.
#[test]
fn what_links_need_is_never_forgotten() {
    let chain = chain();
    let storage = Storage::default();
    let book = ChainBook::on(storage.clone(), NETWORK).unwrap();
    let heights = |behind: u64, most: usize| -> Vec<u64> {
        let links = book.links(Height(behind), most).unwrap();
        links.iter().map(|link| link.header.height.0).collect()
    };
    assert!(heights(0, 9).is_empty() && book.forget_below(Height(9), 10).unwrap() == 0);
    book.begin(&chain[0].0, &chain[0].1).unwrap();
    assert!(heights(0, 9).is_empty(), "nobody certifies the first header");
    (1..chain.len()).for_each(|height| keep(&book, &chain, height).unwrap());
    assert_eq!(book.forget_below(Height(99), 10).unwrap(), 3, "the last block stays");
    assert!(book.block(Height(4)).unwrap().is_some() && book.block(Height(3)).unwrap().is_none());
    assert_eq!((heights(0, 9), heights(2, 9), heights(0, 1)), (vec![2, 4], vec![4], vec![2]));
    assert!(heights(4, 9).is_empty());
    for link in book.links(Height(0), 9).unwrap() {
        let named = link.seats.unwrap().digest(NETWORK);
        assert_eq!((named, link.certificate), (link.header.seats, certificate()));
    }
}

/// The last header leads nowhere else, but shows what is so now.
#[test]
fn the_last_header_is_the_last_link() {
    let chain = chain();
    let book = ChainBook::on(Storage::default(), NETWORK).unwrap();
    book.begin(&chain[0].0, &chain[0].1).unwrap();
    (1..4).for_each(|height| keep(&book, &chain, height).unwrap());
    let links = book.links(Height(0), 9).unwrap();
    let found: Vec<_> = links.iter().map(|link| (link.header, link.seats.is_some())).collect();
    assert_eq!(found, [(chain[2].0, true), (chain[3].0, false)]);
    assert_eq!(book.links(Height(0), 1).unwrap().len(), 1);
}

/// What keeping a block costs a disk, counted and not timed. In one phase it would be one sync, 10 writes and 37,184
/// bytes; in two phases without the allocator's state two syncs, 11 writes and 37,504 bytes.
#[test]
fn a_block_is_two_syncs() {
    let chain = chain();
    let storage = Storage::default();
    let book = ChainBook::on(storage.clone(), NETWORK).unwrap();
    book.begin(&chain[0].0, &chain[0].1).unwrap();
    keep(&book, &chain, 1).unwrap();
    let before = storage.0.lock().unwrap().counts;
    keep(&book, &chain, 2).unwrap();
    let after = storage.0.lock().unwrap().counts;
    let (syncs, writes) = (after.syncs - before.syncs, after.writes - before.writes);
    println!("a block: {syncs} syncs, {writes} writes, {} bytes", after.written - before.written);
    assert_eq!(syncs, 2);
    assert!(writes <= 20, "{writes}");
}

/// A validator that died is back before the network has gone far, however long its chain is: nothing walks through it.
#[test]
fn who_died_needs_no_repair() {
    let chain = chain();
    let storage = Storage::default();
    let book = ChainBook::on(storage.clone(), NETWORK).unwrap();
    book.begin(&chain[0].0, &chain[0].1).unwrap();
    let died = |storage: &Storage| Storage::of(storage.0.lock().unwrap().bytes.clone());
    assert!(!is_repaired(died(&storage)));
    keep(&book, &chain, 1).unwrap();
    assert!(!is_repaired(died(&storage)));
    book.forget_below(Height(1), 9).unwrap();
    assert!(!is_repaired(died(&storage)));
    let other = died(&storage);
    let _open = add_an_entry(other.clone());
    assert!(is_repaired(died(&other)), "in one phase it is");
}

/// Whether a file is walked through when it is opened.
fn is_repaired(storage: Storage) -> bool {
    let repaired = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&repaired);
    let mut builder = redb::Builder::new();
    builder.set_repair_callback(move |_| seen.store(true, Ordering::Relaxed));
    drop(builder.create_with_backend(storage).unwrap());
    repaired.load(Ordering::Relaxed)
}

/// Somebody else writes into the file.
fn add_an_entry(storage: Storage) -> redb::Database {
    let database = redb::Builder::new().create_with_backend(storage).unwrap();
    let writing = database.begin_write().unwrap();
    let entries: redb::TableDefinition<'_, &[u8], &[u8]> = redb::TableDefinition::new("entries v1");
    writing.open_table(entries).unwrap().insert(&[9_u8][..], &[9_u8][..]).unwrap();
    writing.commit().unwrap();
    database
}

#[test]
fn a_book_of_another_network_or_other_entries_is_told() {
    let chain = chain();
    let storage = Storage::default();
    let book = ChainBook::on(storage.clone(), NETWORK).unwrap();
    book.begin(&chain[0].0, &chain[0].1).unwrap();
    drop(book);
    drop(add_an_entry(storage.clone()));
    let book = ChainBook::on(storage.clone(), NETWORK).unwrap();
    assert!(matches!(book.tip(), Err(StoreError::ChainDamaged { .. })));
    drop(book);
    let another = ChainBook::on(storage, Network([5; 32]));
    assert!(matches!(another, Err(StoreError::ChainOfAnother { .. })));
}
