//! What a validator has after a crash: what it had made durable, and nothing else.
//!
//! Never holds a state but as entries: whoever begins again makes the tree again.

use chain::state::Entry;
use chain::{Block, Certificate, Header};
use commit::Digest;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::message::{Ballot, Kept};

/// Blocks between two snapshots.
pub(crate) const SNAPSHOT_BLOCKS: u64 = 8;

/// All entries of a state.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) header: Header,
    pub(crate) entries: Vec<Arc<Entry>>,
}

/// A disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    pub(crate) chain: Vec<(Arc<Block>, Certificate)>,
    pub(crate) votes: BTreeSet<Ballot>,
    pub(crate) bodies: BTreeMap<Digest, Arc<Block>>,
    pub(crate) snapshot: Option<Snapshot>,
}

impl Disk {
    /// Makes something durable.
    pub(crate) fn keep(&mut self, kept: Kept) {
        match kept {
            Kept::Vote(ballot) => {
                self.votes.insert(ballot);
            }
            Kept::Body(hash, block) => {
                self.bodies.insert(hash, block);
            }
            Kept::Gone(hash) => {
                self.bodies.remove(&hash);
            }
            Kept::Block(block, certificate) => {
                let height = block.header.height;
                self.votes.retain(|ballot| ballot.height > height);
                self.bodies.retain(|_, body| body.header.height > height);
                self.chain.push((block, certificate));
            }
        }
    }

    /// Makes all entries of the newest state durable.
    pub(crate) fn snapshot(&mut self, header: Header, entries: Vec<Arc<Entry>>) {
        self.snapshot = Some(Snapshot { header, entries });
    }
}
