//! A validator that sends certified blocks that nobody certified: with too few signatures, with its own for every seat's,
//! with any bytes for signatures; and others' signatures that they never gave.
//!
//! What holds: a certificate is of a quorum of seats' keys or is none. Never has another's key.

use chain::{Certificate, View};
use receipt::Signature;
use std::sync::Arc;

use super::Stage;
use crate::scene::seats;
use crate::validator::{Action, Message, Signed};

pub(super) fn act(stage: &mut Stage<'_>, mut actions: Vec<Action>) -> Vec<Action> {
    if !stage.random.once_in(4) {
        return actions;
    }
    let stamp = stage.clock_ms;
    let Some(block) = stage.validator.block_at(stamp, &mut Vec::new()) else { return actions };
    let Some(seats) = seats(stage.validator.state()) else { return actions };
    *stage.acted += 1;
    let network = stage.validator.state().network();
    let (hash, secret) = (block.header.hash(network), &stage.validator.key().secret);
    let view = View(stage.random.below(3));
    let mine = chain::vote(network, secret, view, &hash);
    let count = match stage.random.once_in(3) {
        true => seats.quorum() - 1,
        false => seats.0.len(),
    };
    let garbage = stage.random.once_in(2);
    let signature = if garbage { Signature(stage.random.bytes()) } else { mine };
    let signatures = (0..).zip(&seats.0).take(count).map(|(at, _)| (at, signature)).collect();
    let certified = vec![(Arc::clone(&block), Certificate::Quorum { view, signatures })];
    actions.push(Action::Broadcast(Message::Blocks(certified)));
    let signer = stage.random.pick(&seats.0).key;
    let signed = Signed { height: block.header.height, view, header: hash, signer, signature };
    actions.push(Action::Broadcast(Message::Signed(signed)));
    actions
}
