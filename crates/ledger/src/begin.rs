//! What a network begins with, as a state and the header of block 0.
//!
//! Never makes money: what the accounts and the treasury have is what was issued.

use chain::records::{
    Account, AccountSlot, Clock, ClockSlot, ParametersSlot, Purse, PurseSlot, SeatsSlot,
};
use chain::state::State;
use chain::{Amount, Epoch, Genesis, Header, Height, Time};
use receipt::PublicKey;
use thiserror::Error;

use crate::apply::PROTOCOL;
use crate::parameters::Parameters;
use crate::view::Working;

/// Why a genesis begins no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum GenesisError {
    /// A parameter that is none, or is outside its bounds.
    #[error("a parameter of the genesis is unknown or outside its bounds")]
    Parameters,
    /// Nobody to order blocks.
    #[error("the genesis has no seats")]
    Seats,
    /// An account of nothing, or more money than an amount can say.
    #[error("the money of the genesis: {0}")]
    Money(&'static str),
}

/// The first state and header.
///
/// # Errors
/// [`GenesisError`].
pub fn begin(genesis: &Genesis) -> Result<(State, Header), GenesisError> {
    let network = genesis.network();
    Parameters::of(&genesis.parameters).ok_or(GenesisError::Parameters)?;
    if genesis.seats.0.is_empty() {
        return Err(GenesisError::Seats);
    }
    let mut issued = genesis.treasury;
    let mut working = Working::new(State::empty(network));
    for (key, balance) in &genesis.accounts {
        if *balance == Amount::ZERO {
            return Err(GenesisError::Money("an account of nothing"));
        }
        issued = issued.plus(*balance).ok_or(GenesisError::Money("more than there can be"))?;
        working.put(&AccountSlot(*key), &Account { balance: *balance, made: 0 });
    }
    let clock = Clock {
        height: Height(0),
        stamp: genesis.stamp,
        time: Time(0),
        epoch: Epoch(1),
        epoch_began: Time(0),
        beacon: network.0,
    };
    let purse = Purse { treasury: genesis.treasury, issued, ..Purse::default() };
    working.put(&ClockSlot, &clock);
    working.put(&PurseSlot, &purse);
    working.put(&ParametersSlot, &genesis.parameters);
    working.put(&SeatsSlot, &genesis.seats);
    let state = working.finish();
    let header = Header {
        protocol: PROTOCOL,
        height: clock.height,
        parent: [0; 32],
        stamp: clock.stamp,
        time: clock.time,
        epoch: clock.epoch,
        proposer: PublicKey::NONE,
        beacon: clock.beacon,
        transactions: 0,
        transactions_root: [0; 32],
        state_root: state.root(),
        seats: genesis.seats.digest(network),
    };
    Ok((state, header))
}
