//! Blocks: transactions in order, and the header that commits to them and to the state after them.
//!
//! Never judges: whether a block may follow another, and makes that state, the ledger says.

use commit::{Digest, Edge, Network, Reader, WireError, Writer};
use receipt::PublicKey;

use crate::domains::{HEADER, TransactionNodes};
use crate::transaction::{BODY_BYTES_MAX, ENVELOPE_BYTES, Transaction};
use crate::values::{Epoch, Height, Stamp, Time};

/// The version of headers and blocks.
const BLOCK_VERSION: u16 = 1;
/// Bytes of a header.
pub const HEADER_BYTES: usize = 2 + 2 + 8 + 32 + 8 + 8 + 8 + 32 + 32 + 4 + 32 + 32 + 32;
/// Bytes of a block.
pub const BLOCK_BYTES_MAX: usize = 1 << 21;
/// Transactions of a block.
pub const TRANSACTIONS_MAX: usize = 1 << 14;

/// What is certified of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The rules by which it was executed.
    pub protocol: u16,
    /// Its number.
    pub height: Height,
    /// The hash of the header before it; zeros at genesis.
    pub parent: Digest,
    /// What the proposer's clock said.
    pub stamp: Stamp,
    /// Block time.
    pub time: Time,
    /// The epoch.
    pub epoch: Epoch,
    /// Who proposed it.
    pub proposer: PublicKey,
    /// Public randomness.
    pub beacon: Digest,
    /// How many transactions it has.
    pub transactions: u32,
    /// The root of their tree; zeros of none.
    pub transactions_root: Digest,
    /// The root of the state after it.
    pub state_root: Digest,
    /// The digest of the seats that certify the blocks after it.
    pub seats: Digest,
}

impl Header {
    /// What is signed, and what the next header names.
    #[must_use]
    pub fn hash(&self, network: Network) -> Digest {
        HEADER.hash(network, &[&self.encode()])
    }

    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        self.write(&mut out);
        out.finish()
    }

    /// The same behind other bytes.
    pub fn write(&self, out: &mut Writer) {
        out.u16(BLOCK_VERSION);
        out.u16(self.protocol);
        out.u64(self.height.0);
        out.bytes(&self.parent);
        out.u64(self.stamp.0);
        out.u64(self.time.0);
        out.u64(self.epoch.0);
        out.bytes(&self.proposer.0);
        out.bytes(&self.beacon);
        out.u32(self.transactions);
        out.bytes(&self.transactions_root);
        out.bytes(&self.state_root);
        out.bytes(&self.seats);
    }

    /// Reads them.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes);
        let header = Self::read(&mut input)?;
        input.end("the header")?;
        Ok(header)
    }

    /// Reads them at the beginning of others.
    ///
    /// # Errors
    /// As [`Self::decode`].
    pub fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.version("a header's", BLOCK_VERSION)?;
        Ok(Self {
            protocol: input.u16("the rules' version")?,
            height: Height(input.u64("a height")?),
            parent: input.array("the header before")?,
            stamp: Stamp(input.u64("a stamp")?),
            time: Time(input.u64("block time")?),
            epoch: Epoch(input.u64("an epoch")?),
            proposer: PublicKey(input.array("a proposer")?),
            beacon: input.array("a beacon")?,
            transactions: input.u32("how many transactions")?,
            transactions_root: input.array("the transactions' root")?,
            state_root: input.array("the state's root")?,
            seats: input.array("the next seats")?,
        })
    }
}

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What is certified.
    pub header: Header,
    /// In the order they are executed.
    pub transactions: Vec<Transaction>,
}

/// The root of a block's transactions; zeros of none.
#[must_use]
pub fn transactions_root<'a>(
    network: Network,
    transactions: impl IntoIterator<Item = &'a Transaction>,
) -> Digest {
    let nodes = TransactionNodes(network);
    let leaves = transactions.into_iter().map(|made| made.leaf(network));
    Edge::over(&nodes, leaves).root(&nodes).unwrap_or_default()
}

impl Block {
    /// The canonical bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        self.header.write(&mut out);
        for transaction in &self.transactions {
            let bytes = transaction.encode();
            out.length_u32(bytes.len());
            out.bytes(&bytes);
        }
        out.finish()
    }

    /// Reads them: as many transactions as the header says, under the header's root.
    ///
    /// # Errors
    /// [`WireError`] for any other bytes.
    pub fn decode(network: Network, bytes: &[u8]) -> Result<Self, WireError> {
        let (what, found, max) = ("bytes of a block", bytes.len(), BLOCK_BYTES_MAX);
        if found > max {
            return Err(WireError::Limit { what, found, max });
        }
        let mut input = Reader::new(bytes);
        let header = Header::read(&mut input)?;
        let found = usize::try_from(header.transactions).unwrap_or(usize::MAX);
        if found > TRANSACTIONS_MAX {
            let what = "transactions of a block";
            return Err(WireError::Limit { what, found, max: TRANSACTIONS_MAX });
        }
        let mut transactions = Vec::new();
        for _ in 0..found {
            let max = BODY_BYTES_MAX + ENVELOPE_BYTES;
            let bytes = input.bytes_u32("bytes of a transaction", max)?;
            transactions.push(Transaction::decode(bytes)?);
        }
        input.end("the block")?;
        if transactions_root(network, &transactions) != header.transactions_root {
            let (what, reason) = ("a block", "its transactions are not those of its header");
            return Err(WireError::Value { what, reason });
        }
        Ok(Self { header, transactions })
    }
}
