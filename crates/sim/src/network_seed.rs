//! A seed with a network: validators, clients, and faults that begin and end.
//!
//! Never more cheating validators than consensus bears; any number of crashes, cuts and cheating clients. After the last
//! fault the links are good, cheats go on cheating, and the run goes on until everybody has gone on or time is up.

use chain::records::{AccountSlot, NodeId, ParameterValues, Seat, Seats};
use chain::state::State;
use chain::{Amount, Block, Certificate, Genesis, Height, NetworkKind, Stamp, Transaction, View};
use ledger::tx::{Action as Body, Stake, Transfer};
use ledger::{Parameter, begin, seated};
use receipt::PublicKey;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::canary::Sabotage;
use crate::checkers::finality::{Latest, Observer};
use crate::checkers::liveness::Goal;
use crate::checkers::votes::Votes;
use crate::checkers::{bounds, durable};
use crate::faults::{Client, FAULTS, Of, Stage};
use crate::genesis::nodes;
use crate::keys::{ACTORS, Key, actor, validator};
use crate::network::{Happening, Network, Weather};
use crate::random::Random;
use crate::report::{Finding, Report, World};
use crate::scene::{record, seats};
use crate::validator::{
    Action, BODIES_MAX, Disk, Event, Kept, Message, Peer, SNAPSHOT_BLOCKS, TOLERANCE_MS, Validator,
};

/// Validators.
const VALIDATORS: (u64, u64) = (4, 7);
/// Within which time faults begin.
const FAULTS_MS: u64 = 20_000;
/// How long one lasts.
const FAULT_MS: (u64, u64) = (2_000, 15_000);
/// Faults of a seed, besides the one that it is for.
const FAULTS_MORE_MAX: u64 = 4;
/// How far a sound clock may be off.
const SKEW_MS: u64 = 300;
/// How often clients send.
const CLIENTS_MS: (u64, u64) = (300, 1_500);
/// Who is honest among the clients.
const HONEST: usize = 40;
/// When an honest client gives a transaction up.
const PATIENCE_MS: u64 = 6_000;
/// Who asks for something after the last fault.
const PROBE: usize = ACTORS - 1;
/// Things that may happen in a run.
const HAPPENINGS_MAX: u64 = 4_000_000;
/// What its disk writes before a machine that is about to crash stops.
const CRASH_WITHIN_MAX: u64 = 4;

/// A machine with a validator.
struct Node {
    key: &'static Key,
    disk: Disk,
    /// None: it is down.
    validator: Option<Validator>,
    /// How often it began.
    instance: u64,
    skew_ms: u64,
    /// Faults of [`FAULTS`] that it does.
    cheats: Vec<usize>,
    /// It goes down within the next thing it does, after so many actions.
    crashes: Option<u64>,
}

/// A run on its way.
struct Run {
    random: Random,
    genesis: Genesis,
    peers: Arc<[PublicKey]>,
    nodes: Vec<Node>,
    network: Network,
    /// Which fault, when it ends, and whether it is on.
    faults: Vec<(usize, u64, bool)>,
    acted: BTreeMap<usize, u64>,
    observer: Observer,
    votes: Votes,
    goal: Option<Goal>,
    sent: BTreeMap<usize, u64>,
    sabotage: Option<Sabotage>,
    found: Vec<(&'static str, String)>,
    offered: u64,
}

/// Runs a seed.
#[must_use]
pub fn run(seed: u64, sabotage: Option<Sabotage>) -> Report {
    let mut report = Report { network_seeds: 1, ..Report::default() };
    let found = match Run::new(seed, sabotage) {
        Ok(mut run) => {
            run.go();
            report.blocks = u64::try_from(run.observer.chain.len()).expect("a short list");
            report.offered = run.offered;
            for transaction in run.observer.chain.iter().flat_map(|block| &block.transactions) {
                *report.kinds.entry(transaction.kind.0).or_default() += 1;
            }
            for (fault, acted) in &run.acted {
                *report.faults.entry(FAULTS[*fault].name).or_default() += u64::from(*acted > 0);
            }
            report.refused = run.observer.refused;
            *report.counts.entry("simulated seconds").or_default() = run.network.now_ms() / 1_000;
            *report.counts.entry("events of simulated networks").or_default() =
                run.network.happened();
            run.found
        }
        Err(error) => vec![("genesis", error)],
    };
    let finding = |(checker, what)| Finding { world: World::Network, seed, checker, what };
    report.findings = found.into_iter().map(finding).collect();
    report
}

impl Run {
    fn new(seed: u64, sabotage: Option<Sabotage>) -> Result<Self, String> {
        let mut random = Random::new(seed, 0x2e7e_0f5e_ed00_0002);
        let count = usize::try_from(random.between(VALIDATORS.0, VALIDATORS.1)).expect("a few");
        let genesis = genesis(&mut random, count);
        let (state, header) = begin(&genesis).map_err(|error| error.to_string())?;
        let network = Network::new(Random::new(seed, 0x2e7e_0f5e_ed00_0003), count);
        let node = |at| Node {
            key: validator(at),
            disk: Disk::default(),
            validator: None,
            instance: 0,
            skew_ms: random.below(2 * SKEW_MS),
            cheats: Vec::new(),
            crashes: None,
        };
        let nodes: Vec<Node> = (0..count).map(node).collect();
        let mut run = Self {
            peers: nodes.iter().map(|node| node.key.public).collect(),
            random,
            genesis,
            nodes,
            network,
            faults: Vec::new(),
            acted: BTreeMap::new(),
            observer: Observer::new(state, header),
            votes: Votes::default(),
            goal: None,
            sent: BTreeMap::new(),
            sabotage,
            found: Vec::new(),
            offered: 0,
        };
        run.plan(seed);
        (0..count).for_each(|at| run.restart(Peer(at)));
        run.network.after(0, Happening::Clients);
        Ok(run)
    }

    /// Which faults there are, and when.
    fn plan(&mut self, seed: u64) {
        let all = u64::try_from(FAULTS.len()).expect("a short table");
        let mut chosen = vec![seed % all];
        for _ in 0..self.random.below(FAULTS_MORE_MAX + 1) {
            chosen.push(self.random.below(all));
        }
        // Where seats move, two would soon have as many as would do harm.
        let bears = match self.genesis.nodes.is_empty() {
            true => (self.nodes.len() - 1) / 3,
            false => 1,
        };
        let cheats: Vec<usize> = (0..bears).map(|_| self.random.index(self.nodes.len())).collect();
        let mut last = 0;
        for which in chosen {
            let which = usize::try_from(which).expect("below the table's length");
            let begins = self.random.below(FAULTS_MS);
            let ends = begins + self.random.between(FAULT_MS.0, FAULT_MS.1);
            if let Of::Validator(_) = FAULTS[which].of {
                let cheat = *self.random.pick(&cheats);
                self.nodes[cheat].cheats.push(which);
            }
            let at = self.faults.len();
            self.faults.push((which, ends, false));
            self.network.after(begins, Happening::Begins(at));
            self.network.after(ends, Happening::Ends(at));
            last = last.max(ends);
        }
        self.network.after(last + 1, Happening::Ends(usize::MAX));
    }

    fn go(&mut self) {
        for _ in 0..HAPPENINGS_MAX {
            let Some(happening) = self.network.next() else { return };
            match happening {
                Happening::Validator(peer, instance, event) => self.event(peer, instance, event),
                Happening::Clients => self.clients(),
                Happening::Begins(at) => self.begins(at),
                Happening::Ends(usize::MAX) => self.heals(),
                Happening::Ends(at) => self.ends(at),
            }
            if !self.found.is_empty() || self.is_over() {
                return;
            }
        }
        self.found.push(("liveness", "too much happens".into()));
    }

    /// Whether everybody has gone on after the last fault, or time is up.
    fn is_over(&mut self) -> bool {
        let Some(goal) = self.goal else { return false };
        let heights = self.nodes.iter().filter(|node| node.cheats.is_empty());
        let heights = heights.map(|node| node.height()).min();
        let least = heights.unwrap_or_default();
        let probe = AccountSlot(actor(PROBE).public);
        let asked = record(&self.observer.state, &probe).is_some_and(|account| account.made > 0);
        if let Err(what) = goal.check(self.network.now_ms(), least, asked) {
            self.found.push(("liveness", what));
        }
        goal.is_reached(least, asked)
    }

    /// Something happens to a validator.
    fn event(&mut self, peer: Peer, instance: Option<u64>, event: Event) {
        let clock_ms = self.clock(peer);
        let cheating: Vec<PublicKey> = self.cheating().collect();
        let node = &mut self.nodes[peer.0];
        let Some(validator) = node.validator.as_mut() else { return };
        if instance.is_some_and(|instance| instance != node.instance) {
            return;
        }
        let mut actions = validator.handle(clock_ms, event);
        if node.cheats.is_empty() {
            let mut held = validator.held();
            if self.sabotage == Some(Sabotage::Hoards) {
                held.bodies += BODIES_MAX;
            }
            self.found.extend(bounds::check(&held).err().map(|what| ("bounds", what)));
        }
        let borne = node.cheats.is_empty() || is_borne(&cheating, validator.state());
        for which in node.cheats.clone().into_iter().filter(|_| borne) {
            let on = self
                .faults
                .iter()
                .any(|(fault, ends, on)| *fault == which && (*on || *ends < self.network.now_ms()));
            if let (Of::Validator(act), true) = (&FAULTS[which].of, on) {
                let (random, peers) = (&mut self.random, self.peers.len());
                let acted = self.acted.entry(which).or_default();
                let mut stage = Stage { random, validator, me: peer, peers, clock_ms, acted };
                actions = act(&mut stage, actions);
            }
        }
        let crashes = node.crashes.take();
        let most = crashes.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        actions.into_iter().take(most).for_each(|action| self.act(peer, action));
        if crashes.is_some() {
            self.nodes[peer.0].validator = None;
        }
    }

    /// The keys of those who cheat.
    fn cheating(&self) -> impl Iterator<Item = PublicKey> {
        self.nodes.iter().filter(|node| !node.cheats.is_empty()).map(|node| node.key.public)
    }

    /// A validator does something.
    fn act(&mut self, peer: Peer, action: Action) {
        let sound = self.nodes[peer.0].cheats.is_empty();
        match action {
            Action::Keep(kept) => self.keep(peer, kept, sound),
            Action::Send(to, message) => {
                self.said(peer, &message, sound);
                self.network.send(peer, to, &message);
            }
            Action::Broadcast(message) => {
                self.said(peer, &message, sound);
                for to in (0..self.nodes.len()).map(Peer).filter(|to| *to != peer) {
                    self.network.send(peer, to, &message);
                }
            }
            Action::Wake(wait, wake) => {
                let instance = Some(self.nodes[peer.0].instance);
                self.network.after(wait, Happening::Validator(peer, instance, Event::Woken(wake)));
            }
            Action::Stop(why) if sound => self.found.push(("stopped", why)),
            Action::Stop(_) => {}
        }
    }

    fn said(&mut self, peer: Peer, message: &Message, sound: bool) {
        let speaker = self.nodes[peer.0].key.public;
        if !sound {
            return;
        }
        if let Err(what) = self.votes.look(speaker, message) {
            self.found.push(("votes", what));
        }
        let (network, disk) = (self.observer.state.network(), &self.nodes[peer.0].disk);
        if let Err(what) = durable::look(network, disk, speaker, message) {
            self.found.push(("durable", what));
        }
    }

    fn keep(&mut self, peer: Peer, kept: Kept, sound: bool) {
        if let (Kept::Block(block, certificate), true) = (&kept, sound) {
            self.certified(block, certificate);
        }
        let node = &mut self.nodes[peer.0];
        let forgets = self.sabotage == Some(Sabotage::BodiesForgotten);
        if !(forgets && matches!(kept, Kept::Body(..))) {
            node.disk.keep(kept);
        }
        let Some(validator) = &node.validator else { return };
        let header = *validator.header();
        let newest = node.disk.chain.last().is_some_and(|(block, _)| block.header == header);
        if newest && header.height.0 % SNAPSHOT_BLOCKS == 0 {
            node.disk.snapshot(header, validator.state().entries().cloned().collect());
        }
    }

    /// A sound validator has a block for certified.
    fn certified(&mut self, block: &Arc<Block>, certificate: &Certificate) {
        let (mut block, mut certificate) = (block.clone(), certificate.clone());
        match self.sabotage {
            Some(Sabotage::TwoChains) if block.header.height.0 == 2 && self.random.once_in(2) => {
                let mut other = Block::clone(&block);
                other.header.state_root[0] ^= 1;
                block = Arc::new(other);
            }
            Some(Sabotage::TooFewSigned) => {
                if let Certificate::Quorum { signatures, .. } = &mut certificate {
                    signatures.truncate(1);
                }
            }
            Some(Sabotage::ClockAhead) => {
                let mut other = Block::clone(&block);
                other.header.stamp.0 += 1 << 40;
                block = Arc::new(other);
                certificate = self.everybodys(&block);
            }
            Some(Sabotage::AnothersName) => {
                let mut other = Block::clone(&block);
                other.header.proposer = actor(0).public;
                block = Arc::new(other);
                certificate = self.everybodys(&block);
            }
            Some(
                Sabotage::TwoChains
                | Sabotage::BodiesForgotten
                | Sabotage::Hoards
                | Sabotage::VotesForgotten
                | Sabotage::NeverHeals
                | Sabotage::Stops,
            )
            | None => {}
        }
        let now = self.genesis.stamp.0 + self.network.now_ms();
        let latest = Latest { stamp: now + SKEW_MS + TOLERANCE_MS };
        let found = self.observer.look(&block, &certificate, latest, &mut self.random);
        self.found.extend(found);
        if self.sabotage == Some(Sabotage::Stops) {
            self.found.push(("stopped", "told to".into()));
        }
    }

    /// A certificate that every validator's key signed.
    fn everybodys(&self, block: &Block) -> Certificate {
        let (network, view) = (self.observer.state.network(), View(0));
        let hash = block.header.hash(network);
        let sign = |key: &Key| chain::vote(network, &key.secret, view, &hash);
        let signatures = (0..).zip(&self.nodes).map(|(at, node)| (at, sign(node.key))).collect();
        Certificate::Quorum { view, signatures }
    }

    fn clock(&self, peer: Peer) -> u64 {
        let begun = self.genesis.stamp.0 + self.network.now_ms();
        (begun + self.nodes[peer.0].skew_ms).saturating_sub(SKEW_MS)
    }

    fn restart(&mut self, peer: Peer) {
        let node = &mut self.nodes[peer.0];
        node.instance += 1;
        node.crashes = None;
        if self.sabotage == Some(Sabotage::VotesForgotten) {
            node.disk.votes.clear();
        }
        match Validator::start(node.key, self.peers.clone(), &self.genesis, &node.disk) {
            Ok(validator) => node.validator = Some(validator),
            Err(why) => self.found.push(("stopped", why)),
        }
        let instance = Some(node.instance);
        self.network.after(0, Happening::Validator(peer, instance, Event::Started));
    }

    fn begins(&mut self, at: usize) {
        self.faults[at].2 = true;
        let which = self.faults[at].0;
        let peers = self.nodes.len();
        match &FAULTS[which].of {
            Of::Validator(_) | Of::Client(_) => {}
            Of::Links(begin) => {
                *self.acted.entry(which).or_default() += 1;
                begin(&mut self.random, &mut self.network.weather, peers);
            }
            Of::Machines(choose) => {
                *self.acted.entry(which).or_default() += 1;
                for peer in choose(&mut self.random, peers) {
                    self.nodes[peer.0].crashes = Some(self.random.below(CRASH_WITHIN_MAX));
                }
            }
        }
    }

    fn ends(&mut self, at: usize) {
        self.faults[at].2 = false;
        match &FAULTS[self.faults[at].0].of {
            Of::Validator(_) | Of::Client(_) => {}
            Of::Links(_) => {
                self.network.weather = Weather::default();
                let on: Vec<usize> =
                    (0..self.faults.len()).filter(|at| self.faults[*at].2).collect();
                for at in on {
                    if let Of::Links(begin) = &FAULTS[self.faults[at].0].of {
                        begin(&mut self.random, &mut self.network.weather, self.nodes.len());
                    }
                }
            }
            Of::Machines(_) => {
                for peer in (0..self.nodes.len()).map(Peer) {
                    self.nodes[peer.0].crashes = None;
                    if self.nodes[peer.0].validator.is_none() {
                        self.restart(peer);
                    }
                }
            }
        }
    }

    /// The last fault has ended.
    fn heals(&mut self) {
        let height = self.nodes.iter().map(Node::height).max().unwrap_or_default();
        self.network.weather.down = self.sabotage == Some(Sabotage::NeverHeals);
        self.goal = Some(Goal { healed_ms: self.network.now_ms(), height });
    }

    /// Honest clients send, and those that cheat.
    fn clients(&mut self) {
        let mut sent = self.honest();
        if self.goal.is_some() {
            let transaction = self.asking(PROBE);
            sent.extend((0..self.nodes.len()).map(|peer| (Peer(peer), transaction.clone())));
        }
        for at in 0..self.faults.len() {
            let (which, _, on) = self.faults[at];
            if let (Of::Client(act), true) = (&FAULTS[which].of, on) {
                *self.acted.entry(which).or_default() += 1;
                sent.extend(act(&mut Client {
                    random: &mut self.random,
                    state: &self.observer.state,
                    chain: &self.observer.chain,
                    peers: self.peers.len(),
                }));
            }
        }
        self.offered += u64::try_from(sent.len()).expect("a short list");
        for (peer, transaction) in sent {
            let wait = self.random.between(5, 150);
            let asked = Event::Asked(transaction);
            self.network.after(wait, Happening::Validator(peer, None, asked));
        }
        let wait = self.random.between(CLIENTS_MS.0, CLIENTS_MS.1);
        self.network.after(wait, Happening::Clients);
    }

    /// A few transfers, each to a few validators.
    fn honest(&mut self) -> Vec<(Peer, Transaction)> {
        let mut sent = Vec::new();
        for _ in 0..self.random.between(1, 4) {
            let who = self.random.index(HONEST);
            let now = self.network.now_ms();
            let waits = self.sent.get(&who).is_some_and(|at| now < at + PATIENCE_MS);
            if !waits {
                self.sent.insert(who, now);
                let transaction = self.asking(who);
                for _ in 0..self.random.between(1, 3) {
                    let peer = Peer(self.random.index(self.nodes.len()));
                    sent.push((peer, transaction.clone()));
                }
            }
        }
        sent
    }

    /// A transfer; or money into a node, so that its seats become more.
    fn wish(&mut self) -> Body {
        let count = self.genesis.nodes.len();
        if count > 0 && self.random.once_in(8) {
            let place = self.random.index(count);
            let number = u16::try_from(place).expect("a few");
            let node = self.genesis.nodes[place].id(number);
            let amount = Amount(1_000_000_000 * u128::from(self.random.between(1, 20)));
            return Body::Stake(Stake { node, amount });
        }
        let to = actor(self.random.index(HONEST)).public;
        Body::Transfer(Transfer { to, amount: Amount(1 + u128::from(self.random.below(1_000))) })
    }

    fn asking(&mut self, who: usize) -> Transaction {
        let key = actor(who);
        let account = record(&self.observer.state, &AccountSlot(key.public)).unwrap_or_default();
        let action = self.wish();
        let what = (action.kind(), account.made, Amount(u128::MAX));
        let network = self.observer.state.network();
        Transaction::sign(network, &key.secret, what, action.encode())
    }
}

impl Node {
    /// The height that it has made durable.
    fn height(&self) -> Height {
        self.disk.chain.last().map(|(block, _)| block.header.height).unwrap_or_default()
    }
}

/// Whether those who cheat have fewer seats than would do harm: where stake moved to them they do as others do.
fn is_borne(cheating: &[PublicKey], state: &State) -> bool {
    let seats = seats(state).unwrap_or_default();
    let theirs = seats.0.iter().filter(|seat| cheating.contains(&seat.key)).count();
    theirs * 3 < seats.0.len()
}

/// Half of them have nodes with something at stake, and epochs that end within the run, so that seats move.
fn genesis(random: &mut Random, count: usize) -> Genesis {
    let rich = |at| (actor(at).public, Amount(1_000_000_000_000));
    let accounts: BTreeMap<PublicKey, Amount> = (0..ACTORS).map(rich).collect();
    let mut seats: Vec<Seat> = Vec::new();
    for at in 0..count {
        seats.push(Seat { node: NodeId(random.bytes()), key: validator(at).public });
    }
    let mut parameters = ParameterValues::default();
    let nodes = if random.once_in(2) { nodes(random, count) } else { Vec::new() };
    if !nodes.is_empty() {
        let seats = u128::from(random.between(4, 12));
        parameters.0.insert(Parameter::SeatsMax.number(), seats);
        parameters.0.insert(Parameter::EpochMs.number(), 10_000);
        parameters.0.insert(Parameter::TimeStepMs.number(), 2_500);
        for window in [
            Parameter::ShowMs,
            Parameter::AppealMs,
            Parameter::CommitMs,
            Parameter::RevealMs,
            Parameter::MoveMs,
        ] {
            parameters.0.insert(window.number(), 60_000);
        }
    }
    let genesis = Genesis {
        kind: NetworkKind::Simulation,
        stamp: Stamp(1_700_000_000_000 + random.below(1 << 30)),
        parameters,
        seats: Seats(seats),
        accounts: accounts.into_iter().collect(),
        treasury: Amount(1_000_000),
        nodes,
    };
    seated(genesis.clone()).unwrap_or(genesis)
}
