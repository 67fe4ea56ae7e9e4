//! Plants as transactions find them: what they open to, and when.
//!
//! Never asks whose a plant is before it is met: what it hides says so. Never calls a job a plant that a client could have asked for when the plant was committed to.

use chain::Epoch;
use chain::records::{EpochStartSlot, Plant, PlantSlot, Planted};

use crate::context::Context;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// A whole epoch lies between the one of a plant and the first one that its job may be dated in.
const EPOCHS_BETWEEN: u64 = 2;

/// A plant that is there.
///
/// # Errors
/// [`Rejection::NoPlant`].
pub(crate) fn find_plant(view: &View, slot: PlantSlot) -> Result<Plant, Stop> {
    Ok(view.get(&slot)?.ok_or(Rejection::NoPlant)?)
}

/// Whether this is what a plant hides.
///
/// # Errors
/// [`Rejection::PlantOther`].
pub(crate) fn check_opening(context: &Context, plant: &Plant, to: &Planted) -> Result<(), Stop> {
    Ok(require(to.commitment(context.network) == plant.commitment, Rejection::PlantOther)?)
}

/// The start of the first epoch that a plant's job may be dated in.
pub(crate) fn first_start(slot: PlantSlot) -> EpochStartSlot {
    EpochStartSlot(Epoch(slot.epoch.0.saturating_add(EPOCHS_BETWEEN)))
}

/// The last epoch in which a plant can be met.
pub(crate) fn last_epoch(slot: PlantSlot, plant: &Plant) -> Epoch {
    Epoch(slot.epoch.0.saturating_add(plant.epochs.saturating_mul(2)))
}

/// Whether a plant is as much older as it has to be than a job that is dated by a height, and its time has not passed.
///
/// # Errors
/// [`Rejection::PlantTime`].
pub(crate) fn check_time(
    context: &Context,
    view: &View,
    (slot, plant): (PlantSlot, &Plant),
    height: u64,
) -> Result<(), Stop> {
    let first = view.get(&first_start(slot))?;
    let old = first.is_some_and(|start| start.height.0 <= height);
    Ok(require(old && context.clock.epoch <= last_epoch(slot, plant), Rejection::PlantTime)?)
}
