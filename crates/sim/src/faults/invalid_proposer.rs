//! A leader whose block may not follow: a rejected transaction or an unsigned one in it, another root, another time; or
//! one that may, but in another leader's name.
//!
//! What holds: nobody who is sound notarizes it. Never a block that follows and is its own.

use chain::{Amount, Block, KindNumber, Transaction, transactions_root};
use receipt::Signature;

use super::Stage;
use crate::keys::actor;
use crate::scene::seats;
use crate::validator::Action;

pub(super) fn act(stage: &mut Stage<'_>, actions: Vec<Action>) -> Vec<Action> {
    stage.proposals(actions, |stage, proposal| {
        let mut block = proposal.block.as_ref().clone();
        spoil(stage, &mut block);
        vec![Action::Broadcast(proposal.with(block))]
    })
}

fn spoil(stage: &mut Stage<'_>, block: &mut Block) {
    let network = stage.validator.state().network();
    let seats = seats(stage.validator.state()).unwrap_or_default();
    let random = &mut *stage.random;
    match random.below(8) {
        0 => block.header.state_root[random.index(32)] ^= 1,
        1 => block.header.time.0 = block.header.time.0.saturating_add(random.between(1, 1 << 40)),
        2 => block.header.beacon[0] ^= 1,
        3 => block.header.proposer = actor(0).public,
        4 if !seats.0.is_empty() => block.header.proposer = random.pick(&seats.0).key,
        5 => {
            let what = (KindNumber(1), u64::MAX, Amount(1 << 60));
            let rejected = Transaction::sign(network, &actor(0).secret, what, vec![0; 48]);
            block.transactions.push(rejected);
        }
        6 if !block.transactions.is_empty() => {
            let at = random.index(block.transactions.len());
            block.transactions.push(block.transactions[at].clone());
        }
        _ => {
            let what = (KindNumber(1), 0, Amount(1 << 60));
            let mut unsigned = Transaction::sign(network, &actor(1).secret, what, vec![1; 48]);
            unsigned.signature = Signature::NONE;
            block.transactions.push(unsigned);
        }
    }
    block.header.transactions = u32::try_from(block.transactions.len()).unwrap_or(u32::MAX);
    block.header.transactions_root = transactions_root(network, &block.transactions);
}
