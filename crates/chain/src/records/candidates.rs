//! Who would have seats.
//!
//! Never more than so many; what each has at stake its node says.

use commit::{Reader, WireError, Writer};
use std::collections::BTreeSet;

use super::{NodeId, Record, Slot, Tag, listed};

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
        listed::write(out, &self.0);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self(listed::read(input, "candidates", CANDIDATES_MAX)?))
    }
}
