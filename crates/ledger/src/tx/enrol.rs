//! Kind 30, enrol: a node can be drawn as an auditor, or no longer.

use chain::records::{AUDITORS_MAX, AuditorsSlot, NodeId, NodeSlot, Slot};
use commit::{Reader, WireError, Writer};

use super::stand::{Wish, make_room};
use crate::audits::{enrolled, obstacle, put_enrolled};
use crate::context::{Author, Context};
use crate::nodes::owned;
use crate::stop::{Rejection, Stop, require};
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
        match self.wish {
            Wish::Leave => {
                require(auditors.0.remove(&self.node), Rejection::NotEnrolled)?;
            }
            Wish::Join { instead } => {
                if let Some(why) = obstacle(&node, context) {
                    return Err(why.into());
                }
                require(!auditors.0.contains(&self.node), Rejection::Enrolled)?;
                if auditors.0.len() == AUDITORS_MAX {
                    let otherwise = Rejection::AuditorsFull;
                    make_room(view, &mut auditors.0, instead, (&node, otherwise))?;
                }
                auditors.0.insert(self.node);
            }
        }
        put_enrolled(view, &auditors)
    }
}
