//! A client that sends one validator more than it can keep: many numbers of many accounts, that can't be taken yet or
//! at all, and bytes that nobody signed.
//!
//! What holds: a pool has a bound in all and a bound of one payer, and others' transactions are taken nevertheless. Never
//! fills what is kept for others: that is what the bound of one payer is for.

use chain::records::AccountSlot;
use chain::{Amount, Transaction};
use ledger::tx::{Action, Transfer};
use receipt::Signature;

use super::{Client, Sent};
use crate::keys::actor;
use crate::scene::record;
use crate::validator::Peer;

/// Who it is.
const FIRST: usize = 80;
const COUNT: usize = 16;
/// What it sends at a time.
const AT_ONCE: u64 = 24;

pub(super) fn act(client: &mut Client<'_>) -> Sent {
    let peer = Peer(client.random.index(client.peers));
    let mut one = |ahead: u64| {
        let key = actor(FIRST + client.random.index(COUNT));
        let account = record(client.state, &AccountSlot(key.public)).unwrap_or_default();
        let action = Action::Transfer(Transfer { to: actor(3).public, amount: Amount(1) });
        let what = (action.kind(), account.made + ahead, Amount(u128::MAX));
        let mut made =
            Transaction::sign(client.state.network(), &key.secret, what, action.encode());
        if client.random.once_in(4) {
            made.signature = Signature::NONE;
        }
        (peer, made)
    };
    (0..AT_ONCE).map(&mut one).collect()
}
