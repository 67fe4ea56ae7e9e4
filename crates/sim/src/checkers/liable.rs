//! Who speaks for a node is that node's, and who is paid or takes its stake out has enough there for what may still be
//! taken; a key that was given up answers for nothing that is dated later, and nobody is asked for what it could not
//! anchor any more.
//!
//! Would catch: a stranger that settles or audits in a node's name, pay for who has nothing to lose, stake that leaves
//! before a case ends, a case about what a stolen key signed.

use chain::records::{EpochStartSlot, KeySlot, Node, NodeId, NodeSlot, ParametersSlot};
use chain::state::State;
use chain::{Amount, Epoch, Time};
use ledger::tx::Action;
use ledger::{Parameter, Parameters};
use receipt::PublicKey;

use super::{Seen, Step, holds};
use crate::scene::record;

/// Kinds of audits, plants and cases: they may take of a stake, give back what was held, and let a node owe more or less.
const CASES: [std::ops::RangeInclusive<u16>; 3] = [31..=41, 50..=66, 71..=71];

/// What may be looked up.
struct Block<'a> {
    step: &'a Step<'a>,
    actions: Vec<(PublicKey, Action)>,
}

pub(crate) fn check(step: &Step<'_>) -> Seen {
    let made = step.block.transactions.iter();
    let read =
        made.filter_map(|made| Some((made.payer, Action::decode(made.kind, &made.body).ok()?)));
    let block = Block { step, actions: read.collect() };
    for (payer, action) in &block.actions {
        let what = || format!("kind {} of {payer}", action.kind().0);
        if let Some(node) = speaks_for(action) {
            holds(block.is_of(node, *payer), || format!("{} is for another's node", what()))?;
        }
        for (key, epoch, late) in dated(action).into_iter().chain(dated_other(action)) {
            let had = block.had(key, epoch, late);
            holds(had, || format!("{} is about what {key} signed after its end", what()))?;
        }
    }
    block.money()
}

/// The node in whose name something is said.
fn speaks_for(action: &Action) -> Option<NodeId> {
    if let Action::Settle(settle) = action {
        return Some(settle.node);
    }
    if let Action::AuditShow(shown) = action {
        return Some(shown.node);
    }
    if let Action::AuditCommit(said) = action {
        return Some(said.node);
    }
    if let Action::AuditReveal(said) = action {
        return Some(said.node);
    }
    if let Action::AuditAsk(asked) = action {
        return Some(asked.node);
    }
    if let Action::PlantMeet(met) = action {
        return Some(met.node);
    }
    None
}

/// Which key signed what is shown, in which epoch that is dated, and whether the key had time to anchor it.
fn dated(action: &Action) -> Option<(PublicKey, Epoch, bool)> {
    if let Action::DisputeOpen(opened) = action {
        return Some((opened.filing.head.worker, opened.epoch, false));
    }
    if let Action::Equivocation(shown) = action {
        return Some((shown.evidence.one.0.worker, shown.epoch, false));
    }
    if let Action::DoubleReceipt(shown) = action {
        return Some((shown.one.0.worker, shown.epoch, false));
    }
    if let Action::DoubleLeaf(shown) = action {
        return Some((shown.receipt.worker, shown.epoch, false));
    }
    if let Action::AuditShow(shown) = action {
        // What has no date is of when it was settled.
        let has_date = shown.terms.beacon_height().is_some_and(|height| height > 0);
        let epoch = if has_date { shown.dated } else { shown.audit.epoch };
        return Some((shown.receipt.worker, epoch, false));
    }
    if let Action::MissingOpen(asked) = action {
        return Some((asked.receipt.worker, Epoch(asked.receipt.anchor_by), true));
    }
    if let Action::PartOpen(asked) = action {
        return Some((asked.receipt.worker, Epoch(asked.receipt.anchor_by), true));
    }
    None
}

/// The same of the key behind the other one of two that contradict each other.
fn dated_other(action: &Action) -> Option<(PublicKey, Epoch, bool)> {
    if let Action::DoubleReceipt(shown) = action {
        return Some((shown.other.0.worker, shown.epoch, false));
    }
    let Action::DoubleLeaf(shown) = action else { return None };
    Some((shown.worker, shown.epoch, false))
}

impl Block<'_> {
    fn states(&self) -> [&State; 2] {
        [self.step.before, self.step.after]
    }

    /// The least value of a parameter, before the block or behind it.
    fn least(&self, parameter: Parameter) -> u128 {
        let values = self.states().map(|state| record(state, &ParametersSlot).unwrap_or_default());
        let values = values.iter().filter_map(Parameters::of);
        values.map(|values| values.get(parameter)).min().unwrap_or_default()
    }

    /// Whether a key is a node's owner's, or its operator's before the block, in it or behind it.
    fn is_of(&self, id: NodeId, key: PublicKey) -> bool {
        let nodes = self.states().map(|state| record(state, &NodeSlot(id)));
        let own = nodes.iter().flatten().any(|node| [node.owner, node.operator].contains(&key));
        let mut actions = self.actions.iter();
        own || actions.any(|(_, action)| {
            let Action::NodeKey(changed) = action else { return false };
            changed.node == id && changed.claim.key == key
        })
    }

    /// Whether a key was its node's when an epoch began; or whether it could be anchored under even then.
    fn had(&self, key: PublicKey, epoch: Epoch, late: bool) -> bool {
        let values = self.states().map(|state| record(state, &ParametersSlot).unwrap_or_default());
        let lates = values.iter().filter_map(Parameters::of);
        let lates = lates.map(|values| values.get_u64(Parameter::AnchorLateMs)).max();
        let more = if late { lates.unwrap_or_default() } else { 0 };
        let start = self.states().map(|state| record(state, &EpochStartSlot(epoch)));
        let start = start.iter().flatten().next().map(|start| start.time);
        // Who gives it up in this very block may do so behind it.
        let bound = self.states().map(|state| record(state, &KeySlot(key)));
        bound.iter().flatten().any(|bound| {
            bound.until == Time(0) || start.is_some_and(|start| start < bound.until.after(more))
        })
    }

    /// Who settles has a case's cost at stake; who took something out left what it owes. A block in which something else
    /// may have moved either is not looked at.
    fn money(&self) -> Seen {
        let is_case = |kind: u16| CASES.iter().any(|kinds| kinds.contains(&kind));
        if self.actions.iter().any(|(_, action)| is_case(action.kind().0)) {
            return Ok(());
        }
        let slash = Amount(self.least(Parameter::Slash));
        for (_, action) in &self.actions {
            if let Action::Settle(settle) = action {
                let short = self.behind(settle.node, |node| node.stake < slash);
                let lowered = self.has(|action| unstaked(action) == Some(settle.node));
                holds(!short || lowered, || "a node is paid, and has nothing to lose".to_owned())?;
            } else if let Some(id) = unstaked(action) {
                let short = self.behind(id, |node| Some(node.stake) < node.owed.all());
                holds(!short, || "stake leaves that is owed".to_owned())?;
            } else if let Action::Withdraw(withdraw) = action {
                let short = self.behind(withdraw.node, |node| node.money() < node.owed.all());
                holds(!short, || "money leaves that is owed".to_owned())?;
            }
        }
        Ok(())
    }

    fn has(&self, is: impl Fn(&Action) -> bool) -> bool {
        self.actions.iter().any(|(_, action)| is(action))
    }

    /// Whether a node is so behind the block.
    fn behind(&self, id: NodeId, is: impl Fn(&Node) -> bool) -> bool {
        record(self.step.after, &NodeSlot(id)).is_some_and(|node| is(&node))
    }
}

/// Whose stake goes down by its owner's will.
fn unstaked(action: &Action) -> Option<NodeId> {
    if let Action::Unstake(made) = action { Some(made.node) } else { None }
}
