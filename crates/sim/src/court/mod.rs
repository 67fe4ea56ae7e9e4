//! A court: workers, clients and cheats with real answers of a tiny model, so that what is disputed ends at a tile.
//!
//! Every player is a state machine that looks at the ledger and the hall before a block and wishes for transactions; it
//! is never told what will be taken. What a rule wants of a body is in `forms`; what a wish is spoilt into, in `spoil`.
//! All of it comes from a seed. Never judged here: [`crate::checkers`] looks on.

pub(crate) mod auditing;
mod bailiff;
mod cases;
mod cast;
mod compare;
mod custom;
pub(crate) mod forms;
pub(crate) mod hall;
pub(crate) mod parts;
mod spoil;
mod stage;
mod trial;
pub(crate) mod work;

pub(crate) use cases::{CASES, Tale, case};
pub(crate) use cast::genesis;
pub(crate) use custom::{
    LASTING, TWO_LEAVES, TWO_RECEIPTS, TWO_TOKENS, accuse, ask, channel, contradiction_slot, hold,
    leave, pay, prosecute,
};
pub use hall::PRICE;
pub(crate) use hall::{Ask, Betrayer, Hall, Party, PartyId, Standing};
pub(crate) use stage::{Player, Stage};
pub(crate) use trial::Trial;
pub(crate) use work::Worker;

use chain::records::{Clock, Course, Decision, Held, NodeSlot, Stage as At};
use chain::{Amount, Block, Transaction};
use commit::Network;
use ledger::tx::Action;

use self::custom::ASKING_BLOCKS;
use crate::random::Random;
use crate::scene::{Scene, clock};
use crate::traffic::{Offer, Wish};

/// More than anything costs.
const FEE_MAX: Amount = Amount(u128::MAX);
/// One wish in so many is spoilt on its way, or made twice.
const SPOILT: u64 = 4;
/// Kinds that come so seldom that each is spoilt.
const RARE: &[u16] = &[26, 37, 39, 40, 41, 61];
/// Blocks in which everything must be over.
pub(crate) const BLOCKS_MAX: u64 = 260;
/// Longer than anybody waits here.
const FOR_EVER_MS: u64 = 1_000_000;
/// Kinds of disputes and receipts that are asked for: while there are any, time goes slowly.
const MOVING: std::ops::RangeInclusive<u16> = 50..=51;
/// The kind that shows an answer in an audit.
const SHOWING: u16 = 32;

/// Kinds with a deadline: draws, shows, words, openings, disputes of alarms, moves, appeals, answers.
const DUE: &[u16] = &[31, 32, 33, 34, 39, 50, 51, 54, 62, 65, 71];

/// A court on its way.
pub(crate) struct Court {
    pub(crate) hall: Hall,
    players: Vec<Box<dyn Player>>,
    /// Whether somebody moved before the last block.
    moved: bool,
}

/// Who answers whoever asks, but for oneself.
pub(crate) fn workers(stage: &Stage<'_, '_>) -> Vec<PartyId> {
    let all = stage.hall.parties.iter().enumerate();
    let serve = all.filter(|(at, party)| party.serves && *at != stage.me.0);
    serve.map(|(at, _)| PartyId(at)).collect()
}

/// Whether a case against oneself was taken up after a silence.
pub(crate) fn is_taken_up(stage: &Stage<'_, '_>) -> bool {
    let me = stage.me;
    let own = stage.open(|trial| trial.accused == me);
    own.iter().any(|(_, case)| case.appellant != work::NOBODY && case.stage == At::Claimant)
}

impl Court {
    /// What everybody wants before the next block.
    pub(crate) fn offers(&mut self, random: &mut Random, scene: &mut Scene<'_>) -> Vec<Offer> {
        let mut wishes = Vec::new();
        let Some(clock) = clock(scene.state) else { return Vec::new() };
        let bailiff = self.hall.bailiff;
        let [program, package] = forms::published(&self.hall);
        let has = |is: fn(&Held) -> bool| scene.held.iter().any(is);
        if !has(|held| matches!(held, Held::Program(..))) {
            wishes.push(Wish { payer: bailiff, action: program });
        } else if !has(|held| matches!(held, Held::Package(..))) {
            wishes.push(Wish { payer: bailiff, action: package });
        }
        for at in 0..self.players.len() {
            let player = &mut self.players[at];
            let (me, hall, wishes) = (PartyId(at), &mut self.hall, &mut wishes);
            player.act(&mut Stage { me, hall, scene, random, clock, wishes });
        }
        self.moved = wishes.iter().any(|wish| MOVING.contains(&wish.action.kind().0));
        // What is due comes first; of the rest nothing that is left out keeps the same things behind it each time.
        random.shuffle(&mut wishes);
        wishes.sort_by_key(|wish| !DUE.contains(&wish.action.kind().0));
        let mut offers = Vec::new();
        for wish in wishes {
            self.send(random, scene, wish, &mut offers);
        }
        offers
    }

    /// A wish on its way: before it, now and then, the same spoilt; behind it the same again.
    fn send(
        &self,
        random: &mut Random,
        scene: &mut Scene<'_>,
        wish: Wish,
        offers: &mut Vec<Offer>,
    ) {
        let network = self.hall.network;
        if (RARE.contains(&wish.action.kind().0) || random.once_in(SPOILT))
            && let Some(spoilt) = spoil::spoilt(random, scene, &self.hall, &wish)
        {
            offers.push(signed(network, scene, &spoilt));
        }
        offers.push(signed(network, scene, &wish));
        scene.goes(wish.payer.public);
        let again = !matches!(wish.action, Action::Propose(_) | Action::Stake(_));
        if again && random.once_in(2 * SPOILT) {
            offers.push(signed(network, scene, &wish));
            // Where the first is left out the second is taken: whoever comes next counts on neither.
        }
    }

    /// Follows a block.
    pub(crate) fn observe(&mut self, block: &Block) {
        let seen = |kind: u16| MOVING.contains(&kind) || kind == SHOWING;
        for made in block.transactions.iter().filter(|made| seen(made.kind.0)) {
            let action = Action::decode(made.kind, &made.body);
            if let Ok(Action::AuditShow(shown)) = action {
                self.hall.shown.push(*shown);
            } else if let Ok(Action::DisputeMove(made)) = action {
                let mut trials = self.hall.trials.iter_mut();
                if let Some(trial) = trials.find(|trial| trial.slot == made.dispute) {
                    trial.took(&made.made);
                }
            }
        }
    }

    /// How much of a step of time may pass before the next block: little while somebody moves.
    pub(crate) fn passes_ms(&self, random: &mut Random, scene: &Scene<'_>) -> u64 {
        let step = scene.parameter(ledger::Parameter::TimeStepMs);
        let slow = self.moved || scene.header.height.0 < ASKING_BLOCKS;
        match slow {
            true => random.between(500, 2_500),
            false => u64::try_from(step).unwrap_or(u64::MAX),
        }
    }

    /// Whether nothing is left to come.
    pub(crate) fn is_over(&self, scene: &Scene<'_>) -> bool {
        let Some(clock) = clock(scene.state) else { return true };
        let last = self.hall.answers.iter().map(|answer| answer.receipt.anchor_by).max();
        let early = clock.height.0 <= ASKING_BLOCKS + 4 || clock.epoch.0 <= last.unwrap_or(0) + 2;
        let early = early || clock.epoch < self.hall.until;
        let pending =
            |held: &Held| is_pending(&self.hall, held) && !is_for_ever(scene, clock, held);
        !early && !scene.held.iter().any(pending)
    }
}

/// Whether something is still to come of a record.
fn is_pending(hall: &Hall, held: &Held) -> bool {
    if let Held::Withheld(_, withheld) = held {
        return hall.of_node(withheld.asked.node).is_some();
    }
    if let Held::Dispute(_, dispute) = held {
        return matches!(dispute.course, Course::Open(_));
    }
    if let Held::Proposal(_, proposal) = held {
        return proposal.decision == Decision::Open;
    }
    matches!(held, Held::Missing(..) | Held::Hold(..) | Held::Settlement(..) | Held::Audit(..))
}

/// Whether a settlement waits for a node that is jailed for longer than a court lasts.
fn is_for_ever(scene: &Scene<'_>, clock: Clock, held: &Held) -> bool {
    let Held::Settlement(_, settlement) = held else { return false };
    let node = scene.record(&NodeSlot(settlement.node));
    node.is_some_and(|node| node.jailed_until > clock.time.after(FOR_EVER_MS))
}

fn signed(network: Network, scene: &Scene<'_>, wish: &Wish) -> Offer {
    let number = scene.number(wish.payer.public);
    let what = (wish.action.kind(), number, FEE_MAX);
    let transaction = Transaction::sign(network, &wish.payer.secret, what, wish.action.encode());
    Offer { transaction, signed: true }
}
