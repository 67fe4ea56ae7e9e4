//! The nodes of the state's tree: shared between states, never altered.
//!
//! Never has an inner node above fewer than two entries, so a set of entries has one tree.

use commit::{Digest, Network};
use std::sync::Arc;

use super::Changes;
use super::place::Place;
use crate::domains::{STATE_LEAF, STATE_NODE, STATE_VALUE};

/// The hash of a subtree without entries.
pub(crate) const NOTHING: Digest = [0; 32];

/// A key and its value, as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Box<[u8]>,
    /// What stands there.
    pub value: Box<[u8]>,
}

/// What becomes of a place: an entry, or nothing.
pub(crate) type Change = (Place, Option<Arc<Entry>>);

/// A subtree of at least one entry.
#[derive(Debug)]
pub(crate) enum Node {
    /// One entry.
    Leaf(Leaf),
    /// At least two.
    Inner(Inner),
}

#[derive(Debug)]
pub(crate) struct Leaf {
    pub(crate) hash: Digest,
    pub(crate) place: Place,
    pub(crate) entry: Arc<Entry>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) hash: Digest,
    pub(crate) left: Subtree,
    pub(crate) right: Subtree,
}

/// A subtree, or none.
pub(crate) type Subtree = Option<Arc<Node>>;

impl Node {
    pub(crate) fn hash(&self) -> Digest {
        match self {
            Self::Leaf(leaf) => leaf.hash,
            Self::Inner(inner) => inner.hash,
        }
    }
}

/// The hash of a value.
pub(crate) fn value_hash(network: Network, value: &[u8]) -> Digest {
    STATE_VALUE.hash(network, &[value])
}

/// The hash of an entry, from its place and the hash of its value.
pub(crate) fn leaf_hash(network: Network, place: &Place, value: &Digest) -> Digest {
    STATE_LEAF.hash(network, &[&place.0, value])
}

/// The hash of two subtrees.
pub(crate) fn node_hash(network: Network, left: &Digest, right: &Digest) -> Digest {
    STATE_NODE.hash(network, &[left, right])
}

pub(crate) fn hash_of(tree: &Subtree) -> Digest {
    tree.as_ref().map_or(NOTHING, |node| node.hash())
}

/// What makes one subtree of another: those that are the same are not looked into.
pub(crate) fn differences(before: &Subtree, after: &Subtree, changes: &mut Changes) {
    if hash_of(before) == hash_of(after) {
        return;
    }
    if let (Some(Node::Inner(before)), Some(Node::Inner(after))) =
        (before.as_deref(), after.as_deref())
    {
        differences(&before.left, &after.left, changes);
        differences(&before.right, &after.right, changes);
        return;
    }
    // One of them is an entry, or none.
    for leaf in leaves(before) {
        changes.insert(leaf.place, None);
    }
    let kept: Vec<_> = leaves(before).map(|leaf| leaf.hash).collect();
    for leaf in leaves(after) {
        match kept.contains(&leaf.hash) {
            true => drop(changes.remove(&leaf.place)),
            false => drop(changes.insert(leaf.place, Some(leaf.entry.clone()))),
        }
    }
}

/// The leaves of a subtree, by their places.
pub(crate) fn leaves(tree: &Subtree) -> impl Iterator<Item = &Leaf> {
    let mut open: Vec<&Node> = tree.as_deref().into_iter().collect();
    std::iter::from_fn(move || {
        loop {
            match open.pop()? {
                Node::Leaf(leaf) => return Some(leaf),
                Node::Inner(inner) => {
                    open.extend(inner.right.as_deref());
                    open.extend(inner.left.as_deref());
                }
            }
        }
    })
}

/// A subtree with changes, which ascend and all belong below it.
pub(crate) fn updated(
    network: Network,
    tree: &Subtree,
    depth: usize,
    changes: &[Change],
) -> Subtree {
    if changes.is_empty() {
        return tree.clone();
    }
    match tree.as_deref() {
        None => built(network, depth, &put(changes)),
        Some(Node::Leaf(leaf)) => built(network, depth, &beside(leaf, changes)),
        Some(Node::Inner(inner)) => {
            let (left, right) = changes.split_at(middle(changes, depth));
            let left = updated(network, &inner.left, depth + 1, left);
            let right = updated(network, &inner.right, depth + 1, right);
            joined(network, left, right)
        }
    }
}

/// How many of these go left.
fn middle(changes: &[Change], depth: usize) -> usize {
    changes.partition_point(|(place, _)| !place.goes_right(depth))
}

/// The entries among changes.
fn put(changes: &[Change]) -> Vec<Change> {
    changes.iter().filter(|(_, entry)| entry.is_some()).cloned().collect()
}

/// The same and an entry that was there, unless they say what becomes of its place.
fn beside(leaf: &Leaf, changes: &[Change]) -> Vec<Change> {
    let mut entries = put(changes);
    if let Err(at) = changes.binary_search_by_key(&leaf.place, |(place, _)| *place) {
        let before = changes[..at].iter().filter(|(_, entry)| entry.is_some()).count();
        entries.insert(before, (leaf.place, Some(leaf.entry.clone())));
    }
    entries
}

/// A subtree of these entries alone.
fn built(network: Network, depth: usize, entries: &[Change]) -> Subtree {
    match entries {
        [] => None,
        [(place, entry)] => entry.as_ref().map(|entry| leaf(network, *place, entry)),
        more => {
            let (left, right) = more.split_at(middle(more, depth));
            let left = built(network, depth + 1, left);
            let right = built(network, depth + 1, right);
            Some(inner(network, left, right))
        }
    }
}

/// Two subtrees as one: where a single entry is left it moves up.
fn joined(network: Network, left: Subtree, right: Subtree) -> Subtree {
    match (left.as_deref(), right.as_deref()) {
        (None, None) => None,
        (Some(Node::Leaf(_)), None) => left,
        (None, Some(Node::Leaf(_))) => right,
        (Some(Node::Inner(_)), None) | (None, Some(Node::Inner(_))) | (Some(_), Some(_)) => {
            Some(inner(network, left, right))
        }
    }
}

fn leaf(network: Network, place: Place, entry: &Arc<Entry>) -> Arc<Node> {
    let hash = leaf_hash(network, &place, &value_hash(network, &entry.value));
    Arc::new(Node::Leaf(Leaf { hash, place, entry: entry.clone() }))
}

fn inner(network: Network, left: Subtree, right: Subtree) -> Arc<Node> {
    let hash = node_hash(network, &hash_of(&left), &hash_of(&right));
    Arc::new(Node::Inner(Inner { hash, left, right }))
}
