//! Kind 34, audit_reveal: what was committed to is said.
//!
//! Never takes what another node committed to: a node's id is in its commitment.

use chain::records::{
    AuditSlot, AuditStage, Awaited, NodeId, NodeSlot, Shown, Slot, StakesSlot, Word,
};
use commit::{Digest, Network, Reader, WireError, Writer};

use super::hold::DisputedStep;
use crate::audits::{check_brought, check_due, come_back, commitment, find, spoken_for, touches};
use crate::context::{Author, Context};
use crate::liability::answer;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// Work of two hashes.
pub(super) const WORK: u64 = 2;

/// What is asked, by the node's owner or operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditReveal {
    /// In which audit.
    pub audit: AuditSlot,
    /// Which node.
    pub node: NodeId,
    /// What its commitment was made with.
    pub salt: Digest,
    /// What it found.
    pub found: Found,
}

/// What somebody found of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Every step is true, and this is the finding.
    Root(Digest),
    /// A step is false: who reveals this disputes it.
    False(DisputedStep),
}

impl Found {
    /// What is committed to: of a false step the claim's id. Who disputes it is said when it is revealed, so that a key may
    /// change in between.
    #[must_use]
    pub fn finding(&self, network: Network, shown: &Shown) -> Digest {
        match self {
            Self::Root(root) => *root,
            Self::False(step) => step.claimed(shown.worker, shown.job).slot(network).0,
        }
    }
}

impl AuditReveal {
    pub(super) fn write(&self, out: &mut Writer) {
        self.audit.write(out);
        out.bytes(&self.node.0);
        out.bytes(&self.salt);
        match &self.found {
            Found::Root(root) => {
                out.u8(1);
                out.bytes(root);
            }
            Found::False(step) => {
                out.u8(2);
                step.write(out);
            }
        }
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            audit: AuditSlot::read(input)?,
            node: NodeId::read(input)?,
            salt: input.array("a commitment's salt")?,
            found: match input.u8("what is found")? {
                1 => Found::Root(input.array("a finding")?),
                2 => Found::False(DisputedStep::read(input)?),
                found => {
                    let what = "what is found";
                    return Err(WireError::Unknown { what, found: found.into() });
                }
            },
        })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        let mut keys = vec![NodeSlot(self.node).key(), StakesSlot.key()];
        keys.extend(touches(self.audit));
        keys
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let (mut audit, terms) = find(context, view, self.audit)?;
        let mut node = spoken_for(view, self.node, author)?;
        let own = self.node == audit.node;
        match own {
            true => check_brought(context, (&audit, &terms), Awaited::Reveal)?,
            false => check_due(context, &audit, &[AuditStage::Reveal])?,
        }
        let (network, shown) = (context.network, audit.shown);
        let finding = self.found.finding(network, &shown);
        let word = audit.word_of(self.node).ok_or(Rejection::NotAwaited)?;
        let Word::Committed(committed) = *word else { return Err(Rejection::NotAwaited.into()) };
        require(
            commitment(network, &finding, self.node, &self.salt) == committed,
            Rejection::CommitmentOther,
        )?;
        require(!own || matches!(self.found, Found::Root(_)), Rejection::NotAwaited)?;
        if own && come_back((context, author), view, &mut node, (&mut audit, &terms))? {
            (audit.stage, audit.deadline) = (AuditStage::Reveal, context.clock.time);
        }
        answer(context, author, &mut node);
        view.put(&NodeSlot(self.node), &node)?;
        *audit.word_of(self.node).ok_or(Rejection::NotAwaited)? = match self.found {
            Found::Root(root) => Word::Root(root),
            Found::False(step) => Word::Alarm(
                step.claimed(shown.worker, shown.job).disputed_by(network, author.payer),
            ),
        };
        view.put(&self.audit, &audit)
    }
}
