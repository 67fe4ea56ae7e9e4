//! Transactions that wait for a block: a table that nobody can fill for good.
//!
//! Who sends one has to have the money for all of his that wait, and one that would be rejected by the state as it is
//! leaves: a rejected transaction pays nothing, so nothing keeps whoever sends it from sending more. What is **ready**
//! would be taken now, in its payer's order, and the next block takes it and its fee; what is behind a number that is
//! lacking waits where there is room. Never more than [`POOL_MAX`] nor [`POOL_BYTES_MAX`] in all, than
//! [`POOL_OF_ONE_MAX`] nor [`POOL_OF_ONE_BYTES_MAX`] of one payer: in a full pool what is not ready leaves first, then
//! what pays the least. Never one that its payer did not sign. Who is proposed first is who came first, not whose key is
//! least.

use chain::records::{Account, AccountSlot, ParametersSlot};
use chain::state::State;
use chain::{Amount, Authentic, Transaction};
use ledger::tx::Action;
use ledger::{Execution, Opening, Parameter, Parameters, Rejection, Stop};
use receipt::PublicKey;
use std::collections::BTreeMap;

use crate::scene::record;

/// Transactions that may wait.
pub(crate) const POOL_MAX: usize = 256;
/// Their bytes: a few blocks.
pub(crate) const POOL_BYTES_MAX: usize = 1 << 23;
/// Of one payer.
pub(crate) const POOL_OF_ONE_MAX: usize = 8;
/// Its bytes.
const POOL_OF_ONE_BYTES_MAX: usize = 1 << 20;
/// Rejected ones of a payer that are executed between two blocks, and payers of whom that is remembered.
const REJECTED_OF_ONE_MAX: usize = 8;
const REJECTED_MAX: usize = 1_024;

/// One that waits.
#[derive(Clone, Debug)]
struct Waiting {
    made: Authentic,
    /// What it pays at least.
    fee: Amount,
    arrived: u64,
    /// It would be taken now.
    ready: bool,
}

/// Whose, and which of his.
type Place = (PublicKey, u64);

/// What waits, by payer and number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pool {
    waiting: BTreeMap<Place, Waiting>,
    bytes: usize,
    arrived: u64,
    rejected: BTreeMap<PublicKey, usize>,
}

impl Pool {
    /// Takes a transaction in, where there is reason to. The first of a number stays.
    pub(crate) fn put(&mut self, state: &State, opening: &Opening, transaction: Transaction) {
        let place = (transaction.payer, transaction.number);
        let account = account(state, place.0);
        let Some(fee) = least_fee(state, &transaction) else { return };
        let refused =
            self.rejected.get(&place.0).is_some_and(|count| *count >= REJECTED_OF_ONE_MAX);
        if refused || !self.has_share(place, &account, fee, transaction.bytes()) {
            return;
        }
        let Some(made) = transaction.authenticate(state.network()) else { return };
        let bytes = made.get().bytes();
        let behind = (account.made..place.1).all(|number| self.is_ready((place.0, number)));
        if !self.make_room(behind, fee, bytes) {
            return;
        }
        self.arrived += 1;
        self.bytes += bytes;
        self.waiting.insert(place, Waiting { made, fee, arrived: self.arrived, ready: false });
        if behind {
            let of_one = self.waiting.range((place.0, account.made)..=(place.0, u64::MAX));
            let places: Vec<Place> = of_one.map(|(place, _)| *place).collect();
            self.execute(state, opening, places);
        }
    }

    /// Whether a payer may have this one too: his next ones, so many, and money for all of them.
    fn has_share(&self, place: Place, account: &Account, fee: Amount, bytes: usize) -> bool {
        let ahead = place.1.checked_sub(account.made).and_then(|ahead| usize::try_from(ahead).ok());
        let next = ahead.is_some_and(|ahead| ahead < POOL_OF_ONE_MAX);
        if !next || self.waiting.contains_key(&place) {
            return false;
        }
        let (mut fees, mut all) = (Some(fee), bytes);
        for (_, waiting) in self.waiting.range((place.0, 0)..=(place.0, u64::MAX)) {
            fees = fees.and_then(|fees| fees.plus(waiting.fee));
            all += waiting.made.get().bytes();
        }
        all <= POOL_OF_ONE_BYTES_MAX && fees.is_some_and(|fees| fees <= account.balance)
    }

    fn is_ready(&self, place: Place) -> bool {
        self.waiting.get(&place).is_some_and(|waiting| waiting.ready)
    }

    /// Lets those leave for whom this one is worth more; whether there is room.
    fn make_room(&mut self, ready: bool, fee: Amount, bytes: usize) -> bool {
        while self.waiting.len() >= POOL_MAX || self.bytes + bytes > POOL_BYTES_MAX {
            let rank = |waiting: &Waiting| (waiting.ready, waiting.fee, u64::MAX - waiting.arrived);
            let least = self.waiting.iter().min_by_key(|(_, waiting)| rank(waiting));
            match least.map(|(place, waiting)| (*place, waiting.ready, waiting.fee)) {
                Some((place, was_ready, least)) if (ready, fee) > (was_ready, least) => {
                    self.remove(place);
                }
                Some(_) | None => return false,
            }
        }
        true
    }

    /// Executes some in this order: each is ready, waits for another, or leaves.
    fn execute(&mut self, state: &State, opening: &Opening, places: Vec<Place>) {
        let Ok(mut execution) = Execution::begin(state, opening) else { return };
        for place in places {
            let Some(waiting) = self.waiting.get_mut(&place) else { continue };
            match execution.take(&waiting.made) {
                // The block after the next one has room for it.
                Ok(()) | Err(Stop::NoRoom) => waiting.ready = true,
                Err(Stop::Rejected(Rejection::Number) | Stop::Fault(_)) => waiting.ready = false,
                Err(Stop::Rejected(_)) => {
                    self.remove(place);
                    self.blame(place.0);
                }
            }
        }
    }

    /// Remembers that a payer's was rejected.
    fn blame(&mut self, payer: PublicKey) {
        *self.rejected.entry(payer).or_default() += 1;
        if self.rejected.len() > REJECTED_MAX {
            self.rejected.pop_first();
        }
    }

    fn remove(&mut self, place: Place) {
        if let Some(gone) = self.waiting.remove(&place) {
            self.bytes -= gone.made.get().bytes();
        }
    }

    /// What to propose: by when they came, but each payer's by their numbers.
    pub(crate) fn waiting(&self) -> Vec<Authentic> {
        let turns = self.turns().into_iter();
        turns.filter_map(|place| self.waiting.get(&place)).map(|one| one.made.clone()).collect()
    }

    fn turns(&self) -> Vec<Place> {
        let mut turns: BTreeMap<u64, Place> = BTreeMap::new();
        let mut places = self.waiting.keys().copied().peekable();
        while let Some(first) = places.peek().copied() {
            let mut arrived = Vec::new();
            let mut of_one = Vec::new();
            while let Some(place) = places.next_if(|place| place.0 == first.0) {
                arrived.extend(self.waiting.get(&place).map(|waiting| waiting.arrived));
                of_one.push(place);
            }
            arrived.sort_unstable();
            turns.extend(arrived.into_iter().zip(of_one));
        }
        turns.into_values().collect()
    }

    /// Whether nothing waits that a block would take.
    pub(crate) fn is_idle(&self) -> bool {
        !self.waiting.values().any(|waiting| waiting.ready)
    }

    /// Looks at all again in a new state: what has a number that is behind, what its payer can't pay any more and what
    /// would be rejected leaves.
    pub(crate) fn settle(&mut self, state: &State, opening: &Opening) {
        self.rejected.clear();
        let mut left: BTreeMap<PublicKey, Option<(u64, Amount)>> = BTreeMap::new();
        let mut leaving = Vec::new();
        for (place, waiting) in &self.waiting {
            let of_payer = left.entry(place.0).or_insert_with(|| {
                let account = account(state, place.0);
                Some((account.made, account.balance))
            });
            let pays = of_payer.filter(|(made, _)| place.1 >= *made);
            let pays = pays.and_then(|(made, rest)| Some((made, rest.minus(waiting.fee)?)));
            match pays {
                Some(rest) => *of_payer = Some(rest),
                None => leaving.push(*place),
            }
        }
        leaving.into_iter().for_each(|place| self.remove(place));
        if !self.waiting.is_empty() {
            self.execute(state, opening, self.turns());
        }
    }

    /// Forgets one that was rejected for good.
    pub(crate) fn forget(&mut self, transaction: &Transaction) {
        self.remove((transaction.payer, transaction.number));
    }

    /// How many there are, and their bytes.
    pub(crate) fn held(&self) -> [usize; 2] {
        [self.waiting.len(), self.bytes]
    }
}

fn account(state: &State, key: PublicKey) -> Account {
    record(state, &AccountSlot(key)).unwrap_or_default()
}

/// What a transaction pays at least, for its bytes and its work; nothing, where it would be rejected whatever the state.
fn least_fee(state: &State, transaction: &Transaction) -> Option<Amount> {
    let values = record(state, &ParametersSlot).unwrap_or_default();
    let parameters = Parameters::of(&values)?;
    let action = Action::decode(transaction.kind, &transaction.body).ok()?;
    let bytes = u128::try_from(transaction.bytes()).ok()?;
    let bytes = Amount(parameters.get(Parameter::FeeByte)).times(bytes)?;
    let work = Amount(parameters.get(Parameter::FeeWork)).times(action.work().into())?;
    let fee = bytes.plus(work)?;
    (fee <= transaction.fee_max).then_some(fee)
}

#[cfg(test)]
mod tests;
