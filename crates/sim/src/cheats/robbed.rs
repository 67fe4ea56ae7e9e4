//! No cheat: a node whose operator's key was stolen. Its owner notices after a while, and gives the key up.
//!
//! It loses what the thief shows of it; nobody answers for a key but its node.

use chain::records::KeyRole;
use ledger::Claim;
use ledger::tx::{Action, NodeKey};

use crate::court::{Player, Stage};
use crate::random::Random;

/// What such a node is called.
pub(super) const NAME: &str = "robbed node";

struct Robbed {
    /// The block in which its owner notices.
    notices: u64,
}

pub(super) fn cast(random: &mut Random) -> Box<dyn Player> {
    Box::new(Robbed { notices: random.between(6, 30) })
}

impl Player for Robbed {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        let (Some(node), party) = (stage.party().node(), stage.party()) else { return };
        let (owner, before) = (party.owner(), party.operator().public);
        let next = party.keys.last().expect("it has another key");
        let record = stage.scene.record(&chain::records::NodeSlot(node));
        let still = record.is_some_and(|record| record.operator == before);
        if still && stage.clock.height.0 >= self.notices {
            let role = KeyRole::Operator;
            let signature = role.bind(stage.hall.network, &next.secret, node);
            let claim = Claim { key: next.public, signature };
            stage.wish(owner, Some(Action::NodeKey(NodeKey { node, role, before, claim })));
        }
    }
}
