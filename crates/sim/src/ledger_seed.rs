//! A seed without a network: a genesis, a stream of transactions, blocks whose stamps jump, stand still and race.
//!
//! Never stops at a finding but at the end of its block: what comes after a broken block says nothing.

use chain::records::{Account, AccountSlot, NodeId, ParameterNumber, ParameterValues, Seat, Seats};
use chain::state::State;
use chain::{Amount, Authentic, Block, Genesis, Header, NetworkKind, Stamp};
use ledger::{BlockError, Opening, Parameter, Proposed, TABLE, Working, begin, seated};
use receipt::PublicKey;
use std::collections::BTreeMap;

use crate::aside;
use crate::canary::Canary;
use crate::checkers::court::Gallery;
use crate::checkers::{Checkers, Step};
use crate::court::{BLOCKS_MAX, Court};
use crate::genesis::{NODES_MAX, nodes as nodes_of};
use crate::keys::{ACTORS, VALIDATORS, actor, validator};
use crate::random::Random;
use crate::report::{Finding, Report, UNSIGNED, World};
use crate::scene::{Scene, seats};
use crate::subject::Subject;
use crate::traffic::{Offer, Traffic};

/// Accounts of those who never sign, and how many there are in one seed of [`CROWDED`]: each block is counted to the last
/// of them.
const STRANGERS_MAX: u64 = 100;
const CROWD_MAX: u64 = 2_000;
const CROWDED: u64 = 6;
/// Blocks of a seed.
const BLOCKS: (u64, u64) = (8, 20);
/// Transactions that are offered to a block.
const OFFERS: (u64, u64) = (0, 24);
/// How much longer than the least there is a short window may be.
const SHORT_MS: u64 = 60_000;
/// The same of one that is counted in epochs.
const SHORT_EPOCHS: u64 = 3;
/// One seed in so many is long, with few transactions a block, so that windows of many epochs pass.
const LONG: u64 = 16;
/// Blocks of a long seed.
const LONG_BLOCKS: u64 = 110;
/// Transactions that are offered to one of its blocks.
const LONG_OFFERS: (u64, u64) = (0, 4);
/// What the clock says of a block where time races: the greatest step, and more.
const RACING_MS: (u64, u64) = (60_000, 120_000);

/// One seed in so many has a court.
pub const COURTS: u64 = 16;
/// Which of them.
const COURT: u64 = 5;
/// Once in so many blocks the same is offered to a state that might have been.
const ASIDE: u64 = 6;
/// Transactions of everybody else that are offered to a court's block.
const COURT_OFFERS: (u64, u64) = (0, 1);

/// How often each window may pass in an audit.
const WINDOWS: [(Parameter, u128); 5] = [
    (Parameter::ShowMs, 2),
    (Parameter::AppealMs, 3),
    (Parameter::CommitMs, 2),
    (Parameter::RevealMs, 1),
    (Parameter::MoveMs, 1),
];

/// The seed of the n-th court.
#[must_use]
pub fn court(nth: u64) -> u64 {
    nth * COURTS + COURT
}

/// A network on its way.
struct Run {
    random: Random,
    /// What asides are made of: they leave no trace in the run.
    asides: Random,
    subject: Subject,
    state: State,
    header: Header,
    traffic: Traffic,
    /// How many transactions a block is offered.
    offers: (u64, u64),
    /// Whether time passes as quickly as it may, a great step with every block.
    races: bool,
    court: Option<(Court, Gallery)>,
    checkers: Checkers,
    report: Report,
    /// Nothing comes after this.
    ended: bool,
}

/// Runs a seed.
#[must_use]
pub fn run(seed: u64, canary: Option<Canary>) -> Report {
    let mut random = Random::new(seed, 0x1ed9_e45e_ed00_0001);
    let (genesis, court) = match seed % COURTS == COURT {
        true => {
            let nth = usize::try_from(seed / COURTS).unwrap_or(usize::MAX);
            let (genesis, court) = crate::court::genesis(&mut random, nth);
            (genesis, Some(court))
        }
        false => (genesis(&mut random), None),
    };
    let mut report = Report { ledger_seeds: 1, ..Report::default() };
    let mut found = Vec::new();
    match begin(&genesis) {
        Ok((state, header)) => {
            let asides = Random::new(seed, 0x1ed9_e45e_ed00_0004);
            let mut run = Run::new([random, asides], (state, header), court, Subject::new(canary));
            run.report = report;
            found = run.go();
            report = run.report;
        }
        Err(error) => found.push(("genesis", error.to_string())),
    }
    let finding = |(checker, what)| Finding { world: World::Ledger, seed, checker, what };
    report.findings = found.into_iter().map(finding).collect();
    report
}

impl Run {
    fn new(
        [mut random, asides]: [Random; 2],
        (state, header): (State, Header),
        court: Option<Court>,
        subject: Subject,
    ) -> Self {
        let (state, header) = match &court {
            Some(_) => (state, header),
            None => with_the_tired(&mut random, &state, header),
        };
        let traffic = match &court {
            Some(_) => Traffic::beside(state.network()),
            None => Traffic::new(state.network()),
        };
        let court = court.map(|court| {
            let gallery = Gallery::new(&Scene::new(&state, &header), &court.hall);
            (court, gallery)
        });
        let checkers = Checkers::new(&state);
        Self {
            random,
            asides,
            subject,
            state,
            header,
            traffic,
            offers: OFFERS,
            races: false,
            court,
            checkers,
            report: Report::default(),
            ended: false,
        }
    }

    /// Block after block, to the end of the seed or to a finding.
    fn go(&mut self) -> Vec<(&'static str, String)> {
        let long = self.court.is_none() && self.random.once_in(LONG);
        let (blocks, offers) = match (&self.court, long) {
            (Some(_), _) => (BLOCKS_MAX, COURT_OFFERS),
            (None, true) => (LONG_BLOCKS, LONG_OFFERS),
            (None, false) => (self.random.between(BLOCKS.0, BLOCKS.1), OFFERS),
        };
        self.offers = offers;
        let step = Scene::new(&self.state, &self.header).parameter(Parameter::TimeStepMs);
        self.races = step == Parameter::TimeStepMs.row().bounds.1;
        for _ in 0..blocks {
            let found = self.block();
            if !found.is_empty() || self.ended {
                return found;
            }
        }
        match self.court {
            Some(_) => vec![("court", format!("it is not over in {BLOCKS_MAX} blocks"))],
            None => Vec::new(),
        }
    }

    /// What everybody wants, and what the proposer's clock says.
    fn begins(&mut self) -> (Vec<Offer>, Opening) {
        let mut scene = Scene::new(&self.state, &self.header);
        let count = self.random.between(self.offers.0, self.offers.1);
        let Some((court, _)) = &mut self.court else {
            let offers = self.traffic.offers(&mut self.random, &mut scene, count);
            let passed = match self.races {
                true => self.random.between(RACING_MS.0, RACING_MS.1),
                false => passes_ms(&mut self.random),
            };
            return (offers, self.opening(passed));
        };
        let mut offers = court.offers(&mut self.random, &mut scene);
        offers.extend(self.traffic.offers(&mut self.random, &mut scene, count));
        let passed = court.passes_ms(&mut self.random, &scene);
        (offers, self.opening(passed))
    }

    /// The next block, made, judged and looked at.
    fn block(&mut self) -> Vec<(&'static str, String)> {
        let (offers, opening) = self.begins();
        let (offers, authentic) = self.authenticated(offers);
        self.report.offered += u64::try_from(offers.len()).expect("a short list");
        let unsigned = offers.iter().filter(|(_, held)| !held).count();
        self.report.count_more(UNSIGNED, u64::try_from(unsigned).expect("a short list"));
        let proposer = match self.proposer(&opening, &authentic) {
            Ok(proposer) => proposer,
            Err(found) => return vec![("proposers", found)],
        };
        let by = (proposer, &opening);
        let made = self.subject.propose(&self.state, &self.header, by, &authentic);
        let Proposed { block, state, left_out } = match made {
            Ok(made) => made,
            // Other rules hold now, which this release does not know: it stops, and is right to.
            Err(BlockError::Protocol { .. }) => {
                self.report.count("ended by other rules");
                self.ended = true;
                return Vec::new();
            }
            Err(error) => return vec![("proposers", error.to_string())],
        };
        let step = Step {
            subject: self.subject,
            before: &self.state,
            parent: &self.header,
            opening,
            offers: &offers,
            authentic: &authentic,
            block: &block,
            after: &state,
            left_out: &left_out,
        };
        let mut found = self.checkers.look(&step, &mut self.random, &mut self.report.refused);
        if self.asides.once_in(ASIDE) {
            found.extend(aside::look(&step, &mut self.asides, &mut self.report));
        }
        self.report.blocks += 1;
        #[cfg(feature = "canary")]
        crate::omitted::count(&mut self.report, (&self.state, &self.header), &block);
        for transaction in &block.transactions {
            *self.report.kinds.entry(transaction.kind.0).or_default() += 1;
        }
        for (_, why) in &left_out {
            *self.report.rejections.entry(*why).or_default() += 1;
        }
        (self.state, self.header) = (state, block.header);
        found.extend(self.hear(&block));
        found
    }

    /// What a court's checkers see of a block, and of all of it when it is over.
    fn hear(&mut self, block: &Block) -> Vec<(&'static str, String)> {
        let Some((court, gallery)) = &mut self.court else { return Vec::new() };
        let scene = Scene::new(&self.state, &self.header);
        let mut found = gallery.look(&scene, block, &court.hall);
        court.observe(block);
        self.ended = court.is_over(&scene);
        if self.ended {
            found.extend(gallery.end(&scene, &court.hall, &mut self.report));
        }
        found
    }

    fn authenticated(&self, offers: Vec<Offer>) -> (Vec<(Offer, bool)>, Vec<Authentic>) {
        let mut authentic = Vec::new();
        let mut judge = |offer: Offer| {
            let (held, made) = self.subject.authenticate(&self.state, &offer.transaction);
            authentic.extend(made);
            (offer, held)
        };
        let offers = offers.into_iter().map(&mut judge).collect();
        (offers, authentic)
    }

    /// What the proposer's clock says, and what consensus gives.
    fn opening(&mut self, passed: u64) -> Opening {
        // The last stamps there are belong to the last blocks a seed may make.
        let last = u64::MAX - BLOCKS_MAX + self.header.height.0;
        let next = self.header.stamp.0.saturating_add(1);
        let stamp = self.header.stamp.0.saturating_add(passed).min(last).max(next);
        Opening { stamp: Stamp(stamp), beacon: self.random.bytes() }
    }

    /// Somebody with a seat; who has none, or whose clock stands still, is refused.
    fn proposer(
        &mut self,
        opening: &Opening,
        authentic: &[Authentic],
    ) -> Result<PublicKey, String> {
        let seats = seats(&self.state).ok_or("the state has no seats")?;
        let seat = self.random.choose(&seats.0).ok_or("nobody has a seat")?;
        if self.random.once_in(8) {
            let stands = Opening { stamp: self.header.stamp, ..*opening };
            let by = (seat.key, &stands);
            let made = self.subject.propose(&self.state, &self.header, by, authentic);
            self.refused("proposed without a later stamp", made, &BlockError::Stamp)?;
            let by = (actor(0).public, opening);
            let made = self.subject.propose(&self.state, &self.header, by, authentic);
            let error = BlockError::Header("proposer");
            self.refused("proposed without a seat", made, &error)?;
        }
        Ok(seat.key)
    }

    fn refused(
        &mut self,
        how: &'static str,
        made: Result<Proposed, BlockError>,
        error: &BlockError,
    ) -> Result<(), String> {
        *self.report.refused.entry(how).or_default() += 1;
        match made {
            Err(found) if found == *error => Ok(()),
            Err(found) => Err(format!("{how}: {found}")),
            Ok(_) => Err(format!("{how}: a block was made")),
        }
    }
}

/// How much later the next block is: a little, much, at once, or as late as there is.
fn passes_ms(random: &mut Random) -> u64 {
    match random.below(12) {
        0 | 1 => 1,
        2 => random.between(1, 50),
        3 => random.between(10_000, 60_000),
        4 => random.between(3_600_000, 400_000_000),
        5 if random.once_in(8) => random.next() >> random.below(64),
        _ => random.between(100, 5_000),
    }
}

/// A network of the keys that everybody signs with.
pub(crate) fn genesis(random: &mut Random) -> Genesis {
    let mut accounts = BTreeMap::new();
    for at in 0..ACTORS {
        match random.below(8) {
            0 => None,
            1 => accounts.insert(actor(at).public, Amount(1 + u128::from(random.below(100_000)))),
            _ => accounts.insert(actor(at).public, Amount(1_000_000 + (random.long() >> 40))),
        };
    }
    let strangers = if random.once_in(CROWDED) { CROWD_MAX } else { STRANGERS_MAX };
    for _ in 0..random.below(strangers + 1) {
        accounts.insert(PublicKey(random.bytes()), Amount(1 + u128::from(random.next())));
    }
    let seats = random.between(1, 12);
    let seat = |random: &mut Random| Seat {
        node: NodeId(random.bytes()),
        key: validator(random.index(VALIDATORS)).public,
    };
    let nodes = match random.once_in(2) {
        true => random.index(NODES_MAX + 1),
        false => 0,
    };
    let nodes = nodes_of(random, nodes);
    let genesis = Genesis {
        kind: NetworkKind::Simulation,
        stamp: Stamp(1_700_000_000_000 + random.below(1 << 40)),
        parameters: parameters(random),
        seats: Seats((0..seats).map(|_| seat(random)).collect()),
        accounts: accounts.into_iter().collect(),
        treasury: Amount(random.long() >> 40),
        nodes,
    };
    seated(genesis.clone()).unwrap_or(genesis)
}

/// A third of them other than they are: anything from nothing to some times the default, or a bound. In half of the
/// seeds every window is short, so that what comes after it is reached.
fn parameters(random: &mut Random) -> ParameterValues {
    let mut values = ParameterValues::default();
    let swift = random.once_in(2);
    for row in TABLE {
        let (least, most) = row.bounds;
        let value = match random.below(16) {
            0 => least,
            1 if !row.unit.starts_with("money") => most,
            2..=5 => random.long(),
            _ => random.long() % (row.default.saturating_mul(4) + 1),
        };
        let value = match row.unit.starts_with("money") {
            true => value % (row.default.saturating_mul(4) + 1),
            false => value,
        };
        let (window, more) = match row.unit {
            "milliseconds" => (swift, SHORT_MS),
            "epochs" => (swift, SHORT_EPOCHS),
            _ => (false, 1),
        };
        let value = if window { least + u128::from(random.below(more)) } else { value };
        if window || random.once_in(3) {
            values.0.insert(ParameterNumber(row.parameter.number().0), value.clamp(least, most));
        }
    }
    if swift && random.once_in(2) {
        race(&mut values);
    }
    together(values)
}

/// Few blocks are enough until stake leaves.
fn race(values: &mut ParameterValues) {
    let step = Parameter::TimeStepMs;
    values.0.insert(step.number(), step.row().bounds.1);
    for least in
        [Parameter::EpochMs, Parameter::DisputeEpochs, Parameter::UnbondMs, Parameter::UnbondLeast]
    {
        values.0.insert(least.number(), least.row().bounds.0);
    }
    for (window, _) in WINDOWS {
        values.0.insert(window.number(), window.row().bounds.0);
    }
}

/// What opening a dispute, and asking for a receipt or a part, take at least: bytes, work, bytes of state.
const OPENINGS: [[u128; 3]; 3] = [[269, 1_260, 425], [226, 2_060, 258], [268, 2_060, 242]];

/// The same, but for values that do not go with the others: those are as near as they may be.
fn together(mut values: ParameterValues) -> ParameterValues {
    let mut between = |parameter: Parameter, least: u128, most: u128| -> u128 {
        let row = parameter.row();
        let value = values.0.get(&parameter.number()).copied().unwrap_or(row.default);
        let fits = value.min(most).max(least);
        if fits != value {
            values.0.insert(parameter.number(), fits);
        }
        fits
    };
    let any = u128::MAX;
    let step = between(Parameter::TimeStepMs, 0, any);
    let lasts = 26 * between(Parameter::EpochMs, 4 * step, any);
    let (shown, _) = Parameter::ShowMs.row().bounds;
    let appeal = between(Parameter::AppealMs, 0, lasts - shown);
    between(Parameter::ShowMs, 0, lasts - appeal);
    let windows = WINDOWS.map(|(window, times)| times * between(window, 0, any));
    let windows: u128 = windows.iter().sum();
    let (_, most) = Parameter::DisputeEpochs.row().bounds;
    let epoch = between(Parameter::EpochMs, windows.div_ceil(most / 2 - 2), any);
    let (_, stays) = Parameter::UnbondMs.row().bounds;
    let least = 2 * (windows.div_ceil(epoch) + 2);
    let judged = between(Parameter::DisputeEpochs, least, stays / (epoch + step) - 3);
    between(Parameter::CollectEpochs, 2, judged - 1);
    between(Parameter::PlantEpochs, judged + 2, any);
    let leaves = between(Parameter::UnbondMs, (judged + 3) * (epoch + step), any);
    between(Parameter::UnbondLeast, 9 * (epoch + step), leaves);
    between(Parameter::AnchorLateMs, 2 * (epoch + step), any);
    let (_, longest) = Parameter::TimelockMs.row().bounds;
    let vote = between(Parameter::VoteMs, 0, longest - 1);
    between(Parameter::TimelockMs, vote + 1, any);
    let share = between(Parameter::AuditShare, 0, any);
    let kept = between(Parameter::AuditUnit, 0, any) * share / 1_000_000;
    let drawn = between(Parameter::DrawFee, 0, kept);
    let auditors = between(Parameter::Auditors, 0, any);
    let fees = auditors * between(Parameter::AuditFee, 0, (kept - drawn) / auditors);
    between(Parameter::PlantReward, 0, kept - drawn - fees);
    let prices = [Parameter::FeeByte, Parameter::FeeWork, Parameter::FeeState];
    let prices = prices.map(|price| between(price, 0, any));
    let takes = OPENINGS.map(|counts| -> u128 {
        counts.into_iter().zip(prices).map(|(count, price)| count * price).sum()
    });
    between(Parameter::PlantPay, 0, takes[0]);
    between(Parameter::SilenceFee, 0, takes.into_iter().min().unwrap_or_default());
    values
}

/// Some accounts have made nearly as many transactions as one may: no seed would ever get there.
fn with_the_tired(random: &mut Random, state: &State, header: Header) -> (State, Header) {
    let mut working = Working::new(state.clone());
    for _ in 0..random.below(4) {
        let slot = AccountSlot(actor(random.index(ACTORS)).public);
        let account = crate::scene::record(state, &slot).unwrap_or_default();
        if account.balance != Amount::ZERO {
            let made = u64::MAX - random.below(3);
            working.put(&slot, &Account { made, ..account });
        }
    }
    let state = working.finish();
    (state.clone(), Header { state_root: state.root(), ..header })
}
