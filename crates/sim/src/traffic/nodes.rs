//! Kinds 2 to 5: nodes with the actors' keys, some bound before, some signed for another node, some by nobody; and what
//! becomes of nodes that are there, by their owners and by others.
//!
//! Never a key that nobody has: later kinds sign with them.

use chain::records::{Address, Held, KeyRole, Node, NodeId, Roles};
use ledger::Claim;
use ledger::tx::{Action, NodeCreate, NodeKey, NodeRetire, NodeSet};
use receipt::PublicKey;

use super::Wish;
use crate::keys::{ACTORS, Key, VALIDATORS, actor, key_of, validator};
use crate::random::Random;
use crate::scene::Scene;

/// Nodes that a scene has.
pub(super) fn there<'a>(scene: &'a Scene<'_>) -> Vec<(NodeId, &'a Node)> {
    let nodes = scene.held.iter().filter_map(|held| {
        if let Held::Node(slot, node) = held { Some((slot.0, node)) } else { None }
    });
    nodes.collect()
}

/// A node, and mostly its owner.
pub(super) fn owned(
    random: &mut Random,
    scene: &Scene<'_>,
) -> Option<(NodeId, Node, &'static Key)> {
    let (id, node) = random.choose(&there(scene)).map(|(id, node)| (*id, Node::clone(node)))?;
    let payer = match random.once_in(8) {
        true => actor(random.index(ACTORS)),
        false => key_of(&node.owner)?,
    };
    Some((id, node, payer))
}

pub(super) fn make(random: &mut Random, scene: &Scene<'_>) -> Option<Wish> {
    if random.once_in(2) {
        return Some(create(random, scene));
    }
    let (id, node, payer) = owned(random, scene)?;
    let action = match random.below(10) {
        0 => Action::NodeRetire(NodeRetire { node: id }),
        1..=5 => {
            let role = *random.pick(&ROLES);
            let before = match role {
                KeyRole::Operator => node.operator,
                KeyRole::Transport => node.transport,
                KeyRole::Validator => node.validator,
            };
            let before = if random.once_in(8) { PublicKey::NONE } else { before };
            let claim = claim(random, scene, id, role);
            Action::NodeKey(NodeKey { node: id, role, before, claim })
        }
        _ => Action::NodeSet(NodeSet { node: id, roles: roles(random), address: address(random) }),
    };
    Some(Wish { payer, action })
}

const ROLES: [KeyRole; 3] = [KeyRole::Operator, KeyRole::Transport, KeyRole::Validator];

fn create(random: &mut Random, scene: &Scene<'_>) -> Wish {
    let payer = actor(random.index(ACTORS));
    let id = NodeId::of(scene.state.network(), payer.public, scene.number(payer.public));
    let [operator, transport, validator] = ROLES.map(|role| claim(random, scene, id, role));
    let (roles, address) = (roles(random), address(random));
    let action = NodeCreate { roles, address, operator, transport, validator };
    Wish { payer, action: Action::NodeCreate(action) }
}

/// A key's word, mostly true; of no key, where the role may do without.
fn claim(random: &mut Random, scene: &Scene<'_>, id: NodeId, role: KeyRole) -> Claim {
    let key = match role {
        KeyRole::Validator => validator(random.index(VALIDATORS)),
        KeyRole::Operator | KeyRole::Transport => actor(random.index(ACTORS)),
    };
    let network = scene.state.network();
    let signature = match random.below(24) {
        0 => role.bind(network, &key.secret, NodeId(random.bytes())),
        1 => role.bind(network, &actor(random.index(ACTORS)).secret, id),
        2 | 3 if role != KeyRole::Operator => return Claim::NONE,
        _ => role.bind(network, &key.secret, id),
    };
    Claim { key: key.public, signature }
}

fn roles(random: &mut Random) -> Roles {
    Roles::of(random.byte() & 0b1111).expect("every one of these bits has a meaning")
}

fn address(random: &mut Random) -> Address {
    let text = format!("node-{}.example:{}", random.below(100), random.below(65_536));
    Address::of(&text).expect("it is plain and short")
}
