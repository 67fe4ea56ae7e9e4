//! Machines that stop within whatever they do, and begin again with what they had made durable.
//!
//! What holds: nobody says twice what it may say once; a network whose machines all stopped goes on. Never a disk that
//! loses what was kept: that machine would have to cheat.

use crate::random::Random;
use crate::validator::Peer;

/// One or two of them.
pub(super) fn some(random: &mut Random, peers: usize) -> Vec<Peer> {
    let count = random.between(1, 2);
    (0..count).map(|_| Peer(random.index(peers))).collect()
}

/// Every one.
pub(super) fn all(_: &mut Random, peers: usize) -> Vec<Peer> {
    (0..peers).map(Peer).collect()
}
