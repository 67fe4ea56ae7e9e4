//! Accounts with money that send everybody transactions that nobody may take, and others behind them: a rejected one
//! costs its payer nothing.
//!
//! What holds: what would be rejected does not wait, and what waits for a number that does not come leaves a full pool
//! first. Never spends anything.

use chain::records::AccountSlot;
use chain::{Amount, Transaction};
use ledger::tx::{Action, Transfer};

use super::{Client, Sent};
use crate::keys::actor;
use crate::scene::record;
use crate::validator::{POOL_OF_ONE_MAX, Peer};

/// Who they are: nobody who is honest signs with these.
const CROWD: [(usize, usize); 3] = [(40, 20), (70, 10), (133, 20)];
/// How many send at a time: others after each block.
const AT_ONCE: usize = 4;

pub(super) fn act(client: &mut Client<'_>) -> Sent {
    let mut sent = Vec::new();
    let crowd: Vec<usize> = CROWD.iter().flat_map(|(first, count)| *first..first + count).collect();
    let turn = client.chain.len() * AT_ONCE;
    for at in turn..turn + AT_ONCE {
        let key = actor(crowd[at % crowd.len()]);
        let account = record(client.state, &AccountSlot(key.public)).unwrap_or_default();
        for number in (account.made..).take(POOL_OF_ONE_MAX) {
            let amount = account.balance.plus(Amount(1)).unwrap_or_default();
            let action = Action::Transfer(Transfer { to: actor(5).public, amount });
            let what = (action.kind(), number, Amount(u128::MAX));
            let network = client.state.network();
            let made = Transaction::sign(network, &key.secret, what, action.encode());
            sent.extend((0..client.peers).map(|peer| (Peer(peer), made.clone())));
        }
    }
    sent
}
