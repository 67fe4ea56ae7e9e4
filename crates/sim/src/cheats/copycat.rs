//! An auditor that copies another's commitment, and reveals what the other one revealed.
//!
//! It wants the fee for somebody else's work. A commitment is made with a node's id, so a copy opens to nothing.

use chain::records::{AuditStage, Word};
use ledger::tx::{Action, AuditCommit, Found};

use crate::court::auditing::{audits, enrol};
use crate::court::{Player, Stage, forms};
use crate::random::Random;

struct Copycat;

pub(super) fn cast(_: &mut Random) -> Box<dyn Player> {
    Box::new(Copycat)
}

impl Player for Copycat {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        let (Some(node), key) = (stage.party().node(), stage.party().owner()) else { return };
        enrol(stage, node, key);
        for (slot, mut audit) in audits(stage) {
            let Some(own) = audit.word_of(node).copied() else { continue };
            let mut words = vec![audit.word];
            words.extend(audit.auditors.iter().filter(|one| one.node != node).map(|one| one.word));
            for word in words {
                let action = match (word, own) {
                    (Word::Committed(commitment), Word::None)
                        if audit.stage == AuditStage::Commit =>
                    {
                        Action::AuditCommit(AuditCommit { audit: slot, node, commitment })
                    }
                    (Word::Root(root), Word::Committed(_)) => {
                        forms::audit_reveal(slot, node, Found::Root(root))
                    }
                    (Word::None | Word::Committed(_) | Word::Root(_) | Word::Alarm(_), _) => {
                        continue;
                    }
                };
                stage.wish(key, Some(action));
            }
        }
    }
}
