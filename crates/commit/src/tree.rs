//! Trees of the shape of RFC 6962: of n > 1 leaves the left part has the greatest power of two below n.
//!
//! So the root of fewer leaves is made of subtrees of the greater tree, and 2^k leaves that begin at a multiple of 2^k
//! are a subtree. Never hashes a leaf: leaves are hashes already. A proof that is too long, too short or wrong gives
//! `None` or `false`.

use core::ops::Range;

use crate::hash::Digest;

/// How two subtrees become one.
pub trait Nodes {
    /// The hash of an inner node.
    fn node(&self, left: &Digest, right: &Digest) -> Digest;
}

/// The right edge of a tree: the perfect subtrees it is made of, the largest first. It can grow and give the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edge {
    leaves: u64,
    peaks: Vec<Digest>,
}

impl Edge {
    /// A tree of these leaves.
    #[must_use]
    pub fn over(nodes: &impl Nodes, leaves: impl IntoIterator<Item = Digest>) -> Self {
        let mut edge = Self::default();
        leaves.into_iter().for_each(|leaf| edge.push(nodes, leaf));
        edge
    }

    /// The subtrees of a tree of `leaves` leaves, as a stranger says they are; `None` where their number is wrong.
    #[must_use]
    pub fn from_peaks(leaves: u64, peaks: Vec<Digest>) -> Option<Self> {
        let wanted = usize::try_from(leaves.count_ones()).ok()?;
        (peaks.len() == wanted).then_some(Self { leaves, peaks })
    }

    /// The subtrees, the largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Digest] {
        &self.peaks
    }

    /// How many leaves the tree has.
    #[must_use]
    pub fn leaves(&self) -> u64 {
        self.leaves
    }

    /// Appends a leaf.
    pub fn push(&mut self, nodes: &impl Nodes, leaf: Digest) {
        let mut right = leaf;
        for _ in 0..self.leaves.trailing_ones() {
            let left = self.peaks.pop().expect("a peak for every binary one of the count");
            right = nodes.node(&left, &right);
        }
        self.peaks.push(right);
        self.leaves += 1;
    }

    /// The root; `None` of an empty tree.
    #[must_use]
    pub fn root(&self, nodes: &impl Nodes) -> Option<Digest> {
        let mut peaks = self.peaks.iter().rev().copied();
        let last = peaks.next()?;
        Some(peaks.fold(last, |right, left| nodes.node(&left, &right)))
    }
}

/// The path of a leaf to the root, the leaf's sibling first; `None` where there is no such leaf.
#[must_use]
pub fn path(nodes: &impl Nodes, leaves: &[Digest], at: usize) -> Option<Vec<Digest>> {
    if at >= leaves.len() {
        return None;
    }
    if leaves.len() == 1 {
        return Some(Vec::new());
    }
    let (left, right) = leaves.split_at(left_part(leaves.len()));
    let (inside, at, other) = match at.checked_sub(left.len()) {
        None => (left, at, right),
        Some(at) => (right, at, left),
    };
    let mut path = path(nodes, inside, at)?;
    path.push(root(nodes, other)?);
    Some(path)
}

/// The root that a path leads to from leaf number `at` of `leaves`; `None` where it can't be such a path.
#[must_use]
pub fn root_of(
    nodes: &impl Nodes,
    leaves: u64,
    at: u64,
    leaf: &Digest,
    path: &[Digest],
) -> Option<Digest> {
    if at >= leaves {
        return None;
    }
    if leaves == 1 {
        return path.is_empty().then_some(*leaf);
    }
    let (other, path) = path.split_last()?;
    let left = left_part_of(leaves);
    Some(if at < left {
        nodes.node(&root_of(nodes, left, at, leaf, path)?, other)
    } else {
        nodes.node(other, &root_of(nodes, leaves - left, at - left, leaf, path)?)
    })
}

/// What binds consecutive leaves to the root: the hashes of the greatest subtrees beside them, from the left.
/// `None` where the range is empty or beyond the leaves.
#[must_use]
pub fn range(nodes: &impl Nodes, leaves: &[Digest], range: &Range<usize>) -> Option<Vec<Digest>> {
    if range.is_empty() || range.end > leaves.len() {
        return None;
    }
    let mut beside = Vec::new();
    collect_beside(nodes, leaves, range, &mut beside)?;
    Some(beside)
}

fn collect_beside(
    nodes: &impl Nodes,
    leaves: &[Digest],
    range: &Range<usize>,
    beside: &mut Vec<Digest>,
) -> Option<()> {
    if range.start >= leaves.len() || range.end == 0 {
        beside.push(root(nodes, leaves)?);
        return Some(());
    }
    if range.start == 0 && range.end >= leaves.len() {
        return Some(());
    }
    let middle = left_part(leaves.len());
    let (left, right) = leaves.split_at(middle);
    collect_beside(nodes, left, &(range.start..range.end.min(middle)), beside)?;
    let after = range.start.saturating_sub(middle)..range.end.saturating_sub(middle);
    collect_beside(nodes, right, &after, beside)
}

/// The root that consecutive leaves from number `start` of `count` lead to; `None` where the proof can't be theirs.
#[must_use]
pub fn root_of_range(
    nodes: &impl Nodes,
    count: u64,
    start: u64,
    leaves: &[Digest],
    beside: &[Digest],
) -> Option<Digest> {
    let length = u64::try_from(leaves.len()).ok()?;
    let end = start.checked_add(length)?;
    if length == 0 || end > count {
        return None;
    }
    let mut beside = beside.iter();
    let root = rebuilt(nodes, count, &(start..end), leaves, &mut beside)?;
    beside.as_slice().is_empty().then_some(root)
}

fn rebuilt(
    nodes: &impl Nodes,
    count: u64,
    range: &Range<u64>,
    leaves: &[Digest],
    beside: &mut core::slice::Iter<'_, Digest>,
) -> Option<Digest> {
    if range.start >= count || range.end == 0 {
        return beside.next().copied();
    }
    if count == 1 {
        return leaves.first().copied();
    }
    if range.start == 0 && range.end >= count {
        return root(nodes, leaves);
    }
    let middle = left_part_of(count);
    let before = range.start.min(middle)..range.end.min(middle);
    let after = range.start.saturating_sub(middle)..range.end.saturating_sub(middle);
    let (left, right) = leaves.split_at(usize::try_from(before.end - before.start).ok()?);
    let left = rebuilt(nodes, middle, &range_in(range, middle), left, beside)?;
    let right = rebuilt(nodes, count - middle, &after, right, beside)?;
    Some(nodes.node(&left, &right))
}

/// The part of a range in a left part; a range that begins after it stays after it.
fn range_in(range: &Range<u64>, middle: u64) -> Range<u64> {
    range.start..range.end.min(middle)
}

/// What shows that a tree of the first `old` leaves is a prefix of the whole (RFC 6962 section 2.1.2); `None` where
/// `old` is 0 or more than there are.
#[must_use]
pub fn consistency(nodes: &impl Nodes, leaves: &[Digest], old: usize) -> Option<Vec<Digest>> {
    if old == 0 || old > leaves.len() {
        return None;
    }
    let mut proof = Vec::new();
    subproof(nodes, leaves, old, true, &mut proof)?;
    Some(proof)
}

fn subproof(
    nodes: &impl Nodes,
    leaves: &[Digest],
    old: usize,
    known: bool,
    proof: &mut Vec<Digest>,
) -> Option<()> {
    if old == leaves.len() {
        if !known {
            proof.push(root(nodes, leaves)?);
        }
        return Some(());
    }
    let (left, right) = leaves.split_at(left_part(leaves.len()));
    if old <= left.len() {
        subproof(nodes, left, old, known, proof)?;
        proof.push(root(nodes, right)?);
    } else {
        subproof(nodes, right, old - left.len(), false, proof)?;
        proof.push(root(nodes, left)?);
    }
    Some(())
}

/// Whether a consistency proof leads from the old root to the new one.
#[must_use]
pub fn consistent(
    nodes: &impl Nodes,
    (old, old_root): (u64, &Digest),
    (new, new_root): (u64, &Digest),
    proof: &[Digest],
) -> bool {
    if old == 0 || old > new {
        return false;
    }
    if old == new {
        return proof.is_empty() && old_root == new_root;
    }
    roots_of(nodes, old, new, true, old_root, proof)
        .is_some_and(|(found_old, found_new)| found_old == *old_root && found_new == *new_root)
}

/// The roots of the old part and of the whole that a proof gives.
fn roots_of(
    nodes: &impl Nodes,
    old: u64,
    new: u64,
    known: bool,
    old_root: &Digest,
    proof: &[Digest],
) -> Option<(Digest, Digest)> {
    if old == new {
        if known {
            return proof.is_empty().then_some((*old_root, *old_root));
        }
        let [root] = proof else { return None };
        return Some((*root, *root));
    }
    let (other, proof) = proof.split_last()?;
    let left = left_part_of(new);
    Some(if old <= left {
        let (old_part, whole) = roots_of(nodes, old, left, known, old_root, proof)?;
        (old_part, nodes.node(&whole, other))
    } else {
        let (old_part, whole) = roots_of(nodes, old - left, new - left, false, old_root, proof)?;
        (nodes.node(other, &old_part), nodes.node(other, &whole))
    })
}

fn root(nodes: &impl Nodes, leaves: &[Digest]) -> Option<Digest> {
    Edge::over(nodes, leaves.iter().copied()).root(nodes)
}

/// The greatest power of two below `leaves`, which is at least 2.
fn left_part(leaves: usize) -> usize {
    1 << (leaves - 1).ilog2()
}

fn left_part_of(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}
