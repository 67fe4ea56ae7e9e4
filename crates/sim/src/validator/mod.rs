//! A validator as a sync state machine: an event in, actions out. A model of the consensus that orders blocks.
//!
//! One height after the other; at a height, views with a leader each (the model is Simplex, one height at a time, so that
//! the seats of a height are those of the state before it):
//!
//! - A view's leader **proposes** a block: the one that the last view that was not nullified notarized, or, where every
//!   view before was nullified, a new one. The others **notarize** one block a view that may follow; whose view is overdue
//!   **nullifies** it. Who sees a quorum notarize a block goes to the next view, and **finalizes** the block unless it
//!   has nullified that view; who sees a quorum nullify goes on too. Who finalizes a view never nullifies it.
//! - A block that a quorum finalized in one view is **decided**: the view was not nullified, so every later view has to
//!   propose the same block. A vote to finalize is a signature of view and header; those of a quorum of seats in one view
//!   are the block's certificate, and whoever has that goes to the next height.
//!
//! Why the view is signed: votes to finalize one block in two views are no decision, for either view may have been
//! nullified by the others. A leader notarizes its own block before it says it, and what is said is durable before it is
//! said ([`Kept`]): votes, and the blocks that one votes for. So whoever begins again contradicts nothing.
//!
//! Whatever others send is kept in a table that none of them can fill:
//!
//! | table | limit | what comes in |
//! |---|---|---|
//! | blocks of a height | [`BODIES_MAX`] | the leader's of the view one is in, one a view; what a quorum named |
//! | seats' words | two of a seat and view, [`VIEWS_AHEAD_MAX`] views ahead | the first of each; a quorum's, whoever says it |
//! | votes to finalize | one of a seat and view, as far ahead | the first whose signature holds |
//! | transactions | [`POOL_MAX`], [`POOL_BYTES_MAX`]; of one payer [`POOL_OF_ONE_MAX`] | who can pay all of his and would be taken |
//! | answers to a peer | `ANSWERS_MAX` between two times that everything is said again | blocks and votes it asks for |
//!
//! Never rules of the ledger: those are asked. Failure: what must not be (a fault, a certified block that may not follow)
//! is [`Action::Stop`]; what a peer sends that is no such thing is dropped.

mod bodies;
mod disk;
mod message;
mod pool;
mod progress;
mod round;
mod said;
#[cfg(test)]
mod tests;

pub(crate) use bodies::BODIES_MAX;
pub(crate) use chain::View;
pub(crate) use disk::{Disk, SNAPSHOT_BLOCKS};
pub(crate) use message::{Action, Ballot, Event, Kept, Message, Peer, Signed, Vote, Wake, Word};
pub(crate) use pool::{POOL_BYTES_MAX, POOL_MAX, POOL_OF_ONE_MAX};
pub(crate) use said::VIEWS_AHEAD_MAX;

use chain::state::{Changes, State};
use chain::{Block, Certificate, Genesis, Header, Height, Stamp, Transaction};
use commit::{Digest, Domain, Network};
use ledger::{BlockError, Opening, apply, begin, propose};
use receipt::PublicKey;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::keys::Key;
use crate::scene::seats;
use bodies::is_whole;
use disk::Snapshot;
use pool::Pool;
use round::Round;
use said::VOTES_READ_MAX;

const BEACON: Domain = Domain::new("probity sim beacon v1");
/// How far ahead of its own clock a validator lets a stamp be.
pub(crate) const TOLERANCE_MS: u64 = 1_000;
/// How long a leader of a first view waits for transactions.
const IDLE_MS: u64 = 1_000;
/// How long a leader waits for a notarized block to be decided, before it proposes it again.
const DECIDING_MS: u64 = 1_000;
/// How long a view may last: the first one, and each after a failed one so much longer.
const VIEW_MS: u64 = 2_500;
const VIEW_MORE_MS: u64 = 500;
const VIEW_MORE_TIMES_MAX: u64 = 12;
/// How long without news before everything is said again.
const AGAIN_MS: u64 = 700;
/// Blocks that are sent to who lacks them, at a time.
const BLOCKS_SENT_MAX: usize = 8;
/// Views whose votes are sent to who lacks them, at a time.
const VIEWS_SENT_MAX: u64 = 8;
/// Blocks and votes that one peer is sent because it asked, between two times that everything is said again.
const ANSWERS_MAX: usize = 8;

/// How much a validator keeps of what others send, and what the bounds of that depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    pub(crate) seats: usize,
    pub(crate) view: View,
    pub(crate) bodies: usize,
    /// Of seats in views.
    pub(crate) words: usize,
    pub(crate) signatures: usize,
    /// Transactions.
    pub(crate) waiting: usize,
    pub(crate) waiting_bytes: usize,
}

/// A validator.
#[derive(Clone, Debug)]
pub(crate) struct Validator {
    key: &'static Key,
    /// Everybody's keys, by their places.
    peers: Arc<[PublicKey]>,
    network: Network,
    state: State,
    header: Header,
    round: Round,
    pool: Pool,
    chain: Vec<(Arc<Block>, Certificate)>,
    /// Whether anything went on since everything was said again.
    news: bool,
    /// How often each peer was answered since.
    answered: BTreeMap<Peer, usize>,
    clock_ms: u64,
}

impl Validator {
    /// Begins, or begins again, with what is durable.
    pub(crate) fn start(
        key: &'static Key,
        peers: Arc<[PublicKey]>,
        genesis: &Genesis,
        disk: &Disk,
    ) -> Result<Self, String> {
        let (mut state, mut header) = begin(genesis).map_err(|error| error.to_string())?;
        let network = state.network();
        if let Some(Snapshot { header: at, entries }) = &disk.snapshot {
            let put = entries.iter().map(|entry| (state.place(&entry.key), Some(entry.clone())));
            state = State::empty(network).updated(&put.collect::<Changes>());
            header = *at;
            if state.root() != header.state_root {
                return Err("a snapshot's entries have another root than its header".into());
            }
        }
        let behind = disk.chain.iter().filter(|(block, _)| block.header.height > header.height);
        let behind: Vec<Arc<Block>> = behind.map(|(block, _)| block.clone()).collect();
        for block in behind {
            let next = apply(&state, &header, Block::clone(&block));
            state = next.map_err(|error| format!("a kept block may not follow: {error}"))?;
            header = block.header;
        }
        let mut round = Round::new(header.height.next(), seats(&state).unwrap_or_default());
        round.cast =
            disk.votes.iter().filter(|vote| vote.height == round.height).copied().collect();
        for ballot in round.cast.clone() {
            round.voted(network, key, ballot);
            if let Word::Notarize(hash) = ballot.word
                && round.leader(ballot.view) == Some(key.public)
            {
                // What one proposed: another block in the same view would be a second word.
                round.propose(ballot.view, hash);
            }
        }
        let (pool, chain) = (Pool::default(), disk.chain.clone());
        let (news, clock_ms, answered) = (true, 0, BTreeMap::new());
        let mut made = Self {
            key,
            peers,
            network,
            state,
            header,
            round,
            pool,
            chain,
            news,
            answered,
            clock_ms,
        };
        let mut actions = Vec::new();
        for (hash, body) in &disk.bodies {
            made.judge(*hash, body.clone(), &mut actions);
            made.round.bodies.newly_kept(hash);
        }
        match actions.pop() {
            Some(action) => Err(format!("what was kept can't be judged: {action:?}")),
            None => Ok(made),
        }
    }

    /// What it does because of an event, by its own clock.
    pub(crate) fn handle(&mut self, clock_ms: u64, event: Event) -> Vec<Action> {
        self.clock_ms = clock_ms;
        let mut actions = Vec::new();
        match event {
            Event::Started => {
                actions.push(Action::Wake(AGAIN_MS, Wake::Again));
                self.enter(self.round.view, &mut actions);
            }
            Event::Heard(from, message) => self.hear(from, message, &mut actions),
            Event::Woken(wake) => self.woken(wake, &mut actions),
            Event::Asked(transaction) => self.asked(transaction, &mut actions),
        }
        self.progress(&mut actions);
        actions
    }

    /// The newest certified header.
    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// The state behind it.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Whose validator it is.
    pub(crate) fn key(&self) -> &'static Key {
        self.key
    }

    /// The height it works at, and the blocks it has seen there.
    pub(crate) fn seen(&self) -> (Height, Vec<Digest>) {
        (self.round.height, self.round.bodies.hashes().collect())
    }

    /// Whether it leads a view of the height it works at.
    pub(crate) fn leads(&self, view: View) -> bool {
        self.round.leader(view) == Some(self.key.public)
    }

    /// How much it keeps.
    pub(crate) fn held(&self) -> Held {
        let [bodies, words, signatures] = self.round.held();
        let [waiting, waiting_bytes] = self.pool.held();
        let (seats, view) = (self.round.seats.0.len(), self.round.view);
        Held { seats, view, bodies, words, signatures, waiting, waiting_bytes }
    }

    fn asked(&mut self, transaction: Transaction, actions: &mut Vec<Action>) {
        let idle = self.pool.is_idle();
        let opening = self.opening(self.clock_ms);
        self.pool.put(&self.state, &opening, transaction);
        if idle && !self.pool.is_idle() {
            let (height, view) = (self.round.height, self.round.view);
            actions.push(Action::Wake(0, Wake::Propose(height, view)));
        }
    }

    fn hear(&mut self, from: Peer, message: Message, actions: &mut Vec<Action>) {
        match message {
            Message::Proposal { view, block, because } => {
                self.round.count(&because);
                self.progress(actions);
                self.proposal(from, view, block, actions);
            }
            Message::Votes(votes) => {
                self.round.count(&votes);
                let ahead = votes
                    .iter()
                    .take(VOTES_READ_MAX)
                    .any(|vote| vote.ballot().height > self.round.height);
                self.behind(ahead, from, actions);
            }
            Message::Signed(signed) => {
                self.round.sign(self.network, &signed);
                self.behind(signed.height > self.round.height, from, actions);
            }
            Message::Status { height, view } => self.status(from, height, view, actions),
            Message::Wanted { height, header } => {
                let body = self.round.bodies.get(&header).map(|body| body.block.clone());
                let body = body.filter(|_| height == self.round.height);
                if let Some(body) = body.filter(|_| self.answers(from)) {
                    actions.push(Action::Send(from, Message::Body(body)));
                }
            }
            Message::Body(block) => self.wanted(block, actions),
            Message::Blocks(blocks) => self.catch_up(blocks, actions),
        }
    }

    /// Who hears of a later height asks for what it lacks.
    fn behind(&mut self, ahead: bool, from: Peer, actions: &mut Vec<Action>) {
        if ahead && self.news {
            self.news = false;
            let (height, view) = (self.round.height, self.round.view);
            actions.push(Action::Send(from, Message::Status { height, view }));
        }
    }

    /// Takes the block of the view that one is in, where its leader may propose it; or one that a quorum named.
    fn proposal(&mut self, from: Peer, view: View, block: Arc<Block>, actions: &mut Vec<Action>) {
        let hash = block.header.hash(self.network);
        let (round, speaker) = (&self.round, self.peers.get(from.0).copied());
        let leads = speaker.is_some() && round.leader(view) == speaker;
        let awaited = view == round.view && round.proposed(view).is_none();
        if leads && awaited && round.is_justified(view, hash, block.header.proposer) {
            if self.receive(hash, block, actions) {
                self.round.propose(view, hash);
            }
        } else {
            self.wanted(block, actions);
        }
    }

    /// Takes a block that a quorum named and that is not here; no other.
    fn wanted(&mut self, block: Arc<Block>, actions: &mut Vec<Action>) {
        let hash = block.header.hash(self.network);
        if self.round.lacking().contains(&hash) {
            self.receive(hash, block, actions);
        }
    }

    /// Takes in a block that somebody sent; false where it is of another height, or not what its header says.
    fn receive(&mut self, hash: Digest, block: Arc<Block>, actions: &mut Vec<Action>) -> bool {
        let known = self.round.bodies.get(&hash).is_some();
        let whole = || block.header.height == self.round.height && is_whole(self.network, &block);
        if !known && !whole() {
            return false;
        }
        self.judge(hash, block, actions);
        true
    }

    /// Finds out whether a block may follow.
    fn judge(&mut self, hash: Digest, block: Arc<Block>, actions: &mut Vec<Action>) {
        if self.round.bodies.get(&hash).is_some() {
            return;
        }
        let state = match block.header.beacon == self.beacon() {
            true => apply(&self.state, &self.header, Block::clone(&block)).map(Some),
            false => Ok(None),
        };
        let state = state.unwrap_or_else(|error| {
            if let BlockError::Fault(fault) = error {
                actions.push(Action::Stop(fault.to_string()));
            }
            None
        });
        let gone = self.round.put(hash, block, state);
        actions.extend(gone.map(|gone| Action::Keep(Kept::Gone(gone))));
    }

    /// Whether a peer that asks is answered: an answer is longer than a question.
    fn answers(&mut self, peer: Peer) -> bool {
        let answered = self.answered.entry(peer).or_default();
        *answered += 1;
        *answered <= ANSWERS_MAX
    }

    /// What stands for public randomness: everybody can work it out.
    fn beacon(&self) -> Digest {
        let parent = self.header.hash(self.network);
        BEACON.hash(self.network, &[&parent, &self.round.height.0.to_be_bytes()])
    }

    fn woken(&mut self, wake: Wake, actions: &mut Vec<Action>) {
        match wake {
            Wake::Propose(height, view) => {
                if (height, view) == (self.round.height, self.round.view) {
                    self.propose(actions);
                }
            }
            Wake::Overdue(height, view) => {
                if (height, view) == (self.round.height, self.round.view) {
                    self.nullify(view, actions);
                }
            }
            Wake::Again => {
                if !self.news {
                    self.say_again(actions);
                }
                self.news = false;
                self.answered.clear();
                actions.push(Action::Wake(AGAIN_MS, Wake::Again));
            }
        }
    }

    /// Proposes, where it is one's turn and one has not: a block that one has notarized, durably, before it is said.
    fn propose(&mut self, actions: &mut Vec<Action>) {
        let view = self.round.view;
        if !self.leads(view) || self.round.proposed(view).is_some() {
            return;
        }
        let block = match self.round.to_propose() {
            None => return,
            Some(Some(before)) => self.round.sound(&before).map(|(block, _)| block.clone()),
            Some(None) => self.block_at(self.clock_ms, actions),
        };
        let Some(block) = block else { return };
        let hash = block.header.hash(self.network);
        self.judge(hash, block.clone(), actions);
        self.round.propose(view, hash);
        self.notarize(actions);
        if self.round.has_cast(view, |word| word == Word::Notarize(hash)) {
            let because = self.because(view);
            actions.push(Action::Broadcast(Message::Proposal { view, block, because }));
        }
    }

    /// What a block brings with this stamp, or the least there may be.
    fn opening(&self, stamp: u64) -> Opening {
        let stamp = Stamp(stamp.max(self.header.stamp.0.saturating_add(1)));
        Opening { stamp, beacon: self.beacon() }
    }

    /// A new block of what waits, with this stamp, or the least there may be.
    pub(crate) fn block_at(&mut self, stamp: u64, actions: &mut Vec<Action>) -> Option<Arc<Block>> {
        let (opening, waiting) = (self.opening(stamp), self.pool.waiting());
        match propose(&self.state, &self.header, self.key.public, &opening, &waiting) {
            Ok(made) => {
                for (at, why) in made.left_out {
                    if why != ledger::Rejection::Number {
                        self.pool.forget(waiting[at].get());
                    }
                }
                Some(Arc::new(made.block))
            }
            Err(BlockError::Fault(fault)) => {
                actions.push(Action::Stop(fault.to_string()));
                None
            }
            Err(_) => None,
        }
    }

    /// Votes because of which a block may be proposed in a view: how the views before were left.
    pub(crate) fn because(&self, view: View) -> Vec<Vote> {
        self.round.said(View(view.0.saturating_sub(VIEWS_AHEAD_MAX)), view)
    }

    /// What the other one lacks: blocks where it is at an earlier height, votes where at an earlier view.
    fn status(&mut self, from: Peer, height: Height, view: View, actions: &mut Vec<Action>) {
        if height <= self.round.height && !self.answers(from) {
            return;
        }
        if height < self.round.height {
            let first = usize::try_from(height.0.saturating_sub(1)).unwrap_or(usize::MAX);
            let some = self.chain.iter().skip(first).take(BLOCKS_SENT_MAX).cloned();
            actions.push(Action::Send(from, Message::Blocks(some.collect())));
        } else if height > self.round.height {
            self.behind(true, from, actions);
        } else {
            let from_view = view.0.saturating_sub(1);
            let to = View(from_view.saturating_add(VIEWS_SENT_MAX).min(self.round.view.0));
            let votes = self.round.said(View(from_view), to);
            actions.push(Action::Send(from, Message::Votes(votes)));
            let signed = self.round.signed(self.key.public).into_iter().map(Message::Signed);
            actions.extend(signed.map(|signed| Action::Send(from, signed)));
        }
    }

    /// Says everything again that others may lack.
    fn say_again(&mut self, actions: &mut Vec<Action>) {
        let (height, view) = (self.round.height, self.round.view);
        actions.push(Action::Broadcast(Message::Status { height, view }));
        let recent = self.round.cast.iter().filter(|ballot| ballot.view.0 + 2 >= view.0);
        let recent = recent.filter(|ballot| !matches!(ballot.word, Word::Finalize(_)));
        let recent: Vec<Vote> = recent.map(|ballot| Vote::cast(self.key, *ballot)).collect();
        actions.push(Action::Broadcast(Message::Votes(recent)));
        let signed = self.round.signed(self.key.public).into_iter().map(Message::Signed);
        actions.extend(signed.map(Action::Broadcast));
        for header in self.round.lacking() {
            actions.push(Action::Broadcast(Message::Wanted { height, header }));
        }
        let proposed = self.round.proposed(view).and_then(|hash| self.round.sound(&hash));
        if let Some((block, _)) = proposed.filter(|_| self.leads(view)) {
            let (block, because) = (block.clone(), self.because(view));
            actions.push(Action::Broadcast(Message::Proposal { view, block, because }));
        }
        self.propose(actions);
    }

    /// Takes certified blocks over, in order.
    fn catch_up(&mut self, blocks: Vec<(Arc<Block>, Certificate)>, actions: &mut Vec<Action>) {
        for (block, certificate) in blocks.into_iter().take(BLOCKS_SENT_MAX) {
            let hash = block.header.hash(self.network);
            let next = block.header.height == self.round.height;
            if !next || certificate.check(self.network, &self.round.seats, &hash).is_err() {
                continue;
            }
            if self.receive(hash, block, actions) {
                self.commit(hash, certificate, actions);
            }
        }
    }

    /// Goes to the next height.
    fn commit(&mut self, hash: Digest, certificate: Certificate, actions: &mut Vec<Action>) {
        let Some((block, state)) = self.round.sound(&hash) else {
            let height = self.round.height.0;
            actions.push(Action::Stop(format!("block {height} is certified and may not follow")));
            return;
        };
        let (block, state) = (block.clone(), state.clone());
        actions.push(Action::Keep(Kept::Block(block.clone(), certificate.clone())));
        self.header = block.header;
        self.chain.push((block, certificate));
        self.round = Round::new(self.header.height.next(), seats(&state).unwrap_or_default());
        self.state = state;
        let opening = self.opening(self.clock_ms);
        self.pool.settle(&self.state, &opening);
        self.news = true;
        self.enter(View(0), actions);
    }

    /// Enters a view.
    fn enter(&mut self, view: View, actions: &mut Vec<Action>) {
        self.round.enter(view);
        let height = self.round.height;
        let before = View(view.0.saturating_sub(1));
        let wait = match view.0 == 0 {
            true if self.pool.is_idle() => IDLE_MS,
            false if self.round.notarized(before).is_some() => DECIDING_MS,
            true | false => 0,
        };
        actions.push(Action::Wake(wait, Wake::Propose(height, view)));
        let overdue = VIEW_MS + VIEW_MORE_MS * view.0.min(VIEW_MORE_TIMES_MAX);
        actions.push(Action::Wake(overdue, Wake::Overdue(height, view)));
    }
}
