//! A dispute as its two sides follow it: the referee's state is made again from the moves that blocks hold.
//!
//! Never judges: what the ledger's referee took is taken here.

use chain::records::{ClaimedStep, DisputeSlot};
use commit::Network;
use dispute::sides::{Challenger, Claimant, Side};
use dispute::{Claim, Dispute, Filing, Move, Party as Turn};
use receipt::PartialOpening;

use super::cases::{MODEL, Tale};
use super::hall::{Answer, PartyId, WHICH};
use crate::keys::Key;

/// What the ledger does not count itself.
const NO_TIME: u64 = 0;

/// A dispute about the last token of an answer.
pub(crate) struct Trial {
    /// Its place among the answers.
    pub(crate) answer: usize,
    pub(crate) accused: PartyId,
    pub(crate) accuser: PartyId,
    /// The accuser's key, or a friend's.
    pub(crate) by: &'static Key,
    pub(crate) step: ClaimedStep,
    pub(crate) slot: DisputeSlot,
    pub(crate) claim: DisputeSlot,
    referee: Dispute<'static>,
}

/// What shows the disputed token.
pub(crate) fn filing(answer: &Answer) -> Filing {
    let show = |leaf| answer.job.show(&answer.salts, leaf).expect("a job has eight leaves");
    let place = answer.case.place();
    let shown = PartialOpening::new(&answer.salts, WHICH, &answer.output, place);
    Filing {
        head: answer.head,
        terms: show(0),
        prompt: show(2),
        parameters: show(3),
        claim: Claim::Token(shown.expect("the output has the place")),
    }
}

impl Trial {
    /// Somebody accuses an answer.
    pub(crate) fn of(
        network: Network,
        (at, answer): (usize, &Answer),
        accuser: PartyId,
        by: &'static Key,
    ) -> Self {
        let subject = filing(answer).check(&MODEL, network).expect("a sound filing");
        let (worker, job) = (answer.receipt.worker, answer.receipt.job);
        let (position, what) = (answer.case.place(), answer.token());
        let step = ClaimedStep { worker, job, choice: 0, position, kind: 1, what };
        Self {
            answer: at,
            accused: answer.worker,
            accuser,
            by,
            step,
            slot: step.disputed_by(network, by.public),
            claim: step.slot(network),
            referee: Dispute::open(&MODEL, subject, NO_TIME, NO_TIME),
        }
    }

    /// The state's bytes, which whoever moves brings.
    pub(crate) fn state(&self) -> Vec<u8> {
        self.referee.encode()
    }

    /// The move of whose turn it is, as this tale goes; none: the tale has nothing to say.
    pub(crate) fn next(&self, answer: &Answer, tale: Tale) -> Option<Move> {
        let asked = self.referee.asked()?;
        let story = answer.story(tale);
        match self.referee.turn()? {
            Turn::Claimant => Claimant(story).answer(&asked),
            Turn::Challenger => Challenger(story).answer(&asked),
        }
    }

    /// A block has a move.
    pub(crate) fn took(&mut self, made: &Move) {
        if let Some(turn) = self.referee.turn() {
            self.referee.take(turn, made, NO_TIME).expect("the ledger's referee took it");
        }
    }
}
