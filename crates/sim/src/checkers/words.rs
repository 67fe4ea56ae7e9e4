//! What a transaction brings of somebody else's words is that somebody's: keys that say they are a node's, vouchers,
//! packages, receipts, and answers that contradict each other. What it brings out of a log stands there.
//!
//! Would catch: a kind that takes somebody's word without that somebody's signature, and evidence that is none.

use chain::Transaction;
use chain::records::{AnchorSlot, ChannelSlot, KeyRole, KeySlot, NodeId};
use dispute::Part;
use ledger::Claim;
use ledger::tx::{Action, AnswerPart};
use package::signed;
use program::Checked;
use receipt::log::included;
use receipt::{Envelope, MissingAnswer, PublicKey, Receipt, Signature};

use super::{Seen, Step, holds};
use crate::scene::record;

/// Bytes of a chunk of a file.
const CHUNK_BYTES: u64 = 1_024;

pub(crate) fn check(step: &Step<'_>) -> Seen {
    for made in &step.block.transactions {
        let action = Action::decode(made.kind, &made.body);
        let action = action.map_err(|why| format!("a body that was taken: {why}"))?;
        let own = claims(step, made, &action)
            && vouched(step, &action)
            && published(step, &action)
            && received(step, &action)
            && answerable(step, &action)
            && logged(step, &action);
        holds(own, || format!("a transaction of kind {} brings what nobody said", made.kind.0))?;
    }
    Ok(())
}

/// Keys say themselves whose they are.
fn claims(step: &Step<'_>, made: &Transaction, action: &Action) -> bool {
    let network = step.after.network();
    let says = |role: KeyRole, claim: &Claim, node: NodeId| {
        claim.key == PublicKey::NONE || role.holds(network, node, claim.key, &claim.signature)
    };
    if let Action::NodeCreate(created) = action {
        let node = NodeId::of(network, made.payer, made.number);
        return says(KeyRole::Operator, &created.operator, node)
            && says(KeyRole::Transport, &created.transport, node)
            && says(KeyRole::Validator, &created.validator, node);
    }
    let Action::NodeKey(changed) = action else { return true };
    says(changed.role, &changed.claim, changed.node)
}

/// Whoever pays a channel said what is settled of it, to this node.
fn vouched(step: &Step<'_>, action: &Action) -> bool {
    let Action::Settle(settle) = action else { return true };
    let channel = [step.before, step.after];
    let channel =
        channel.iter().find_map(|state| record(state, &ChannelSlot(settle.voucher.channel)));
    channel.is_none_or(|channel| {
        let signed = settle.voucher.holds(step.after.network(), channel.payer, &settle.signature);
        signed && channel.node == settle.node
    })
}

/// Publishers signed what is published, and a program is one.
fn published(step: &Step<'_>, action: &Action) -> bool {
    if let Action::Program(program) = action {
        return Checked::decode(&program.program).is_ok();
    }
    let Action::Package(package) = action else { return true };
    let (by, signature) = (package.publisher, &package.signature);
    signed(package.manifest.id(), by, signature, step.after.network())
}

/// Workers signed the receipts and heads that are shown against them.
fn received(step: &Step<'_>, action: &Action) -> bool {
    let network = step.after.network();
    let of = |receipt: &Receipt, signature: Signature| {
        Envelope::of_receipt(receipt, signature, network).open(network).is_ok()
    };
    if let Action::MissingOpen(asked) = action {
        of(&asked.receipt, asked.signature)
    } else if let Action::PartOpen(asked) = action {
        of(&asked.receipt, asked.signature)
    } else if let Action::AuditShow(shown) = action {
        of(&shown.receipt, shown.signature)
            && shown.voucher.holds(network, shown.payer, &shown.voucher_signature)
    } else if let Action::Equivocation(shown) = action {
        shown.evidence.holds(network) && shown.terms.is_of(network, &shown.evidence.one.0.head.job)
    } else if let Action::DoubleReceipt(shown) = action {
        let (one, other) = (&shown.one.0, &shown.other.0);
        one != other
            && one.job == other.job
            && shown.terms.is_of(network, &one.job)
            && [&shown.one, &shown.other].iter().all(|(receipt, by)| of(receipt, *by))
    } else if let Action::DoubleLeaf(shown) = action {
        let (one, other) = (&shown.one.leaf, &shown.other.leaf);
        let both = one.from.max(other.from)..one.to.min(other.to);
        one.receipt == shown.receipt.id(network)
            && one.receipt != other.receipt
            && one.channel == other.channel
            && !both.is_empty()
            && shown.terms.is_of(network, &shown.receipt.job)
    } else {
        true
    }
}

/// The keys that signed what a node is accused of are, or were, its operator's.
fn answerable(step: &Step<'_>, action: &Action) -> bool {
    let (keys, node) = if let Action::MissingOpen(asked) = action {
        (vec![asked.receipt.worker], asked.node)
    } else if let Action::PartOpen(asked) = action {
        (vec![asked.receipt.worker], asked.node)
    } else if let Action::Equivocation(shown) = action {
        (vec![shown.evidence.one.0.worker], shown.node)
    } else if let Action::DoubleReceipt(shown) = action {
        (vec![shown.one.0.worker, shown.other.0.worker], shown.node)
    } else if let Action::DoubleLeaf(shown) = action {
        (vec![shown.receipt.worker, shown.worker], shown.node)
    } else if let Action::DisputeOpen(opened) = action {
        (vec![opened.filing.head.worker], opened.node)
    } else {
        return true;
    };
    keys.into_iter().all(|key| {
        let bound = record(step.after, &KeySlot(key));
        bound.is_some_and(|bound| bound.role == KeyRole::Operator && bound.node == node)
    })
}

/// What is shown of a log stands in it, as it is anchored before the block or behind it.
fn logged(step: &Step<'_>, action: &Action) -> bool {
    let stands = |worker: PublicKey, answer: &MissingAnswer| {
        let MissingAnswer { leaf, index, proof } = answer;
        let anchors = [step.before, step.after].map(|state| record(state, &AnchorSlot(worker)));
        anchors
            .iter()
            .flatten()
            .any(|anchor| included(&leaf.hash(), *index, proof, anchor.size, &anchor.root))
    };
    if let Action::MissingAnswer(answered) = action {
        stands(answered.worker, &answered.answer)
    } else if let Action::Hold(held) = action {
        stands(held.receipt.worker, &held.answer)
    } else if let Action::DoubleLeaf(shown) = action {
        stands(shown.receipt.worker, &shown.one) && stands(shown.worker, &shown.other)
    } else if let Action::PartAnswer(answered) = action {
        chunk(step, answered)
    } else {
        true
    }
}

/// A chunk leads to its file's hash.
fn chunk(step: &Step<'_>, answered: &AnswerPart) -> bool {
    let Some(part) = record(step.before, &answered.part) else { return true };
    let from = part.chunk.saturating_mul(CHUNK_BYTES);
    let whole = from..from.saturating_add(CHUNK_BYTES).min(part.file.bytes);
    let file = Part { hash: part.file.hash, bytes: part.file.bytes };
    file.open(std::slice::from_ref(&whole), &answered.slice).is_some()
}
