//! The ledger's bytes (`spec/ledger.md`): state and its proofs, records, transactions, blocks, certificates, genesis.
//!
//! Never knows the transition: what a transaction does, and whether a block may follow another, `ledger` says. Does no
//! I/O, reads no clock. Invariants: `decode(encode(x)) == x`, and no other bytes decode; a set of entries has one root;
//! every hash and signature starts with a domain and the network. Failure: bytes of strangers are refused by a
//! [`commit::WireError`], a [`state::ProofError`] or a [`CertificateError`], never by a panic, and nothing is
//! allocated for a count before its limit was held.

mod block;
mod certificate;
mod certifiers;
mod domains;
mod genesis;
mod group_key;
mod next_word;
pub mod records;
pub mod state;
mod transaction;
mod values;
mod voucher;

pub use block::{
    BLOCK_BYTES_MAX, Block, HEADER_BYTES, Header, TRANSACTIONS_MAX, transactions_root,
};
pub use certificate::{Certificate, CertificateError, GroupWord, vote, voted};
pub use certifiers::Certifiers;
pub use genesis::{GENESIS_ACCOUNTS_MAX, GENESIS_NODES_MAX, Genesis, GenesisNode, NetworkKind};
pub use group_key::{GroupKey, GroupSignature};
pub use next_word::{NextWord, name_next};
pub use transaction::{Authentic, BODY_BYTES_MAX, ENVELOPE_BYTES, KindNumber, Transaction};
pub use values::{Amount, Epoch, Height, Stamp, Time, View};
pub use voucher::Voucher;
