//! What simulated networks begin with.
//!
//! Never an owner whom nobody plays: nodes are of actors, and their validator keys are the validators'.

use chain::records::{Address, Roles};
use chain::{Amount, GenesisNode};
use receipt::PublicKey;

use crate::keys::{actor, validator};
use crate::random::Random;

/// The first actor that owns a node of a genesis; the next ones own the next.
const OWNERS: usize = 100;
/// The first actor whose key is such a node's operator key.
const OPERATORS: usize = 120;
/// Nodes of a genesis.
pub(crate) const NODES_MAX: usize = 12;

/// So many nodes, each with something at stake.
pub(crate) fn nodes(random: &mut Random, count: usize) -> Vec<GenesisNode> {
    let mut made = Vec::with_capacity(count);
    for at in 0..count {
        made.push(GenesisNode {
            owner: actor(OWNERS + at).public,
            operator: actor(OPERATORS + at).public,
            transport: PublicKey::NONE,
            validator: validator(at).public,
            roles: Roles::of(1).expect("a worker"),
            address: Address::of("node.example:4433").expect("it is plain"),
            stake: Amount(1_000_000_000 * u128::from(random.between(1, 9))),
        });
    }
    made
}
