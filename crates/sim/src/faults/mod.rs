//! Faults and cheats: one file each, one line in [`FAULTS`].
//!
//! A **cheat of a validator** alters what a validator does; it has that validator's key and nobody else's, and there are
//! never more of them than consensus bears. A **cheat of a client** makes transactions. A **fault** is of machines and
//! links, of as many as it likes. Each says in its doc what holds nevertheless. Never looked at by a checker.

mod body_swapper;
mod clock_pusher;
mod crash;
mod double_spender;
mod double_voter;
mod equivocating_leader;
mod flooder;
mod forger;
mod forgetful_leader;
mod invalid_proposer;
mod junk_bodies;
mod lossy_links;
mod partition;
mod penniless_crowd;
mod rejected_crowd;
mod replayer;
mod silent_leader;
mod slow_links;
mod vote_flooder;
mod vote_withholder;

use chain::state::State;
use chain::{Block, Transaction};
use std::sync::Arc;

use crate::network::Weather;
use crate::random::Random;
use crate::validator::{Action, Message, Peer, Validator, View, Vote};

/// What a cheating validator has.
pub(crate) struct Stage<'a> {
    pub(crate) random: &'a mut Random,
    /// Itself.
    pub(crate) validator: &'a mut Validator,
    pub(crate) me: Peer,
    /// How many validators there are.
    pub(crate) peers: usize,
    /// What its clock says.
    pub(crate) clock_ms: u64,
    /// How often it cheated.
    pub(crate) acted: &'a mut u64,
}

/// What a cheating client has.
pub(crate) struct Client<'a> {
    pub(crate) random: &'a mut Random,
    /// The newest state that anybody can read.
    pub(crate) state: &'a State,
    /// All blocks that anybody can read.
    pub(crate) chain: &'a [Arc<Block>],
    pub(crate) peers: usize,
}

/// Transactions, and to whom.
pub(crate) type Sent = Vec<(Peer, Transaction)>;

/// What a fault is of.
pub(crate) enum Of {
    /// A validator: it does something else instead of what it would do.
    Validator(fn(&mut Stage<'_>, Vec<Action>) -> Vec<Action>),
    /// A client: what it sends, from time to time.
    Client(fn(&mut Client<'_>) -> Sent),
    /// The links.
    Links(fn(&mut Random, &mut Weather, usize)),
    /// Machines: how many crash, and whether within what they do.
    Machines(fn(&mut Random, usize) -> Vec<Peer>),
}

/// One of them.
pub(crate) struct Fault {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it is of.
    pub(crate) of: Of,
}

/// Every one.
pub(crate) const FAULTS: &[Fault] = &[
    Fault { name: "silent leader", of: Of::Validator(silent_leader::act) },
    Fault { name: "equivocating leader", of: Of::Validator(equivocating_leader::act) },
    Fault { name: "forgetful leader", of: Of::Validator(forgetful_leader::act) },
    Fault { name: "invalid proposer", of: Of::Validator(invalid_proposer::act) },
    Fault { name: "clock pusher", of: Of::Validator(clock_pusher::act) },
    Fault { name: "vote withholder", of: Of::Validator(vote_withholder::act) },
    Fault { name: "double voter", of: Of::Validator(double_voter::act) },
    Fault { name: "forger", of: Of::Validator(forger::act) },
    Fault { name: "junk bodies", of: Of::Validator(junk_bodies::act) },
    Fault { name: "body swapper", of: Of::Validator(body_swapper::act) },
    Fault { name: "vote flooder", of: Of::Validator(vote_flooder::act) },
    Fault { name: "double spender", of: Of::Client(double_spender::act) },
    Fault { name: "replayer", of: Of::Client(replayer::act) },
    Fault { name: "flooder", of: Of::Client(flooder::act) },
    Fault { name: "penniless crowd", of: Of::Client(penniless_crowd::act) },
    Fault { name: "rejected crowd", of: Of::Client(rejected_crowd::act) },
    Fault { name: "crash and restart", of: Of::Machines(crash::some) },
    Fault { name: "all crash at once", of: Of::Machines(crash::all) },
    Fault { name: "partition", of: Of::Links(partition::begin) },
    Fault { name: "lossy links", of: Of::Links(lossy_links::begin) },
    Fault { name: "slow links", of: Of::Links(slow_links::begin) },
];

/// A leader's own proposal among what it does.
pub(crate) struct Proposal {
    pub(crate) view: View,
    pub(crate) block: Arc<Block>,
    pub(crate) because: Vec<Vote>,
}

impl Stage<'_> {
    /// Does something else with each proposal that it makes of a block of its own.
    fn proposals(
        &mut self,
        actions: Vec<Action>,
        mut instead: impl FnMut(&mut Self, Proposal) -> Vec<Action>,
    ) -> Vec<Action> {
        let mut done = Vec::new();
        for action in actions {
            match action {
                Action::Broadcast(Message::Proposal { view, block, because })
                    if block.header.proposer == self.validator.key().public =>
                {
                    *self.acted += 1;
                    done.extend(instead(self, Proposal { view, block, because }));
                }
                other @ (Action::Keep(_)
                | Action::Send(..)
                | Action::Broadcast(_)
                | Action::Wake(..)
                | Action::Stop(_)) => done.push(other),
            }
        }
        done
    }

    /// Everybody else.
    fn others(&self) -> Vec<Peer> {
        (0..self.peers).map(Peer).filter(|peer| *peer != self.me).collect()
    }
}

impl Proposal {
    /// The same with another block.
    fn with(&self, block: Block) -> Message {
        let (view, because) = (self.view, self.because.clone());
        Message::Proposal { view, block: Arc::new(block), because }
    }
}
