//! A client that spends the same money twice: two transactions under one number, each to some validators.
//!
//! What holds: one of them at most is in the chain. Never has another's key.

use chain::records::AccountSlot;
use chain::{Amount, Transaction};
use ledger::tx::{Action, Transfer};

use super::{Client, Sent};
use crate::keys::actor;
use crate::scene::record;
use crate::validator::Peer;

/// Who it is: nobody who is honest signs with these.
const FIRST: usize = 60;
const COUNT: usize = 8;

pub(super) fn act(client: &mut Client<'_>) -> Sent {
    let key = actor(FIRST + client.random.index(COUNT));
    let account = record(client.state, &AccountSlot(key.public)).unwrap_or_default();
    let pair = [1, 2].map(|which| {
        let to = actor(FIRST + COUNT + which).public;
        let action = Action::Transfer(Transfer { to, amount: Amount(account.balance.0 / 2) });
        let what = (action.kind(), account.made, Amount(u128::MAX));
        Transaction::sign(client.state.network(), &key.secret, what, action.encode())
    });
    let mut sent = Vec::new();
    for peer in (0..client.peers).map(Peer) {
        sent.push((peer, client.random.pick(&pair).clone()));
    }
    sent
}
