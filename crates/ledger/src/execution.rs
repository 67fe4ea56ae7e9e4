//! One block, executed: transactions in order, each whole or not at all.
//!
//! Never judges a header: [`crate::apply`] does. A rejected transaction changes nothing, so whoever proposes leaves it out,
//! and a block that holds one is no block. Failure: a [`Fault`] ends the instance.

use chain::records::{
    AccountSlot, Clock, ClockSlot, EpochStartSlot, GroupSlot, ParametersSlot, Purse, PurseSlot,
    RulesSlot, SeatsSlot, Slot,
};
use chain::state::State;
use chain::{Amount, Authentic, Stamp, Time};
use commit::Digest;
use receipt::PublicKey;

use crate::accounts::subtract;
use crate::context::{Author, Context};
use crate::dates;
use crate::epoch;
use crate::groups;
use crate::parameters::{Parameter, Parameters};
use crate::stop::{Fault, Rejection, Stop, require};
use crate::tx::Action;
use crate::view::{Flows, View, Working};

/// Units of work of a block's transactions together. No one has more than an eighth of it.
pub const BLOCK_WORK_MAX: u64 = 1 << 19;

/// What a proposer brings, besides transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening {
    /// What its clock says.
    pub stamp: Stamp,
    /// Public randomness that consensus gives.
    pub beacon: Digest,
}

/// A block on its way.
#[derive(Debug)]
pub struct Execution {
    context: Context,
    working: Working,
    purse: Purse,
    rules: u16,
    /// Work of the transactions that were taken.
    work: u64,
    /// Work of these and of those that were rejected.
    tried: u64,
}

/// What a block makes.
#[derive(Debug)]
pub struct Made {
    /// The state after it.
    pub state: State,
    /// The clock in that state.
    pub clock: Clock,
    /// The digest of the seats in that state, or of the group where there is one.
    pub seats: Digest,
}

impl Execution {
    /// Begins the block after a state. The stamp is later than the state's: the caller has checked that.
    ///
    /// # Errors
    /// [`Fault`] where the state is none.
    pub fn begin(state: &State, opening: &Opening) -> Result<Self, Fault> {
        let (context, began) = next(state, opening)?;
        let mut working = Working::new(state.clone());
        let purse = working.get(&PurseSlot)?.ok_or(Fault::Lacking("its purse"))?;
        let purse = match began {
            false => purse,
            true => epoch::end(&mut working, purse, &context)?,
        };
        let rules = rules(&mut working, context.clock.time)?;
        groups::turn(&mut working, &context)?;
        Ok(Self { context, working, purse, rules, work: 0, tried: 0 })
    }

    /// Where and when this block is executed.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// The version of the rules that this block has to follow.
    #[must_use]
    pub fn rules(&self) -> u16 {
        self.rules
    }

    /// Work of all that was tried, rejections too.
    #[must_use]
    pub fn tried(&self) -> u64 {
        self.tried
    }

    /// Takes a transaction, or changes nothing.
    ///
    /// # Errors
    /// [`Stop`]: why it is not taken, now or at all, or that this validator is broken.
    pub fn take(&mut self, authentic: &Authentic) -> Result<(), Stop> {
        let transaction = authentic.get();
        let (network, payer, number) =
            (self.context.network, transaction.payer, transaction.number);
        let author = Author { network, payer, number };
        let action = Action::decode(transaction.kind, &transaction.body)?;
        let work = self.work.saturating_add(action.work());
        if work > BLOCK_WORK_MAX {
            return Err(Stop::NoRoom);
        }
        self.tried = self.tried.saturating_add(action.work());
        let mut keys = vec![AccountSlot(payer).key()];
        keys.extend(action.touches(&author));
        let view = self.working.view(transaction.kind, keys);
        let mut view = view.with_treasury(self.purse.treasury);
        count(&mut view, payer, number)?;
        action.execute(&self.context, &author, &mut view)?;
        let fee = self.fee(transaction.bytes(), action.work(), &view)?;
        require(fee <= transaction.fee_max, Rejection::FeeAbove)?;
        subtract(&mut view, payer, fee, Rejection::FeeUnpaid)?;
        let purse = paid(self.purse, fee, view.flows())?;
        self.working.take(view);
        self.purse = purse;
        self.work = work;
        Ok(())
    }

    /// The state after the transactions that were taken.
    ///
    /// # Errors
    /// [`Fault`] where the state is none.
    pub fn finish(mut self) -> Result<Made, Fault> {
        let clock = self.context.clock;
        let network = self.context.network;
        let seats = match self.working.get(&GroupSlot)? {
            Some(group) => group.digest(network),
            None => {
                let seats = self.working.get(&SeatsSlot)?;
                seats.ok_or(Fault::Lacking("its seats"))?.digest(network)
            }
        };
        self.working.put(&ClockSlot, &clock);
        self.working.put(&PurseSlot, &self.purse);
        Ok(Made { state: self.working.finish(), clock, seats })
    }

    /// What a transaction costs: its bytes, its work, and what the state grows by.
    fn fee(&self, bytes: usize, work: u64, view: &View) -> Result<Amount, Fault> {
        let priced = [
            (Parameter::FeeByte, u64::try_from(bytes).unwrap_or(u64::MAX)),
            (Parameter::FeeWork, work),
            (Parameter::FeeState, view.growth()),
        ];
        let mut fee = Amount::ZERO;
        for (parameter, count) in priced {
            let price = Amount(self.context.parameters.get(parameter));
            let sum = price.times(count.into()).and_then(|part| fee.plus(part));
            fee = sum.ok_or(Fault::Money("a fee"))?;
        }
        Ok(fee)
    }
}

/// Where and when the block after a state is executed, and whether it begins an epoch.
///
/// # Errors
/// [`Fault`] where the state is none.
pub(crate) fn next(state: &State, opening: &Opening) -> Result<(Context, bool), Fault> {
    let working = Working::new(state.clone());
    let before = working.get(&ClockSlot)?.ok_or(Fault::Lacking("its clock"))?;
    let values = working.get(&ParametersSlot)?.ok_or(Fault::Lacking("its parameters"))?;
    let parameters = Parameters::of(&values).ok_or(Fault::Lacking("parameters in bounds"))?;
    let clock = next_clock(&before, opening, &parameters);
    let began = clock.epoch != before.epoch;
    let start = working.get(&EpochStartSlot(before.epoch))?;
    let judged = start.ok_or(Fault::Lacking("the start of its epoch"))?.judged;
    let judged = if began { dates::judged(&parameters, clock.epoch, judged) } else { judged };
    Ok((Context { network: state.network(), clock, parameters, judged }, began))
}

/// Where the network is after the next block: block time goes on with the proposers' clocks, a step at most.
fn next_clock(before: &Clock, opening: &Opening, parameters: &Parameters) -> Clock {
    let passed = opening.stamp.0.saturating_sub(before.stamp.0);
    let time = before.time.after(passed.min(parameters.get_u64(Parameter::TimeStepMs)));
    let ends = before.epoch_began.after(parameters.get_u64(Parameter::EpochMs));
    let (epoch, epoch_began): (_, Time) = match time >= ends {
        true => (before.epoch.next(), time),
        false => (before.epoch, before.epoch_began),
    };
    let Opening { stamp, beacon } = *opening;
    Clock { height: before.height.next(), stamp, time, epoch, epoch_began, beacon }
}

/// The version of the rules at a time; one that was decided on begins to hold.
fn rules(working: &mut Working, time: Time) -> Result<u16, Fault> {
    let before = working.get(&RulesSlot)?.unwrap_or_default();
    let now = before.at(time);
    if now != before {
        working.put(&RulesSlot, &now);
    }
    Ok(now.version)
}

/// The account's next number, once.
fn count(view: &mut View, payer: PublicKey, number: u64) -> Result<(), Stop> {
    let mut account = view.get(&AccountSlot(payer))?.unwrap_or_default();
    require(account.made == number, Rejection::Number)?;
    account.made = number.checked_add(1).ok_or(Rejection::Exhausted)?;
    view.put(&AccountSlot(payer), &account)
}

fn paid(purse: Purse, fee: Amount, flows: Flows) -> Result<Purse, Fault> {
    let fees = purse.fees.plus(fee).ok_or(Fault::Money("fees"))?;
    let left = purse.treasury.minus(flows.spent).ok_or(Fault::Money("the treasury"))?;
    let treasury = left.plus(flows.treasury).ok_or(Fault::Money("the treasury"))?;
    let burnt = purse.burnt.plus(flows.burnt).ok_or(Fault::Money("what was burnt"))?;
    Ok(Purse { fees, treasury, burnt, ..purse })
}
