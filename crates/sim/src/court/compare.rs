//! What somebody does who has receipts: whatever a worker shows in an audit, with whichever of its node's keys, is held
//! against them.
//!
//! Never runs the model: two receipts of one job, and two leaves for the same money, are no matter of what is true.

use ledger::tx::{Action, AuditShow};

use super::custom::{TWO_LEAVES, TWO_RECEIPTS, contradiction_slot};
use super::forms;
use super::hall::Answer;
use super::stage::Stage;

/// Shows who contradicts itself about an answer that it paid for, or that a gateway got for it.
pub(super) fn compare(stage: &mut Stage<'_, '_>) {
    let (me, key) = (stage.me, stage.party().owner());
    let mine = |answer: &&Answer| answer.client == me || answer.reader == Some(me);
    let mut wanted = Vec::new();
    for answer in stage.hall.answers.iter().filter(mine) {
        let node = stage.hall.party(answer.worker).node();
        for shown in stage.hall.shown.iter().filter(|shown| Some(shown.node) == node) {
            wanted.extend(receipts(stage, answer, shown));
            wanted.extend(leaves(stage, answer, shown));
        }
    }
    for action in wanted {
        stage.wish(key, Some(action));
    }
}

/// Another receipt of the job was shown.
fn receipts(stage: &Stage<'_, '_>, answer: &Answer, shown: &AuditShow) -> Option<Action> {
    let two = shown.receipt.job == answer.receipt.job && shown.receipt != answer.receipt;
    let free = is_free(stage, answer, TWO_RECEIPTS);
    (two && free).then(|| forms::double_receipt(stage.hall, answer, shown)).flatten()
}

/// Another answer was shown for money that paid this one.
fn leaves(stage: &Stage<'_, '_>, answer: &Answer, shown: &AuditShow) -> Option<Action> {
    let (leaf, index) = answer.leaf?;
    let [own, theirs] = [answer.receipt.worker, shown.receipt.worker].map(|key| stage.size(key));
    let other = shown.answer.leaf;
    let two = leaf.channel == other.channel
        && leaf.receipt != other.receipt
        && leaf.from.max(other.from) < leaf.to.min(other.to);
    let free = index < own && is_free(stage, answer, TWO_LEAVES);
    let made = || forms::double_leaf(stage.hall, (answer, own), (shown, theirs));
    (two && free).then(made).flatten()
}

/// Whether nobody has shown it yet.
fn is_free(stage: &Stage<'_, '_>, answer: &Answer, kind: u8) -> bool {
    stage.scene.record(&contradiction_slot(stage.hall.network, answer, kind)).is_none()
}
