//! Proposals as transactions find them: counted, decided, ended.
//!
//! Never rounds: shares are compared exactly.

use chain::Amount;
use chain::records::{Decision, Proposal, ProposalId, ProposalSlot};

use crate::accounts::add;
use crate::context::Context;
use crate::parameters::Parameter;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// A hundred of a hundred.
const WHOLE: u128 = 100;

/// An open proposal.
///
/// # Errors
/// [`Rejection::NoProposal`], [`Rejection::ProposalEnded`].
pub(crate) fn open(view: &View, id: ProposalId) -> Result<Proposal, Stop> {
    let proposal = view.get(&ProposalSlot(id))?.ok_or(Rejection::NoProposal)?;
    require(proposal.decision == Decision::Open, Rejection::ProposalEnded)?;
    Ok(proposal)
}

/// What share of the votes has to be for it: more than one of two, or more than two of three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Majority {
    Half,
    TwoThirds,
}

/// Whether enough voted, and enough of them for it.
pub(crate) fn carried(proposal: &Proposal, majority: Majority, context: &Context) -> bool {
    let voted = proposal.yes.plus(proposal.no).unwrap_or(Amount(u128::MAX));
    let quorum = of_hundred(proposal.staked, context.parameters.get(Parameter::QuorumPercent));
    let least = Amount(context.parameters.get(Parameter::QuorumLeast));
    let lead = match majority {
        Majority::Half => proposal.yes > proposal.no,
        Majority::TwoThirds => {
            proposal.yes.minus(proposal.no).is_some_and(|lead| lead > proposal.no)
        }
    };
    voted >= quorum.max(least) && lead
}

/// So many of a hundred, upwards.
fn of_hundred(all: Amount, percent: u128) -> Amount {
    let percent = percent.min(WHOLE);
    let (hundreds, rest) = (all.0 / WHOLE, all.0 % WHOLE);
    Amount(hundreds * percent + (rest * percent).div_ceil(WHOLE))
}

/// Whether more than a third of the votes are against it.
fn despised(proposal: &Proposal) -> bool {
    proposal.yes.minus(proposal.no).is_none_or(|lead| lead < proposal.no)
        && proposal.no > Amount::ZERO
}

/// Ends a proposal. Its bond goes back to the proposer, whose account the transaction names, or to the treasury, where it
/// was refused or cancelled and more than a third of the votes are against it.
pub(crate) fn end(
    view: &mut View,
    id: ProposalId,
    proposal: &Proposal,
    decision: Decision,
) -> Result<(), Stop> {
    let failed = matches!(decision, Decision::Refused | Decision::Cancelled);
    match failed && despised(proposal) {
        true => view.to_treasury(proposal.bond)?,
        false => back(view, proposal)?,
    }
    view.put(&ProposalSlot(id), &Proposal { bond: Amount::ZERO, decision, ..*proposal })
}

fn back(view: &mut View, proposal: &Proposal) -> Result<(), Stop> {
    match proposal.bond == Amount::ZERO {
        true => Ok(()),
        false => add(view, proposal.proposer, proposal.bond),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chain::Time;
    use chain::records::{Content, ParameterNumber};
    use receipt::PublicKey;

    fn voted(yes: u128, no: u128) -> Proposal {
        Proposal {
            proposer: PublicKey::NONE,
            bond: Amount::ZERO,
            content: Content::Parameter { number: ParameterNumber(1), value: 1 },
            ends: Time(0),
            opens: Time(0),
            lapses: Time(0),
            staked: Amount::ZERO,
            yes: Amount(yes),
            no: Amount(no),
            decision: Decision::Open,
        }
    }

    #[test]
    fn a_third_is_a_third_at_every_size() {
        for (yes, no, is) in [
            (0, 0, false),
            (0, 1, true),
            (2, 1, false),
            (3, 2, true),
            (200, 100, false),
            (200, 101, true),
            (u128::MAX, u128::MAX / 2, false),
            (u128::MAX - 2, u128::MAX / 2, true),
        ] {
            assert_eq!(despised(&voted(yes, no)), is, "{yes} {no}");
        }
    }

    #[test]
    fn a_quorum_is_rounded_upwards_and_never_overflows() {
        assert_eq!(of_hundred(Amount(0), 40), Amount(0));
        assert_eq!(of_hundred(Amount(1), 40), Amount(1));
        assert_eq!(of_hundred(Amount(100), 40), Amount(40));
        assert_eq!(of_hundred(Amount(101), 40), Amount(41));
        assert_eq!(of_hundred(Amount(u128::MAX), 100), Amount(u128::MAX));
    }
}
