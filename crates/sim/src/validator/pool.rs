//! Transactions that wait for a block: a table that nobody can fill for good.
//!
//! Who sends one has to have the money for all of his that wait, and one that would be rejected by the state as it is
//! leaves: a rejected transaction pays nothing, so nothing keeps whoever sends it from sending more. What is **ready**
//! would be taken now, in its payer's order, and the next block takes it and its fee; what is behind a number that is
//! lacking waits where there is room. Never more than [`POOL_MAX`] nor [`POOL_BYTES_MAX`] in all, than
//! [`POOL_OF_ONE_MAX`] nor [`POOL_OF_ONE_BYTES_MAX`] of one payer: in a full pool what is not ready leaves first, then
//! what pays the least. Never one that its payer did not sign. Every payer's first one is proposed before anybody's second,
//! by when they came, and what finds no room in a block leaves it to those behind it: who fills blocks pays for them, and
//! keeps nobody out.

use chain::records::{Account, AccountSlot, ParametersSlot};
use chain::state::State;
use chain::{Amount, Authentic, BLOCK_BYTES_MAX, HEADER_BYTES, Transaction};
use ledger::tx::Action;
use ledger::{BLOCK_WORK_MAX, Execution, Opening, Parameter, Parameters, Rejection, Stop};
use receipt::PublicKey;
use std::collections::{BTreeMap, BTreeSet};

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
    work: u64,
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
        if !self.is_awaited(place, &account) {
            return;
        }
        let Some((fee, work)) = least_fee(state, &transaction) else { return };
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
        self.waiting
            .insert(place, Waiting { made, fee, work, arrived: self.arrived, ready: false });
        if behind {
            let of_one = self.waiting.range((place.0, account.made)..=(place.0, u64::MAX));
            let places: Vec<Place> = of_one.map(|(place, _)| *place).collect();
            self.execute(state, opening, places);
        }
    }

    /// Whether it is one of a payer's next ones, and none has its number.
    fn is_awaited(&self, place: Place, account: &Account) -> bool {
        let ahead = place.1.checked_sub(account.made).and_then(|ahead| usize::try_from(ahead).ok());
        let next = ahead.is_some_and(|ahead| ahead < POOL_OF_ONE_MAX);
        next && !self.waiting.contains_key(&place)
    }

    /// Whether a payer may have this one too: there is room for his, and he has money for all of them.
    fn has_share(&self, place: Place, account: &Account, fee: Amount, bytes: usize) -> bool {
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

    /// What to propose: what a block has room for, in their turns.
    pub(crate) fn waiting(&self) -> Vec<Authentic> {
        let (mut bytes, mut work) = (BLOCK_BYTES_MAX - HEADER_BYTES, BLOCK_WORK_MAX);
        let (mut late, mut proposed) = (BTreeSet::new(), Vec::new());
        for place in self.turns() {
            let Some(waiting) = self.waiting.get(&place) else { continue };
            let left = bytes.checked_sub(4 + waiting.made.get().bytes());
            match left.zip(work.checked_sub(waiting.work)) {
                Some(left) if !late.contains(&place.0) => {
                    (bytes, work) = left;
                    proposed.push(waiting.made.clone());
                }
                Some(_) | None => {
                    late.insert(place.0);
                }
            }
        }
        proposed
    }

    /// Every payer's first one, then their second ones: of each by when they came.
    fn turns(&self) -> Vec<Place> {
        let (mut turns, mut last) = (BTreeMap::new(), None);
        for (place, waiting) in &self.waiting {
            let nth = last.filter(|(payer, _)| *payer == place.0).map_or(0, |(_, nth)| nth + 1);
            turns.insert((nth, waiting.arrived), *place);
            last = Some((place.0, nth));
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

/// What a transaction pays at least, for its bytes and its work, and this work; nothing, where it would be rejected whatever the state.
fn least_fee(state: &State, transaction: &Transaction) -> Option<(Amount, u64)> {
    let values = record(state, &ParametersSlot).unwrap_or_default();
    let parameters = Parameters::of(&values)?;
    let action = Action::decode(transaction.kind, &transaction.body).ok()?;
    let bytes = u128::try_from(transaction.bytes()).ok()?;
    let bytes = Amount(parameters.get(Parameter::FeeByte)).times(bytes)?;
    let work = action.work();
    let fee = bytes.plus(Amount(parameters.get(Parameter::FeeWork)).times(work.into())?)?;
    (fee <= transaction.fee_max && work <= BLOCK_WORK_MAX).then_some((fee, work))
}

#[cfg(test)]
mod tests;
