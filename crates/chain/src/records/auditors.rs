//! Who would be drawn as an auditor, and who can be in an epoch.
//!
//! Never more than so many. A panel keeps the weights that held when its epoch began, before anybody knew the draws.

use commit::{Reader, WireError, Writer};
use receipt::PublicKey;
use std::collections::BTreeSet;

use super::{NodeId, Record, Slot, Tag, listed};
use crate::values::Amount;

/// Auditors there may be.
pub const AUDITORS_MAX: usize = 256;

/// Where the auditors stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditorsSlot;

/// Nodes that are enrolled. Where none is the record does not stand in the state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Auditors(pub BTreeSet<NodeId>);

/// Where the panel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PanelSlot;

/// Among whom auditors are drawn in this epoch. Where there is nobody the record does not stand in the state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Panel(pub Vec<Panelist>);

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Panelist {
    /// Which node.
    pub node: NodeId,
    /// Whose.
    pub owner: PublicKey,
    /// What it had at stake when the epoch began: above zero.
    pub weight: Amount,
}

impl Slot for AuditorsSlot {
    type Record = Auditors;

    fn key(&self) -> Vec<u8> {
        Tag::Auditors.key(&[])
    }
}

impl Record for Auditors {
    fn write(&self, out: &mut Writer) {
        listed::write(out, &self.0);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self(listed::read(input, "auditors", AUDITORS_MAX)?))
    }
}

impl Slot for PanelSlot {
    type Record = Panel;

    fn key(&self) -> Vec<u8> {
        Tag::Panel.key(&[])
    }
}

impl Record for Panel {
    fn write(&self, out: &mut Writer) {
        out.length_u16(self.0.len());
        for Panelist { node, owner, weight } in &self.0 {
            out.bytes(&node.0);
            out.bytes(&owner.0);
            weight.write(out);
        }
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let what = "a panel";
        let all = input.list_u16(what, AUDITORS_MAX, Panelist::read)?;
        let nodes: Vec<_> = all.iter().map(|one| one.node).collect();
        listed::check(what, &nodes)?;
        Ok(Self(all))
    }
}

impl Panelist {
    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let node = NodeId::read(input)?;
        let owner = PublicKey(input.array("a node's owner")?);
        let weight = Amount::read(input, "a panelist's weight")?;
        if weight == Amount::ZERO {
            let (what, reason) = ("a panelist's weight", "it is nothing");
            return Err(WireError::Value { what, reason });
        }
        Ok(Self { node, owner, weight })
    }
}
