//! What one transaction sees of the state: the slots it named, and nothing else.
//!
//! Never changes the state: what was put is taken over when the transaction was, or dropped. A slot that was not named
//! is a [`Fault`], not an empty one.

use chain::records::{Record, Slot};
use chain::state::{Changes, Entry, Place, State};
use chain::{Amount, KindNumber};
use std::sync::Arc;

use crate::stop::{Fault, Rejection, Stop, require};

/// A state and what became of it so far in a block.
#[derive(Clone, Debug)]
pub struct Working {
    base: State,
    changes: Changes,
}

/// Money that moves between accounts and the network's own purse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flows {
    /// Into the treasury.
    pub treasury: Amount,
    /// Out of the treasury.
    pub spent: Amount,
    /// Out of existence.
    pub burnt: Amount,
}

/// What a transaction sees.
#[derive(Debug)]
pub struct View {
    kind: KindNumber,
    slots: Vec<Held>,
    /// What the treasury had before the transaction.
    treasury: Amount,
    flows: Flows,
}

#[derive(Debug)]
struct Held {
    key: Vec<u8>,
    place: Place,
    before: Option<Arc<Entry>>,
    /// What was put: an entry, or that there is none any more.
    put: Option<Option<Arc<Entry>>>,
}

impl Working {
    /// Nothing has changed yet.
    #[must_use]
    pub fn new(base: State) -> Self {
        Self { base, changes: Changes::new() }
    }

    /// What stands in a slot.
    ///
    /// # Errors
    /// [`Fault::Record`].
    pub fn get<S: Slot>(&self, slot: &S) -> Result<Option<S::Record>, Fault> {
        let entry = self.entry(&self.base.place(&slot.key()));
        entry.map(|entry| S::Record::decode(&entry.value)).transpose().map_err(Fault::from)
    }

    /// Puts a record into a slot.
    pub fn put<S: Slot>(&mut self, slot: &S, record: &S::Record) {
        let entry = entry(slot.key(), record);
        self.changes.insert(self.base.place(&entry.key), Some(entry));
    }

    /// Empties a slot.
    pub fn remove<S: Slot>(&mut self, slot: &S) {
        self.changes.insert(self.base.place(&slot.key()), None);
    }

    /// The state with all changes.
    #[must_use]
    pub fn finish(self) -> State {
        self.base.updated(&self.changes)
    }

    /// What a transaction sees that names these keys.
    #[must_use]
    pub fn view(&self, kind: KindNumber, keys: Vec<Vec<u8>>) -> View {
        let mut slots: Vec<Held> = Vec::with_capacity(keys.len());
        for key in keys {
            if slots.iter().all(|held| held.key != key) {
                let place = self.base.place(&key);
                let before = self.entry(&place).cloned();
                slots.push(Held { key, place, before, put: None });
            }
        }
        View { kind, slots, treasury: Amount::ZERO, flows: Flows::default() }
    }

    /// Takes over what a transaction did.
    pub fn take(&mut self, view: View) {
        for held in view.slots {
            if let Some(put) = held.put {
                self.changes.insert(held.place, put);
            }
        }
    }

    fn entry(&self, place: &Place) -> Option<&Arc<Entry>> {
        match self.changes.get(place) {
            Some(changed) => changed.as_ref(),
            None => self.base.entry(place),
        }
    }
}

impl View {
    /// What stands in a slot.
    ///
    /// # Errors
    /// [`Fault`] for a slot that was not named, or what is no record.
    pub fn get<S: Slot>(&self, slot: &S) -> Result<Option<S::Record>, Stop> {
        let held = &self.slots[self.index(&slot.key())?];
        let entry = held.put.as_ref().unwrap_or(&held.before).as_ref();
        let record = entry.map(|entry| S::Record::decode(&entry.value)).transpose();
        record.map_err(|error| Fault::from(error).into())
    }

    /// Puts a record into a slot.
    ///
    /// # Errors
    /// [`Fault::Undeclared`].
    pub fn put<S: Slot>(&mut self, slot: &S, record: &S::Record) -> Result<(), Stop> {
        let key = slot.key();
        let index = self.index(&key)?;
        self.slots[index].put = Some(Some(entry(key, record)));
        Ok(())
    }

    /// Empties a slot.
    ///
    /// # Errors
    /// [`Fault::Undeclared`].
    pub fn remove<S: Slot>(&mut self, slot: &S) -> Result<(), Stop> {
        let index = self.index(&slot.key())?;
        self.slots[index].put = Some(None);
        Ok(())
    }

    /// The same, which may spend what the treasury has.
    #[must_use]
    pub(crate) fn with_treasury(self, treasury: Amount) -> Self {
        Self { treasury, ..self }
    }

    /// Takes money out of the treasury, as it was before the transaction: whoever calls puts it into a record.
    ///
    /// # Errors
    /// [`Rejection::TreasuryShort`].
    pub fn spend(&mut self, amount: Amount) -> Result<(), Stop> {
        let spent = self.flows.spent.plus(amount).ok_or(Rejection::TreasuryShort)?;
        require(spent <= self.treasury, Rejection::TreasuryShort)?;
        self.flows.spent = spent;
        Ok(())
    }

    /// The same, or as much as there is; gives what it was.
    ///
    /// # Errors
    /// None but faults.
    pub fn spend_at_most(&mut self, amount: Amount) -> Result<Amount, Stop> {
        let left = self.treasury.minus(self.flows.spent).unwrap_or_default();
        let part = amount.at_most(left);
        self.spend(part)?;
        Ok(part)
    }

    /// Moves money into the treasury: it was taken from a record before.
    ///
    /// # Errors
    /// [`Fault::Money`].
    pub fn to_treasury(&mut self, amount: Amount) -> Result<(), Stop> {
        let sum = self.flows.treasury.plus(amount);
        self.flows.treasury = sum.ok_or(Fault::Money("the treasury"))?;
        Ok(())
    }

    /// Ends money: it was taken from a record before.
    ///
    /// # Errors
    /// [`Fault::Money`].
    pub fn burn(&mut self, amount: Amount) -> Result<(), Stop> {
        let sum = self.flows.burnt.plus(amount);
        self.flows.burnt = sum.ok_or(Fault::Money("what was burnt"))?;
        Ok(())
    }

    /// Money that moved into the network's purse so far.
    #[must_use]
    pub fn flows(&self) -> Flows {
        self.flows
    }

    /// Bytes that the state grows by; shrinking is not paid for.
    #[must_use]
    pub fn growth(&self) -> u64 {
        let bytes = |entry: &Option<Arc<Entry>>| {
            entry.as_ref().map_or(0, |entry| entry.key.len() + entry.value.len())
        };
        let changed = self.slots.iter().filter_map(|held| Some((held, held.put.as_ref()?)));
        let grown: usize =
            changed.map(|(held, put)| bytes(put).saturating_sub(bytes(&held.before))).sum();
        u64::try_from(grown).unwrap_or(u64::MAX)
    }

    fn index(&self, key: &[u8]) -> Result<usize, Fault> {
        let found = self.slots.iter().position(|held| held.key == key);
        found.ok_or(Fault::Undeclared { kind: self.kind.0 })
    }
}

fn entry(key: Vec<u8>, record: &impl Record) -> Arc<Entry> {
    Arc::new(Entry { key: key.into(), value: record.encode().into() })
}
