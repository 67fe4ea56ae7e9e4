//! Whose a name is now.
//!
//! Never changes one: a name that lapsed is its owner's alone for a time of grace, and then nobody's.

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
    let record = view.get(&NameSlot(name.clone()))?.ok_or(Rejection::NameAbsent)?;
    require(record.owner == by, Rejection::NameOwner)?;
    require(context.clock.time < record.until, Rejection::NameLapsed)?;
    Ok(record)
}
