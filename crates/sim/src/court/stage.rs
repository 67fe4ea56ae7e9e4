//! What a player sees when it is its turn, and what it may say: wishes, nothing else.
//!
//! Never remembers: what is on the ledger is looked up each time, so a wish that was left out is made again.

use chain::Epoch;
use chain::records::{
    Anchor, AnchorSlot, Case, Clock, Course, Dispute, Held, Missing, MissingSlot,
};
use ledger::tx::Action;
use receipt::PublicKey;

use super::hall::{Hall, Party, PartyId};
use super::trial::Trial;
use crate::keys::Key;
use crate::random::Random;
use crate::scene::Scene;
use crate::traffic::Wish;

/// A turn.
pub(crate) struct Stage<'a, 's> {
    pub(crate) me: PartyId,
    pub(crate) hall: &'a mut Hall,
    pub(crate) scene: &'a Scene<'s>,
    pub(crate) random: &'a mut Random,
    pub(crate) clock: Clock,
    pub(crate) wishes: &'a mut Vec<Wish>,
}

/// How far a trial is.
#[derive(Clone, Debug)]
pub(crate) enum Progress {
    /// Nothing of it is on the ledger.
    Unknown,
    /// It goes on.
    Open(Box<Case>),
    /// It has ended.
    Ended,
    /// What it is about was decided without it.
    Closed,
}

/// Somebody who plays.
pub(crate) trait Player {
    /// Does what it does before a block.
    fn act(&mut self, stage: &mut Stage<'_, '_>);
}

impl Stage<'_, '_> {
    /// The one whose turn it is.
    pub(crate) fn party(&self) -> &Party {
        self.hall.party(self.me)
    }

    /// Wants something, where there is something to want.
    pub(crate) fn wish(&mut self, payer: &'static Key, action: Option<Action>) {
        self.wishes.extend(action.map(|action| Wish { payer, action }));
    }

    /// The epoch that it is.
    pub(crate) fn epoch(&self) -> Epoch {
        self.clock.epoch
    }

    /// How far a trial is.
    pub(crate) fn progress(&self, trial: &Trial) -> Progress {
        match self.scene.record(&trial.slot) {
            Some(Dispute { course: Course::Open(case), .. }) => Progress::Open(case),
            Some(Dispute { course: Course::Ended(_), .. }) => Progress::Ended,
            None if self.scene.record(&trial.claim).is_some() => Progress::Closed,
            None => Progress::Unknown,
        }
    }

    /// Of these trials the places of those that are open, and how far they are.
    pub(crate) fn open(&self, which: impl Fn(&Trial) -> bool) -> Vec<(usize, Box<Case>)> {
        let all = self.hall.trials.iter().enumerate().filter(|(_, trial)| which(trial));
        let open = all.filter_map(|(at, trial)| match self.progress(trial) {
            Progress::Open(case) => Some((at, case)),
            Progress::Unknown | Progress::Ended | Progress::Closed => None,
        });
        open.collect()
    }

    /// Whether a moment has passed by the clock of the last block.
    pub(crate) fn is_past(&self, deadline: chain::Time) -> bool {
        self.clock.time > deadline
    }

    /// A key's log as it was anchored last.
    pub(crate) fn anchored(&self, worker: PublicKey) -> Option<Anchor> {
        self.scene.record(&AnchorSlot(worker))
    }

    /// Of how many leaves that is.
    pub(crate) fn size(&self, worker: PublicKey) -> u64 {
        self.anchored(worker).map_or(0, |anchor| anchor.size)
    }

    /// Receipts that are asked for, and by what they are.
    pub(crate) fn missing(&self) -> Vec<(MissingSlot, Missing)> {
        let held = self.scene.held.iter().filter_map(|held| {
            if let Held::Missing(slot, missing) = held { Some((*slot, *missing)) } else { None }
        });
        held.collect()
    }
}
