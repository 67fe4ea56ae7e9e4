//! What a network begins with.

use chain::records::{ParameterNumber, ParameterValues, PurseSlot, Seats};
use chain::{Amount, Genesis};
use ledger::{GenesisError, Parameter, begin, supply};

use crate::parameters::APART;
use crate::world::{RICH, World, genesis};

#[test]
fn all_money_is_issued() {
    let world = World::new();
    let purse = world.record(&PurseSlot).unwrap();
    assert_eq!((purse.issued, purse.treasury), (Amount(6 * RICH), Amount(RICH)));
    let counted = supply(&world.state).unwrap();
    assert_eq!((counted.there, counted.booked), (Amount(6 * RICH), Amount(6 * RICH)));
    assert_eq!(world.header.state_root, world.state.root());
}

#[test]
fn another_genesis_is_another_network() {
    let mut other = genesis();
    other.treasury = Amount(1);
    assert_ne!(other.network(), genesis().network());
}

#[test]
fn what_begins_no_network() {
    let refused = |change: &dyn Fn(&mut Genesis)| {
        let mut genesis = genesis();
        change(&mut genesis);
        begin(&genesis).unwrap_err()
    };
    assert_eq!(refused(&|genesis| genesis.seats = Seats::default()), GenesisError::Seats);
    let set = |number, value| ParameterValues([(ParameterNumber(number), value)].into());
    let unknown = set(9_999, 1);
    assert_eq!(refused(&|genesis| genesis.parameters = unknown.clone()), GenesisError::Parameters);
    let (_, max) = Parameter::EpochMs.row().bounds;
    let beyond = set(Parameter::EpochMs.number().0, max + 1);
    assert_eq!(refused(&|genesis| genesis.parameters = beyond.clone()), GenesisError::Parameters);
    for (parameter, value) in APART {
        let apart = set(parameter.number().0, value);
        assert_eq!(
            refused(&|genesis| genesis.parameters = apart.clone()),
            GenesisError::Parameters
        );
    }
    let money = |error| matches!(error, GenesisError::Money(_));
    assert!(money(refused(&|genesis| genesis.accounts[0].1 = Amount::ZERO)));
    assert!(money(refused(&|genesis| genesis.treasury = Amount(u128::MAX))));
}
