//! The blocks of one height that a validator has: a table that nobody can fill.
//!
//! A block comes in only where its transactions are those of its header, so that the header's hash names all of it, and
//! only where somebody had to send it: the leader of the view that one is in, once a view, a block that may be the view's;
//! or anybody, a block that a quorum named. What nobody needs leaves with its view: blocks that one has not voted for
//! and no quorum named. Never more than [`BODIES_MAX`]: those left are one a view that a quorum let pass, and of
//! them the oldest that no quorum named leaves first. That one may be wanted again: those who were the quorum know that
//! they were, and keep it.

use chain::state::State;
use chain::{Block, View, transactions_root};
use commit::{Digest, Network};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Blocks that a validator keeps at one height.
pub(crate) const BODIES_MAX: usize = 64;

/// A block, judged.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) block: Arc<Block>,
    /// The state behind it; `None`: it may not follow.
    pub(super) state: Option<State>,
    /// The view in which it came.
    pub(super) view: View,
    /// Whether it is durable: one votes for no other.
    pub(super) durable: bool,
}

/// All of them, by their headers' hashes.
#[derive(Clone, Debug, Default)]
pub(super) struct Bodies(BTreeMap<Digest, Body>);

/// Whether a block's transactions are those of its header: whoever has its hash knows all of it then.
pub(super) fn is_whole(network: Network, block: &Block) -> bool {
    let count = u32::try_from(block.transactions.len());
    let root = || transactions_root(network, &block.transactions);
    count == Ok(block.header.transactions) && root() == block.header.transactions_root
}

impl Bodies {
    /// Takes a block in; the one that leaves for it.
    pub(super) fn put(
        &mut self,
        hash: Digest,
        body: Body,
        named: &BTreeSet<Digest>,
    ) -> Option<Digest> {
        let mut gone = None;
        if self.0.len() >= BODIES_MAX {
            let old = self.0.iter().min_by_key(|(hash, body)| (named.contains(*hash), body.view));
            gone = old.map(|(hash, _)| *hash);
            gone.and_then(|hash| self.0.remove(&hash));
        }
        self.0.insert(hash, body);
        gone
    }

    /// Forgets what nobody needs behind the view in which it came.
    pub(super) fn tidy(&mut self, named: &BTreeSet<Digest>) {
        self.0.retain(|hash, body| body.durable || named.contains(hash));
    }

    pub(super) fn get(&self, hash: &Digest) -> Option<&Body> {
        self.0.get(hash)
    }

    /// A block that is to be made durable now.
    pub(super) fn newly_kept(&mut self, hash: &Digest) -> Option<Arc<Block>> {
        let body = self.0.get_mut(hash).filter(|body| !body.durable)?;
        body.durable = true;
        Some(body.block.clone())
    }

    /// The hash of each.
    pub(super) fn hashes(&self) -> impl Iterator<Item = Digest> {
        self.0.keys().copied()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
