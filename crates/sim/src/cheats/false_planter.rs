//! Lies, and says when it is accused that the answer was a plant: one that it never committed to.
//!
//! It wants the slash to become a plant's bond. A plant opens to one job alone, and was there two epochs before it.

use chain::records::{AuditSlot, NodeId, PlantSlot, Planted};
use ledger::tx::{Action, PutPlant};

use crate::court::auditing::answer;
use crate::court::work::{anchor, defend, log, serve, settle, show};
use crate::court::{Player, Stage, Tale, forms};
use crate::random::Random;

struct FalsePlanter {
    /// What it planted.
    planted: Option<(NodeId, PlantSlot)>,
    /// It does not say so in every block: a move is due, too.
    says: bool,
}

pub(super) fn cast(_: &mut Random) -> Box<dyn Player> {
    Box::new(FalsePlanter { planted: None, says: false })
}

impl Player for FalsePlanter {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        serve(stage, |nth| if nth % 2 == 0 { Tale::False } else { Tale::True });
        log(stage);
        anchor(stage);
        settle(stage);
        show(stage);
        answer(stage, true);
        self.plant(stage);
        self.says = !self.says && stage.random.once_in(2);
        match self.says {
            true => self.say_so(stage),
            false => defend(stage, |_| Tale::False),
        }
    }
}

impl FalsePlanter {
    /// Plants something, as early as it can.
    fn plant(&mut self, stage: &mut Stage<'_, '_>) {
        let Some(node) = stage.party().node() else { return };
        if self.planted.is_none() {
            let commitment = hidden(node).commitment(stage.hall.network);
            let (owner, epoch) = (stage.party().owner(), stage.epoch());
            let plant = PutPlant { epoch, index: 0, commitment };
            stage.wish(owner, Some(Action::Plant(plant)));
            self.planted = Some((node, plant.slot(owner.public)));
        }
    }

    /// Says of each case that it was planted.
    fn say_so(&self, stage: &mut Stage<'_, '_>) {
        let (me, owner) = (stage.me, stage.party().owner());
        let Some((node, slot)) = self.planted else { return };
        for (at, _) in stage.open(|trial| trial.accused == me) {
            let trial = &stage.hall.trials[at];
            let salt = hidden(node).salt;
            let action = forms::plant_meet(stage.hall, trial, slot, salt);
            stage.wish(owner, action);
        }
    }
}

/// A job that nobody asked for.
fn hidden(node: NodeId) -> Planted {
    let none = AuditSlot { epoch: chain::Epoch(0), index: 0 };
    let salt = crate::court::auditing::salt(none);
    Planted { node, job: node.0, choice: 0, position: 1, salt }
}
