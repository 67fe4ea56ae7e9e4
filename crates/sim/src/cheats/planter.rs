//! No cheat: an honest worker that answers itself falsely on purpose, and said so beforehand, hidden. Who audits such an
//! answer and does not look says that it is true, and the planter shows that it is not.
//!
//! It must never be slashed for what it planted; who accuses it of that gets its bond, and loses nothing.

use chain::Epoch;
use chain::records::{EpochStartSlot, NodeId, PlantSlot, Planted, Stage as At};
use commit::{Blind, Salts};
use ledger::Parameter;
use ledger::tx::{Action, PutPlant};

use crate::court::auditing::{answer, doubt};
use crate::court::work::{anchor, appeal, defend_some, log, serve_each, settle, show};
use crate::court::{
    Ask, CASES, LASTING, PRICE, Player, Stage, Tale, case, channel, forms, leave, pay, prosecute,
};
use crate::keys::Key;
use crate::random::Random;

/// How many blocks from now its jobs are dated: which of them comes two epochs from now nobody knows yet.
const DATED_IN: &[u64] = &[17, 20, 24, 32];
/// Answers that it plants.
const PLANTED: usize = 3;
/// A whole epoch lies between the one of a plant and the first one that its job may be dated in.
const EPOCHS_BETWEEN: u64 = 2;

/// A plant, and what it hides.
struct Hidden {
    slot: PlantSlot,
    planted: Planted,
    case: usize,
    height: u64,
    blind: Blind,
    asked: bool,
}

impl Hidden {
    /// Whether its job may be asked for, now or later: it was planted, and long enough before the job's date.
    fn may(&self, stage: &Stage<'_, '_>) -> bool {
        let first = EpochStartSlot(Epoch(self.slot.epoch.0 + EPOCHS_BETWEEN));
        let young = stage.scene.record(&first).is_some_and(|first| self.height < first.height.0);
        let known = stage.scene.record(&first).is_some() || self.height > stage.clock.height.0;
        !self.asked && !young && known && stage.scene.record(&self.slot).is_some()
    }
}

struct Planter {
    plants: Vec<Hidden>,
}

pub(super) fn cast(_: &mut Random) -> Box<dyn Player> {
    Box::new(Planter { plants: Vec::new() })
}

impl Player for Planter {
    fn act(&mut self, stage: &mut Stage<'_, '_>) {
        let me = stage.me;
        self.plant(stage);
        self.ask_itself(stage);
        serve_each(stage, |ask| if ask.client == ask.worker { Tale::False } else { Tale::True });
        pay(stage, |_| (PRICE, LASTING));
        leave(stage, me, u64::from(self.waits(stage)));
        log(stage);
        anchor(stage);
        settle(stage);
        self.meet(stage);
        let answers: Vec<bool> = stage.hall.answers.iter().map(|made| made.is_true()).collect();
        defend_some(stage, |trial| answers[trial.answer], |_| Tale::True);
        appeal(stage, |_| true);
        show(stage);
        answer(stage, true);
        doubt(stage, |made| made.worker == me);
        prosecute(stage, |_| Some(Tale::True));
    }
}

impl Planter {
    /// Plants what it may, in the epoch in which it comes.
    fn plant(&mut self, stage: &mut Stage<'_, '_>) {
        let Some(node) = stage.party().node() else { return };
        if self.plants.is_empty() {
            let most = usize::try_from(stage.scene.parameter(Parameter::PlantsEpoch));
            let count = DATED_IN.len().min(most.unwrap_or(usize::MAX));
            self.plants = (0..).zip(&DATED_IN[..count]).map(|at| hidden(stage, node, at)).collect();
        }
        let friend = planting(stage);
        for hidden in &self.plants {
            let slot = hidden.slot;
            if slot.epoch == stage.epoch() && stage.scene.record(&slot).is_none() {
                let commitment = hidden.planted.commitment(stage.hall.network);
                let PlantSlot { epoch, index, .. } = slot;
                let plant = PutPlant { epoch, index, commitment };
                stage.wish(friend, Some(Action::Plant(plant)));
            }
        }
    }

    /// Asks itself for planted answers, when their dates have come.
    fn ask_itself(&mut self, stage: &mut Stage<'_, '_>) {
        let me = stage.me;
        if channel(stage, me).is_none() || !self.waits(stage) {
            return;
        }
        stage.hall.until = stage.epoch().next();
        let height = stage.clock.height.0;
        let due = |hidden: &&mut Hidden| hidden.may(stage) && hidden.height <= height;
        let Some(hidden) = self.plants.iter_mut().find(due) else { return };
        if let Some(epoch) = epoch_of(stage, hidden.height) {
            hidden.asked = true;
            let (case, date, blind) = (hidden.case, (hidden.height, epoch), hidden.blind);
            stage.hall.asks.push(Ask { client: me, worker: me, case, date, blind });
        }
    }

    /// Whether it still wants to ask itself for something.
    fn waits(&self, stage: &Stage<'_, '_>) -> bool {
        let asked = self.plants.iter().filter(|hidden| hidden.asked).count();
        asked < PLANTED && self.plants.iter().any(|hidden| hidden.may(stage))
    }

    /// Says of each case about a planted answer that it was planted.
    fn meet(&self, stage: &mut Stage<'_, '_>) {
        let (me, owner) = (stage.me, stage.party().owner());
        for (at, case) in stage.open(|trial| trial.accused == me) {
            let trial = &stage.hall.trials[at];
            let of = |hidden: &&Hidden| hidden.planted.job == trial.step.job;
            let Some(hidden) = self.plants.iter().find(of) else { continue };
            if case.stage == At::Claimant && !case.begun {
                let salt = hidden.planted.salt;
                let action = forms::plant_meet(stage.hall, trial, hidden.slot, salt);
                stage.wish(owner, action);
            }
        }
    }
}

/// A key by which nobody knows whose the plants are.
fn planting(stage: &Stage<'_, '_>) -> &'static Key {
    stage.party().keys.last().expect("it has a friend")
}

/// A plant of this epoch, whose job is dated in so many blocks.
fn hidden(stage: &mut Stage<'_, '_>, node: NodeId, (index, after): (u8, &u64)) -> Hidden {
    let (at, blind) = (stage.random.index(CASES), Blind(stage.random.bytes()));
    let (case, height) = (case(at), stage.clock.height.0 + after);
    let salts = Salts { network: stage.hall.network, blind };
    let job = case.job(height).commitment(&salts);
    let (position, salt) = (case.place(), stage.random.bytes());
    let planted = Planted { node, job, choice: 0, position, salt };
    let slot = PlantSlot { planter: planting(stage).public, epoch: stage.epoch(), index };
    Hidden { slot, planted, case: at, height, blind, asked: false }
}

/// The epoch that a height is of.
fn epoch_of(stage: &Stage<'_, '_>, height: u64) -> Option<Epoch> {
    let epochs = (0..=stage.epoch().0).rev().map(Epoch);
    let began = |epoch: &Epoch| {
        let start = stage.scene.record(&EpochStartSlot(*epoch));
        start.is_some_and(|start| start.height.0 <= height)
    };
    epochs.take(EPOCHS_MAX).find(began)
}

/// More epochs than a court has.
const EPOCHS_MAX: usize = 1_000;
