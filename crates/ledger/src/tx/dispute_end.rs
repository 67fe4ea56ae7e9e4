//! Kind 53, dispute_end: what was decided is paid, and the dispute keeps nothing but how it came out.

use chain::Amount;
use chain::records::{
    AccountSlot, Course, Dispute, DisputeSlot, Node, NodeId, NodeSlot, Outcome, Slot, Stage,
    StakesSlot,
};
use commit::{Digest, Reader, WireError, Writer};
use receipt::PublicKey;

use crate::accounts::add;
use crate::context::Context;
use crate::disputes::{Open, close, jail, share};
use crate::nodes::{find, raise, slash};
use crate::parameters::Parameter;
use crate::stop::{Fault, Rejection, Stop};
use crate::view::View;

/// What is asked. All but the dispute repeats what its record says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisputeEnd {
    /// Which dispute.
    pub dispute: DisputeSlot,
    /// Who is accused.
    pub node: NodeId,
    /// The node's owner.
    pub owner: PublicKey,
    /// Who accuses.
    pub challenger: PublicKey,
    /// Who took up the node's case; zeros: nobody.
    pub appellant: PublicKey,
    /// The claim.
    pub claim: Digest,
}

impl DisputeEnd {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.dispute.0);
        out.bytes(&self.node.0);
        for key in [self.owner, self.challenger, self.appellant] {
            out.bytes(&key.0);
        }
        out.bytes(&self.claim);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            dispute: DisputeSlot::read(input)?,
            node: NodeId::read(input)?,
            owner: PublicKey(input.array("a node's owner")?),
            challenger: PublicKey(input.array("a challenger")?),
            appellant: PublicKey(input.array("an appellant")?),
            claim: input.array("a claim")?,
        })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        let accounts = [self.owner, self.challenger, self.appellant];
        let slots = [self.dispute, DisputeSlot(self.claim)];
        let mut keys = vec![NodeSlot(self.node).key(), StakesSlot.key()];
        keys.extend(accounts.map(|key| AccountSlot(key).key()));
        keys.extend(slots.map(|slot| slot.key()));
        keys
    }

    pub(super) fn execute(&self, context: &Context, view: &mut View) -> Result<(), Stop> {
        let mut open = Open::find(view, self.dispute, self.node)?;
        let mut node = find(view, self.node)?;
        let named = (self.owner, self.challenger, self.appellant, self.claim);
        if named != (node.owner, open.challenger, open.case.appellant, open.case.claim) {
            return Err(Rejection::DisputeNames.into());
        }
        let outcome = match open.case.stage {
            Stage::Decided(outcome) => outcome,
            Stage::Silent if context.clock.time > open.case.deadline => Outcome::ClaimantSilent,
            Stage::Silent | Stage::Claimant | Stage::Challenger => {
                return Err(Rejection::NotDecided.into());
            }
        };
        close(&mut node, &mut open.case.owed)?;
        match outcome {
            Outcome::ClaimantRefuted => self.refuted(context, view, &mut node, &open)?,
            Outcome::ClaimantSilent => self.silent(context, view, &open)?,
            Outcome::ChallengerRefuted | Outcome::ChallengerSilent => {
                self.cleared(view, &mut node, &open)?;
            }
            Outcome::Planted => {
                add(view, self.challenger, open.case.bond)?;
                self.give_back(view, &mut node, &open)?;
            }
        }
        view.put(&NodeSlot(self.node), &node)?;
        open.end(view, outcome)
    }

    /// The stake goes: a share to the challenger, the rest out of existence. Once for each claim.
    fn refuted(
        &self,
        context: &Context,
        view: &mut View,
        node: &mut Node,
        open: &Open,
    ) -> Result<(), Stop> {
        let (claim, case) = (DisputeSlot(self.claim), &open.case);
        view.burn(case.appeal_bond)?;
        add(view, self.challenger, case.bond)?;
        if view.get(&claim)?.is_some() {
            return view.burn(case.held);
        }
        let taken = match case.held == Amount::ZERO {
            true => slash(view, node, Amount(context.parameters.get(Parameter::Slash)))?,
            false => case.held,
        };
        let reward = share(context, view, taken)?;
        add(view, self.challenger, reward)?;
        jail(context, node);
        let course = Course::Ended(Outcome::ClaimantRefuted);
        let (node, challenger, opened) = (self.node, self.challenger, open.opened);
        view.put(&claim, &Dispute { node, challenger, opened, course })
    }

    /// What was held goes. The challenger of who sleeps wins nothing but its fees.
    fn silent(&self, context: &Context, view: &mut View, open: &Open) -> Result<(), Stop> {
        let case = &open.case;
        let fee = Amount(context.parameters.get(Parameter::SilenceFee)).at_most(case.held);
        view.burn(Amount(case.held.0 - fee.0))?;
        view.burn(case.appeal_bond)?;
        add(view, self.challenger, case.bond)?;
        add(view, self.challenger, fee)
    }

    /// Half of the challenger's bond is the owner's.
    fn cleared(&self, view: &mut View, node: &mut Node, open: &Open) -> Result<(), Stop> {
        let half = Amount(open.case.bond.0 / 2);
        add(view, self.owner, half)?;
        view.burn(Amount(open.case.bond.0 - half.0))?;
        self.give_back(view, node, open)
    }

    /// What was held is the node's again. Who was away loses one bond of it.
    fn give_back(&self, view: &mut View, node: &mut Node, open: &Open) -> Result<(), Stop> {
        let case = &open.case;
        let lost = case.held.at_most(case.appeal_bond);
        view.burn(lost)?;
        let back = case.held.minus(lost).ok_or(Fault::Money("what was held"))?;
        raise(view, node, back)?;
        match case.appellant == PublicKey::NONE {
            true => Ok(()),
            false => add(view, self.appellant, case.appeal_bond),
        }
    }
}
