//! Kind 38, audit_ask: an auditor was given no opening, and asks for it where everybody sees it.

use chain::Amount;
use chain::records::{AuditSlot, AuditStage, AuditTerms, NodeId, NodeSlot, Slot, Word};
use commit::{Reader, WireError, Writer};
use receipt::PublicKey;

use crate::accounts::subtract;
use crate::audits::{check_due, find, spoken_for, touches, wait};
use crate::context::{Author, Context};
use crate::parameters::Parameter;
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::View;

/// Tokens of an answer whose opening goes into a body.
pub const ASKED_TOKENS_MAX: u32 = 1 << 15;

/// Bytes of a token in an opening.
const BYTES_OF_TOKEN: u128 = 4;

/// What is asked, by the auditor's owner or operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditAsk {
    /// In which audit.
    pub audit: AuditSlot,
    /// Which auditor.
    pub node: NodeId,
}

impl AuditAsk {
    pub(super) fn write(self, out: &mut Writer) {
        self.audit.write(out);
        out.bytes(&self.node.0);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { audit: AuditSlot::read(input)?, node: NodeId::read(input)? })
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
        let mut auditors = audit.auditors.iter();
        let waits = auditors.any(|one| one.node == self.node && one.word == Word::None);
        let first = audit.asker == PublicKey::NONE;
        require(waits && first && audit.shown.tokens <= ASKED_TOKENS_MAX, Rejection::NotAwaited)?;
        let bond = put_in(context, &terms, audit.shown.tokens)?;
        subtract(view, author.payer, bond, Rejection::Balance)?;
        (audit.asker, audit.bond) = (author.payer, bond);
        wait(context, &mut audit, AuditStage::Opening, terms.show_ms);
        view.put(&self.audit, &audit)
    }
}

/// What the opening costs at least whoever brings it, of which the asker pays a half: asking is worth it for who would
/// be paid for the audit, and giving the opening off the ledger is cheaper for both.
fn put_in(context: &Context, terms: &AuditTerms, tokens: u32) -> Result<Amount, Fault> {
    let [byte, work] =
        [Parameter::FeeByte, Parameter::FeeWork].map(|fee| context.parameters.get(fee));
    let costs = Amount(BYTES_OF_TOKEN * byte + work).times(tokens.into());
    Ok(costs.ok_or(Fault::Money("what an opening costs"))?.at_most(terms.bond))
}
