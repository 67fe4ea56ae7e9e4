//! Kind 30, enrol: a node can be drawn as an auditor, or no longer.

use chain::records::{AUDITORS_MAX, AuditorsSlot, NodeId, NodeSlot, Slot};
use commit::{Reader, WireError, Writer};

use crate::audits::{enrolled, obstacle, put_enrolled};
use crate::context::{Author, Context};
use crate::listing::{Listing, Wish};
use crate::nodes::owned;
use crate::stop::{Rejection, Stop};
use crate::view::View;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enrol {
    /// Which node.
    pub node: NodeId,
    /// What it wants.
    pub wish: Wish,
}

impl Enrol {
    pub(super) fn write(self, out: &mut Writer) {
        out.bytes(&self.node.0);
        self.wish.write(out);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { node: NodeId::read(input)?, wish: Wish::read(input)? })
    }

    pub(super) fn touches(self) -> Vec<Vec<u8>> {
        let mut keys = vec![NodeSlot(self.node).key(), AuditorsSlot.key()];
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
        let mut auditors = enrolled(view)?;
        let rules = Listing {
            most: AUDITORS_MAX,
            obstacle: obstacle(&node, context),
            absent: Rejection::NotEnrolled,
            there: Rejection::Enrolled,
            full: Rejection::AuditorsFull,
        };
        self.wish.grant(view, &mut auditors.0, (self.node, &node), &rules)?;
        put_enrolled(view, &auditors)
    }
}
