//! Keys that say themselves whose they are: how a body brings them, and how they are bound.
//!
//! Never binds a key twice, not even to the node that had it: what it signed finds one node for ever.

use chain::Time;
use chain::records::{BoundKey, KeyRole, KeySlot, NodeId};
use commit::{Network, Reader, WireError, Writer};
use receipt::{PublicKey, Signature};

use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// Units of work to check a key's own word.
pub(crate) const CLAIM_WORK: u64 = 60;

/// A key and its own word that it is this node's; zeros: none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The key.
    pub key: PublicKey,
    /// What it signed.
    pub signature: Signature,
}

impl Claim {
    /// No key.
    pub const NONE: Self = Self { key: PublicKey::NONE, signature: Signature::NONE };

    pub(crate) fn write(&self, out: &mut Writer) {
        out.bytes(&self.key.0);
        out.bytes(&self.signature.0);
    }

    /// Reads one that must be there.
    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        match Self::read_or_none(input)? {
            Self::NONE => {
                let reason = "a node has one";
                Err(WireError::Value { what: "an operator key", reason })
            }
            claim => Ok(claim),
        }
    }

    /// Reads one that may be none, which has one spelling.
    pub(crate) fn read_or_none(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let key = PublicKey(input.array("a node's key")?);
        let signature = Signature(input.array("its signature")?);
        if key == PublicKey::NONE && signature != Signature::NONE {
            let reason = "no key signed it";
            return Err(WireError::Value { what: "a key's signature", reason });
        }
        Ok(Self { key, signature })
    }

    /// Units of work to take it.
    pub(crate) fn work(&self) -> u64 {
        if *self == Self::NONE { 0 } else { CLAIM_WORK }
    }

    /// Binds it to a node, where it is one.
    ///
    /// # Errors
    /// [`Rejection::KeyUnsigned`], [`Rejection::KeyBound`].
    pub(crate) fn bind(&self, view: &mut View, binding: &Binding) -> Result<(), Stop> {
        if *self == Self::NONE {
            return Ok(());
        }
        let Binding { network, node, role, from } = *binding;
        require(role.holds(network, node, self.key, &self.signature), Rejection::KeyUnsigned)?;
        let slot = KeySlot(self.key);
        require(view.get(&slot)?.is_none(), Rejection::KeyBound)?;
        view.put(&slot, &BoundKey { node, role, from, until: Time(0) })
    }
}

/// To what a key is bound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binding {
    pub(crate) network: Network,
    pub(crate) node: NodeId,
    pub(crate) role: KeyRole,
    pub(crate) from: Time,
}
