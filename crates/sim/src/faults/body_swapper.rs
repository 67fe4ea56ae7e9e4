//! A validator that shows true headers and true certificates with other transactions behind them: to who wants a block,
//! to who is behind, and to everybody as soon as there is a certificate.
//!
//! What holds: a header's hash names its transactions, so that what does not fit is nobody's block, and accuses nobody
//! who certified the header. Never a header that is not true.

use chain::{Amount, Block, KindNumber, Transaction};
use std::sync::Arc;

use super::Stage;
use crate::keys::actor;
use crate::validator::{Action, Kept, Message};

pub(super) fn act(stage: &mut Stage<'_>, actions: Vec<Action>) -> Vec<Action> {
    let mut done = Vec::new();
    for action in actions {
        match action {
            Action::Send(to, Message::Body(block)) => {
                *stage.acted += 1;
                done.push(Action::Send(to, Message::Body(swapped(stage, &block))));
            }
            Action::Send(to, Message::Blocks(mut blocks)) => {
                *stage.acted += 1;
                blocks.iter_mut().for_each(|(block, _)| *block = swapped(stage, block));
                done.push(Action::Send(to, Message::Blocks(blocks)));
            }
            Action::Keep(Kept::Block(block, certificate)) => {
                *stage.acted += 1;
                let false_one = (swapped(stage, &block), certificate.clone());
                done.push(Action::Broadcast(Message::Blocks(vec![false_one])));
                done.push(Action::Keep(Kept::Block(block, certificate)));
            }
            other @ (Action::Keep(_)
            | Action::Send(..)
            | Action::Broadcast(_)
            | Action::Wake(..)
            | Action::Stop(_)) => done.push(other),
        }
    }
    done
}

/// The same header with other transactions.
fn swapped(stage: &mut Stage<'_>, block: &Block) -> Arc<Block> {
    let mut other = block.clone();
    if other.transactions.pop().is_none() {
        let network = stage.validator.state().network();
        let what = (KindNumber(1), 0, Amount(1 << 60));
        other.transactions.push(Transaction::sign(network, &actor(2).secret, what, vec![1; 48]));
    }
    Arc::new(other)
}
