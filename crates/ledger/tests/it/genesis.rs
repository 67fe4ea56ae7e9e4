//! What a network begins with.

use chain::records::{Group, GroupSlot, ParameterNumber, ParameterValues, PurseSlot, Seats};
use chain::{Amount, Genesis, GroupKey, NetworkKind};
use ledger::{GenesisError, Parameter, begin, supply};

use crate::parameters::APART;
use crate::signer::Signer;
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

/// In a simulation the seats certify; in every other network a group does, and stands in the state.
#[test]
fn a_network_names_its_first_group() {
    let seats = World::new();
    assert_eq!(seats.record(&GroupSlot), None);
    assert_eq!(seats.header.seats, genesis().seats.digest(seats.network()));
    let key = Signer::new(1).key();
    for kind in [NetworkKind::Test(key), NetworkKind::Main(key)] {
        let mut world = World::of(Genesis { kind, ..genesis() });
        let group = Group::first(key);
        assert_eq!(world.record(&GroupSlot), Some(group));
        assert_eq!(world.header.seats, group.digest(world.network()));
        world.block(1, &[]);
        assert_eq!(world.header.seats, group.digest(world.network()));
    }
    for key in [GroupKey::NONE, GroupKey([7; 96])] {
        let genesis = Genesis { kind: NetworkKind::Main(key), ..genesis() };
        assert_eq!(begin(&genesis).unwrap_err(), GenesisError::Group);
    }
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
