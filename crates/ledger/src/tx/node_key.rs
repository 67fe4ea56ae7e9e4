//! Kind 4, node_key: another key instead of one of a node's.

use chain::records::{BoundKey, KeyRole, KeySlot, Node, NodeId, NodeSlot, Slot};
use commit::{Reader, WireError, Writer};
use receipt::PublicKey;

use crate::claims::{Binding, Claim};
use crate::context::{Author, Context};
use crate::nodes::active;
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::View;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeKey {
    /// Whose key.
    pub node: NodeId,
    /// Which of its keys.
    pub role: KeyRole,
    /// The one it has now; none: zeros.
    pub before: PublicKey,
    /// The one it has then.
    pub claim: Claim,
}

impl NodeKey {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.node.0);
        out.u8(self.role.number());
        out.bytes(&self.before.0);
        self.claim.write(out);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let (node, role) = (NodeId::read(input)?, KeyRole::read(input)?);
        let before = PublicKey(input.array("the key before")?);
        let claim = match role {
            KeyRole::Operator => Claim::read(input)?,
            KeyRole::Transport | KeyRole::Validator => Claim::read_or_none(input)?,
        };
        Ok(Self { node, role, before, claim })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        vec![NodeSlot(self.node).key(), KeySlot(self.before).key(), KeySlot(self.claim.key).key()]
    }

    pub(super) fn work(&self) -> u64 {
        1 + self.claim.work()
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let mut node = active(view, self.node, author)?;
        let key = key_of(&mut node, self.role);
        require(*key == self.before, Rejection::KeyBefore)?;
        *key = self.claim.key;
        let Self { node: id, role, .. } = *self;
        let (network, from) = (context.network, context.clock.time);
        self.claim.bind(view, &Binding { network, node: id, role, from })?;
        if self.before != PublicKey::NONE {
            let slot = KeySlot(self.before);
            let bound = view.get(&slot)?.ok_or(Fault::Lacking("a node's key"))?;
            view.put(&slot, &BoundKey { until: from, ..bound })?;
        }
        view.put(&NodeSlot(id), &node)
    }
}

fn key_of(node: &mut Node, role: KeyRole) -> &mut PublicKey {
    match role {
        KeyRole::Operator => &mut node.operator,
        KeyRole::Transport => &mut node.transport,
        KeyRole::Validator => &mut node.validator,
    }
}
