//! Any bytes as a block, a header, a genesis, or transactions that a block is made of: decoded to what encodes to just
//! these bytes, or refused. The first byte chooses.
//!
//! Run: `cargo +nightly fuzz run chain_block -- -max_total_time=60 -rss_limit_mb=512 -malloc_limit_mb=16`.
#![no_main]

use chain::{Block, Genesis, Header, Transaction, transactions_root};
use commit::{Network, Reader, WireError};
use libfuzzer_sys::fuzz_target;

const NETWORK: Network = Network([7; 32]);

fuzz_target!(|input: &[u8]| {
    let Some((choice, bytes)) = input.split_first() else { return };
    match again(*choice, bytes) {
        Ok(again) => assert_eq!(again, bytes, "two encodings of one value"),
        Err(error) => assert!(error.to_string().len() < 200, "a message is short"),
    }
});

fn again(choice: u8, bytes: &[u8]) -> Result<Vec<u8>, WireError> {
    match choice % 4 {
        0 => Block::decode(NETWORK, bytes).map(|block| block.encode()),
        1 => {
            let header = Header::decode(bytes)?;
            assert_ne!(header.hash(NETWORK), header.hash(Network::OFFLINE));
            Ok(header.encode())
        }
        2 => {
            let genesis = Genesis::decode(bytes)?;
            let _ = genesis.network();
            Ok(genesis.encode())
        }
        _ => {
            whole(bytes)?;
            Ok(bytes.to_vec())
        }
    }
}

/// A header, then transactions with their lengths: the header gets their count and root, for no mutation of a block's
/// bytes meets a root. Such a block is one, and no other has its transactions.
fn whole(bytes: &[u8]) -> Result<(), WireError> {
    let mut input = Reader::new(bytes);
    let header = Header::read(&mut input)?;
    let mut transactions = Vec::new();
    while let Ok(length) = input.u32("a length") {
        let Ok(length) = usize::try_from(length) else { break };
        let Ok(one) = input.take("a transaction", length) else { break };
        transactions.push(Transaction::decode(one)?);
    }
    let count = u32::try_from(transactions.len()).expect("a short list");
    let root = transactions_root(NETWORK, &transactions);
    let header = Header { transactions: count, transactions_root: root, ..header };
    let block = Block { header, transactions };
    let encoded = block.encode();
    assert_eq!(Block::decode(NETWORK, &encoded).as_ref(), Ok(&block));
    assert!(count == 0 || Block::decode(Network::OFFLINE, &encoded).is_err());
    Ok(())
}
