//! Every rejection has a number of its own, and a transaction that gets it.

use chain::records::{Account, AccountSlot};
use chain::state::State;
use chain::{Amount, KindNumber, Transaction};
use ledger::tx::Action;
use ledger::{Rejection, Working};
use std::collections::BTreeSet;

use crate::transfer::transfer;
use crate::world::{FEE_MAX, RICH, World, public, secret};

/// What brings a rejection about.
pub(crate) type Case = (Rejection, fn(&mut World) -> chain::Authentic);

/// The cases of each group of kinds.
const GROUPS: &[&[Case]] = &[
    BASE,
    crate::nodes::REJECTIONS,
    crate::packages::REJECTIONS,
    crate::names::REJECTIONS,
    crate::disputes::REJECTIONS,
    crate::missing::REJECTIONS,
    crate::parts::REJECTIONS,
    crate::plants::REJECTIONS,
    crate::vouchings::REJECTIONS,
    crate::dates::REJECTIONS,
    crate::stakes::REJECTIONS,
    crate::seats::REJECTIONS,
    crate::groups::REJECTIONS,
    crate::proposals::REJECTIONS,
    crate::channels::REJECTIONS,
    crate::anchors::REJECTIONS,
    crate::holds::REJECTIONS,
    crate::audits::REJECTIONS,
    crate::whole::REJECTIONS,
    crate::doubles::REJECTIONS,
];

const BASE: &[Case] = &[
    (Rejection::Kind, |world| raw(world, 65_535, Vec::new())),
    (Rejection::Body, |world| raw(world, 1, vec![0; 47])),
    (Rejection::Number, |world| world.signed_as(1, 1, FEE_MAX, &transfer(2, 1))),
    (Rejection::FeeUnpaid, |world| world.signed(1, &transfer(2, RICH))),
    (Rejection::FeeAbove, |world| world.signed_as(1, 0, Amount(7_859), &transfer(2, 1))),
    (Rejection::NothingMoved, |world| world.signed(1, &transfer(2, 0))),
    (Rejection::ToItself, |world| world.signed(1, &transfer(1, 1))),
    (Rejection::Balance, |world| world.signed(1, &transfer(2, RICH + 1))),
    (Rejection::Exhausted, |world| {
        let tired = Account { balance: Amount(RICH), made: u64::MAX };
        world.state = with_account(&world.state, tired);
        world.signed(1, &transfer(2, 1))
    }),
];

fn raw(world: &World, kind: u16, body: Vec<u8>) -> chain::Authentic {
    let what = (KindNumber(kind), 0, FEE_MAX);
    let made = Transaction::sign(world.network(), &secret(1), what, body);
    made.authenticate(world.network()).unwrap()
}

fn with_account(state: &State, account: Account) -> State {
    let mut working = Working::new(state.clone());
    working.put(&AccountSlot(public(1)), &account);
    working.finish()
}

#[test]
fn each_is_brought_about_by_a_transaction() {
    for (rejection, make) in GROUPS.iter().copied().flatten() {
        let mut world = World::new();
        let transaction = make(&mut world);
        assert_eq!(world.rejection(&transaction), Some(*rejection), "{rejection}");
    }
}

#[test]
fn none_is_without_a_case() {
    let covered: BTreeSet<_> =
        GROUPS.iter().copied().flatten().map(|(rejection, _)| *rejection).collect();
    let all: BTreeSet<_> = Rejection::ALL.iter().copied().collect();
    assert_eq!(covered, all);
    assert_eq!(all.len(), Rejection::ALL.len());
}

/// The page says them in the words of the code.
#[test]
fn the_page_lists_them() {
    let page = include_str!("../../../../spec/ledger.md");
    for rejection in Rejection::ALL {
        let line = format!("| {} | {rejection} |", rejection.number());
        assert!(page.contains(&line), "spec/ledger.md lacks: {line}");
    }
}

#[test]
fn what_is_just_paid_is_taken() {
    let world = World::new();
    let paid = world.signed_as(1, 0, Amount(7_860), &transfer(2, 1));
    assert_eq!(world.rejection(&paid), None);
    let action: Action = transfer(2, RICH - 7_860);
    assert_eq!(world.rejection(&world.signed(1, &action)), None);
}
