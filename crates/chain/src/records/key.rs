//! A node's key: to which node it is bound, as what, and how long.
//!
//! Never bound again: what an old key signed still finds the node that answers for it.

use commit::{Network, Reader, WireError, Writer};
use receipt::{PublicKey, SecretKey, Signature};

use super::{NodeId, Record, Slot, Tag};
use crate::domains::NODE_KEY;
use crate::values::Time;

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeySlot(pub PublicKey);

/// What a node's key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyRole {
    /// Signs heads, receipts and anchors.
    Operator,
    /// Speaks on the network.
    Transport,
    /// Votes for blocks.
    Validator,
}

/// A key that is, or was, a node's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundKey {
    /// Whose.
    pub node: NodeId,
    /// As what.
    pub role: KeyRole,
    /// Since when.
    pub from: Time,
    /// Until when; 0: it still is.
    pub until: Time,
}

impl KeyRole {
    /// Its number.
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Operator => 1,
            Self::Transport => 2,
            Self::Validator => 3,
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`WireError`] for a number without a meaning.
    pub fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let what = "what a node's key is for";
        match input.u8(what)? {
            1 => Ok(Self::Operator),
            2 => Ok(Self::Transport),
            3 => Ok(Self::Validator),
            found => Err(WireError::Unknown { what, found: found.into() }),
        }
    }

    /// A key's own word that it is this node's.
    #[must_use]
    pub fn bind(self, network: Network, key: &SecretKey, node: NodeId) -> Signature {
        key.sign_in(NODE_KEY, network, &self.content(node))
    }

    /// Whether this is that word.
    #[must_use]
    pub fn holds(
        self,
        network: Network,
        node: NodeId,
        key: PublicKey,
        signature: &Signature,
    ) -> bool {
        key.signed_in(NODE_KEY, network, &self.content(node), signature)
    }

    fn content(self, node: NodeId) -> Vec<u8> {
        [&node.0[..], &[self.number()]].concat()
    }
}

impl KeySlot {
    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        input.array("a node's key").map(|key| Self(PublicKey(key)))
    }
}

impl Slot for KeySlot {
    type Record = BoundKey;

    fn key(&self) -> Vec<u8> {
        Tag::Key.key(&[&self.0.0])
    }
}

impl Record for BoundKey {
    fn write(&self, out: &mut Writer) {
        out.bytes(&self.node.0);
        out.u8(self.role.number());
        out.u64(self.from.0);
        out.u64(self.until.0);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let key = Self {
            node: NodeId::read(input)?,
            role: KeyRole::read(input)?,
            from: Time(input.u64("since when a key is bound")?),
            until: Time(input.u64("until when a key is bound")?),
        };
        if key.until != Time(0) && key.until < key.from {
            let reason = "it ends before it begins";
            return Err(WireError::Value { what: "a node's key", reason });
        }
        Ok(key)
    }
}
