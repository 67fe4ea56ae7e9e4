//! A dispute as its two sides follow it: the referee's state is made again from the moves that blocks hold.
//!
//! Never judges: what the ledger's referee took is taken here.

use chain::records::{ClaimedStep, DisputeSlot, NodeId, Vouching, audit_finding};
use commit::{Digest, Network};
use dispute::sides::{Challenger, Claimant, Side};
use dispute::{Claim, Dispute, Filing, Move, Party as Turn};
use receipt::PartialOpening;

use super::cases::{MODEL, Tale};
use super::hall::{Answer, PartyId, WHICH};
use crate::keys::Key;

/// What the ledger does not count itself.
const NO_TIME: u64 = 0;

/// A dispute about the last step of an answer.
pub(crate) struct Trial {
    /// Its place among the answers.
    pub(crate) answer: usize,
    pub(crate) accused: PartyId,
    /// Whose word is doubted: the worker's, or an auditor's.
    pub(crate) node: NodeId,
    /// In which audit, where it is an auditor's.
    pub(crate) vouching: Option<Vouching>,
    pub(crate) accuser: PartyId,
    /// The accuser's key, or a friend's.
    pub(crate) by: &'static Key,
    pub(crate) step: ClaimedStep,
    pub(crate) slot: DisputeSlot,
    pub(crate) claim: DisputeSlot,
    referee: Dispute<'static>,
}

/// What shows the disputed step: [`Answer::filing`] keeps it.
pub(super) fn filing(answer: &Answer) -> Filing {
    let show = |leaf| answer.job.show(&answer.salts, leaf).expect("a job has eight leaves");
    let claim = match answer.tale {
        Tale::True | Tale::False => {
            let place = answer.case.place();
            let shown = PartialOpening::new(&answer.salts, WHICH, &answer.output, place);
            Claim::Token(shown.expect("the output has the place"))
        }
        Tale::Fault => Claim::Fault(Box::new(answer.receipt.clone())),
    };
    let (terms, prompt, parameters) = (show(0), show(2), show(3));
    Filing { head: answer.head, terms, prompt, parameters, claim }
}

/// What who computes an answer finds, as a tale goes: the root of its log, which a claimant shows first. [`Answer::finding`]
/// keeps it.
pub(super) fn finding(network: Network, answer: &Answer, tale: Tale) -> Option<Digest> {
    let subject = answer.filing().check(&MODEL, network).ok()?;
    let referee = Dispute::open(&MODEL, subject, NO_TIME, NO_TIME);
    match Claimant(answer.story(tale)).answer(&referee.asked()?)? {
        Move::Root(root) => Some(audit_finding(network, &[root])),
        Move::OwnRoot { .. }
        | Move::Children(_)
        | Move::Name(_)
        | Move::Ops { .. }
        | Move::Parts(_)
        | Move::Open(_)
        | Move::Operands(_)
        | Move::Blind(_) => None,
    }
}

impl Trial {
    /// Somebody accuses an answer of a worker's node.
    pub(crate) fn of(
        network: Network,
        (at, answer): (usize, &Answer),
        node: NodeId,
        (accuser, by): (PartyId, &'static Key),
    ) -> Self {
        let subject = answer.filing().check(&MODEL, network).expect("a sound filing");
        let step = answer.step();
        Self {
            answer: at,
            accused: answer.worker,
            node,
            vouching: None,
            accuser,
            by,
            step,
            slot: step.disputed_by(network, by.public),
            claim: step.slot(network),
            referee: Dispute::open(&MODEL, subject, NO_TIME, NO_TIME),
        }
    }

    /// The same of an auditor who found nothing false in it.
    pub(crate) fn vouched(self, network: Network, auditor: PartyId, vouching: Vouching) -> Self {
        Self {
            accused: auditor,
            node: vouching.node,
            slot: vouching.disputed_by(network, &self.step, self.by.public),
            claim: vouching.slot(network),
            vouching: Some(vouching),
            ..self
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
