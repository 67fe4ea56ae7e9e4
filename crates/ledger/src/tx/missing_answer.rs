//! Kind 62, missing_answer: the receipt is shown in the log as it was anchored last. Anybody who has it may show it.

use chain::records::{AccountSlot, AnchorSlot, MissingSlot, NodeId, NodeSlot, Slot, StakesSlot};
use commit::{Digest, Reader, WireError, Writer};
use receipt::log::included;
use receipt::{MissingAnswer, PublicKey};

use crate::accounts::add;
use crate::context::Context;
use crate::liability::{close, forfeit, give_back};
use crate::nodes::find;
use crate::stop::{Rejection, Stop};
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
    /// Who answers for it.
    pub node: NodeId,
    /// The node's owner.
    pub owner: PublicKey,
    /// Who asks.
    pub challenger: PublicKey,
    /// Whose log it is.
    pub worker: PublicKey,
    /// Where it stands.
    pub answer: MissingAnswer,
}

impl AnswerMissing {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.missing.0);
        out.bytes(&self.node.0);
        for key in [self.owner, self.challenger, self.worker] {
            out.bytes(&key.0);
        }
        let answer = self.answer.encode();
        out.length_u16(answer.len());
        out.bytes(&answer);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            missing: MissingSlot::read(input)?,
            node: NodeId::read(input)?,
            owner: PublicKey(input.array("a node's owner")?),
            challenger: PublicKey(input.array("a challenger")?),
            worker: PublicKey(input.array("a worker's key")?),
            answer: MissingAnswer::decode(
                input.bytes_u16("bytes of an answer", ANSWER_BYTES_MAX)?,
            )?,
        })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        vec![
            self.missing.key(),
            NodeSlot(self.node).key(),
            StakesSlot.key(),
            AccountSlot(self.owner).key(),
            AccountSlot(self.challenger).key(),
            AnchorSlot(self.worker).key(),
        ]
    }

    pub(super) fn execute(&self, context: &Context, view: &mut View) -> Result<(), Stop> {
        let mut missing = view.get(&self.missing)?.ok_or(Rejection::NoMissing)?;
        let mut node = find(view, self.node)?;
        let named = (self.node, self.owner, self.challenger, self.worker);
        if named != (missing.node, node.owner, missing.challenger, missing.worker) {
            return Err(Rejection::DisputeNames.into());
        }
        if context.clock.time > missing.deadline {
            return Err(Rejection::MoveLate.into());
        }
        if !shows(view, self.worker, &self.answer, &missing.receipt)? {
            return Err(Rejection::NotIncluded.into());
        }
        close(&mut node, &mut missing.owed)?;
        if missing.silent {
            // The challenger had to wait: it has its usual bond. Who was away loses as much.
            give_back(view, &mut node, missing.held, missing.bond.usual)?;
            view.burn(missing.bond.beyond)?;
            add(view, self.challenger, missing.bond.usual)?;
        } else {
            forfeit(view, self.owner, missing.bond)?;
        }
        view.put(&NodeSlot(self.node), &node)?;
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
