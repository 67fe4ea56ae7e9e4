//! Kind 42, group_next: who has the seats names the group's next key, in less time than a vote takes.
//!
//! Never makes it the key: that is its block's, which the old key certifies.

use chain::records::{GroupSlot, NextGroup, SeatsSlot, Slot};
use chain::{CertificateError, GroupKey, GroupSignature, Height, NextWord};
use commit::{Reader, WireError, Writer};

use crate::context::Context;
use crate::groups;
use crate::stop::{Fault, Rejection, Stop};
use crate::view::View;

/// What a signature costs to check.
const SIGNATURE_WORK: u64 = 60;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupNext {
    /// Which key, and with which block.
    pub next: NextGroup,
    /// That somebody has it.
    pub proof: GroupSignature,
    /// The seats' word for it.
    pub word: NextWord,
}

impl GroupNext {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.next.key.0);
        out.bytes(&self.proof.0);
        out.u64(self.next.at.0);
        self.word.write(out);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let key = GroupKey(input.array("a group's next key")?);
        let proof = GroupSignature(input.array("a proof that somebody has a key")?);
        let at = Height(input.u64("from which block on it certifies")?);
        Ok(Self { next: NextGroup { key, at }, proof, word: NextWord::read(input)? })
    }

    pub(super) fn work(&self) -> u64 {
        let signatures = u64::try_from(self.word.0.len()).unwrap_or(u64::MAX);
        signatures.saturating_mul(SIGNATURE_WORK).saturating_add(1 + groups::GROUP_WORK)
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        vec![GroupSlot.key(), SeatsSlot.key()]
    }

    pub(super) fn execute(&self, context: &Context, view: &mut View) -> Result<(), Stop> {
        let group = groups::before(view, context, &self.next)?;
        let seats = view.get(&SeatsSlot)?.ok_or(Fault::Lacking("its seats"))?;
        let named = (&group, &self.next);
        self.word.check(context.network, &seats, named).map_err(|why| match why {
            CertificateError::Quorum { .. } => Rejection::NextQuorum,
            CertificateError::Order
            | CertificateError::Seat(_)
            | CertificateError::Signature(_)
            | CertificateError::Group
            | CertificateError::Kind => Rejection::NextSignature,
        })?;
        groups::check(view, context, &self.next, &self.proof)?;
        groups::put_next(view, context, self.next)
    }
}
