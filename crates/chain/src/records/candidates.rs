//! Who would have seats.
//!
//! Never more than so many; what each has at stake its node says.

use commit::{Reader, WireError, Writer};
use std::collections::BTreeSet;

use super::{NodeId, Record, Slot, Tag};

/// Candidates there may be.
pub const CANDIDATES_MAX: usize = 256;

/// Where the candidates stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CandidatesSlot;

/// Nodes that stand for seats. Where nobody does the record does not stand in the state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates(pub BTreeSet<NodeId>);

impl Slot for CandidatesSlot {
    type Record = Candidates;

    fn key(&self) -> Vec<u8> {
        Tag::Candidates.key(&[])
    }
}

impl Record for Candidates {
    fn write(&self, out: &mut Writer) {
        out.length_u16(self.0.len());
        self.0.iter().for_each(|node| out.bytes(&node.0));
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let what = "candidates";
        let nodes = input.list_u16(what, CANDIDATES_MAX, NodeId::read)?;
        if !nodes.is_sorted_by(|one, next| one < next) {
            return Err(WireError::Order { what });
        }
        if nodes.is_empty() {
            let reason = "where nobody stands it does not stand in the state";
            return Err(WireError::Value { what, reason });
        }
        Ok(Self(nodes.into_iter().collect()))
    }
}
