//! Block time goes on, never back, by no more than passed on the proposers' clocks and by a step a block at most; stamps
//! ascend; an epoch ends when its time is over, not before, and one at a time.
//!
//! Would catch: a clock that catches up, time that a proposer wins by pushing, an epoch that is skipped or lasts.

use ledger::{Parameter, Parameters};

use super::{Seen, Step, holds};
use crate::scene::{clock, record};

pub(crate) fn check(step: &Step<'_>) -> Seen {
    let values = record(step.before, &chain::records::ParametersSlot).unwrap_or_default();
    let parameters = Parameters::of(&values).ok_or("the parameters are outside their bounds")?;
    let (was, is) = (clock(step.before), clock(step.after));
    let (was, is) = was.zip(is).ok_or("a state has no clock")?;
    holds(is.stamp > was.stamp, || format!("stamp {} follows {}", is.stamp.0, was.stamp.0))?;
    let passed = is.stamp.0 - was.stamp.0;
    let most = passed.min(parameters.get_u64(Parameter::TimeStepMs));
    let went = is.time.0.checked_sub(was.time.0).ok_or("block time went back")?;
    let at_the_end = was.time.0.saturating_add(most) == u64::MAX;
    holds(went == most || at_the_end, || {
        format!("{passed} ms passed, block time went on by {went}, it should by {most}")
    })?;
    let lasted = is.time.0 - was.epoch_began.0;
    let ends = lasted >= parameters.get_u64(Parameter::EpochMs);
    holds(is.epoch.0 == was.epoch.0 + u64::from(ends), || {
        format!("epoch {} follows {} after {lasted} ms", is.epoch.0, was.epoch.0)
    })?;
    let began = if ends { is.time } else { was.epoch_began };
    holds(is.epoch_began == began, || format!("the epoch began at {}", is.epoch_began.0))?;
    holds(is.height.0 == was.height.0 + 1, || format!("height {}", is.height.0))
}
