//! What a transaction sees besides the state: what all of a block see alike, and whose it is.
//!
//! Never changes while the transaction is executed.

use chain::Epoch;
use chain::records::Clock;
use commit::Network;
use receipt::PublicKey;

use crate::parameters::Parameters;

/// Whose transaction it is, and which: no two have both alike, so ids are made of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Author {
    /// The network.
    pub network: Network,
    /// The key that signed.
    pub payer: PublicKey,
    /// How many transactions its account made before.
    pub number: u64,
}

/// Where and when a block is executed.
#[derive(Clone, Debug)]
pub struct Context {
    /// The network.
    pub network: Network,
    /// The block's height, time, epoch and beacon.
    pub clock: Clock,
    /// The parameters.
    pub parameters: Parameters,
    /// The last epoch in which anything is judged that is dated until now.
    pub judged: Epoch,
}
