//! Lists that nodes join and leave by themselves: candidates, auditors.
//!
//! Never says who may be listed: each list's own rule does.

use chain::records::{Node, NodeId, NodeSlot, Slot};
use commit::{Reader, WireError, Writer};
use std::collections::BTreeSet;

use crate::nodes::find;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

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

/// The rules of a list, for one node.
pub(crate) struct Listing {
    /// How many may be listed.
    pub(crate) most: usize,
    /// Why the node may not be; none: it may.
    pub(crate) obstacle: Option<Rejection>,
    /// It leaves and is not there.
    pub(crate) absent: Rejection,
    /// It joins and is there.
    pub(crate) there: Rejection,
    /// No more may be, and nobody has to go.
    pub(crate) full: Rejection,
}

impl Wish {
    pub(crate) fn write(self, out: &mut Writer) {
        match self {
            Self::Leave => out.u8(0),
            Self::Join { instead } => {
                out.u8(1);
                out.bytes(&instead.0);
            }
        }
    }

    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let what = "whether a node joins a list";
        match input.u8(what)? {
            0 => Ok(Self::Leave),
            1 => Ok(Self::Join { instead: NodeId::read(input)? }),
            found => Err(WireError::Unknown { what, found: found.into() }),
        }
    }

    /// Besides the node's own.
    pub(crate) fn touches(self) -> Option<Vec<u8>> {
        match self {
            Self::Leave => None,
            Self::Join { instead } => Some(NodeSlot(instead).key()),
        }
    }

    /// Changes the list so, for this node.
    ///
    /// # Errors
    /// Those of the list.
    pub(crate) fn grant(
        self,
        view: &View,
        list: &mut BTreeSet<NodeId>,
        (id, node): (NodeId, &Node),
        rules: &Listing,
    ) -> Result<(), Stop> {
        let instead = match self {
            Self::Leave => return Ok(require(list.remove(&id), rules.absent)?),
            Self::Join { instead } => instead,
        };
        if let Some(why) = rules.obstacle {
            return Err(why.into());
        }
        require(!list.contains(&id), rules.there)?;
        if list.len() == rules.most {
            // One that has less at stake goes.
            let listed = list.remove(&instead);
            require(listed && find(view, instead)?.stake < node.stake, rules.full)?;
        }
        list.insert(id);
        Ok(())
    }
}
