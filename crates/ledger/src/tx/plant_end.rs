//! Kind 72, plant_end: a plant has had its time. Who shows what it was gets the rest of its bond back.
//!
//! Never gives anything to who hides what it was: the bond is burnt then.

use chain::Epoch;
use chain::records::{PlantSlot, Planted, Slot};
use commit::{Reader, WireError, Writer};

use crate::accounts::add;
use crate::context::{Author, Context};
use crate::plants::{check_opening, find_plant, last_epoch};
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlantEnd {
    /// Which.
    pub slot: PlantSlot,
    /// What it was; none: nobody showed it.
    pub opening: Option<Planted>,
}

impl PlantEnd {
    pub(super) fn write(self, out: &mut Writer) {
        self.slot.write(out);
        out.u8(self.opening.is_some().into());
        if let Some(opening) = self.opening {
            opening.write(out);
        }
    }

    pub(super) fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let slot = PlantSlot::read(input)?;
        let what = "whether a plant is opened";
        let opening = match input.u8(what)? {
            0 => None,
            1 => Some(Planted::read(input)?),
            found => return Err(WireError::Unknown { what, found: found.into() }),
        };
        Ok(Self { slot, opening })
    }

    pub(super) fn touches(self) -> Vec<Vec<u8>> {
        vec![self.slot.key()]
    }

    pub(super) fn execute(
        self,
        context: &Context,
        author: &Author,
        view: &mut View,
    ) -> Result<(), Stop> {
        let plant = find_plant(view, self.slot)?;
        let now = context.clock.epoch;
        match self.opening {
            Some(opening) => {
                require(author.payer == self.slot.planter, Rejection::NotPlanter)?;
                check_old(now, Epoch(self.slot.epoch.0.saturating_add(plant.epochs)))?;
                check_opening(context, &plant, &opening)?;
                add(view, author.payer, plant.bond)?;
            }
            None => {
                check_old(now, last_epoch(self.slot, &plant))?;
                view.burn(plant.bond)?;
            }
        }
        view.remove(&self.slot)
    }
}

fn check_old(now: Epoch, last: Epoch) -> Result<(), Rejection> {
    require(now > last, Rejection::PlantTime)
}
