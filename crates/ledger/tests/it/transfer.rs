//! Kind 1.

use chain::Amount;
use chain::records::PurseSlot;
use ledger::Rejection;
use ledger::tx::{Action, Transfer};

use crate::world::{RICH, World, public};

pub(crate) fn transfer(to: u8, amount: u128) -> Action {
    Action::Transfer(Transfer { to: public(to), amount: Amount(amount) })
}

#[test]
fn money_goes_over_and_the_fee_into_the_purse() {
    let mut world = World::new();
    world.take(1, &transfer(2, 1_000));
    let fees = world.record(&PurseSlot).unwrap().fees;
    // 160 bytes and 48 of a body, one unit of work and 60 of the signature.
    assert_eq!(fees, Amount(10 * (128 + 48) + 6_100));
    assert_eq!(world.account(1).balance, Amount(RICH - 1_000 - fees.0));
    assert_eq!((world.account(1).made, world.account(2).made), (1, 0));
    assert_eq!(world.account(2).balance, Amount(RICH + 1_000));
}

#[test]
fn a_new_account_is_paid_for_by_its_bytes() {
    let mut world = World::new();
    world.take(1, &transfer(77, 1_000));
    let fees = world.record(&PurseSlot).unwrap().fees;
    assert_eq!(fees, Amount(10 * (128 + 48) + 6_100 + 1_000 * (33 + 24)));
    assert_eq!(world.account(77).balance, Amount(1_000));
}

#[test]
fn what_is_refused() {
    let world = World::new();
    let refused = |action: &Action| world.rejection(&world.signed(1, action));
    assert_eq!(refused(&transfer(2, 0)), Some(Rejection::NothingMoved));
    assert_eq!(refused(&transfer(1, 5)), Some(Rejection::ToItself));
    assert_eq!(refused(&transfer(2, RICH + 1)), Some(Rejection::Balance));
    assert_eq!(refused(&transfer(2, RICH)), Some(Rejection::FeeUnpaid));
}
