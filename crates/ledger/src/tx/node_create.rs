//! Kind 2, node_create: a node of the payer's, with its keys.

use chain::Time;
use chain::records::{Address, KeyRole, KeySlot, Node, NodeId, NodeSlot, Roles, Slot};
use commit::{Reader, WireError, Writer};

use crate::claims::{Binding, Claim};
use crate::context::{Author, Context};
use crate::stop::Stop;
use crate::view::View;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeCreate {
    /// What the node says it does.
    pub roles: Roles,
    /// Where it says it is reached.
    pub address: Address,
    /// Signs heads, receipts and anchors.
    pub operator: Claim,
    /// Speaks on the network.
    pub transport: Claim,
    /// Votes for blocks.
    pub validator: Claim,
}

impl NodeCreate {
    pub(super) fn write(&self, out: &mut Writer) {
        self.roles.write(out);
        self.address.write(out);
        self.claims().into_iter().for_each(|(_, claim)| claim.write(out));
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            roles: Roles::read(input)?,
            address: Address::read(input)?,
            operator: Claim::read(input)?,
            transport: Claim::read_or_none(input)?,
            validator: Claim::read_or_none(input)?,
        })
    }

    pub(super) fn touches(&self, author: &Author) -> Vec<Vec<u8>> {
        let mut keys = vec![NodeSlot(author.node()).key()];
        keys.extend(self.claims().map(|(_, claim)| KeySlot(claim.key).key()));
        keys
    }

    pub(super) fn work(&self) -> u64 {
        1 + self.claims().iter().map(|(_, claim)| claim.work()).sum::<u64>()
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let (node, from) = (author.node(), context.clock.time);
        for (role, claim) in self.claims() {
            claim.bind(view, &Binding { network: context.network, node, role, from })?;
        }
        view.put(&NodeSlot(node), &self.node(author, from))
    }

    fn claims(&self) -> [(KeyRole, &Claim); 3] {
        [
            (KeyRole::Operator, &self.operator),
            (KeyRole::Transport, &self.transport),
            (KeyRole::Validator, &self.validator),
        ]
    }

    fn node(&self, author: &Author, created: Time) -> Node {
        let keys = self.claims().map(|(_, claim)| claim.key);
        Node::new(author.payer, keys, (self.roles, self.address.clone()), created)
    }
}

impl Author {
    /// The id of the node that this transaction makes.
    #[must_use]
    pub fn node(&self) -> NodeId {
        NodeId::of(self.network, self.payer, self.number)
    }
}
