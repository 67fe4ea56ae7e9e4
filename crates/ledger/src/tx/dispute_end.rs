//! Kind 53, dispute_end: what was decided is paid, and the dispute keeps nothing but how it came out.

use chain::records::{
    AccountSlot, Course, Dispute, DisputeSlot, Node, NodeId, NodeSlot, Outcome, Slot, Stage,
    StakesSlot,
};
use commit::{Digest, Reader, WireError, Writer};
use receipt::PublicKey;

use crate::accounts::add;
use crate::context::Context;
use crate::disputes::Open;
use crate::liability::{close, forfeit, give_back, jail, lose, share, silent_for_good};
use crate::nodes::find;
use crate::stop::{Rejection, Stop, require};
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
        let open = Open::find(view, self.dispute, self.node)?;
        let mut node = find(view, self.node)?;
        let named = (self.owner, self.challenger, self.appellant, self.claim);
        require(
            named == (node.owner, open.challenger, open.case.appellant, open.case.claim),
            Rejection::DisputeNames,
        )?;
        let outcome = match open.case.stage {
            Stage::Decided(outcome) => outcome,
            Stage::Silent => {
                let over = context.clock.time > open.case.deadline;
                require(over, Rejection::NotDecided)?;
                Outcome::ClaimantSilent
            }
            Stage::Claimant | Stage::Challenger => return Err(Rejection::NotDecided.into()),
        };
        close(&mut node, open.case.matter, open.case.owed())?;
        match outcome {
            Outcome::ClaimantRefuted => self.refuted(context, view, &mut node, &open)?,
            Outcome::ClaimantSilent => {
                view.burn(open.case.appeal_bond)?;
                let lost = (open.case.cost, open.case.held);
                let fee = open.case.promised.silence_fee;
                let accuser = (self.challenger, open.case.bond, fee);
                silent_for_good(view, &mut node, accuser, lost)?;
            }
            Outcome::ChallengerRefuted | Outcome::ChallengerSilent => {
                self.cleared(view, &mut node, &open)?;
            }
            Outcome::Planted => {
                self.planted(view, &open)?;
                self.won(view, &mut node, &open)?;
            }
        }
        view.put(&NodeSlot(self.node), &node)?;
        open.end(view, outcome)
    }

    /// The stake goes: a share to the challenger, the rest out of existence. Once for each claim, and who was not the first
    /// gets no more than the usual bond.
    fn refuted(
        &self,
        context: &Context,
        view: &mut View,
        node: &mut Node,
        open: &Open,
    ) -> Result<(), Stop> {
        let (claim, case) = (DisputeSlot(self.claim), &open.case);
        view.burn(case.appeal_bond)?;
        add(view, self.challenger, case.bond.usual)?;
        if is_refuted(view.get(&claim)?.as_ref()) {
            view.burn(case.bond.beyond)?;
            return view.burn(case.held);
        }
        add(view, self.challenger, case.bond.beyond)?;
        let taken = lose(view, node, (case.cost, case.held))?;
        match case.rewarded {
            true => {
                let reward = share(view, &case.promised, taken)?;
                add(view, self.challenger, reward)?;
            }
            false => view.burn(taken)?,
        }
        jail(context, node);
        view.put(&claim, &self.left(open, Outcome::ClaimantRefuted))
    }

    /// Who is right about a plant gets all of its bond. The claim says from then on that it was one, so nobody has to
    /// dispute it again; what was refuted stays so.
    fn planted(&self, view: &mut View, open: &Open) -> Result<(), Stop> {
        // Who showed the plant first paid as much as the bond is beyond the usual one.
        add(view, self.challenger, open.case.bond.usual)?;
        add(view, self.challenger, open.case.bond.beyond)?;
        let claim = DisputeSlot(self.claim);
        match view.get(&claim)?.is_some() {
            true => Ok(()),
            false => view.put(&claim, &self.left(open, Outcome::Planted)),
        }
    }

    /// What stands under the claim from then on.
    fn left(&self, open: &Open, outcome: Outcome) -> Dispute {
        let course = Course::Ended(outcome);
        Dispute { node: self.node, challenger: self.challenger, opened: open.opened, course }
    }

    /// The challenger loses its bond.
    fn cleared(&self, view: &mut View, node: &mut Node, open: &Open) -> Result<(), Stop> {
        forfeit(view, self.owner, open.case.bond)?;
        self.won(view, node, open)
    }

    /// What was held is the node's again. Who was away loses one bond of it.
    fn won(&self, view: &mut View, node: &mut Node, open: &Open) -> Result<(), Stop> {
        let case = &open.case;
        give_back(view, node, case.held, case.appeal_bond)?;
        match case.appellant == PublicKey::NONE {
            true => Ok(()),
            false => add(view, self.appellant, case.appeal_bond),
        }
    }
}

/// Whether a claim was found to be false, and not said beforehand to be.
fn is_refuted(claim: Option<&Dispute>) -> bool {
    claim.is_some_and(|left| left.course == Course::Ended(Outcome::ClaimantRefuted))
}
