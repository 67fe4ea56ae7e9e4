//! Transactions that wait for a block.
//!
//! Never more than [`POOL_MAX`], nor more than [`POOL_OF_ONE_MAX`] of one payer; never one that its payer did not sign. A
//! payer's transactions stand in the order of their numbers.

use chain::{Authentic, Transaction};
use commit::Network;
use receipt::PublicKey;
use std::collections::BTreeMap;

/// Transactions that may wait.
pub(crate) const POOL_MAX: usize = 256;
/// Of one payer.
pub(crate) const POOL_OF_ONE_MAX: usize = 8;

/// What waits, by payer and number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pool(BTreeMap<(PublicKey, u64), Authentic>);

impl Pool {
    /// Takes a transaction in, if there is room. The first of a number stays.
    pub(crate) fn put(&mut self, network: Network, transaction: Transaction) -> bool {
        let place = (transaction.payer, transaction.number);
        let of_one = self.0.range((place.0, 0)..=(place.0, u64::MAX)).count();
        let room = self.0.len() < POOL_MAX && of_one < POOL_OF_ONE_MAX;
        if !room || self.0.contains_key(&place) {
            return false;
        }
        let authentic = transaction.authenticate(network);
        authentic.is_some_and(|made| self.0.insert(place, made).is_none())
    }

    /// What to propose.
    pub(crate) fn waiting(&self) -> Vec<Authentic> {
        self.0.values().cloned().collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets what can't be taken any more: numbers that an account has behind it.
    pub(crate) fn settle(&mut self, made: impl Fn(PublicKey) -> u64) {
        self.0.retain(|(payer, number), _| *number >= made(*payer));
    }

    /// Forgets one that was rejected for good.
    pub(crate) fn forget(&mut self, transaction: &Transaction) {
        self.0.remove(&(transaction.payer, transaction.number));
    }
}
