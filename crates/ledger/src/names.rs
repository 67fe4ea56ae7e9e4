//! Whose a name is now.
//!
//! A name that lapsed is its owner's alone for a time of grace, and then nobody's. Never claimed by anybody while it is
//! reserved.

use chain::Time;
use chain::records::{Name, NameRecord, NameSlot};
use receipt::PublicKey;

use crate::context::Context;
use crate::parameters::Parameter;
use crate::stop::{Rejection, Stop, require};
use crate::view::View;

/// Whether anybody may claim it.
pub(crate) fn is_free(context: &Context, record: &NameRecord) -> bool {
    let grace = context.parameters.get_u64(Parameter::NameGraceMs);
    context.clock.time >= record.until.after(grace)
}

/// A vote gives a name away, with a new tenure, or reserves it.
///
/// # Errors
/// A fault.
pub(crate) fn put_owner(
    view: &mut View,
    context: &Context,
    name: Name,
    owner: PublicKey,
) -> Result<(), Stop> {
    let before = view.get(&NameSlot(name))?;
    let tenure = before.map_or(1, |before| before.tenure.saturating_add(1));
    let until = match owner == PublicKey::NONE {
        true => Time(0),
        false => context.clock.time.after(context.parameters.get_u64(Parameter::NameMs)),
    };
    view.put(&NameSlot(name), &NameRecord { owner, tenure, until })
}

/// The name's record, where it is paid for and this key's.
///
/// # Errors
/// The rejection, or a fault.
pub(crate) fn owned(
    context: &Context,
    view: &View,
    name: &Name,
    by: PublicKey,
) -> Result<NameRecord, Stop> {
    let record = view.get(&NameSlot(*name))?.ok_or(Rejection::NameAbsent)?;
    require(record.owner == by, Rejection::NameOwner)?;
    require(context.clock.time < record.until, Rejection::NameLapsed)?;
    Ok(record)
}
