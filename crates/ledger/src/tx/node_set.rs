//! Kind 3, node_set: what a node says of itself.

use chain::records::{Address, Node, NodeId, NodeSlot, Roles, Slot};
use commit::{Reader, WireError, Writer};

use crate::context::Author;
use crate::nodes::active;
use crate::stop::Stop;
use crate::view::View;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeSet {
    /// Which node.
    pub node: NodeId,
    /// What it says it does.
    pub roles: Roles,
    /// Where it says it is reached.
    pub address: Address,
}

impl NodeSet {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.node.0);
        self.roles.write(out);
        self.address.write(out);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            node: NodeId::read(input)?,
            roles: Roles::read(input)?,
            address: Address::read(input)?,
        })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        vec![NodeSlot(self.node).key()]
    }

    pub(super) fn execute(&self, author: &Author, view: &mut View) -> Result<(), Stop> {
        let node = active(view, self.node, author)?;
        let (roles, address) = (self.roles, self.address.clone());
        view.put(&NodeSlot(self.node), &Node { roles, address, ..node })
    }
}
