//! A client that sends again what was taken before, and what was signed for another network.
//!
//! What holds: no transaction is taken twice, none of another network at all. Never has a key but its own.

use chain::{Amount, Transaction};
use commit::Network;
use ledger::tx::{Action, Transfer};

use super::{Client, Sent};
use crate::keys::actor;
use crate::validator::Peer;

pub(super) fn act(client: &mut Client<'_>) -> Sent {
    let random = &mut *client.random;
    let taken: Vec<&Transaction> =
        client.chain.iter().rev().take(32).flat_map(|block| &block.transactions).collect();
    let again = match random.choose(&taken) {
        Some(taken) if !random.once_in(4) => Transaction::clone(taken),
        Some(_) | None => {
            let action = Action::Transfer(Transfer { to: actor(1).public, amount: Amount(1) });
            let what = (action.kind(), 0, Amount(u128::MAX));
            Transaction::sign(Network(random.bytes()), &actor(2).secret, what, action.encode())
        }
    };
    (0..client.peers).map(|peer| (Peer(peer), again.clone())).collect()
}
