//! Who may have a seat, stand for one, audit, be paid by a channel, or have more at stake: nobody that is retired or
//! jailed, and nobody without what it takes; no node has more cases than it may. And nobody pays a fee above what it signed.
//!
//! Would catch: a list that takes anybody, a node that comes back though it retired, a fee that nobody agreed to.

use chain::Amount;
use chain::records::{
    Auditors, Candidates, Held, Node, NodeId, NodeSlot, ParametersSlot, Roles, SeatsSlot,
};
use chain::state::State;
use ledger::tx::Action;
use ledger::{Parameter, Parameters};
use receipt::PublicKey;
use std::collections::BTreeSet;

use super::changes::Change;
use super::{Seen, Step, holds};
use crate::scene::{clock, record};

/// Transactions of a block that are tried alone.
const ALONE: usize = 2;

/// Open cases that a node may have above the usual count.
const CASES_BEYOND: u64 = 32;

/// What may be looked up.
struct Block<'a> {
    before: &'a State,
    after: &'a State,
    now: chain::Time,
    parameters: Parameters,
    /// Nodes whose owners took something from them in this block: what they had when they were listed stands nowhere.
    lowered: BTreeSet<NodeId>,
}

pub(crate) fn check(step: &Step<'_>, changes: &[Change]) -> Seen {
    let values = record(step.before, &ParametersSlot).unwrap_or_default();
    let parameters = Parameters::of(&values).ok_or("the parameters are outside their bounds")?;
    let now = clock(step.after).ok_or("a state has no clock")?.time;
    let actions = step.block.transactions.iter();
    let actions = actions.filter_map(|made| Action::decode(made.kind, &made.body).ok());
    let lowered = actions.filter_map(|action| lowered(&action)).collect();
    let block = Block { before: step.before, after: step.after, now, parameters, lowered };
    changes.iter().try_for_each(|Change { was, is }| block.look(was.as_ref(), is.as_ref()))?;
    step.block.transactions.iter().try_for_each(|made| {
        let action = Action::decode(made.kind, &made.body);
        action.map_or(Ok(()), |action| block.gives(&action))
    })?;
    fees(step)
}

/// The node that its owner takes something from.
fn lowered(action: &Action) -> Option<NodeId> {
    if let Action::Unstake(made) = action {
        return Some(made.node);
    }
    if let Action::NodeSet(made) = action {
        return Some(made.node);
    }
    if let Action::NodeKey(made) = action {
        return Some(made.node);
    }
    if let Action::NodeRetire(made) = action {
        return Some(made.node);
    }
    None
}

impl Block<'_> {
    fn look(&self, was: Option<&Held>, is: Option<&Held>) -> Seen {
        if let Some(Held::Candidates(Candidates(is))) = is {
            let was =
                if let Some(Held::Candidates(was)) = was { was.0.clone() } else { BTreeSet::new() };
            return is.difference(&was).try_for_each(|id| self.candidate(*id));
        }
        if let Some(Held::Auditors(Auditors(is))) = is {
            let was =
                if let Some(Held::Auditors(was)) = was { was.0.clone() } else { BTreeSet::new() };
            return is.difference(&was).try_for_each(|id| self.auditor(*id));
        }
        if let Some(Held::Seats(seats)) = is {
            return seats.0.iter().try_for_each(|seat| self.candidate(seat.node));
        }
        if let (Some(Held::Node(_, was)), Some(Held::Node(_, is))) = (was, is) {
            let keys = |node: &Node| (node.operator, node.transport, node.validator, node.roles);
            let same = is.retired && keys(was) == keys(is) && was.address == is.address;
            self.cases(was, is)?;
            return holds(!was.retired || same, || "a retired node comes back".to_owned());
        }
        if let (None, Some(Held::Channel(_, channel))) = (was, is) {
            return self.at_work(channel.node, "is paid by a new channel");
        }
        Ok(())
    }

    /// A node has no more open cases than it may.
    fn cases(&self, was: &Node, is: &Node) -> Seen {
        let usual = self.parameters.get_u64(Parameter::DisputesMax);
        let few = is.disputes <= was.disputes || u64::from(is.disputes) <= usual + CASES_BEYOND;
        holds(few, || format!("a node has {} open cases", is.disputes))
    }

    /// Whoever was retired before the block gets nothing more at stake, and each gets what is its own.
    fn gives(&self, action: &Action) -> Seen {
        if let Action::Stake(stake) = action {
            return self.at_work(stake.node, "gets more at stake");
        }
        if let Action::Collect(collect) = action {
            return self.owned(collect.node, collect.owner);
        }
        if let Action::AuditClose(close) = action {
            return self.owned(close.node, close.owner);
        }
        if let Action::AuditOpening(opening) = action {
            return self.owned(opening.node, opening.owner);
        }
        Ok(())
    }

    /// What goes to a node's owner goes to nobody else.
    fn owned(&self, id: NodeId, owner: PublicKey) -> Seen {
        let node = record(self.after, &NodeSlot(id));
        holds(node.is_some_and(|node| node.owner == owner), || {
            format!("{owner} is paid for another's node")
        })
    }

    fn at_work(&self, id: NodeId, what: &str) -> Seen {
        let node = record(self.before, &NodeSlot(id));
        holds(node.is_none_or(|node| !node.retired), || format!("a retired node {what}"))
    }

    /// Before the block or behind it: it may lose within the block what it had when it was listed.
    fn either(&self, id: NodeId, may: impl Fn(&Node) -> bool) -> bool {
        let states = [self.before, self.after];
        self.lowered.contains(&id)
            || self.fell(id)
            || states.iter().filter_map(|state| record(state, &NodeSlot(id))).any(|node| may(&node))
    }

    /// It was slashed in this very block: where it was given stake in it, too, it had that in between.
    fn fell(&self, id: NodeId) -> bool {
        let jailed =
            |state| record(state, &NodeSlot(id)).is_some_and(|node| node.jailed_until > self.now);
        jailed(self.after) && !jailed(self.before)
    }

    fn enough(&self, node: &Node, least: Parameter) -> bool {
        let least = Amount(self.parameters.get(least));
        !node.retired && node.stake >= least
    }

    /// Who is jailed in this very block was free before, and a jail never ends early.
    fn jailed(&self, id: NodeId) -> bool {
        let node = record(self.before, &NodeSlot(id));
        node.is_some_and(|node| node.jailed_until > self.now)
    }

    fn candidate(&self, id: NodeId) -> Seen {
        let may = self.either(id, |node| {
            self.enough(node, Parameter::StakeValidator) && node.validator != PublicKey::NONE
        });
        let may = may && !self.jailed(id);
        let kept = record(self.before, &SeatsSlot);
        let had = kept.is_some_and(|seats| seats.0.iter().any(|seat| seat.node == id));
        holds(may || had, || "a node has a seat, or stands, and may not".to_owned())
    }

    fn auditor(&self, id: NodeId) -> Seen {
        let may = self.either(id, |node| {
            self.enough(node, Parameter::StakeAuditor) && node.roles.has(Roles::AUDITOR)
        });
        let may = may && !self.jailed(id);
        holds(may, || "a node audits, and may not".to_owned())
    }
}

/// Some that are taken, each alone: what is added to the fees is no more than was signed.
fn fees(step: &Step<'_>) -> Seen {
    let signed = step.authentic.iter().filter(|made| made.get().fee_max < Amount(u128::MAX));
    for made in signed.filter(|made| step.block.transactions.contains(made.get())).take(ALONE) {
        let tried = step.subject.attempt(step.before, &step.opening, made);
        let tried =
            tried.map_err(|error| format!("a transaction brings a fault about: {error}"))?;
        let most = made.get().fee_max;
        holds(tried.fee <= most, || format!("a fee of {}, and {} signed", tried.fee.0, most.0))?;
    }
    Ok(())
}
