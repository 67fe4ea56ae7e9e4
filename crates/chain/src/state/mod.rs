//! The state: entries by key, under one root (`spec/ledger.md` section 2).
//!
//! A [`State`] is a value: [`State::updated`] gives another one, which shares with it whatever did not change, so that a
//! validator may hold the states of several blocks at once. Never knows what keys and values mean, never forgets an
//! entry that was not removed. Invariant: the root is a function of the set of entries alone, whatever order they came
//! in. Failure: bytes of strangers are [`Proof`]s alone, which are refused by name.

mod node;
mod place;
mod proof;

use commit::{Digest, Network};
use std::collections::BTreeMap;
use std::sync::Arc;

pub use node::Entry;
use node::{Node, Subtree, differences, hash_of, leaves, updated, value_hash};
pub use place::{PLACE_BITS, Place};
pub use proof::{End, Proof, ProofError, SIBLINGS_MAX};

/// What becomes of places: an entry, or nothing.
pub type Changes = BTreeMap<Place, Option<Arc<Entry>>>;

/// All entries after some block.
#[derive(Clone, Debug)]
pub struct State {
    network: Network,
    tree: Subtree,
}

impl State {
    /// No entries.
    #[must_use]
    pub fn empty(network: Network) -> Self {
        Self { network, tree: None }
    }

    /// Whose state it is.
    #[must_use]
    pub fn network(&self) -> Network {
        self.network
    }

    /// What commits to all of it; zeros where there is nothing.
    #[must_use]
    pub fn root(&self) -> Digest {
        hash_of(&self.tree)
    }

    /// Where a key stands.
    #[must_use]
    pub fn place(&self, key: &[u8]) -> Place {
        Place::of(self.network, key)
    }

    /// What stands at a place.
    #[must_use]
    pub fn entry(&self, place: &Place) -> Option<&Arc<Entry>> {
        let mut tree = &self.tree;
        for depth in 0.. {
            match tree.as_deref()? {
                Node::Leaf(leaf) => return (leaf.place == *place).then_some(&leaf.entry),
                Node::Inner(inner) if place.goes_right(depth) => tree = &inner.right,
                Node::Inner(inner) => tree = &inner.left,
            }
        }
        None
    }

    /// The state with these changes.
    #[must_use]
    pub fn updated(&self, changes: &Changes) -> Self {
        let changes: Vec<_> =
            changes.iter().map(|(place, entry)| (*place, entry.clone())).collect();
        Self { network: self.network, tree: updated(self.network, &self.tree, 0, &changes) }
    }

    /// What makes this state of an earlier one, found by what the two do not share.
    #[must_use]
    pub fn since(&self, before: &Self) -> Changes {
        let mut changes = Changes::new();
        differences(&before.tree, &self.tree, &mut changes);
        changes
    }

    /// What shows to whoever has the root what stands at a place, or that nothing does.
    #[must_use]
    pub fn prove(&self, place: &Place) -> Proof {
        let (mut tree, mut siblings) = (&self.tree, Vec::new());
        let end = loop {
            match tree.as_deref() {
                None => break End::Nothing,
                Some(Node::Leaf(leaf)) if leaf.place == *place => break End::Here,
                Some(Node::Leaf(leaf)) => {
                    let value = value_hash(self.network, &leaf.entry.value);
                    break End::Other { place: leaf.place, value };
                }
                Some(Node::Inner(inner)) => {
                    let right = place.goes_right(siblings.len());
                    let (on, beside) = match right {
                        true => (&inner.right, &inner.left),
                        false => (&inner.left, &inner.right),
                    };
                    siblings.push(hash_of(beside));
                    tree = on;
                }
            }
        };
        Proof { siblings, end }
    }

    /// Every entry, by its place.
    pub fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> {
        leaves(&self.tree).map(|leaf| &leaf.entry)
    }
}
