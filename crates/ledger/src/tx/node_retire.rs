//! Kind 5, node_retire: a node ends; it still answers for what it signed.

use chain::records::{CandidatesSlot, Node, NodeId, NodeSlot, Slot};
use commit::{Reader, WireError, Writer};

use crate::context::Author;
use crate::nodes::active;
use crate::stop::Stop;
use crate::tx::stand::{candidates, put_candidates};
use crate::view::View;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeRetire {
    /// Which node.
    pub node: NodeId,
}

impl NodeRetire {
    pub(super) fn write(self, out: &mut Writer) {
        out.bytes(&self.node.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { node: NodeId::read(input)? })
    }

    pub(super) fn touches(self) -> Vec<Vec<u8>> {
        vec![NodeSlot(self.node).key(), CandidatesSlot.key()]
    }

    pub(super) fn execute(self, author: &Author, view: &mut View) -> Result<(), Stop> {
        let node = active(view, self.node, author)?;
        let mut candidates = candidates(view)?;
        if candidates.0.remove(&self.node) {
            put_candidates(view, &candidates)?;
        }
        view.put(&NodeSlot(self.node), &Node { retired: true, ..node })
    }
}
