//! One tree being gone down: the claimant reveals sixteen subtrees, the challenger names the first wrong one.
//!
//! Never goes back up: what stands to the left of a named subtree is agreed on from then on.

use commit::Digest;
use program::trace::TraceNodes;

use crate::refusal::Refusal;
use crate::tree::{Agreed, Prefix, Subtree};

/// A subtree said to be wrong, everything before it agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Descent {
    pub(crate) at: Subtree,
    hash: Digest,
    agreed: Agreed,
}

/// Where naming one of the revealed subtrees leads.
pub(crate) enum Named {
    /// Further down.
    Subtree(Descent),
    /// To a leaf: its number, its hash, and what is agreed on before it.
    Leaf(u32, Digest, Prefix),
}

impl Descent {
    pub(crate) fn whole(leaves: u32, root: Digest) -> Self {
        Self { at: Subtree::whole(leaves), hash: root, agreed: Agreed::default() }
    }

    /// All leaves of the tree, where none is said to be wrong.
    pub(crate) fn all(&self) -> Prefix {
        Prefix { leaves: self.at.leaves, root: self.hash }
    }

    /// Whether these hashes stand below it.
    pub(crate) fn check(&self, nodes: &TraceNodes, children: &[Digest]) -> Result<(), Refusal> {
        let (found, wanted) = (children.len(), self.at.children().len());
        if found != wanted {
            return Err(Refusal::Count { what: "subtrees", found, wanted });
        }
        match self.at.root(nodes, children) {
            Some(root) if root == self.hash => Ok(()),
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
                    1 => Named::Leaf(at.start, *hash, agreed.prefix(nodes)),
                    _ => Named::Subtree(Self { at, hash: *hash, agreed }),
                });
            }
            agreed.push(nodes, at.leaves, *hash);
        }
        Err(refused)
    }
}
