//! Kind 62, missing_answer: the receipt is shown in the log as it was anchored last. Anybody who has it may show it.

use chain::records::{AnchorSlot, MissingSlot, Slot};
use commit::{Digest, Reader, WireError, Writer};
use receipt::log::included;
use receipt::{MissingAnswer, PublicKey};

use crate::asked::AskedOf;
use crate::context::{Author, Context};
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// Bytes of an answer: a leaf, an index, 53 hashes.
pub(super) const ANSWER_BYTES_MAX: usize = 1 << 11;
/// Work of as many hashes.
pub(super) const WORK: u64 = 30;

/// What is asked. All but the answer repeats what the records say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerMissing {
    /// What is missing.
    pub missing: MissingSlot,
    /// Who is asked by whom.
    pub of: AskedOf,
    /// Whose log it is.
    pub worker: PublicKey,
    /// Where it stands.
    pub answer: MissingAnswer,
}

impl AnswerMissing {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.missing.0);
        self.of.write(out);
        out.bytes(&self.worker.0);
        let answer = self.answer.encode();
        out.length_u16(answer.len());
        out.bytes(&answer);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            missing: MissingSlot::read(input)?,
            of: AskedOf::read(input)?,
            worker: PublicKey(input.array("a worker's key")?),
            answer: MissingAnswer::decode(
                input.bytes_u16("bytes of an answer", ANSWER_BYTES_MAX)?,
            )?,
        })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        let mut keys = self.of.touches();
        keys.extend([self.missing.key(), AnchorSlot(self.worker).key()]);
        keys
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let missing = view.get(&self.missing)?.ok_or(Rejection::NoMissing)?;
        require(self.worker == missing.worker, Rejection::DisputeNames)?;
        let node = self.of.check(context, view, &missing.asked)?;
        require(shows(view, self.worker, &self.answer, &missing.receipt)?, Rejection::NotIncluded)?;
        self.of.shown((context, author), view, node, missing.asked)?;
        view.remove(&self.missing)
    }
}

/// Whether a key's log, as it was anchored last, has a leaf of a receipt where the answer says.
pub(super) fn shows(
    view: &View,
    worker: PublicKey,
    answer: &MissingAnswer,
    receipt: &Digest,
) -> Result<bool, Stop> {
    let MissingAnswer { leaf, index, proof } = answer;
    let Some(anchor) = view.get(&AnchorSlot(worker))? else { return Ok(false) };
    let there = included(&leaf.hash(), *index, proof, anchor.size, &anchor.root);
    Ok(leaf.receipt == *receipt && there)
}
