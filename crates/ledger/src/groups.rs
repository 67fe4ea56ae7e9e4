//! The group whose one key certifies blocks: when a key comes into use, and for how long it may be.
//!
//! Never certifies: whose word holds for a block, who follows the network asks. In a simulation there is no group, and none
//! of this does anything.

use chain::records::{Group, GroupSlot, NextGroup};
use chain::{GroupSignature, Time};

use crate::context::Context;
use crate::parameters::{Parameter, Parameters};
use crate::stop::{Fault, Rejection, Stop, require};
use crate::view::{View, Working};

/// Units of work to check a word of a group's key.
pub(crate) const GROUP_WORK: u64 = 3_000;
/// How much of the least time in which stake leaves a key may be in use, whatever is voted: whoever had a part of it has
/// stake for longer than anybody may begin to follow the network from a header that names it, though it was dealt a term
/// before.
const TERMS: u64 = 8;

/// The last moment at which the group's key may be in use.
fn ends(group: &Group, parameters: &Parameters) -> Time {
    group.since.after(parameters.get_u64(Parameter::UnbondLeast) / TERMS)
}

/// The next key becomes the key with its block, before the block's transactions.
///
/// # Errors
/// [`Fault`] where the state is none.
pub(crate) fn turn(working: &mut Working, context: &Context) -> Result<(), Fault> {
    let Some(group) = working.get(&GroupSlot)? else { return Ok(()) };
    let (now, height) = (context.clock.time, context.clock.height);
    let Some(next) = group.next.filter(|next| height >= next.at) else { return Ok(()) };
    let held = match now > ends(&group, &context.parameters) {
        true => now.after(context.parameters.get_u64(Parameter::UnbondLeast)),
        false => group.held,
    };
    let turned = Group { key: next.key, from: height, since: now, held, next: None };
    working.put(&GroupSlot, &turned);
    Ok(())
}

/// Whether stake may leave: not while a key is in use for longer than it may be, nor for the least time of unbonding after.
pub(crate) fn lets_go(view: &View, context: &Context) -> Result<bool, Stop> {
    let now = context.clock.time;
    let group = view.get(&GroupSlot)?;
    Ok(group.is_none_or(|group| now <= ends(&group, &context.parameters) && now >= group.held))
}

/// The group, where a key may be its next one.
///
/// # Errors
/// [`Rejection::NoGroup`], [`Rejection::GroupHeight`].
pub(crate) fn before(view: &View, context: &Context, next: &NextGroup) -> Result<Group, Stop> {
    let group = view.get(&GroupSlot)?.ok_or(Rejection::NoGroup)?;
    let ahead = next.at > context.clock.height && next.key != group.key;
    require(ahead, Rejection::GroupHeight)?;
    Ok(group)
}

/// Whether a key that somebody has may be the group's next one.
///
/// # Errors
/// [`Rejection::NoGroup`], [`Rejection::GroupHeight`], [`Rejection::GroupKey`].
pub(crate) fn check(
    view: &View,
    context: &Context,
    next: &NextGroup,
    proof: &GroupSignature,
) -> Result<(), Stop> {
    before(view, context, next)?;
    Ok(require(next.key.possessed(context.network, proof), Rejection::GroupKey)?)
}

/// The group's next key, instead of any that was.
///
/// # Errors
/// [`Rejection::NoGroup`], [`Rejection::GroupHeight`].
pub(crate) fn put_next(view: &mut View, context: &Context, next: NextGroup) -> Result<(), Stop> {
    let group = before(view, context, &next)?;
    view.put(&GroupSlot, &Group { next: Some(next), ..group })
}
