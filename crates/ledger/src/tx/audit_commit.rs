//! Kind 33, audit_commit: an auditor has found something, and binds itself to it before it knows what others found.

use chain::records::{AuditSlot, AuditStage, NodeId, NodeSlot, Slot, Word};
use commit::{Digest, Reader, WireError, Writer};

use crate::audits::{check_due, find, spoken_for, touches, wait};
use crate::context::{Author, Context};
use crate::stop::{Rejection, Stop};
use crate::view::View;

/// What is asked, by the auditor's owner or operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditCommit {
    /// In which audit.
    pub audit: AuditSlot,
    /// Which auditor.
    pub node: NodeId,
    /// To its finding.
    pub commitment: Digest,
}

impl AuditCommit {
    pub(super) fn write(self, out: &mut Writer) {
        self.audit.write(out);
        out.bytes(&self.node.0);
        out.bytes(&self.commitment);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            audit: AuditSlot::read(input)?,
            node: NodeId::read(input)?,
            commitment: read_commitment(input)?,
        })
    }

    pub(super) fn touches(self) -> Vec<Vec<u8>> {
        let mut keys = vec![NodeSlot(self.node).key()];
        keys.extend(touches(self.audit));
        keys
    }

    pub(super) fn execute(
        self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let (mut audit, terms) = find(context, view, self.audit)?;
        spoken_for(view, self.node, author)?;
        check_due(context, &audit, &[AuditStage::Commit])?;
        let mut auditors = audit.auditors.iter_mut();
        let auditor = auditors.find(|auditor| auditor.node == self.node);
        let auditor = auditor.filter(|auditor| auditor.word == Word::None);
        auditor.ok_or(Rejection::NotAwaited)?.word = Word::Committed(self.commitment);
        if audit.auditors.iter().all(|auditor| auditor.word != Word::None) {
            wait(context, &mut audit, AuditStage::Reveal, terms.reveal_ms);
        }
        view.put(&self.audit, &audit)
    }
}

/// Zeros are no commitment.
pub(super) fn read_commitment(input: &mut Reader<'_>) -> Result<Digest, WireError> {
    let what = "a commitment";
    let commitment = input.array(what)?;
    match commitment == [0; 32] {
        true => Err(WireError::Value { what, reason: "it is none" }),
        false => Ok(commitment),
    }
}
