//! What whoever makes a transaction sees: the state it will meet, and all that stands there but accounts.
//!
//! Never tells what will be taken: that is the ledger's to say.

use chain::Header;
use chain::records::{
    Account, AccountSlot, ClockSlot, Held, ParametersSlot, Record, SeatsSlot, Slot,
};
use chain::state::State;
use ledger::{Parameter, Parameters};
use receipt::PublicKey;
use std::collections::BTreeMap;

/// A state, looked through.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The state before the block.
    pub state: &'a State,
    /// The header of the block before.
    pub header: &'a Header,
    /// Every record that is no account, by its place.
    pub held: Vec<Held>,
    /// Transactions on their way, by who pays.
    going: BTreeMap<PublicKey, u64>,
}

impl<'a> Scene<'a> {
    /// Looks through a state.
    ///
    /// # Panics
    /// Where an entry is no record: the supply's checker has looked before.
    #[must_use]
    pub fn new(state: &'a State, header: &'a Header) -> Self {
        let account = AccountSlot(PublicKey::NONE).key()[0];
        let others = state.entries().filter(|entry| entry.key.first() != Some(&account));
        let held = others.map(|entry| Held::decode(&entry.key, &entry.value).expect("a record"));
        Self { state, header, held: held.collect(), going: BTreeMap::new() }
    }

    /// What stands in a slot.
    #[must_use]
    pub fn record<S: Slot>(&self, slot: &S) -> Option<S::Record> {
        record(self.state, slot)
    }

    /// An account, which may have nothing.
    #[must_use]
    pub fn account(&self, key: PublicKey) -> Account {
        self.record(&AccountSlot(key)).unwrap_or_default()
    }

    /// The number of an account's next transaction, behind those on their way.
    #[must_use]
    pub fn number(&self, key: PublicKey) -> u64 {
        let going = self.going.get(&key).copied().unwrap_or_default();
        self.account(key).made.saturating_add(going)
    }

    /// One more of an account's is on its way.
    pub fn goes(&mut self, key: PublicKey) {
        *self.going.entry(key).or_default() += 1;
    }

    /// A parameter's value.
    #[must_use]
    pub fn parameter(&self, parameter: Parameter) -> u128 {
        let values = self.record(&ParametersSlot).unwrap_or_default();
        Parameters::of(&values).map_or(0, |parameters| parameters.get(parameter))
    }
}

/// What stands in a slot of a state; nothing, where it is no record.
pub(crate) fn record<S: Slot>(state: &State, slot: &S) -> Option<S::Record> {
    let entry = state.entry(&state.place(&slot.key()))?;
    S::Record::decode(&entry.value).ok()
}

/// The clock of a state.
pub(crate) fn clock(state: &State) -> Option<chain::records::Clock> {
    record(state, &ClockSlot)
}

/// The seats of a state.
pub(crate) fn seats(state: &State) -> Option<chain::records::Seats> {
    record(state, &SeatsSlot)
}
