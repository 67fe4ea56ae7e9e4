//! By what the settlements of an epoch are audited: the parameters that held when the first of them was made.
//!
//! Never changes, so that nobody is drawn more often, paid less or given less time than he could know when he settled.

use commit::{Reader, WireError, Writer};

use super::read_share;
use crate::values::Amount;

/// Parameters of audits, by their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditTerms {
    /// In how much settled money one unit is audited: above zero.
    pub audit_unit: Amount,
    /// What is kept of a settlement: millionths, 1,000,000 at most.
    pub audit_share: u32,
    /// How many auditors an audit has.
    pub auditors: u8,
    /// What whoever draws gets.
    pub draw_fee: Amount,
    /// What an auditor gets whose finding another one shares.
    pub audit_fee: Amount,
    /// What whoever planted gets where an auditor found it.
    pub plant_reward: Amount,
    /// What a false alarm costs.
    pub false_alarm: Amount,
    /// What it costs to come back.
    pub bond: Amount,
    /// How long a worker has to show an answer, or an opening.
    pub show_ms: u64,
    /// How long auditors have to commit.
    pub commit_ms: u64,
    /// How long everybody has to reveal.
    pub reveal_ms: u64,
    /// How long a silent node has to come back.
    pub appeal_ms: u64,
    /// How long what was revealed can be disputed.
    pub move_ms: u64,
}

impl AuditTerms {
    pub(super) fn write(&self, out: &mut Writer) {
        self.audit_unit.write(out);
        out.u32(self.audit_share);
        out.u8(self.auditors);
        let Self { draw_fee, audit_fee, plant_reward, false_alarm, bond, .. } = self;
        let amounts = [draw_fee, audit_fee, plant_reward, false_alarm, bond];
        amounts.into_iter().for_each(|amount| amount.write(out));
        let Self { show_ms, commit_ms, reveal_ms, appeal_ms, move_ms, .. } = *self;
        let windows = [show_ms, commit_ms, reveal_ms, appeal_ms, move_ms];
        windows.into_iter().for_each(|window| out.u64(window));
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let what = "in how much is audited";
        let audit_unit = Amount::read(input, what)?;
        if audit_unit == Amount::ZERO {
            return Err(WireError::Value { what, reason: "nothing can't be audited" });
        }
        Ok(Self {
            audit_unit,
            audit_share: read_share(input, "an audits' share")?,
            auditors: input.u8("auditors of an audit")?,
            draw_fee: Amount::read(input, "a fee for a draw")?,
            audit_fee: Amount::read(input, "a fee for an audit")?,
            plant_reward: Amount::read(input, "a reward for a plant")?,
            false_alarm: Amount::read(input, "what a false alarm costs")?,
            bond: Amount::read(input, "a bond")?,
            show_ms: input.u64("a window to show")?,
            commit_ms: input.u64("a window to commit")?,
            reveal_ms: input.u64("a window to reveal")?,
            appeal_ms: input.u64("a window to come back")?,
            move_ms: input.u64("a window to dispute")?,
        })
    }
}
