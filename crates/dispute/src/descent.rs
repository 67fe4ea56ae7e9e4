//! One tree being gone down: the claimant reveals sixteen subtrees, the challenger names the first wrong one.
//!
//! Never goes back up: what stands to the left of a named subtree is agreed on from then on.

use commit::Digest;
use program::trace::TraceNodes;

use crate::refusal::Refusal;
use crate::tree::{Agreed, Subtree};

/// A subtree said to be wrong, everything before it agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Descent {
    /// Leaves of the whole tree.
    pub(crate) of: u32,
    pub(crate) at: Subtree,
    pub(crate) agreed: Agreed,
}

/// Where naming one of the revealed subtrees leads.
pub(crate) enum Named {
    /// Further down: where, and its hash.
    Subtree(Descent, Digest),
    /// To a leaf: its number, its hash, and the root of the leaves before it.
    Leaf(u32, Digest, Digest),
}

impl Descent {
    pub(crate) fn whole(leaves: u32) -> Self {
        Self { of: leaves, at: Subtree::whole(leaves), agreed: Agreed::default() }
    }

    /// Whether these hashes stand below it.
    pub(crate) fn check(
        &self,
        nodes: &TraceNodes,
        hash: &Digest,
        children: &[Digest],
    ) -> Result<(), Refusal> {
        let (found, wanted) = (children.len(), self.at.children().len());
        if found != wanted {
            return Err(Refusal::Count { what: "subtrees", found, wanted });
        }
        match self.at.root(nodes, children) {
            Some(root) if root == *hash => Ok(()),
            Some(_) | None => Err(Refusal::Hash { what: "the subtrees" }),
        }
    }

    /// Goes down to a child, agreeing on those before it.
    pub(crate) fn name(
        &self,
        nodes: &TraceNodes,
        children: &[Digest],
        index: u16,
    ) -> Result<Named, Refusal> {
        let refused = Refusal::Named { index, count: children.len() };
        let subtrees = self.at.children();
        let mut agreed = self.agreed.clone();
        for (number, (at, hash)) in (0..).zip(subtrees.into_iter().zip(children)) {
            if number == index {
                return Ok(match at.leaves {
                    1 => Named::Leaf(at.start, *hash, agreed.root(nodes)),
                    _ => Named::Subtree(Self { of: self.of, at, agreed }, *hash),
                });
            }
            agreed.push(nodes, at.leaves, *hash);
        }
        Err(refused)
    }
}
