//! Kind 80, propose: something to be voted on, with a bond.

use chain::Amount;
use chain::records::{
    Content, Decision, GroupSlot, ParameterNumber, Proposal, ProposalId, ProposalSlot, RulesSlot,
    Slot, Stakes, StakesSlot,
};
use commit::{Reader, WireError, Writer};

use crate::accounts::subtract;
use crate::context::{Author, Context};
use crate::groups;
use crate::nodes::{put_stakes, stakes};
use crate::parameters::Parameter;
use crate::proposals::open;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Propose {
    /// What is to be done.
    pub content: Content,
}

impl Propose {
    pub(super) fn write(&self, out: &mut Writer) {
        self.content.write(out);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self { content: Content::read(input)? })
    }

    pub(super) fn work(&self) -> u64 {
        match self.content {
            Content::Parameter { .. }
            | Content::Spend { .. }
            | Content::Rules { .. }
            | Content::Cancel { .. }
            | Content::Name { .. } => 1,
            Content::Group { .. } => 1 + groups::GROUP_WORK,
        }
    }

    pub(super) fn touches(&self, author: &Author) -> Vec<Vec<u8>> {
        let mut keys = vec![ProposalSlot(author.proposal()).key(), StakesSlot.key()];
        match self.content {
            Content::Parameter { .. } | Content::Spend { .. } | Content::Name { .. } => {}
            Content::Rules { .. } => keys.push(RulesSlot.key()),
            Content::Cancel { proposal, .. } => keys.push(ProposalSlot(proposal).key()),
            Content::Group { .. } => keys.push(GroupSlot.key()),
        }
        keys
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        check(&self.content, context, view)?;
        let bond = Amount(context.parameters.get(Parameter::ProposalBond));
        subtract(view, author.payer, bond, Rejection::Balance)?;
        let all = stakes(view)?;
        let after = |parameter| context.parameters.get_u64(parameter);
        let ends = context.clock.time.after(after(Parameter::VoteMs));
        let opens = match self.content {
            // Nobody has to be warned of it, and what it ends must not come before it.
            Content::Cancel { .. } => ends,
            Content::Parameter { .. }
            | Content::Spend { .. }
            | Content::Rules { .. }
            | Content::Group { .. }
            | Content::Name { .. } => ends.after(after(Parameter::TimelockMs)),
        };
        let lapses = opens.after(after(Parameter::EnactMs));
        put_stakes(view, &Stakes { voting_ends: all.voting_ends.max(ends), ..all })?;
        let proposal = Proposal {
            proposer: author.payer,
            bond,
            content: self.content,
            ends,
            opens,
            lapses,
            staked: all.total,
            yes: Amount::ZERO,
            no: Amount::ZERO,
            decision: Decision::Open,
        };
        view.put(&ProposalSlot(author.proposal()), &proposal)
    }
}

/// Whether it makes sense now.
fn check(content: &Content, context: &Context, view: &View) -> Result<(), Stop> {
    match *content {
        Content::Parameter { number, value } => within(number, value, context),
        Content::Spend { amount, .. } => {
            Ok(require(amount != Amount::ZERO, Rejection::NothingMoved)?)
        }
        Content::Rules { version, .. } => above(view, version),
        Content::Cancel { proposal, proposer } => {
            Ok(require(open(view, proposal)?.proposer == proposer, Rejection::OtherProposal)?)
        }
        Content::Group { next, proof } => groups::check(view, context, &next, &proof),
        Content::Name { .. } => Ok(()),
    }
}

fn within(number: ParameterNumber, value: u128, context: &Context) -> Result<(), Stop> {
    let within = context.parameters.with(number, value).is_some();
    Ok(require(within, Rejection::ParameterBounds)?)
}

/// Whether a version of the rules is above the one that holds and the one that is decided on.
pub(super) fn above(view: &View, version: u16) -> Result<(), Stop> {
    let rules = view.get(&RulesSlot)?.unwrap_or_default();
    Ok(require(version > rules.version.max(rules.next), Rejection::RulesVersion)?)
}

impl Author {
    /// The id of the proposal that this transaction makes.
    #[must_use]
    pub fn proposal(&self) -> ProposalId {
        ProposalId::of(self.network, self.payer, self.number)
    }
}
