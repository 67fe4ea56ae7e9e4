//! What broken rules would come to in a court: a state behind a block, altered.
//!
//! Never called but for a canary ([`crate::canary`]).

use chain::records::{
    Account, AccountSlot, Course, Held, Node, NodeSlot, Outcome, ProposalSlot, PurseSlot,
    Settlement, StakesSlot,
};
use chain::state::State;
use chain::{Amount, Authentic, Transaction};
use ledger::tx::Action;
use ledger::{BlockError, Proposed, Rejection, Working};

use crate::scene::record;

fn all(state: &State) -> impl Iterator<Item = Held> {
    state.entries().filter_map(|entry| Held::decode(&entry.key, &entry.value).ok())
}

fn actions(transactions: &[Transaction]) -> impl Iterator<Item = Action> {
    transactions.iter().filter_map(|made| Action::decode(made.kind, &made.body).ok())
}

/// Some nodes have a unit less at stake, and the treasury has it.
pub(crate) fn melted(state: &State, which: impl Fn(&Node) -> bool) -> State {
    let mut working = Working::new(state.clone());
    let mut melted = 0;
    for held in all(state) {
        let Held::Node(slot, node) = held else { continue };
        if let Some(stake) = node.stake.minus(Amount(1)).filter(|_| which(&node)) {
            working.put(&slot, &Node { stake, ..node });
            melted += 1;
        }
    }
    let mut purse = record(state, &PurseSlot).unwrap_or_default();
    let mut stakes = record(state, &StakesSlot).unwrap_or_default();
    purse.treasury.0 += melted;
    stakes.total.0 -= melted;
    if melted > 0 {
        working.put(&PurseSlot, &purse);
        working.put(&StakesSlot, &stakes);
    }
    working.finish()
}

/// Whoever is refuted in a block has what it had before.
pub(crate) fn refuted_keeps(before: &State, after: &State) -> State {
    let mut working = Working::new(after.clone());
    for held in all(after) {
        let Held::Dispute(slot, dispute) = held else { continue };
        let of = NodeSlot(dispute.node);
        let refuted = dispute.course == Course::Ended(Outcome::ClaimantRefuted);
        let (was, is) = (record(before, &of), record(after, &of));
        let (Some(was), Some(is)) = (was, is) else { continue };
        if !refuted || record(before, &slot).is_some() || was.stake < is.stake {
            continue;
        }
        let lost = was.stake.0 - is.stake.0;
        let mut purse = record(after, &PurseSlot).unwrap_or_default();
        let mut stakes = record(after, &StakesSlot).unwrap_or_default();
        purse.burnt.0 = purse.burnt.0.saturating_sub(lost);
        stakes.total.0 += lost;
        working.put(&of, &Node { stake: was.stake, debt: was.debt, ..is });
        working.put(&PurseSlot, &purse);
        working.put(&StakesSlot, &stakes);
    }
    working.finish()
}

/// What two receipts of one job are refused for where they cost nothing.
pub(crate) const UNHEARD: Rejection = Rejection::NoDouble;

/// Whether somebody shows two receipts of one job.
pub(crate) fn shows_two_receipts(made: &Authentic) -> bool {
    matches!(Action::decode(made.get().kind, &made.get().body), Ok(Action::DoubleReceipt(_)))
}

/// What is proposed of what is heard, where whoever shows two receipts is left out.
pub(crate) fn two_receipts_pass(
    transactions: &[Authentic],
    propose: impl FnOnce(&[Authentic]) -> Result<Proposed, BlockError>,
) -> Result<Proposed, BlockError> {
    let all = transactions.iter().cloned().enumerate();
    let (unheard, heard): (Vec<_>, Vec<_>) = all.partition(|(_, made)| shows_two_receipts(made));
    let (places, heard): (Vec<_>, Vec<_>) = heard.into_iter().unzip();
    let mut made = propose(&heard)?;
    let left_out = made.left_out.iter().map(|(at, why)| (places[*at], *why));
    let unheard = unheard.iter().map(|(at, _)| (*at, UNHEARD));
    made.left_out = left_out.chain(unheard).collect();
    made.left_out.sort_unstable_by_key(|(at, _)| *at);
    Ok(made)
}

/// Settlements that went in a block are there again, with nothing left in them.
pub(crate) fn collected(before: &State, after: &State) -> State {
    let mut working = Working::new(after.clone());
    for held in all(before) {
        let Held::Settlement(slot, settlement) = held else { continue };
        if record(after, &slot).is_none() {
            let voided = vec![settlement.span];
            working.put(&slot, &Settlement { voided, ..settlement });
        }
    }
    working.finish()
}

/// Owners of nodes that settle have the money at once, out of the fees.
pub(crate) fn settled_twice(state: &State, transactions: &[Transaction]) -> State {
    let mut state = state.clone();
    for action in actions(transactions) {
        let Action::Settle(settle) = action else { continue };
        let Some(node) = record(&state, &NodeSlot(settle.node)) else { continue };
        let slot = AccountSlot(node.owner);
        let account = record(&state, &slot).unwrap_or_default();
        let mut purse = record(&state, &PurseSlot).unwrap_or_default();
        let amount = settle.voucher.cumulative.0 - settle.voucher.from.0;
        let amount = amount.min(purse.fees.0);
        purse.fees.0 -= amount;
        let balance = Amount(account.balance.0 + amount);
        let mut working = Working::new(state);
        working.put(&slot, &Account { balance, ..account });
        working.put(&PurseSlot, &purse);
        state = working.finish();
    }
    state
}

/// Every vote is for more than all there is.
pub(crate) fn votes_grow(state: &State, transactions: &[Transaction]) -> State {
    let mut working = Working::new(state.clone());
    for action in actions(transactions) {
        let Action::Vote(vote) = action else { continue };
        let slot = ProposalSlot(vote.proposal);
        if let Some(mut proposal) = record(state, &slot) {
            proposal.yes.0 += 2 * proposal.staked.0;
            working.put(&slot, &proposal);
        }
    }
    working.finish()
}
