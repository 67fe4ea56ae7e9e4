//! Kind 71, plant_meet: a node shows that it had said beforehand that the disputed step would be false.
//!
//! Never ends a dispute: it decides it, and what it decides is paid as ever. Never saves a node from what a client asked.

use chain::Amount;
use chain::records::{
    AccountSlot, ClaimedStep, DisputeSlot, NodeId, NodeSlot, Outcome, PlantSlot, Planted, Slot,
    Stage,
};
use commit::{Digest, Reader, WireError, Writer};
use receipt::{JobLeaf, PublicKey};

use super::hold::DisputedStep;
use crate::accounts::{add, subtract};
use crate::context::{Author, Context};
use crate::dates::{read_leaf, write_leaf};
use crate::disputes::Open;
use crate::nodes::spoken_for;
use crate::plants::{check_opening, check_time, find_plant, first_start};
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::View;

/// Work of a leaf's hashes.
pub(super) const WORK: u64 = 50;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeetPlant {
    /// The dispute.
    pub dispute: DisputeSlot,
    /// Who is accused.
    pub node: NodeId,
    /// The plant, of whoever put it.
    pub plant: PlantSlot,
    /// The key that signed the answer.
    pub worker: PublicKey,
    /// Which step is disputed: with worker, job and challenger the dispute's id.
    pub step: DisputedStep,
    /// Who accuses.
    pub challenger: PublicKey,
    /// What keeps the plant from being guessed.
    pub salt: Digest,
    /// Leaf 0 of the job: its date.
    pub terms: JobLeaf,
}

impl MeetPlant {
    pub(super) fn write(&self, out: &mut Writer) {
        out.bytes(&self.dispute.0);
        out.bytes(&self.node.0);
        self.plant.write(out);
        out.bytes(&self.worker.0);
        self.step.write(out);
        out.bytes(&self.challenger.0);
        out.bytes(&self.salt);
        write_leaf(&self.terms, out);
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self {
            dispute: DisputeSlot::read(input)?,
            node: NodeId::read(input)?,
            plant: PlantSlot::read(input)?,
            worker: PublicKey(input.array("a worker's key")?),
            step: DisputedStep::read(input)?,
            challenger: PublicKey(input.array("a challenger")?),
            salt: input.array("a plant's salt")?,
            terms: read_leaf(input)?,
        })
    }

    pub(super) fn touches(&self) -> Vec<Vec<u8>> {
        vec![
            self.dispute.key(),
            self.plant.key(),
            NodeSlot(self.node).key(),
            first_start(self.plant).key(),
            AccountSlot(self.challenger).key(),
        ]
    }

    pub(super) fn execute(
        &self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let mut open = Open::find(view, self.dispute, self.node)?;
        let height = self.terms.beacon_height().ok_or(Rejection::PlantOther)?;
        let job = self.terms.leads_to(context.network).ok_or(Rejection::PlantOther)?;
        let step = self.step.claimed(self.worker, job);
        let named = step.disputed_by(context.network, self.challenger);
        require(
            (named, self.challenger) == (self.dispute, open.challenger),
            Rejection::DisputeNames,
        )?;
        spoken_for(view, self.node, author)?;
        // Who planted knows it at once: it lets nobody prove what it could have said.
        require(open.case.stage == Stage::Claimant && !open.case.begun, Rejection::NotAsked)?;
        require(context.clock.time <= open.case.deadline, Rejection::MoveLate)?;
        self.meet(context, view, author, (step, height), &mut open)?;
        open.case.stage = Stage::Decided(Outcome::Planted);
        open.put(view)
    }

    /// The plant pays who found it first. So that nobody fills its list for nothing, a node that shows it pays what
    /// the bond is above the usual one; who comes later does so himself.
    fn meet(
        &self,
        context: &Context,
        view: &mut View,
        author: &Author,
        (step, height): (ClaimedStep, u64),
        open: &mut Open,
    ) -> Result<(), Stop> {
        let mut plant = find_plant(view, self.plant)?;
        let ClaimedStep { job, choice, position, .. } = step;
        let (node, salt) = (self.node, self.salt);
        check_opening(context, &plant, &Planted { node, job, choice, position, salt })?;
        check_time(context, view, (self.plant, &plant), height)?;
        let beyond = open.case.bond.beyond;
        view.burn(beyond)?;
        if plant.met {
            open.case.bond.beyond = Amount::ZERO;
            return Ok(());
        }
        subtract(view, author.payer, beyond, Rejection::Balance)?;
        let pay = open.case.promised.plant_pay.at_most(plant.bond);
        plant.bond = plant.bond.minus(pay).ok_or(Fault::Money("a plant's bond"))?;
        plant.met = true;
        add(view, self.challenger, pay)?;
        view.put(&self.plant, &plant)
    }
}
