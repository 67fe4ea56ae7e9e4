//! A recording has what its seed made, and follows by the rules.

use chain::{Block, Genesis};
use ledger::{apply, begin};
use sim::recording::{Recorded, record, record_court};

/// The first piece of a recording, and what is behind it.
fn piece(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (length, rest) = bytes.split_first_chunk().unwrap();
    rest.split_at(u32::from_le_bytes(*length).try_into().unwrap())
}

#[test]
fn every_block_follows() {
    let made = record(3, 30).unwrap();
    assert_eq!(record(3, 30).unwrap().recording, made.recording, "one seed, one chain");
    assert_ne!(record(4, 30).unwrap().recording, made.recording);
    assert_eq!(follows(&made), 30);
    assert!(made.taken > 10 && made.rejected > 10);
}

#[test]
fn a_court_is_recorded_to_its_end() {
    let made = record_court(0).unwrap();
    assert!(follows(&made) > 30);
    assert!(made.taken > 100 && made.rejected > 30);
}

/// How many blocks there are, one after the other.
fn follows(made: &Recorded) -> usize {
    let rest = made.recording.strip_prefix(b"probity recording v1").unwrap();
    let (genesis, mut rest) = piece(rest);
    let (mut state, mut header) = begin(&Genesis::decode(genesis).unwrap()).unwrap();
    let mut taken = 0;
    while !rest.is_empty() {
        let (block, behind) = piece(rest);
        let block = Block::decode(state.network(), block).unwrap();
        taken += u64::from(block.header.transactions);
        let next = block.header;
        state = apply(&state, &header, block).unwrap();
        (header, rest) = (next, behind);
    }
    assert_eq!(taken, made.taken);
    let blocks = usize::try_from(header.height.0).unwrap();
    assert_eq!(made.offers.matches("left_out").count(), blocks);
    blocks
}
