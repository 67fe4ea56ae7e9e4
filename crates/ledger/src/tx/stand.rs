//! Kind 9, stand: a node stands for seats, or no longer does.

use chain::records::{CANDIDATES_MAX, Candidates, CandidatesSlot, Node, NodeId, NodeSlot, Slot};
use commit::{Reader, WireError, Writer};
use std::collections::BTreeSet;

use crate::context::{Author, Context};
use crate::nodes::{find, owned};
use crate::seats::obstacle;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    /// Which node.
    pub node: NodeId,
    /// What it wants.
    pub wish: Wish,
}

/// What a node wants of a list: the candidates, the auditors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Not to be among them.
    Leave,
    /// To be among them; where no more may be, instead of this one.
    Join {
        /// Who has less at stake; zeros: nobody.
        instead: NodeId,
    },
}

impl Stand {
    pub(super) fn write(self, out: &mut Writer) {
        out.bytes(&self.node.0);
        self.wish.write(out);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { node: NodeId::read(input)?, wish: Wish::read(input)? })
    }

    pub(super) fn touches(self) -> Vec<Vec<u8>> {
        let mut keys = vec![NodeSlot(self.node).key(), CandidatesSlot.key()];
        keys.extend(self.wish.touches());
        keys
    }

    pub(super) fn execute(
        self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let node = owned(view, self.node, author)?;
        let mut candidates = candidates(view)?;
        match self.wish {
            Wish::Leave => {
                require(candidates.0.remove(&self.node), Rejection::NotStanding)?;
            }
            Wish::Join { instead } => {
                if let Some(why) = obstacle(&node, context) {
                    return Err(why.into());
                }
                require(!candidates.0.contains(&self.node), Rejection::Standing)?;
                if candidates.0.len() == CANDIDATES_MAX {
                    let otherwise = Rejection::CandidatesFull;
                    make_room(view, &mut candidates.0, instead, (&node, otherwise))?;
                }
                candidates.0.insert(self.node);
            }
        }
        put_candidates(view, &candidates)
    }
}

impl Wish {
    pub(super) fn write(self, out: &mut Writer) {
        match self {
            Self::Leave => out.u8(0),
            Self::Join { instead } => {
                out.u8(1);
                out.bytes(&instead.0);
            }
        }
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let what = "whether a node joins a list";
        match input.u8(what)? {
            0 => Ok(Self::Leave),
            1 => Ok(Self::Join { instead: NodeId::read(input)? }),
            found => Err(WireError::Unknown { what, found: found.into() }),
        }
    }

    /// Besides the node's own.
    pub(super) fn touches(self) -> Option<Vec<u8>> {
        match self {
            Self::Leave => None,
            Self::Join { instead } => Some(NodeSlot(instead).key()),
        }
    }
}

/// Where no more may be in a list, one that has less at stake goes.
pub(super) fn make_room(
    view: &View,
    list: &mut BTreeSet<NodeId>,
    instead: NodeId,
    (node, otherwise): (&Node, Rejection),
) -> Result<(), Stop> {
    let listed = list.remove(&instead);
    Ok(require(listed && find(view, instead)?.stake < node.stake, otherwise)?)
}

/// Puts them back.
pub(super) fn put_candidates(view: &mut View, candidates: &Candidates) -> Result<(), Stop> {
    match candidates.0.is_empty() {
        true => view.remove(&CandidatesSlot),
        false => view.put(&CandidatesSlot, candidates),
    }
}

/// Who stands.
pub(super) fn candidates(view: &View) -> Result<Candidates, Stop> {
    Ok(view.get(&CandidatesSlot)?.unwrap_or_default())
}
