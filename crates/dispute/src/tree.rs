//! Going down a tree of RFC 6962's shape, sixteen subtrees at a time.
//!
//! Everything to the left of a named subtree is agreed on, and it is a tree itself: that of the first leaves. So what is
//! agreed on is always one root. Never hashes a leaf; hashes that don't fit are `None`.

use commit::{Digest, Edge, Nodes};

use crate::limits::LEVELS;

/// A subtree: where its leaves begin, and how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subtree {
    /// Number of its first leaf.
    pub start: u32,
    /// How many leaves it has; at least one.
    pub leaves: u32,
}

impl Subtree {
    /// The whole tree of so many leaves.
    #[must_use]
    pub fn whole(leaves: u32) -> Self {
        Self { start: 0, leaves }
    }

    /// The number behind its last leaf.
    #[must_use]
    pub fn end(self) -> u32 {
        self.start + self.leaves
    }

    /// The subtrees four levels below it, or higher where there are leaves: sixteen at most, from the left.
    #[must_use]
    pub fn children(self) -> Vec<Self> {
        let mut children = Vec::new();
        self.split(LEVELS, &mut children);
        children
    }

    /// The root over its [`Self::children`]; `None` where their number is wrong.
    #[must_use]
    pub fn root(self, nodes: &impl Nodes, children: &[Digest]) -> Option<Digest> {
        let mut hashes = children.iter();
        let root = self.join(nodes, LEVELS, &mut hashes)?;
        hashes.as_slice().is_empty().then_some(root)
    }

    fn halves(self) -> Option<(Self, Self)> {
        let left = 1 << self.leaves.checked_sub(1)?.checked_ilog2()?;
        let right = Self { start: self.start + left, leaves: self.leaves - left };
        Some((Self { leaves: left, ..self }, right))
    }

    fn split(self, levels: u32, children: &mut Vec<Self>) {
        match self.halves().filter(|_| levels > 0) {
            None => children.push(self),
            Some((left, right)) => {
                left.split(levels - 1, children);
                right.split(levels - 1, children);
            }
        }
    }

    fn join(
        self,
        nodes: &impl Nodes,
        levels: u32,
        hashes: &mut core::slice::Iter<'_, Digest>,
    ) -> Option<Digest> {
        match self.halves().filter(|_| levels > 0) {
            None => hashes.next().copied(),
            Some((left, right)) => {
                let left = left.join(nodes, levels - 1, hashes)?;
                let right = right.join(nodes, levels - 1, hashes)?;
                Some(nodes.node(&left, &right))
            }
        }
    }
}

/// How many times a tree is gone down until a leaf is left.
#[must_use]
pub fn descents(leaves: u32) -> u32 {
    match leaves.saturating_sub(1).checked_ilog2() {
        None => 0,
        Some(log) => (log + 1).div_ceil(LEVELS),
    }
}

/// The first leaves of a tree, both sides agreeing on them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// Leaves and hash of perfect subtrees, the greatest first.
    subtrees: Vec<(u32, Digest)>,
}

impl Agreed {
    /// How many leaves.
    #[must_use]
    pub(crate) fn leaves(&self) -> u32 {
        self.subtrees.iter().map(|(leaves, _)| leaves).sum()
    }

    /// The subtrees' hashes: how many leaves each has are the binary ones of all of them, the greatest first.
    pub(crate) fn hashes(&self) -> impl Iterator<Item = &Digest> {
        self.subtrees.iter().map(|(_, hash)| hash)
    }

    /// The first `leaves` of a tree, of as many hashes as that number has binary ones, which `hash` gives one by one.
    ///
    /// # Errors
    /// Those of `hash`.
    pub(crate) fn of<E>(
        leaves: u32,
        mut hash: impl FnMut() -> Result<Digest, E>,
    ) -> Result<Self, E> {
        let sizes = (0..u32::BITS).rev().map(|bit| 1 << bit).filter(|size| leaves & size != 0);
        let subtrees: Result<_, E> = sizes.map(|size| Ok((size, hash()?))).collect();
        Ok(Self { subtrees: subtrees? })
    }

    /// Agrees on the next subtree: a perfect one, since it stands to the left of another.
    pub(crate) fn push(&mut self, nodes: &impl Nodes, leaves: u32, hash: Digest) {
        let mut right = (leaves, hash);
        while self.subtrees.last().is_some_and(|(left, _)| *left == right.0) {
            let Some((left, hash)) = self.subtrees.pop() else { break };
            right = (left + right.0, nodes.node(&hash, &right.1));
        }
        self.subtrees.push(right);
    }

    /// The root of the tree of just these leaves; zeros of none.
    #[must_use]
    pub(crate) fn root(&self, nodes: &impl Nodes) -> Digest {
        let peaks = self.hashes().copied().collect();
        let edge = Edge::from_peaks(self.leaves().into(), peaks);
        edge.and_then(|edge| edge.root(nodes)).unwrap_or_default()
    }
}

/// A tree both sides agree on, by its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Prefix {
    /// How many leaves.
    pub(crate) leaves: u32,
    /// Their root; zeros of no leaves.
    pub(crate) root: Digest,
}
