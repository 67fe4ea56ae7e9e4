//! Keys without money that send everybody transactions whose turn never comes: more of them than a pool has room for.
//!
//! What holds: who can't pay does not wait. Never a key that has an account.

use chain::{Amount, Transaction};
use ledger::tx::{Action, Transfer};
use receipt::SecretKey;
use std::sync::LazyLock;

use super::{Client, Sent};
use crate::keys::actor;
use crate::validator::{POOL_OF_ONE_MAX, Peer};

/// Who they are.
const CROWD: u8 = 40;
/// How many send at a time: others after each block.
const AT_ONCE: usize = 4;

static KEYS: LazyLock<Vec<SecretKey>> =
    LazyLock::new(|| (0..CROWD).map(|at| SecretKey::from_seed([at + 1; 32])).collect());

pub(super) fn act(client: &mut Client<'_>) -> Sent {
    let mut sent = Vec::new();
    let turn = client.chain.len() * AT_ONCE;
    for at in turn..turn + AT_ONCE {
        let key = &KEYS[at % KEYS.len()];
        for number in (1..).take(POOL_OF_ONE_MAX) {
            let action = Action::Transfer(Transfer { to: actor(5).public, amount: Amount(1) });
            let what = (action.kind(), number, Amount(u128::MAX));
            let made = Transaction::sign(client.state.network(), key, what, action.encode());
            sent.extend((0..client.peers).map(|peer| (Peer(peer), made.clone())));
        }
    }
    sent
}
