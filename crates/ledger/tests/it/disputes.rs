//! Kinds 50 to 54 and 60: a worker with other weights than its model's, who accuses it, and who accuses the truth.

use chain::records::{
    ClaimedStep, Course, Dispute, DisputeSlot, Held, Matter, Node, NodeId, NodeSlot, Outcome, Owed,
    Package, PackageSlot, ParameterValues, Part, ProgramBytes, ProgramSlot, Stage,
};
use chain::{Amount, Authentic, Epoch, Time};
use commit::{Blind, Salts};
use dispute::sides::{Challenger, Claimant, Job as Known, Side, Story};
use dispute::{Claim, Filing, Model, Move, Party};
use ledger::tx::{
    Action, Appeal, DisputeEnd, DisputeLate, DisputeMove, DisputeOpen, ShowEquivocation,
};
use ledger::{NamedModel, Parameter, Rejection, Working};
use program::Checked;
use program::record::Record;
use program::reference::Weights;
use program::tile::Choice;
use program::tiny::Shape;
use program::trace::Committer;
use receipt::{
    AuditConsent, Envelope, Equivocation, Head, Job, JobFields, NonceChooser, PartialOpening,
    PublicKey, Receipt, Rendered, SignedHead, Stop, StopRule, Terms, TokenVector, Usage, Which,
    WorkKind,
};

use crate::rejections::Case;
use crate::stakes::{change, staked};
use crate::world::{World, genesis, public, secret};

/// Who owns the node, who accuses it, and somebody else.
pub(crate) const OWNER: u8 = 1;
pub(crate) const ACCUSER: u8 = 2;
pub(crate) const OTHER: u8 = 3;
/// The name of the node's operator key.
pub(crate) const OPERATOR: u8 = 100 + 3 * OWNER;
pub(crate) const STAKE: u128 = 300_000_000;
const WINDOW_MS: u64 = 60_000;
const WHICH: Which = Which::Output { choice: 0 };

pub(crate) const REJECTIONS: &[Case] = &[
    (Rejection::NotSigner, |world| {
        let court = Court::of(world, true);
        let open = DisputeOpen { node: staked(world, OTHER, 1), ..court.open() };
        world.signed(ACCUSER, &Action::DisputeOpen(Box::new(open)))
    }),
    (Rejection::DisputeNames, |world| {
        let court = opened(world, true);
        let mut made = court.root();
        made.model.package.publisher = public(9);
        world.signed(OWNER, &Action::DisputeMove(Box::new(made)))
    }),
    (Rejection::DisputesFull, |world| {
        let court = Court::of(world, true);
        change(world, court.node, |node| node.disputes = 8 + 32);
        court.opening(world, ACCUSER)
    }),
    (Rejection::DisputeThere, |world| opened(world, true).opening(world, ACCUSER)),
    (Rejection::Filing, |world| {
        let mut court = Court::of(world, true);
        court.filing.terms.salt[0] ^= 1;
        court.opening(world, ACCUSER)
    }),
    (Rejection::NoDispute, |world| {
        let court = Court::of(world, true);
        world.signed(OTHER, &court.late())
    }),
    (Rejection::NotAsked, |world| {
        let court = opened(world, true);
        world.signed(ACCUSER, &Action::DisputeMove(Box::new(court.root())))
    }),
    (Rejection::MoveLate, |world| {
        let court = opened(world, true);
        wait(world);
        world.signed(OWNER, &Action::DisputeMove(Box::new(court.root())))
    }),
    (Rejection::DisputeState, |world| {
        let mut made = opened(world, true).root();
        made.state[40] ^= 1;
        world.signed(OWNER, &Action::DisputeMove(Box::new(made)))
    }),
    (Rejection::MoveRefused, |world| {
        let made = DisputeMove { made: Move::Name(0), ..opened(world, true).root() };
        world.signed(OWNER, &Action::DisputeMove(Box::new(made)))
    }),
    (Rejection::NotLate, |world| {
        let court = opened(world, true);
        world.signed(OTHER, &court.late())
    }),
    (Rejection::NotDecided, |world| {
        let court = opened(world, true);
        world.signed(OTHER, &court.end(PublicKey::NONE))
    }),
    (Rejection::NotSilent, |world| {
        let court = opened(world, true);
        world.signed(OWNER, &court.appeal())
    }),
    (Rejection::NoEquivocation, |world| {
        let node = staked(world, OWNER, STAKE);
        world.signed(ACCUSER, &equivocation(world, node, [7, 7]))
    }),
];

/// A node, a job, and two runs of it: with the model's weights and with others.
pub(crate) struct Court {
    pub(crate) node: NodeId,
    /// Who owns the node, and moves for it.
    pub(crate) owner: u8,
    pub(crate) model: NamedModel,
    pub(crate) filing: Filing,
    pub(crate) slot: DisputeSlot,
    pub(crate) claim: DisputeSlot,
    pub(crate) step: ClaimedStep,
    accuser: u8,
    referee: dispute::Dispute<'static>,
    honest: Story<'static>,
    lying: Story<'static>,
    /// Whether the worker's run is the other one.
    lies: bool,
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn world() -> World {
    let mut genesis = genesis();
    let windows = [Parameter::MoveMs, Parameter::AppealMs];
    let values = windows.map(|parameter| (parameter.number(), u128::from(WINDOW_MS)));
    genesis.parameters = ParameterValues(values.into());
    World::of(genesis)
}

/// Longer than any window here.
pub(crate) fn wait(world: &mut World) {
    (0..7).for_each(|_| world.block(10_000, &[]));
    check_books(world);
}

/// A job that is dated at this height.
pub(crate) fn job(prompt: &[u32], beacon_height: u64) -> Job {
    let fields = JobFields {
        terms: Terms {
            kind: WorkKind::Generate,
            model: [9; 32],
            arithmetic: 1,
            sampling: 1,
            nonce_by: NonceChooser::Client,
            beacon_height,
            requester: PublicKey::NONE,
            consent: AuditConsent::Open,
        },
        nonce: [3; 32],
        prompt: prompt.to_vec(),
        parameters: Default::default(),
        choices: 1,
        stop: StopRule { tokens_max: 64, tokens: Vec::new(), strings: Vec::new() },
        rendered: Rendered::Nobody,
    };
    Job::new(fields).unwrap()
}

/// What a run with these weights says, and the token it ends in.
struct Told {
    weights: &'static Weights<'static>,
    record: Record<'static>,
    token: u32,
}

fn told(checked: &'static Checked, file: Vec<u8>, tokens: &[u32], job: &Job) -> Option<Told> {
    let prompt = u32::try_from(job.fields().prompt.len()).unwrap();
    let (parameters, seed) = (job.fields().parameters.clone(), job.seed());
    let choice = Choice { parameters, seed, choice: 0, prompt };
    let file: &'static [u8] = leak(file);
    let weights = leak(Weights::load(checked, &[file]).ok()?);
    let drawn = u32::try_from(tokens.len()).unwrap();
    let record = Record::until(weights, tokens, drawn, &mut |_, _, made| made).ok()?;
    let record = record.with_choice(choice);
    let token = record.drawn(&Committer(salts_of(commit::Network::OFFLINE)))?;
    Some(Told { weights, record, token })
}

pub(crate) fn salts_of(network: commit::Network) -> Salts {
    Salts { network, blind: Blind([4; 32]) }
}

pub(crate) fn signed_head(world: &World, job: &Job, output: &[u32]) -> SignedHead {
    let salts = salts_of(world.network());
    let head = Head {
        job: job.commitment(&salts),
        choice: 0,
        start: 0,
        prior: [0; 32],
        count: u32::try_from(output.len()).unwrap(),
        root: TokenVector::over(salts, WHICH, output).root(),
    };
    SignedHead::sign(head, &secret(OPERATOR), salts.network)
}

impl Court {
    /// In a world of its own, with a node that has money at stake.
    pub(crate) fn of(at: &mut World, lies: bool) -> Self {
        Self::with(at, lies, STAKE)
    }

    /// The same, with so much at stake.
    pub(crate) fn with(at: &mut World, lies: bool, stake: u128) -> Self {
        *at = world();
        let node = staked(at, OWNER, stake);
        let shape = Shape::default();
        let checked: &'static Checked = leak(Checked::new(shape.program()).unwrap());
        let file = shape.weights();
        let tokens = [1, 2, 3, 4];
        let (prompt, before) = tokens.split_at(3);
        let job = job(prompt, 1);
        let honest = told(checked, file.clone(), &tokens, &job).unwrap();
        let mut others = checked.program().tensors.iter().filter_map(|tensor| {
            let mut other = file.clone();
            let start = usize::try_from(tensor.location.offset).unwrap();
            let row = usize::try_from(tensor.row_bytes()).unwrap();
            let rows = usize::try_from(tensor.rows).unwrap();
            other[start..start + row * rows].rotate_left(rows / 2 * row);
            told(checked, other, &tokens, &job).filter(|told| told.token != honest.token)
        });
        let lying = others.next().expect("other weights draw another token");
        let units: &'static [u8] = leak(honest.weights.units_part());
        let file: &'static [u8] = leak(file);
        let model = published(at, checked, file, units);
        let part = |bytes| dispute::Part::of(bytes);
        let judged = leak(Model::new(checked, [9; 32], vec![part(file)], part(units)).unwrap());
        let salts = salts_of(at.network());
        let claimed = if lies { lying.token } else { honest.token };
        let output = [before, &[claimed]].concat();
        let filing = Filing {
            head: signed_head(at, &job, &output),
            terms: job.show(&salts, 0).unwrap(),
            prompt: job.show(&salts, 2).unwrap(),
            parameters: job.show(&salts, 3).unwrap(),
            claim: Claim::Token(PartialOpening::new(&salts, WHICH, &output, 1).unwrap()),
        };
        let known = Known {
            salts,
            prompt: prompt.to_vec(),
            output,
            choice: 0,
            biases: job.show(&salts, 4).unwrap(),
            positions: 4,
            files: leak([file]),
            units,
        };
        let subject = filing.check(judged, at.network()).unwrap();
        let (worker, head) = (public(OPERATOR), filing.head.head);
        let step =
            ClaimedStep { worker, job: head.job, choice: 0, position: 1, kind: 1, what: claimed };
        Self {
            node,
            owner: OWNER,
            model,
            filing,
            slot: step.disputed_by(at.network(), public(ACCUSER)),
            claim: step.slot(at.network()),
            step,
            accuser: ACCUSER,
            referee: dispute::Dispute::open(judged, subject, 0, 0),
            honest: Story::of(honest.weights, honest.record, known.clone()),
            lying: Story::of(lying.weights, lying.record, known),
            lies,
        }
    }

    pub(crate) fn open(&self) -> DisputeOpen {
        let (node, model, filing) = (self.node, self.model, self.filing.clone());
        DisputeOpen { node, epoch: Epoch(1), model, filing, signature: None, alarm: None }
    }

    pub(crate) fn opening(&self, world: &World, name: u8) -> Authentic {
        world.signed(name, &Action::DisputeOpen(Box::new(self.open())))
    }

    /// The dispute of another accuser about the same claim.
    pub(crate) fn turn_to(&mut self, world: &World, name: u8) {
        self.accuser = name;
        self.slot = self.step.disputed_by(world.network(), public(name));
    }

    /// A move from where it stands.
    fn moving(&self, made: Move) -> DisputeMove {
        let (dispute, node, model) = (self.slot, self.node, self.model);
        DisputeMove { dispute, node, model, state: self.referee.encode(), made }
    }

    /// The first move there is, which every claimant makes.
    fn root(&self) -> DisputeMove {
        let made = Claimant(&self.honest).answer(&self.referee.asked().unwrap());
        self.moving(made.unwrap())
    }

    pub(crate) fn late(&self) -> Action {
        Action::DisputeLate(DisputeLate { dispute: self.slot, node: self.node })
    }

    pub(crate) fn appeal(&self) -> Action {
        Action::Appeal(Appeal { dispute: self.slot, node: self.node })
    }

    pub(crate) fn end(&self, appellant: PublicKey) -> Action {
        Action::DisputeEnd(Box::new(DisputeEnd {
            dispute: self.slot,
            node: self.node,
            owner: public(self.owner),
            challenger: public(self.accuser),
            appellant,
            claim: self.claim.0,
        }))
    }

    /// Both sides tell their stories, so many moves at most.
    pub(crate) fn play(&mut self, world: &mut World, moves: usize) {
        let (worker, accuser) =
            if self.lies { (&self.lying, &self.honest) } else { (&self.honest, &self.lying) };
        for _ in 0..moves {
            let Some(turn) = self.referee.turn() else { break };
            let asked = self.referee.asked().unwrap();
            let (name, made) = match turn {
                Party::Claimant => (self.owner, Claimant(worker).answer(&asked)),
                Party::Challenger => (self.accuser, Challenger(accuser).answer(&asked)),
            };
            let made = made.unwrap();
            world.take(name, &Action::DisputeMove(Box::new(self.moving(made.clone()))));
            self.referee.take(turn, &made, 0).unwrap();
        }
    }

    pub(crate) fn dispute(&self, world: &World) -> Dispute {
        world.record(&self.slot).unwrap()
    }

    /// As if it had been played.
    pub(crate) fn decide(&self, world: &mut World, outcome: Outcome) {
        let record = self.dispute(world);
        let Course::Open(mut case) = record.course else { panic!("it is open") };
        case.stage = Stage::Decided(outcome);
        world.put(&self.slot, &Dispute { course: Course::Open(case), ..record });
        world.header.state_root = world.state.root();
    }

    pub(crate) fn node(&self, world: &World) -> Node {
        world.record(&NodeSlot(self.node)).unwrap()
    }

    fn stage(&self, world: &World) -> Stage {
        match self.dispute(world).course {
            Course::Open(case) => case.stage,
            Course::Ended(outcome) => panic!("{outcome:?}"),
        }
    }
}

/// Program and package, as if somebody had published them.
pub(crate) fn published(
    world: &mut World,
    checked: &Checked,
    file: &[u8],
    units: &[u8],
) -> NamedModel {
    let part = |bytes: &[u8]| Part { hash: blake3::hash(bytes).into(), bytes: bytes.len() as u64 };
    let bytes = checked.encode();
    let program = *blake3::hash(&bytes).as_bytes();
    let package = PackageSlot { model: [9; 32], publisher: public(5) };
    let record = Package {
        published: Time(1),
        withdrawn: None,
        program,
        units: part(units),
        files: vec![part(file)],
    };
    let mut working = Working::new(world.state.clone());
    working.put(&ProgramSlot(program), &ProgramBytes(bytes));
    working.put(&package, &record);
    world.state = working.finish();
    world.header.state_root = world.state.root();
    let ops = u16::try_from(checked.sites().count()).unwrap();
    NamedModel { package, program, ops }
}

/// A dispute that was just opened.
pub(crate) fn opened(world: &mut World, lies: bool) -> Court {
    let court = Court::of(world, lies);
    let open = court.opening(world, ACCUSER);
    world.block(1, &[open]);
    court
}

/// Two tokens at one place, signed by the node's operator.
pub(crate) fn equivocation(world: &World, node: NodeId, tokens: [u32; 2]) -> Action {
    equivocation_of(world, node, 3, tokens)
}

/// The same, of a job whose prompt ends in this token.
pub(crate) fn equivocation_of(
    world: &World,
    node: NodeId,
    prompt: u32,
    tokens: [u32; 2],
) -> Action {
    Action::Equivocation(Box::new(two_tokens(world, node, tokens, (prompt, 1))))
}

/// The same, of a job that is dated at this height, too, in the first epoch.
pub(crate) fn two_tokens(
    world: &World,
    node: NodeId,
    tokens: [u32; 2],
    (prompt, height): (u32, u64),
) -> ShowEquivocation {
    let job = job(&[1, 2, prompt], height);
    let salts = salts_of(world.network());
    let shown = |token: u32| {
        let output = [5, token];
        (signed_head(world, &job, &output), PartialOpening::new(&salts, WHICH, &output, 1).unwrap())
    };
    let evidence = Equivocation { one: shown(tokens[0]), other: shown(tokens[1]) };
    let terms = job.show(&salts, 0).unwrap();
    ShowEquivocation { node, epoch: Epoch(1), terms, evidence }
}

pub(crate) fn default(parameter: Parameter) -> u128 {
    parameter.row().default
}

pub(crate) fn slash() -> u128 {
    default(Parameter::Slash)
}

pub(crate) fn bond() -> u128 {
    default(Parameter::Bond)
}

/// What an account has, without what this step's own fees take: its balance before and after.
pub(crate) fn gained(world: &mut World, name: u8, step: impl FnOnce(&mut World)) -> i128 {
    let balance = |world: &World| i128::try_from(world.account(name).balance.0).unwrap();
    let before = balance(world);
    step(world);
    check_books(world);
    balance(world) - before
}

/// Of every node: what it owes and how many disputes it counts is what its open disputes say.
pub(crate) fn check_books(world: &World) {
    let held: Vec<Held> = world
        .state
        .entries()
        .map(|entry| Held::decode(&entry.key, &entry.value).unwrap())
        .collect();
    let of = |id: NodeId, held: &Held| {
        if let Held::Dispute(_, Dispute { node, course: Course::Open(case), .. }) = held {
            return (*node == id).then_some((case.owed().0, case.matter != Matter::Alarm));
        }
        let missing = if let Held::Missing(_, missing) = held { Some(missing.asked) } else { None };
        let part = if let Held::Withheld(_, part) = held { Some(part.asked) } else { None };
        let asked = missing.or(part)?;
        (asked.node == id).then_some((asked.owed().0, true))
    };
    let audited = |id: NodeId, held: &Held| {
        let Held::Audit(_, audit) = held else { return None };
        (audit.node == id).then_some(audit.owed().0)
    };
    for node in &held {
        let Held::Node(NodeSlot(id), node) = node else { continue };
        let open: Vec<_> = held.iter().filter_map(|held| of(*id, held)).collect();
        let listed = open.iter().filter(|(_, listed)| *listed).count();
        let audits = held.iter().filter_map(|held| audited(*id, held));
        let (cases, draws) = (open.iter().map(|(owed, _)| owed).sum(), audits.sum());
        let owed = (node.owed.cases.0, node.owed.draws.0);
        assert_eq!((usize::from(node.disputes), owed), (listed, (cases, draws)));
        let bare = node.stake == Amount::ZERO && node.unbonding.is_empty();
        assert!(bare || node.debt == Amount::ZERO, "a debt is paid of what there is");
    }
}

fn signed(amount: u128) -> i128 {
    i128::try_from(amount).unwrap()
}

#[test]
fn a_liar_loses_its_stake_and_its_accuser_gets_a_share() {
    let mut world = World::new();
    let mut court = opened(&mut world, true);
    assert_eq!(court.node(&world).owed.cases, Amount(slash()));
    assert_eq!(court.node(&world).disputes, 1);
    court.play(&mut world, 100);
    assert_eq!(court.stage(&world), Stage::Decided(Outcome::ClaimantRefuted));
    let end = court.end(PublicKey::NONE);
    let reward = slash() / 1_000_000 * default(Parameter::ChallengerShare);
    let got = gained(&mut world, ACCUSER, |world| world.take(OTHER, &end));
    assert_eq!(got, signed(bond() + reward));
    let node = court.node(&world);
    assert_eq!(
        (node.stake, node.owed.cases, node.disputes),
        (Amount(STAKE - slash()), Amount(0), 0)
    );
    assert!(node.jailed_until > world.header.time);
    assert_eq!(court.dispute(&world).course, Course::Ended(Outcome::ClaimantRefuted));
    // Neither the same key nor another one opens it again.
    for name in [ACCUSER, OTHER] {
        let again = court.opening(&world, name);
        assert_eq!(world.rejection(&again), Some(Rejection::DisputeThere));
    }
}

#[test]
fn who_accuses_the_truth_loses_its_bond_half_of_it_to_the_owner() {
    let mut world = World::new();
    let mut court = opened(&mut world, false);
    court.play(&mut world, 100);
    assert_eq!(court.stage(&world), Stage::Decided(Outcome::ChallengerRefuted));
    let end = court.end(PublicKey::NONE);
    let got = gained(&mut world, OWNER, |world| world.take(OTHER, &end));
    assert_eq!(got, signed(bond() / 2));
    let node = court.node(&world);
    assert_eq!((node.stake, node.owed.cases, node.disputes), (Amount(STAKE), Amount(0), 0));
    assert_eq!(node.jailed_until, Time(0));
}

#[test]
fn a_dispute_has_begun_with_its_first_move() {
    let begun = |world: &World, court: &Court| match court.dispute(world).course {
        Course::Open(case) => case.begun,
        Course::Ended(outcome) => panic!("{outcome:?}"),
    };
    let mut world = World::new();
    let mut court = opened(&mut world, true);
    assert!(!begun(&world, &court));
    wait(&mut world);
    world.take(OTHER, &court.late());
    world.take(OWNER, &court.appeal());
    assert!(!begun(&world, &court), "nobody has moved yet");
    court.play(&mut world, 1);
    assert!(begun(&world, &court));
}

#[test]
fn an_accuser_that_goes_away_loses_its_bond() {
    let mut world = World::new();
    let mut court = opened(&mut world, true);
    court.play(&mut world, 1);
    wait(&mut world);
    world.take(OTHER, &court.late());
    assert_eq!(court.stage(&world), Stage::Decided(Outcome::ChallengerSilent));
    let end = court.end(PublicKey::NONE);
    let got = gained(&mut world, OWNER, |world| world.take(OTHER, &end));
    assert_eq!(got, signed(bond() / 2));
    assert_eq!(court.node(&world).stake, Amount(STAKE));
}

/// Silent, and the case is not taken up.
fn slept(world: &mut World) -> Court {
    let court = opened(world, true);
    wait(world);
    world.take(OTHER, &court.late());
    court
}

#[test]
fn silence_costs_what_refutation_costs_and_is_not_called_fraud() {
    let mut world = World::new();
    let court = slept(&mut world);
    assert_eq!(court.stage(&world), Stage::Silent);
    let node = court.node(&world);
    assert_eq!((node.stake, node.owed.cases), (Amount(STAKE - slash()), Amount(0)));
    assert!(node.jailed_until > world.header.time);
    let end = court.end(PublicKey::NONE);
    let early = world.signed(OTHER, &end);
    assert_eq!(world.rejection(&early), Some(Rejection::NotDecided));
    wait(&mut world);
    let late = world.signed(OWNER, &court.appeal());
    assert_eq!(world.rejection(&late), Some(Rejection::NotSilent));
    let got = gained(&mut world, ACCUSER, |world| world.take(OTHER, &end));
    assert_eq!(got, signed(bond() + default(Parameter::SilenceFee)));
    assert_eq!(court.dispute(&world).course, Course::Ended(Outcome::ClaimantSilent));
    // Another may accuse of the same: silence cleared nothing. It is the same absence, and holds as much again.
    let mut court = court;
    let again = court.opening(&world, OTHER);
    world.block(1, &[again]);
    court.turn_to(&world, OTHER);
    wait(&mut world);
    world.take(OTHER, &court.late());
    assert_eq!(court.node(&world).stake, Amount(STAKE - 2 * slash()));
}

#[test]
fn who_was_away_and_is_right_loses_a_bond() {
    let mut world = World::new();
    let mut court = opened(&mut world, false);
    court.play(&mut world, 2);
    wait(&mut world);
    world.take(OTHER, &court.late());
    for stranger in [ACCUSER, OTHER] {
        let appeal = world.signed(stranger, &court.appeal());
        assert_eq!(world.rejection(&appeal), Some(Rejection::NotAsked));
    }
    world.take(OWNER, &court.appeal());
    court.play(&mut world, 100);
    assert_eq!(court.stage(&world), Stage::Decided(Outcome::ChallengerRefuted));
    let end = court.end(public(OWNER));
    let got = gained(&mut world, OWNER, |world| world.take(OTHER, &end));
    assert_eq!(got, signed(bond() + bond() / 2));
    assert_eq!(court.node(&world).stake, Amount(STAKE - bond()));
}

#[test]
fn who_was_away_and_lied_loses_a_bond_besides() {
    let mut world = World::new();
    let mut court = slept(&mut world);
    world.take(OWNER, &court.appeal());
    court.play(&mut world, 100);
    let end = court.end(public(OWNER));
    let reward = slash() / 1_000_000 * default(Parameter::ChallengerShare);
    let got = gained(&mut world, ACCUSER, |world| world.take(OTHER, &end));
    assert_eq!(got, signed(bond() + reward));
    assert_eq!(court.node(&world).stake, Amount(STAKE - slash()));
    assert_eq!(court.dispute(&world).course, Course::Ended(Outcome::ClaimantRefuted));
}

#[test]
fn silence_after_an_appeal_is_the_end() {
    let mut world = World::new();
    let court = slept(&mut world);
    world.take(OWNER, &court.appeal());
    wait(&mut world);
    world.take(OTHER, &court.late());
    assert_eq!(court.stage(&world), Stage::Decided(Outcome::ClaimantSilent));
    world.take(OTHER, &court.end(public(OWNER)));
    assert_eq!(court.node(&world).stake, Amount(STAKE - slash()));
    assert_eq!(court.node(&world).silences.count, 1);
}

#[test]
fn a_node_without_money_can_be_refuted_all_the_same() {
    let mut world = World::new();
    let mut court = Court::of(&mut world, true);
    change(&mut world, court.node, |node| node.owed.cases = Amount(STAKE - 5));
    let open = court.opening(&world, ACCUSER);
    world.block(1, &[open]);
    assert_eq!(court.node(&world).owed.cases, Amount(STAKE - 5 + slash()));
    court.play(&mut world, 100);
    world.take(OTHER, &court.end(PublicKey::NONE));
    assert_eq!(court.node(&world).owed.cases, Amount(STAKE - 5));
}

#[test]
fn two_tokens_for_one_place_cost_the_stake_once() {
    let mut world = World::new();
    let node = staked(&mut world, OWNER, STAKE);
    let shown = equivocation(&world, node, [7, 8]);
    let fees = gained(&mut world.clone(), ACCUSER, |world| {
        world.take(ACCUSER, &crate::transfer::transfer(OTHER, 1));
    });
    assert!(fees < 0);
    world.take(ACCUSER, &shown);
    let record: Node = world.record(&NodeSlot(node)).unwrap();
    assert_eq!(record.stake, Amount(STAKE - slash()));
    assert!(record.jailed_until > world.header.time);
    let again = world.signed(OTHER, &equivocation(&world, node, [9, 8]));
    assert_eq!(world.rejection(&again), Some(Rejection::DisputeThere));
    // Of a node that never had the key.
    let other = staked(&mut world, OTHER, 1);
    let wrong = world.signed(OTHER, &equivocation(&world, other, [9, 8]));
    assert_eq!(world.rejection(&wrong), Some(Rejection::NotSigner));
}

#[test]
fn children_may_be_brought_by_anybody_for_the_node() {
    let mut world = World::new();
    let mut court = opened(&mut world, true);
    court.play(&mut world, 2);
    let asked = court.referee.asked().unwrap();
    let made = Claimant(&court.lying).answer(&asked).unwrap();
    assert!(matches!(made, Move::Children(_)), "{made:?}");
    world.take(OTHER, &Action::DisputeMove(Box::new(court.moving(made))));
    assert_eq!(court.stage(&world), Stage::Challenger);
}

#[test]
fn a_program_of_more_ops_than_are_paid_for_is_not_read() {
    let mut world = World::new();
    let mut court = Court::of(&mut world, true);
    court.model.ops -= 1;
    let open = court.opening(&world, ACCUSER);
    assert_eq!(world.rejection(&open), Some(Rejection::DisputeNames));
}

/// A filing whose worker says that the first op faulted, and the signature of its receipt.
fn faulted(world: &World, court: &Court) -> DisputeOpen {
    let head = court.filing.head;
    let receipt = Receipt {
        kind: WorkKind::Generate,
        job: head.head.job,
        model: [9; 32],
        arithmetic: 1,
        sampling: 1,
        consent: 2,
        anchor_by: 0,
        usage: Usage { prompt: 3, output: head.head.count },
        choices: vec![receipt::Choice {
            index: 0,
            segments: vec![head],
            stop: Stop::Fault { position: 4, op: 0 },
        }],
        worker: public(OPERATOR),
    };
    let sealed = Envelope::seal(&receipt, &secret(OPERATOR), world.network()).unwrap();
    let claim = Claim::Fault(Box::new(receipt));
    let filing = Filing { claim, ..court.filing.clone() };
    DisputeOpen { filing, signature: Some(sealed.signature()), ..court.open() }
}

#[test]
fn a_claimed_fault_is_disputed_with_its_receipts_signature() {
    let mut world = World::new();
    let court = Court::of(&mut world, false);
    let open = faulted(&world, &court);
    let ops = u64::from(court.model.ops);
    assert_eq!(Action::DisputeOpen(Box::new(open.clone())).work(), 2_060 + ops / 4);
    assert_eq!(Action::DisputeOpen(Box::new(court.open())).work(), 1_260 + ops / 4);
    let mut unsigned = open.clone();
    unsigned.signature = Some(receipt::Signature::NONE);
    let unsigned = world.signed(ACCUSER, &Action::DisputeOpen(Box::new(unsigned)));
    assert_eq!(world.rejection(&unsigned), Some(Rejection::Filing));
    world.take(ACCUSER, &Action::DisputeOpen(Box::new(open)));
    let step = ClaimedStep {
        worker: public(OPERATOR),
        job: court.filing.head.head.job,
        choice: 0,
        position: 4,
        kind: 2,
        what: 0,
    };
    let dispute: Dispute =
        world.record(&step.disputed_by(world.network(), public(ACCUSER))).unwrap();
    assert_eq!((dispute.node, dispute.challenger), (court.node, public(ACCUSER)));
}

/// It is about no step, so none stands in its way: the reason is its own.
#[test]
fn a_claim_of_a_fault_that_is_none_is_never_there() {
    let mut world = World::new();
    let court = Court::of(&mut world, false);
    let said = |stop| {
        let mut open = faulted(&world, &court);
        let Claim::Fault(mut receipt) = open.filing.claim else { panic!("a fault is claimed") };
        receipt.choices[0].stop = stop;
        let sealed = Envelope::seal(&receipt, &secret(OPERATOR), world.network()).unwrap();
        open.filing.claim = Claim::Fault(receipt);
        open.signature = Some(sealed.signature());
        Action::DisputeOpen(Box::new(open))
    };
    let (first, none) = (said(Stop::Fault { position: 0, op: 0 }), said(Stop::Length));
    world.take(ACCUSER, &first);
    let again = world.signed(ACCUSER, &first);
    assert_eq!(world.rejection(&again), Some(Rejection::DisputeThere));
    let none = world.signed(ACCUSER, &none);
    assert_eq!(world.rejection(&none), Some(Rejection::Filing));
    // The fault is of another head than the one that is shown.
    let Action::DisputeOpen(mut other) = first else { panic!("a dispute is opened") };
    other.filing.head = signed_head(&world, &job(&[1, 2, 3], 1), &[5]);
    assert_eq!(other.filing.head.head.job, court.filing.head.head.job);
    assert_ne!(other.filing.head, court.filing.head);
    let other = world.signed(ACCUSER, &Action::DisputeOpen(other));
    assert_eq!(world.rejection(&other), Some(Rejection::Filing));
}

/// What a filing shows that the program has not nobody can compute: it is false as it stands.
fn refuted_at_once(world: &mut World, court: &Court, open: DisputeOpen) {
    let step = claimed(&open.filing);
    let slot = step.disputed_by(world.network(), public(ACCUSER));
    world.take(ACCUSER, &Action::DisputeOpen(Box::new(open)));
    let Course::Open(case) = world.record(&slot).unwrap().course else { panic!("it goes on") };
    assert_eq!((case.stage, case.state), (Stage::Decided(Outcome::ClaimantRefuted), [0; 32]));
    let (node, claim) = (court.node, step.slot(world.network()).0);
    let (owner, challenger, appellant) = (public(OWNER), public(ACCUSER), PublicKey::NONE);
    let end = DisputeEnd { dispute: slot, node, owner, challenger, appellant, claim };
    world.take(OTHER, &Action::DisputeEnd(Box::new(end)));
    assert_eq!(court.node(world).stake, Amount(STAKE - slash()));
    check_books(world);
}

/// A filing about the last of these tokens, signed by the node's operator.
fn filing_of(world: &World, job: &Job, output: &[u32]) -> Filing {
    let salts = salts_of(world.network());
    let last = u32::try_from(output.len()).unwrap() - 1;
    Filing {
        head: signed_head(world, job, output),
        terms: job.show(&salts, 0).unwrap(),
        prompt: job.show(&salts, 2).unwrap(),
        parameters: job.show(&salts, 3).unwrap(),
        claim: Claim::Token(PartialOpening::new(&salts, WHICH, output, last).unwrap()),
    }
}

#[test]
fn a_token_beyond_the_context_is_refuted_at_once() {
    let mut world = World::new();
    let court = Court::of(&mut world, false);
    let context = usize::try_from(Shape::default().program().context_max).unwrap();
    let of = |tokens: usize| filing_of(&world, &job(&[1; 5], 1), &vec![3; tokens]);
    let stage = |filing: Filing| {
        let mut world = world.clone();
        let slot = claimed(&filing).disputed_by(world.network(), public(ACCUSER));
        world.take(ACCUSER, &Action::DisputeOpen(Box::new(DisputeOpen { filing, ..court.open() })));
        let Course::Open(case) = world.record(&slot).unwrap().course else { panic!("it goes on") };
        case.stage
    };
    assert_eq!(stage(of(context - 4)), Stage::Claimant, "the last one that there may be");
    let open = DisputeOpen { filing: of(context - 3), ..court.open() };
    refuted_at_once(&mut world, &court, open);
}

#[test]
fn an_answer_by_other_arithmetic_is_refuted_at_once() {
    let mut world = World::new();
    let court = Court::of(&mut world, false);
    let mut fields = job(&[1, 2, 3], 1).fields().clone();
    fields.terms.arithmetic += 1;
    let filing = filing_of(&world, &Job::new(fields).unwrap(), &[4]);
    let mut other = filing.clone();
    other.head.head.count += 1;
    let other = DisputeOpen { filing: other, ..court.open() };
    let other = world.signed(ACCUSER, &Action::DisputeOpen(Box::new(other)));
    assert_eq!(world.rejection(&other), Some(Rejection::Filing), "all else has to fit");
    let open = DisputeOpen { filing, ..court.open() };
    refuted_at_once(&mut world, &court, open);
}

#[test]
fn a_fault_of_an_op_that_is_none_is_refuted_at_once() {
    let mut world = World::new();
    let court = Court::of(&mut world, false);
    let mut open = faulted(&world, &court);
    let Claim::Fault(mut receipt) = open.filing.claim else { panic!("a fault is claimed") };
    receipt.choices[0].stop = Stop::Fault { position: 4, op: 4_000 };
    let sealed = Envelope::seal(&receipt, &secret(OPERATOR), world.network()).unwrap();
    open.filing.claim = Claim::Fault(receipt);
    let unsigned = world.signed(ACCUSER, &Action::DisputeOpen(Box::new(open.clone())));
    assert_eq!(world.rejection(&unsigned), Some(Rejection::Filing));
    open.signature = Some(sealed.signature());
    refuted_at_once(&mut world, &court, open);
}

/// The step that a filing is about.
fn claimed(filing: &Filing) -> ClaimedStep {
    let head = &filing.head.head;
    let (kind, position, what) = match &filing.claim {
        Claim::Token(shown) => (1, shown.position, shown.token),
        Claim::Fault(receipt) => {
            let Stop::Fault { position, op } = receipt.choices[0].stop else { panic!("a fault") };
            (2, position, op)
        }
    };
    ClaimedStep {
        worker: filing.head.worker,
        job: head.job,
        choice: head.choice,
        position,
        kind,
        what,
    }
}

/// Two accuse of the same before it is refuted: the second one gets its bond, the node pays once.
#[test]
fn a_claim_is_slashed_for_once() {
    let mut world = World::new();
    let mut court = opened(&mut world, true);
    let second = court.opening(&world, OTHER);
    world.block(1, &[second]);
    assert_eq!(court.node(&world).owed.cases, Amount(2 * slash()));
    court.play(&mut world, 100);
    world.take(OTHER, &court.end(PublicKey::NONE));
    let stake = court.node(&world).stake;
    // The other dispute: the same moves, of the same worker.
    court.turn_to(&world, OTHER);
    court.decide(&mut world, Outcome::ClaimantRefuted);
    let end = court.end(PublicKey::NONE);
    let got = gained(&mut world, OTHER, |world| world.take(ACCUSER, &end));
    assert_eq!(got, signed(bond()));
    assert_eq!((court.node(&world).stake, court.node(&world).owed), (stake, Owed::default()));
}

#[test]
fn a_full_list_takes_greater_bonds() {
    let mut world = World::new();
    let court = Court::of(&mut world, true);
    for (open, factor) in [(7, 1), (8, 2), (10, 8)] {
        let mut world = world.clone();
        change(&mut world, court.node, |node| node.disputes = open);
        let open = court.opening(&world, ACCUSER);
        world.block(1, &[open]);
        let Course::Open(case) = court.dispute(&world).course else { panic!("it is open") };
        assert_eq!(case.bond.all(), Some(Amount(factor * bond())));
    }
    change(&mut world, court.node, |node| node.disputes = 8 + 31);
    let dear = court.opening(&world, ACCUSER);
    assert_eq!(world.rejection(&dear), Some(Rejection::Balance));
}
