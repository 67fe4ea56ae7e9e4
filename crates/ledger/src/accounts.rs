//! Money in and out of accounts.
//!
//! Never makes or ends money: whoever calls moves it from one place to another.

use chain::Amount;
use chain::records::{Account, AccountSlot};
use receipt::PublicKey;

use crate::stop::{Fault, Rejection, Stop};
use crate::view::View;

/// Gives to an account.
///
/// # Errors
/// [`Fault`] where there is more money than there can be.
pub(crate) fn add(view: &mut View, to: PublicKey, amount: Amount) -> Result<(), Stop> {
    let mut account = view.get(&AccountSlot(to))?.unwrap_or_default();
    account.balance = account.balance.plus(amount).ok_or(Fault::Money("a balance"))?;
    put(view, to, &account)
}

/// Takes from an account.
///
/// # Errors
/// The rejection that is given, where it has less.
pub(crate) fn subtract(
    view: &mut View,
    from: PublicKey,
    amount: Amount,
    otherwise: Rejection,
) -> Result<(), Stop> {
    let mut account = view.get(&AccountSlot(from))?.unwrap_or_default();
    account.balance = account.balance.minus(amount).ok_or(otherwise)?;
    put(view, from, &account)
}

fn put(view: &mut View, key: PublicKey, account: &Account) -> Result<(), Stop> {
    match *account == Account::default() {
        true => view.remove(&AccountSlot(key)),
        false => view.put(&AccountSlot(key), account),
    }
}
