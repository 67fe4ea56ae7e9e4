//! Kind 9, stand: a node stands for seats, or no longer does.

use chain::records::{CANDIDATES_MAX, Candidates, CandidatesSlot, NodeId, NodeSlot, Slot};
use commit::{Reader, WireError, Writer};

use crate::context::{Author, Context};
use crate::listing::{Listing, Wish};
use crate::nodes::owned;
use crate::seats::obstacle;
use crate::stop::{Rejection, Stop};
use crate::view::View;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stand {
    /// Which node.
    pub node: NodeId,
    /// What it wants.
    pub wish: Wish,
}

impl Stand {
    pub(super) fn write(self, out: &mut Writer) {
        out.bytes(&self.node.0);
        self.wish.write(out);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { node: NodeId::read(input)?, wish: Wish::read(input)? })
    }

    pub(super) fn touches(self) -> Vec<Vec<u8>> {
        let mut keys = vec![NodeSlot(self.node).key(), CandidatesSlot.key()];
        keys.extend(self.wish.touches());
        keys
    }

    pub(super) fn execute(
        self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let node = owned(view, self.node, author)?;
        let mut candidates = candidates(view)?;
        let rules = Listing {
            most: CANDIDATES_MAX,
            obstacle: obstacle(&node, context),
            absent: Rejection::NotStanding,
            there: Rejection::Standing,
            full: Rejection::CandidatesFull,
        };
        self.wish.grant(view, &mut candidates.0, (self.node, &node), &rules)?;
        put_candidates(view, &candidates)
    }
}

/// Puts them back.
pub(super) fn put_candidates(view: &mut View, candidates: &Candidates) -> Result<(), Stop> {
    match candidates.0.is_empty() {
        true => view.remove(&CandidatesSlot),
        false => view.put(&CandidatesSlot, candidates),
    }
}

/// Who stands.
pub(super) fn candidates(view: &View) -> Result<Candidates, Stop> {
    Ok(view.get(&CandidatesSlot)?.unwrap_or_default())
}
