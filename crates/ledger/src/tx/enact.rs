//! Kind 83, enact: after the vote, by anybody, a proposal is done or put away.

use chain::Amount;
use chain::records::{
    AccountSlot, Content, Decision, GroupSlot, NameSlot, ParameterNumber, ParametersSlot,
    ProposalId, ProposalSlot, Rules, RulesSlot, Slot,
};
use commit::{Reader, WireError, Writer};
use receipt::PublicKey;

use super::propose::above;
use crate::accounts::add;
use crate::context::Context;
use crate::groups;
use crate::names;
use crate::parameters::Parameters;
use crate::proposals::{Majority, carried, end, open};
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enact {
    /// Which proposal.
    pub proposal: ProposalId,
    /// Who made it.
    pub proposer: PublicKey,
    /// What is to be done.
    pub content: Content,
}

impl Enact {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.proposal.0);
        out.bytes(&self.proposer.0);
        self.content.write(out);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            proposal: ProposalId::read(input)?,
            proposer: PublicKey(input.array("a proposer")?),
            content: Content::read(input)?,
        })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        let mut keys = vec![ProposalSlot(self.proposal).key(), AccountSlot(self.proposer).key()];
        match self.content {
            Content::Parameter { .. } => keys.push(ParametersSlot.key()),
            Content::Spend { to, .. } => keys.push(AccountSlot(to).key()),
            Content::Rules { .. } => keys.push(RulesSlot.key()),
            Content::Cancel { proposal, proposer } => {
                keys.push(ProposalSlot(proposal).key());
                keys.push(AccountSlot(proposer).key());
            }
            Content::Group { .. } => keys.push(GroupSlot.key()),
            Content::Name { name, .. } => keys.push(NameSlot(name).key()),
        }
        keys
    }

    pub(super) fn execute(&self, context: &Context, view: &mut View) -> Result<(), Stop> {
        let proposal = open(view, self.proposal)?;
        require(
            proposal.proposer == self.proposer && proposal.content == self.content,
            Rejection::OtherProposal,
        )?;
        let now = context.clock.time;
        require(now >= proposal.ends, Rejection::VoteOn)?;
        if !carried(&proposal, majority(&self.content), context) {
            return end(view, self.proposal, &proposal, Decision::Refused);
        }
        if now >= proposal.lapses {
            return end(view, self.proposal, &proposal, Decision::Lapsed);
        }
        require(now >= proposal.opens, Rejection::Timelock)?;
        end(view, self.proposal, &proposal, Decision::Enacted)?;
        enact(&self.content, context, view)
    }
}

fn majority(content: &Content) -> Majority {
    match content {
        Content::Parameter { .. } | Content::Cancel { .. } => Majority::Half,
        Content::Spend { .. }
        | Content::Rules { .. }
        | Content::Group { .. }
        | Content::Name { .. } => Majority::TwoThirds,
    }
}

fn enact(content: &Content, context: &Context, view: &mut View) -> Result<(), Stop> {
    match *content {
        Content::Parameter { number, value } => set(view, number, value),
        Content::Spend { to, amount } => spend(view, to, amount),
        Content::Rules { version, at } => {
            above(view, version)?;
            let rules = view.get(&RulesSlot)?.unwrap_or_default();
            view.put(&RulesSlot, &Rules { next: version, at, ..rules })
        }
        Content::Cancel { proposal: id, .. } => {
            let other = open(view, id)?;
            end(view, id, &other, Decision::Cancelled)
        }
        Content::Group { next, .. } => groups::put_next(view, context, next),
        Content::Name { name, owner } => names::put_owner(view, context, name, owner),
    }
}

/// A parameter's value, from the next block on.
fn set(view: &mut View, number: ParameterNumber, value: u128) -> Result<(), Stop> {
    let mut values = view.get(&ParametersSlot)?.unwrap_or_default();
    values.0.insert(number, value);
    match Parameters::of(&values) {
        Some(_) => view.put(&ParametersSlot, &values),
        None => Err(Rejection::ParameterBounds.into()),
    }
}

fn spend(view: &mut View, to: PublicKey, amount: Amount) -> Result<(), Stop> {
    view.spend(amount)?;
    add(view, to, amount)
}
