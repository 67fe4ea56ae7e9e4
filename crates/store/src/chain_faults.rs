//! Every write of a chain made to fail, and every end without a goodbye.
//!
//! Whatever fails, every block that was said to be kept is kept, of the next one all or nothing, and the state is that of
//! the last header.

use std::sync::Arc;

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

/// The headers and states of a short chain.
fn chain() -> Vec<(Header, State)> {
    let state = State::empty(NETWORK).updated(&step(0));
    let mut chain = vec![(header(0, [0; 32], &state), state)];
    for height in 1..=BLOCKS {
        let (parent, before) = &chain[chain.len() - 1];
        let state = before.updated(&step(height));
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
        seats: [0; 32],
    }
}

fn block(header: Header) -> Block {
    Block { header, transactions: Vec::new() }
}

fn keep(book: &ChainBook, chain: &[(Header, State)], height: usize) -> Result<(), StoreError> {
    let certificate = Certificate::Quorum { view: View(0), signatures: Vec::new() };
    book.keep(&block(chain[height].0), &certificate, &chain[height - 1].1, &chain[height].1)
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
    let certificate = Certificate::Quorum { view: View(0), signatures: Vec::new() };
    let elsewhere = book.keep(&block(chain[1].0), &certificate, &chain[0].1, &chain[2].1);
    assert!(elsewhere.is_err(), "another state than the header's");
    keep(&book, &chain, 1).unwrap();
    assert!(keep(&book, &chain, 1).is_err());
    assert_eq!(book.tip().unwrap().unwrap().header, chain[1].0);
}

#[test]
fn a_book_of_another_network_or_other_entries_is_told() {
    let chain = chain();
    let storage = Storage::default();
    let book = ChainBook::on(storage.clone(), NETWORK).unwrap();
    let mut other = chain[0].0;
    other.state_root[0] ^= 1;
    book.begin(&other, &chain[0].1).unwrap();
    assert!(matches!(book.tip(), Err(StoreError::ChainDamaged { .. })));
    drop(book);
    let another = ChainBook::on(storage, Network([5; 32]));
    assert!(matches!(another, Err(StoreError::ChainOfAnother { .. })));
}
