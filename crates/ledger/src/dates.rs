//! Dates: when a job was asked for, as far as the ledger can tell, how long it is judged, and which keys answer for it.
//!
//! Never asks a clock, or the worker: a date is a height that stands in the job itself.

use chain::records::{BoundKey, EpochStart, EpochStartSlot, Slot};
use chain::{Epoch, Time};
use commit::{Reader, WireError, Writer};
use receipt::JobLeaf;

use crate::context::Context;
use crate::parameters::{Parameter, Parameters};
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// Bytes of a job's leaf 0: sixteen named auditors have the most.
const LEAF_BYTES_MAX: usize = 1 << 10;

pub(crate) fn write_leaf(leaf: &JobLeaf, out: &mut Writer) {
    let bytes = leaf.encode();
    out.length_u16(bytes.len());
    out.bytes(&bytes);
}

pub(crate) fn read_leaf(input: &mut Reader<'_>) -> Result<JobLeaf, WireError> {
    JobLeaf::decode(input.bytes_u16("bytes of a job's leaf", LEAF_BYTES_MAX)?)
}

/// What has to be named of the state where a job is dated in an epoch.
pub(crate) fn touches(epoch: Epoch) -> [Vec<u8>; 2] {
    [EpochStartSlot(epoch).key(), EpochStartSlot(epoch.next()).key()]
}

/// The last epoch in which what is dated in an epoch is judged: as long as the parameter says where it begins, and no
/// shorter than what was dated before. So a parameter that changes shortens nothing that was promised.
pub(crate) fn judged(parameters: &Parameters, epoch: Epoch, before: Epoch) -> Epoch {
    let epochs = parameters.get_u64(Parameter::DisputeEpochs);
    Epoch(epoch.0.saturating_add(epochs)).max(before)
}

/// Whether leaf 0 of a job dates it in an epoch, and what has that date is still judged. Gives the epoch's start. Whether
/// it is a leaf of the job is not asked.
///
/// # Errors
/// [`Rejection::NoDate`].
pub(crate) fn check(
    context: &Context,
    view: &View,
    leaf: &JobLeaf,
    epoch: Epoch,
) -> Result<EpochStart, Stop> {
    let start = check_dated(context, view, leaf, epoch)?;
    require(context.clock.epoch <= start.judged, Rejection::NoDate)?;
    Ok(start)
}

/// The same, however long ago that is.
///
/// # Errors
/// [`Rejection::NoDate`].
pub(crate) fn check_dated(
    context: &Context,
    view: &View,
    leaf: &JobLeaf,
    epoch: Epoch,
) -> Result<EpochStart, Stop> {
    let height = leaf.beacon_height().unwrap_or_default();
    let start = view.get(&EpochStartSlot(epoch))?.ok_or(Rejection::NoDate)?;
    let end = match epoch == context.clock.epoch {
        true => context.clock.height,
        false => view.get(&EpochStartSlot(epoch.next()))?.ok_or(Rejection::NoDate)?.height,
    };
    let dated = height > 0 && start.height.0 <= height && height < end.0;
    require(dated, Rejection::NoDate)?;
    Ok(start)
}

/// Whether a key was still its node's when an epoch began.
///
/// # Errors
/// [`Rejection::KeyEnded`].
pub(crate) fn check_key(bound: &BoundKey, began: Time) -> Result<(), Stop> {
    Ok(require(bound.until == Time(0) || began < bound.until, Rejection::KeyEnded)?)
}

/// Whether a receipt, by the epoch in which it was to be anchored at the latest, may still be asked for, and its key could
/// still anchor it then.
///
/// # Errors
/// [`Rejection::NotDue`], [`Rejection::KeyEnded`].
pub(crate) fn check_receipt(
    context: &Context,
    view: &View,
    bound: &BoundKey,
    anchor_by: Epoch,
) -> Result<(), Stop> {
    let start = view.get(&EpochStartSlot(anchor_by))?;
    let judged = match &start {
        Some(start) => context.clock.epoch <= start.judged,
        None => context.clock.epoch < anchor_by,
    };
    require(anchor_by != Epoch(0) && judged, Rejection::NotDue)?;
    let anchored = bound.until.after(context.parameters.get_u64(Parameter::AnchorLateMs));
    Ok(require(
        bound.until == Time(0) || start.is_some_and(|start| start.time < anchored),
        Rejection::KeyEnded,
    )?)
}

/// Whether a key is its node's, or was until lately: it may anchor, and what it is found to have signed is rewarded.
pub(crate) fn speaks(context: &Context, bound: &BoundKey) -> bool {
    let late = bound.until.after(context.parameters.get_u64(Parameter::AnchorLateMs));
    bound.until == Time(0) || context.clock.time < late
}
