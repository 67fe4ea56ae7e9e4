//! Kind 24, anchor: a worker's receipt log, once an epoch, by the key that signs the receipts.

use chain::records::{Anchor, AnchorSlot, BoundKey, KeyRole, KeySlot, Slot};
use commit::{Digest, Reader, WireError, Writer};
use receipt::log::{LOG_PATH_MAX, empty_root, grew};

use crate::context::{Author, Context};
use crate::dates::speaks;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// Hashes of a consistency proof: one of each level of the greatest log, and the old root's.
pub const ANCHOR_PROOF_MAX: usize = LOG_PATH_MAX + 1;
/// Work: as many hashes twice.
const WORK: u64 = 30;

/// What is asked, by the log's own key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnchorLog {
    /// How many leaves the log has.
    pub size: u64,
    /// Its root.
    pub root: Digest,
    /// What shows that it grew out of the one that was anchored last.
    pub proof: Vec<Digest>,
}

impl AnchorLog {
    pub(super) fn write(&self, out: &mut Writer) {
        out.u64(self.size);
        out.bytes(&self.root);
        out.length_u8(self.proof.len());
        self.proof.iter().for_each(|hash| out.bytes(hash));
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let what = "hashes of a consistency proof";
        Ok(Self {
            size: Anchor::read_size(input)?,
            root: input.array("a log's root")?,
            proof: input.list_u8(what, ANCHOR_PROOF_MAX, |input| input.array(what))?,
        })
    }

    pub(super) fn touches(&self, author: &Author) -> Vec<Vec<u8>> {
        vec![KeySlot(author.payer).key(), AnchorSlot(author.payer).key()]
    }

    pub(super) fn work(&self) -> u64 {
        WORK
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let bound = view.get(&KeySlot(author.payer))?;
        let may = |bound: BoundKey| bound.role == KeyRole::Operator && speaks(context, &bound);
        require(bound.is_some_and(may), Rejection::NotOperator)?;
        let (slot, epoch) = (AnchorSlot(author.payer), context.clock.epoch);
        let before = view.get(&slot)?;
        require(
            before.as_ref().is_none_or(|before| before.epoch != epoch),
            Rejection::AnchoredBefore,
        )?;
        let log = before.as_ref().map(|before| (before.size, before.root));
        let (size, root) = log.unwrap_or((0, empty_root()));
        require(grew((size, &root), (self.size, &self.root), &self.proof), Rejection::LogOther)?;
        let time = context.clock.time;
        let earlier = before.map(Anchor::passed).unwrap_or_default();
        view.put(&slot, &Anchor { size: self.size, root: self.root, epoch, time, earlier })
    }
}
