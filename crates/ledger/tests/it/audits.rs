//! Kinds 30 to 39: units of settled money that are drawn, and what is said of the answers that they paid.

use chain::records::{
    Anchor, AnchorSlot, Audit, AuditSlot, AuditStage, AuditTerms, Auditors, AuditorsSlot, Awaited,
    BoundKey, ChannelId, ClaimedStep, ClockSlot, Course, Dispute, EpochBook, EpochBookSlot,
    EpochStart, EpochStartSlot, KeySlot, NodeId, NodeSlot, Outcome, Owed, PanelSlot,
    ParameterValues, Purse, PurseSlot, Roles, Settlement, SettlementSlot, Span, Word,
    audit_commitment, audit_finding,
};
use chain::{Amount, Epoch, Time, Voucher};
use commit::{Blind, Digest, Network, Salts};
use ledger::tx::{
    Action, AnchorLog, AuditAsk, AuditClose, AuditCommit, AuditLate, AuditOpening, AuditReveal,
    AuditShow, ChannelOpen, Collect, DisputedStep, DrawAudit, Enrol, Found, JobShown, NodeSet,
    Settle, Wish,
};
use ledger::{Parameter, Rejection};
use receipt::log::{Log, LogLeaf};
use receipt::{
    AuditConsent, Choice, Envelope, Job, JobFields, MissingAnswer, NonceChooser, Opening, Output,
    PublicKey, Receipt, Rendered, Signature, Stop, StopRule, Terms, Transcript, Usage, WorkKind,
};

use crate::disputes::check_books;
use crate::rejections::Case;
use crate::stakes::{change, staked};
use crate::transfer::transfer;
use crate::world::{World, genesis, public, secret};

pub(crate) const OWNER: u8 = 1;
pub(crate) const PAYER: u8 = 4;
pub(crate) const OTHER: u8 = 5;
/// Owners of the nodes that audit.
pub(crate) const AUDITORS: [u8; 2] = [2, 3];
pub(crate) const STAKE: u128 = 200_000_000;
/// Where the first answer's money ends and the second one's begins, and where that ends.
pub(crate) const PRICES: [u128; 3] = [0, 60_000_000, 100_000_000];
/// The epoch that is audited.
pub(crate) const SETTLED: Epoch = Epoch(1);
const SALT: Digest = [77; 32];
/// What an opening of five tokens costs at least.
const OPENS: u128 = 5 * (4 * 10 + 100);
pub(crate) const FALSE: DisputedStep = DisputedStep { choice: 0, position: 1, kind: 1, what: 11 };

pub(crate) const REJECTIONS: &[Case] = &[
    (Rejection::NotAuditor, |world| {
        let node = staked(world, 2, STAKE);
        let (roles, address) = (Roles::of(11).unwrap(), Default::default());
        world.take(2, &Action::NodeSet(NodeSet { node, roles, address }));
        world.signed(2, &enrol(node))
    }),
    (Rejection::AuditorStake, |world| {
        let node = staked(world, 2, default(Parameter::StakeAuditor) - 1);
        world.signed(2, &enrol(node))
    }),
    (Rejection::Enrolled, |world| {
        let node = staked(world, 2, STAKE);
        world.take(2, &enrol(node));
        world.signed(2, &enrol(node))
    }),
    (Rejection::NotEnrolled, |world| {
        let node = staked(world, 2, STAKE);
        world.signed(2, &Action::Enrol(Enrol { node, wish: Wish::Leave }))
    }),
    (Rejection::AuditorsFull, |world| {
        let node = staked(world, 2, STAKE);
        let all = (0..=255)
            .map(|name| NodeId([[name; 31].as_slice(), &[1]].concat().try_into().unwrap()))
            .collect();
        world.put(&AuditorsSlot, &Auditors(all));
        world.signed(2, &enrol(node))
    }),
    (Rejection::NothingDrawn, |world| {
        let trial = Trial::of(world);
        world.signed(OTHER, &trial.draw(2))
    }),
    (Rejection::DrawnBefore, |world| {
        let trial = drawn(world);
        world.signed(OTHER, &trial.draw(0))
    }),
    (Rejection::NoAudit, |world| {
        let trial = Trial::of(world);
        world.signed(OTHER, &trial.late(world, 0))
    }),
    (Rejection::AnchoredLate, |world| {
        let trial = drawn(world);
        // Its log had nothing when the epoch after the settled one was over.
        let slot = AnchorSlot(public(operator(OWNER)));
        let anchor: Anchor = world.record(&slot).unwrap();
        let earlier = vec![(Epoch(2), 0)];
        world.put(&slot, &Anchor { epoch: Epoch(3), earlier, ..anchor });
        let show = trial.show(world, 0, &|_| ());
        world.signed(OWNER, &show)
    }),
    (Rejection::NotAwaited, |world| {
        let trial = shown(world);
        let show = trial.show(world, 0, &|_| ());
        world.signed(OWNER, &show)
    }),
    (Rejection::ShownOther, |world| {
        let trial = drawn(world);
        let show = trial.show(world, 0, &|show| show.receipt.anchor_by += 1);
        let show = resealed(world, show);
        world.signed(OWNER, &show)
    }),
    (Rejection::CommitmentOther, |world| {
        let trial = committed(world);
        let reveal = trial.reveal(2, Found::Root([8; 32]));
        world.signed(2, &reveal)
    }),
    (Rejection::AuditOn, |world| {
        let trial = drawn(world);
        let close = trial.close(world, OWNER, None);
        world.signed(OTHER, &close)
    }),
];

pub(crate) fn default(parameter: Parameter) -> u128 {
    parameter.row().default
}

pub(crate) const fn operator(owner: u8) -> u8 {
    100 + 3 * owner
}

fn enrol(node: NodeId) -> Action {
    Action::Enrol(Enrol { node, wish: Wish::Join { instead: NodeId([0; 32]) } })
}

/// The first block of the next epoch.
pub(crate) fn turn(world: &mut World) {
    let clock = world.record(&ClockSlot).unwrap();
    world.at(clock.epoch_began.after(3_600_000));
    world.block(1, &[]);
}

/// Longer than any window here.
pub(crate) fn wait(world: &mut World) {
    (0..7).for_each(|_| world.block(10_000, &[]));
    check_books(world);
}

/// What an account has more after a step.
pub(crate) fn gained(world: &mut World, name: u8, step: impl FnOnce(&mut World)) -> i128 {
    let balance = |world: &World| i128::try_from(world.account(name).balance.0).unwrap();
    let before = balance(world);
    step(world);
    check_books(world);
    balance(world) - before
}

pub(crate) fn signed(amount: u128) -> i128 {
    i128::try_from(amount).unwrap()
}

pub(crate) fn job(nonce: u8, consent: AuditConsent, beacon_height: u64) -> Job {
    let fields = JobFields {
        terms: Terms {
            kind: WorkKind::Generate,
            model: [9; 32],
            arithmetic: 1,
            sampling: 1,
            nonce_by: NonceChooser::Client,
            beacon_height,
            requester: PublicKey::NONE,
            consent,
        },
        nonce: [nonce; 32],
        prompt: vec![3, 1, 4],
        parameters: Default::default(),
        choices: 1,
        stop: StopRule { tokens_max: 2, tokens: Vec::new(), strings: Vec::new() },
        rendered: Rendered::Nobody,
    };
    Job::new(fields).unwrap()
}

/// Whether somebody may audit its answer.
pub(crate) fn audited(job: &Job) -> bool {
    let terms = &job.fields().terms;
    terms.consent == AuditConsent::Open && terms.beacon_height != 0
}

/// What else a receipt says than the worker's was to.
pub(crate) type Change<'a> = dyn Fn(&mut Receipt, &Salts) + 'a;

/// What a worker answered, and all that it keeps of it.
pub(crate) struct Answer {
    pub(crate) receipt: Receipt,
    pub(crate) opening: Opening,
    pub(crate) voucher: Voucher,
    pub(crate) leaf: LogLeaf,
}

impl Answer {
    fn of(
        network: Network,
        nonce: u8,
        job: Job,
        (channel, change): (ChannelId, &Change<'_>),
    ) -> Self {
        let salts = Salts { network, blind: Blind([nonce; 32]) };
        let (commitment, tokens) = (job.commitment(&salts), vec![7, 11]);
        let worker = secret(operator(OWNER));
        let mut transcript = Transcript::new(salts, commitment, 0, worker);
        tokens.iter().for_each(|token| transcript.push(*token));
        let mut receipt = Receipt {
            kind: WorkKind::Generate,
            job: commitment,
            model: [9; 32],
            arithmetic: 1,
            sampling: 1,
            consent: job.fields().terms.consent.number(),
            anchor_by: 2,
            usage: Usage { prompt: 3, output: 2 },
            choices: vec![Choice {
                index: 0,
                segments: vec![transcript.sign()],
                stop: Stop::Length,
            }],
            worker: public(operator(OWNER)),
        };
        change(&mut receipt, &salts);
        let at = usize::from(nonce);
        let (from, cumulative) = (Amount(PRICES[at]), Amount(PRICES[at + 1]));
        let (expiry, job_id, id) = (Time(u64::MAX), commitment, receipt.id(network));
        Self {
            receipt,
            opening: Opening {
                blind: salts.blind,
                job,
                outputs: vec![Output { choice: 0, tokens }],
            },
            voucher: Voucher { channel, from, cumulative, expiry, job: job_id },
            leaf: LogLeaf { receipt: id, channel: channel.0, from: from.0, to: cumulative.0 },
        }
    }
}

/// Two answers that were paid on one channel, and those who may audit them.
pub(crate) struct Trial {
    pub(crate) node: NodeId,
    auditors: [NodeId; 2],
    number: u64,
    pub(crate) channel: ChannelId,
    pub(crate) answers: [Answer; 2],
    log: Log,
}

impl Trial {
    /// In a world of its own, in the epoch in which the settled one is drawn from.
    pub(crate) fn of(world: &mut World) -> Self {
        Self::agreed(world, &AuditConsent::Open, 1)
    }

    /// About jobs with this consent, of this date.
    pub(crate) fn agreed(at: &mut World, consent: &AuditConsent, dated: u64) -> Self {
        Self::answered(at, &|nonce| job(nonce, consent.clone(), dated), &|_, _| ())
    }

    /// About other jobs, with other receipts than were due.
    pub(crate) fn answered(at: &mut World, job: &dyn Fn(u8) -> Job, change: &Change<'_>) -> Self {
        let mut genesis = genesis();
        let windows = [
            Parameter::MoveMs,
            Parameter::AppealMs,
            Parameter::ShowMs,
            Parameter::CommitMs,
            Parameter::RevealMs,
        ];
        let values = windows.map(|parameter| (parameter.number(), 60_000));
        genesis.parameters = ParameterValues(values.into());
        *at = World::of(genesis);
        let node = staked(at, OWNER, STAKE);
        let auditors = AUDITORS.map(|owner| {
            let node = staked(at, owner, STAKE);
            at.take(owner, &enrol(node));
            node
        });
        let (network, number) = (at.network(), at.account(PAYER).made);
        let channel = ChannelId::of(network, public(PAYER), number);
        let deposit = Amount(2 * PRICES[2]);
        at.take(PAYER, &Action::ChannelOpen(ChannelOpen { node, deposit }));
        let answers = [0, 1].map(|nonce| Answer::of(network, nonce, job(nonce), (channel, change)));
        let log = Log::over(answers.iter().map(|answer| answer.leaf.hash()).collect());
        let trial = Self { node, auditors, number, channel, answers, log };
        trial.settle(at);
        (0..2).for_each(|_| turn(at));
        trial
    }

    pub(crate) fn settle(&self, world: &mut World) {
        world.take(OWNER, &transfer(operator(OWNER), 10_000_000));
        let (size, root) = (self.log.size(), self.log.root());
        let anchor = AnchorLog { size, root, proof: Vec::new() };
        world.take(operator(OWNER), &Action::Anchor(anchor));
        let voucher = self.answers[1].voucher;
        let signature = voucher.sign(world.network(), &secret(PAYER));
        let settle = Settle { node: self.node, epoch: SETTLED, voucher, signature };
        world.take(OWNER, &Action::Settle(settle));
    }

    /// Takes more of the channel, in the epoch that it is now.
    pub(crate) fn more(&self, world: &World) -> Action {
        let last = self.answers[1].voucher;
        let cumulative = Amount(last.cumulative.0 + 1);
        let voucher = Voucher { from: last.cumulative, cumulative, ..last };
        let signature = voucher.sign(world.network(), &secret(PAYER));
        let epoch = world.header.epoch;
        Action::Settle(Settle { node: self.node, epoch, voucher, signature })
    }

    pub(crate) fn slot(index: u32) -> AuditSlot {
        AuditSlot { epoch: SETTLED, index }
    }

    pub(crate) fn audit(world: &World, index: u32) -> Audit {
        world.record(&Self::slot(index)).unwrap()
    }

    pub(crate) fn settlement(&self, world: &World) -> Settlement {
        world.record(&SettlementSlot { epoch: SETTLED, channel: self.channel }).unwrap()
    }

    pub(crate) fn node_of(&self, owner: u8) -> NodeId {
        match AUDITORS.iter().position(|name| *name == owner) {
            Some(at) => self.auditors[at],
            None => self.node,
        }
    }

    pub(crate) fn draw(&self, index: u32) -> Action {
        let (audit, channel, node) = (Self::slot(index), self.channel, self.node);
        Action::Draw(DrawAudit { audit, channel, node })
    }

    /// Which answer the drawn unit paid.
    pub(crate) fn drawn(&self, world: &World, index: u32) -> &Answer {
        let unit = Self::audit(world, index).unit.0;
        &self.answers[usize::from(unit >= PRICES[1])]
    }

    /// What shows it, or something else.
    pub(crate) fn show(
        &self,
        world: &World,
        index: u32,
        change: &dyn Fn(&mut AuditShow),
    ) -> Action {
        self.showing(world, (index, self.drawn(world, index)), change)
    }

    fn showing(
        &self,
        world: &World,
        (index, answer): (u32, &Answer),
        change: &dyn Fn(&mut AuditShow),
    ) -> Action {
        let network = world.network();
        let salts = Salts { network, blind: answer.opening.blind };
        let at = u64::from(answer.voucher.from.0 > 0);
        let sealed = Envelope::seal(&answer.receipt, &secret(operator(OWNER)), network).unwrap();
        let mut show = AuditShow {
            audit: Self::slot(index),
            node: self.node,
            receipt: answer.receipt.clone(),
            signature: sealed.signature(),
            terms: answer.opening.job.show(&salts, 0).unwrap(),
            dated: SETTLED,
            job: audited(&answer.opening.job).then(|| JobShown {
                parameters: answer.opening.job.show(&salts, 3).unwrap(),
                stop: answer.opening.job.show(&salts, 5).unwrap(),
                ends: Vec::new(),
                model: None,
            }),
            answer: MissingAnswer {
                leaf: answer.leaf,
                index: at,
                proof: self.log.inclusion(at, self.log.size()).unwrap(),
            },
            voucher: answer.voucher,
            voucher_signature: answer.voucher.sign(network, &secret(PAYER)),
            payer: public(PAYER),
            number: self.number,
            commitment: self.commitment(network, OWNER, &self.root(network)),
        };
        change(&mut show);
        Action::AuditShow(Box::new(show))
    }

    /// What an honest node finds here.
    pub(crate) fn root(&self, network: Network) -> Digest {
        audit_finding(network, &[[1; 32]])
    }

    pub(crate) fn commitment(&self, network: Network, owner: u8, finding: &Digest) -> Digest {
        audit_commitment(network, finding, self.node_of(owner), &SALT)
    }

    pub(crate) fn commit(&self, world: &World, owner: u8, finding: &Digest) -> Action {
        let commitment = self.commitment(world.network(), owner, finding);
        let (audit, node) = (Self::slot(0), self.node_of(owner));
        Action::AuditCommit(AuditCommit { audit, node, commitment })
    }

    pub(crate) fn reveal(&self, owner: u8, found: Found) -> Action {
        let (audit, node) = (Self::slot(0), self.node_of(owner));
        Action::AuditReveal(AuditReveal { audit, node, salt: SALT, found })
    }

    pub(crate) fn close(&self, world: &World, owner: u8, by: Option<u8>) -> Action {
        let alarm = by.map(|by| (self.claimed(world), public(by)));
        let (audit, node, channel) = (Self::slot(0), self.node_of(owner), self.channel);
        let owner = public(owner);
        Action::AuditClose(Box::new(AuditClose { audit, node, owner, channel, alarm }))
    }

    /// What a false step of the drawn answer would be disputed as.
    pub(crate) fn claimed(&self, world: &World) -> ClaimedStep {
        let Receipt { worker, job, .. } = self.drawn(world, 0).receipt;
        let DisputedStep { choice, position, kind, what } = FALSE;
        ClaimedStep { worker, job, choice, position, kind, what }
    }

    pub(crate) fn late(&self, world: &World, index: u32) -> Action {
        let audit = world.record(&Self::slot(index));
        Action::AuditLate(Box::new(AuditLate {
            audit: Self::slot(index),
            node: self.node,
            channel: self.channel,
            payer: public(PAYER),
            number: self.number,
            asker: audit.map_or(PublicKey::NONE, |audit: Audit| audit.asker),
        }))
    }

    pub(crate) fn ask(&self, owner: u8) -> Action {
        Action::AuditAsk(AuditAsk { audit: Self::slot(0), node: self.node_of(owner) })
    }

    pub(crate) fn opening(&self, world: &World) -> Action {
        let answer = self.drawn(world, 0);
        Action::AuditOpening(Box::new(AuditOpening {
            audit: Self::slot(0),
            node: self.node,
            owner: public(OWNER),
            asker: Self::audit(world, 0).asker,
            receipt: answer.receipt.clone(),
            opening: answer.opening.clone(),
            bytes: answer.opening.encode().len(),
        }))
    }

    /// Everybody says the same, and commits to it first.
    pub(crate) fn agree(&self, world: &mut World) {
        let root = self.root(world.network());
        for owner in AUDITORS {
            let commit = self.commit(world, owner, &root);
            world.take(owner, &commit);
        }
        for owner in [OWNER, AUDITORS[0], AUDITORS[1]] {
            world.take(owner, &self.reveal(owner, Found::Root(root)));
        }
    }

    /// The first auditor says that a step is false; everybody else what the worker says.
    pub(crate) fn alarmed(&self, world: &mut World) {
        let (network, root) = (world.network(), self.root(world.network()));
        let alarm = self.claimed(world).slot(network).0;
        for (owner, finding) in [(AUDITORS[0], alarm), (AUDITORS[1], root)] {
            let commit = self.commit(world, owner, &finding);
            world.take(owner, &commit);
        }
        world.take(AUDITORS[0], &self.reveal(AUDITORS[0], Found::False(FALSE)));
        for owner in [OWNER, AUDITORS[1]] {
            world.take(owner, &self.reveal(owner, Found::Root(root)));
        }
        turn(world);
    }

    /// What came of the alarm's dispute, as it would stand there.
    pub(crate) fn judged(&self, world: &mut World, outcome: Outcome) {
        let slot = self.claimed(world).disputed_by(world.network(), public(AUDITORS[0]));
        let (challenger, opened) = (public(AUDITORS[0]), Time(1));
        let course = Course::Ended(outcome);
        world.put(&slot, &Dispute { node: self.node, challenger, opened, course });
    }
}

/// By what the epoch's settlements are audited, another way.
fn goes_by(world: &mut World, change: impl FnOnce(&mut AuditTerms)) {
    let slot = EpochBookSlot(SETTLED);
    let mut book = world.record(&slot).unwrap();
    change(&mut book.terms);
    world.put(&slot, &book);
}

/// With the first draw drawn.
pub(crate) fn drawn(world: &mut World) -> Trial {
    let trial = Trial::of(world);
    world.take(OTHER, &trial.draw(0));
    trial
}

/// And shown.
pub(crate) fn shown(world: &mut World) -> Trial {
    let trial = drawn(world);
    let show = trial.show(world, 0, &|_| ());
    world.take(OWNER, &show);
    trial
}

/// And with everybody's commitments.
pub(crate) fn committed(world: &mut World) -> Trial {
    let trial = shown(world);
    let root = trial.root(world.network());
    for owner in AUDITORS {
        let commit = trial.commit(world, owner, &root);
        world.take(owner, &commit);
    }
    trial
}

/// What was altered, signed again by the worker.
pub(crate) fn resealed(world: &World, show: Action) -> Action {
    let Action::AuditShow(mut show) = show else { panic!("an answer is shown") };
    let key = secret(operator(OWNER));
    show.signature = Envelope::seal(&show.receipt, &key, world.network()).unwrap().signature();
    Action::AuditShow(show)
}

pub(crate) fn refused(world: &World, name: u8, action: &Action) -> Option<Rejection> {
    world.rejection(&world.signed(name, action))
}

#[test]
fn an_epoch_seats_those_that_may_audit_by_their_stakes() {
    let mut world = World::new();
    let [first, second, third] = [1, 2, 3].map(|owner| staked(&mut world, owner, STAKE));
    for (owner, node) in [(1, first), (2, second), (3, third)] {
        world.take(owner, &enrol(node));
    }
    assert_eq!(world.record(&PanelSlot), None);
    change(&mut world, second, |node| node.jailed_until = Time(u64::MAX));
    turn(&mut world);
    let panel = world.record(&PanelSlot).unwrap().0;
    let seated: Vec<_> = panel.iter().map(|one| (one.node, one.owner, one.weight)).collect();
    let mut wanted =
        [(first, 1), (third, 3)].map(|(node, owner)| (node, public(owner), Amount(STAKE)));
    wanted.sort_unstable();
    assert_eq!(seated, wanted);
    let Auditors(left) = world.record(&AuditorsSlot).unwrap();
    assert!(!left.contains(&second), "who may not audit leaves the list");
    for (owner, node) in [(1, first), (3, third)] {
        world.take(owner, &Action::Enrol(Enrol { node, wish: Wish::Leave }));
    }
    assert_eq!(world.record(&AuditorsSlot), None);
    turn(&mut world);
    assert_eq!(world.record(&PanelSlot), None);
}

#[test]
fn every_index_of_an_epoch_is_drawn_once_two_epochs_later() {
    let mut world = World::new();
    let trial = Trial::of(&mut world);
    let Purse { treasury, .. } = world.record(&PurseSlot).unwrap();
    for index in [0, 1] {
        let draw = trial.draw(index);
        let gain = gained(&mut world, OTHER, |world| world.take(OTHER, &draw));
        assert!(gain > 0, "the fee of a draw pays its transaction: {gain}");
        let audit = Trial::audit(&world, index);
        assert_eq!(
            (audit.stage, audit.cost),
            (AuditStage::Show, Amount(default(Parameter::Slash)))
        );
        assert!(audit.unit.0 < PRICES[2]);
        let auditors: Vec<_> = audit.auditors.iter().map(|auditor| auditor.node).collect();
        assert_eq!(auditors.len(), 2, "everybody who is there is drawn");
        assert!(!auditors.contains(&trial.node));
        assert_eq!(refused(&world, OTHER, &draw), Some(Rejection::DrawnBefore));
    }
    let fee = default(Parameter::DrawFee);
    let Purse { treasury: left, .. } = world.record(&PurseSlot).unwrap();
    assert_eq!(treasury.0 - left.0, 2 * fee);
    assert_eq!(trial.settlement(&world).held, 2);
    let node = world.record(&NodeSlot(trial.node)).unwrap();
    assert_eq!(node.owed.draws, Amount(2 * default(Parameter::Slash)));
    assert_eq!(refused(&world, OTHER, &trial.draw(2)), Some(Rejection::NothingDrawn));
    let other = Action::Draw(DrawAudit {
        audit: AuditSlot { epoch: Epoch(9), index: 0 },
        channel: trial.channel,
        node: trial.node,
    });
    assert_eq!(refused(&world, OTHER, &other), Some(Rejection::EpochOther));
    turn(&mut world);
    assert_eq!(refused(&world, OTHER, &trial.draw(1)), Some(Rejection::EpochOther));
}

#[test]
fn a_little_that_was_settled_is_hardly_ever_drawn() {
    let mut world = World::new();
    let trial = Trial::of(&mut world);
    let slot = EpochBookSlot(SETTLED);
    let book = world.record(&slot).unwrap();
    // One draw, of as many numbers as a whole unit has, of which this much was settled.
    world.put(&slot, &EpochBook { settled: Amount(1), ..book });
    let slot = SettlementSlot { epoch: SETTLED, channel: trial.channel };
    let settlement = trial.settlement(&world);
    let span = Span { to: Amount(settlement.span.from.0 + 1), ..settlement.span };
    world.put(&slot, &Settlement { span, ..settlement });
    assert_eq!(refused(&world, OTHER, &trial.draw(0)), Some(Rejection::NothingDrawn));
    assert_eq!(refused(&world, OTHER, &trial.draw(1)), Some(Rejection::NothingDrawn));
}

#[test]
fn an_auditor_of_the_worker_s_own_owner_is_never_drawn() {
    let mut world = World::new();
    let trial = Trial::of(&mut world);
    let panel = world.record(&PanelSlot).unwrap();
    let mut own = panel.clone();
    own.0[0].owner = public(OWNER);
    world.put(&PanelSlot, &own);
    world.take(OTHER, &trial.draw(0));
    let audit = Trial::audit(&world, 0);
    let drawn: Vec<_> = audit.auditors.iter().map(|auditor| auditor.node).collect();
    assert_eq!(drawn, [panel.0[1].node]);
}

#[test]
fn who_says_what_the_worker_says_is_paid_and_the_settlement_is_free() {
    let mut world = World::new();
    let trial = shown(&mut world);
    trial.agree(&mut world);
    // Not in the epoch in which it was drawn, or the index would be free again.
    let close = trial.close(&world, AUDITORS[0], None);
    assert_eq!(refused(&world, OTHER, &close), Some(Rejection::AuditOn));
    turn(&mut world);
    let end = trial.close(&world, OWNER, None);
    assert_eq!(refused(&world, OTHER, &end), Some(Rejection::AuditOn), "the auditors come first");
    for owner in AUDITORS {
        let close = trial.close(&world, owner, None);
        let gain = gained(&mut world, owner, |world| world.take(OTHER, &close));
        assert_eq!(gain, signed(default(Parameter::AuditFee)));
        assert_eq!(refused(&world, OTHER, &close), Some(Rejection::NotAwaited));
    }
    world.take(OTHER, &end);
    assert_eq!(world.record(&Trial::slot(0)), None);
    assert_eq!(trial.settlement(&world).held, 0);
    assert_eq!(world.record(&NodeSlot(trial.node)).unwrap().owed, Owed::default());
    assert_eq!(refused(&world, OTHER, &trial.draw(0)), Some(Rejection::EpochOther));
}

#[test]
fn an_audit_pays_what_the_treasury_has() {
    let mut world = World::new();
    let trial = shown(&mut world);
    trial.agree(&mut world);
    turn(&mut world);
    let purse = world.record(&PurseSlot).unwrap();
    let spent = Amount(purse.treasury.0 - 7);
    let burnt = purse.burnt.plus(spent).unwrap();
    world.put(&PurseSlot, &Purse { treasury: Amount(7), burnt, ..purse });
    for (owner, fee) in [(AUDITORS[0], 7), (AUDITORS[1], 0)] {
        let close = trial.close(&world, owner, None);
        let gain = gained(&mut world, owner, |world| world.take(OTHER, &close));
        assert_eq!(gain, fee);
    }
}

#[test]
fn a_worker_shows_just_the_answer_that_the_unit_paid() {
    let mut world = World::new();
    let trial = drawn(&mut world);
    let with = |change: &dyn Fn(&mut AuditShow)| {
        let show = trial.show(&world, 0, change);
        refused(&world, OWNER, &show)
    };
    assert_eq!(with(&|_| ()), None);
    assert_eq!(with(&|show| show.signature = Signature::NONE), Some(Rejection::ReceiptUnsigned));
    assert_eq!(with(&|show| show.terms.leaf = 1), Some(Rejection::ShownOther));
    assert_eq!(with(&|show| show.payer = public(OTHER)), Some(Rejection::ChannelPayer));
    assert_eq!(with(&|show| show.number += 1), Some(Rejection::ChannelPayer));
    let signature = |show: &mut AuditShow| show.voucher_signature = Signature::NONE;
    assert_eq!(with(&signature), Some(Rejection::VoucherSignature));
    // A leaf, or a voucher, that does not cover the unit.
    let unit = Trial::audit(&world, 0).unit;
    assert_eq!(with(&|show| show.answer.leaf.from = unit.0 + 1), Some(Rejection::ShownOther));
    assert_eq!(with(&|show| show.answer.leaf.to = unit.0), Some(Rejection::ShownOther));
    assert_eq!(with(&|show| show.voucher.cumulative = unit), Some(Rejection::ShownOther));
    let network = world.network();
    let again = |change: &dyn Fn(&mut Voucher)| {
        with(&|show| {
            change(&mut show.voucher);
            show.voucher_signature = show.voucher.sign(network, &secret(PAYER));
        })
    };
    assert_eq!(again(&|voucher| voucher.from = Amount(unit.0 + 1)), Some(Rejection::ShownOther));
    assert_eq!(again(&|voucher| voucher.job = [1; 32]), Some(Rejection::ShownOther));
    assert_eq!(again(&|voucher| voucher.expiry = Time(1)), None, "it was settled in time");
    assert_eq!(with(&|show| show.answer.proof.clear()), Some(Rejection::NotIncluded));
    assert_eq!(with(&|show| show.answer.leaf.receipt = [0; 32]), Some(Rejection::ShownOther));
    assert_eq!(with(&|show| show.commitment = [0; 32]), Some(Rejection::Body));
    // Somebody else's word for it.
    let show = trial.show(&world, 0, &|_| ());
    assert_eq!(refused(&world, OTHER, &show), Some(Rejection::NotNode));
    let operated = refused(&world, operator(OWNER), &show);
    assert_eq!(operated, None, "the operator speaks for the node");
}

/// The worker has another true answer at hand, in the same log, paid on the same channel.
#[test]
fn another_job_s_receipt_is_not_what_the_unit_paid() {
    let mut world = World::new();
    let trial = drawn(&mut world);
    let true_one = trial.drawn(&world, 0);
    let at = usize::from(true_one.voucher.from.0 == 0);
    let other = trial.showing(&world, (0, &trial.answers[at]), &|_| ());
    assert_eq!(refused(&world, OWNER, &other), Some(Rejection::ShownOther));
    // With the right voucher beside it the job differs; with a voucher of its own for the unit nobody signed it.
    let voucher = true_one.voucher;
    let beside = trial.showing(&world, (0, &trial.answers[at]), &|show| show.voucher = voucher);
    assert_eq!(refused(&world, OWNER, &beside), Some(Rejection::ShownOther));
    let network = world.network();
    let claimed = trial.show(&world, 0, &|show| {
        show.voucher_signature = show.voucher.sign(network, &secret(OTHER));
    });
    assert_eq!(refused(&world, OWNER, &claimed), Some(Rejection::VoucherSignature));
}

#[test]
fn a_leaf_that_was_anchored_after_the_beacon_is_not_shown() {
    let mut world = World::new();
    let trial = drawn(&mut world);
    let slot = AnchorSlot(public(operator(OWNER)));
    let anchor: Anchor = world.record(&slot).unwrap();
    let show = trial.show(&world, 0, &|_| ());
    let index = u64::from(trial.drawn(&world, 0).voucher.from.0 > 0);
    for (epoch, earlier, taken) in [
        (3, vec![], false),
        (2, vec![], true),
        (3, vec![(Epoch(2), index + 1)], true),
        (3, vec![(Epoch(2), index)], false),
        (3, vec![(Epoch(1), index + 1)], true),
    ] {
        world.put(&slot, &Anchor { epoch: Epoch(epoch), earlier, ..anchor.clone() });
        let wanted = (!taken).then_some(Rejection::AnchoredLate);
        assert_eq!(refused(&world, OWNER, &show), wanted);
    }
}

#[test]
fn an_answer_that_nobody_may_open_or_judge_is_over_when_it_is_shown() {
    for (consent, dated) in
        [(AuditConsent::Own, 1), (AuditConsent::Named(vec![public(2)]), 1), (AuditConsent::Open, 0)]
    {
        let mut world = World::new();
        let trial = Trial::agreed(&mut world, &consent, dated);
        world.take(OTHER, &trial.draw(0));
        let show = trial.show(&world, 0, &|_| ());
        world.take(OWNER, &show);
        let audit = Trial::audit(&world, 0);
        assert_eq!((audit.stage, audit.auditors.len()), (AuditStage::Over, 0));
        let end = trial.close(&world, OWNER, None);
        assert_eq!(refused(&world, OTHER, &end), Some(Rejection::AuditOn), "not in this epoch");
        turn(&mut world);
        world.take(OTHER, &end);
        assert_eq!(trial.settlement(&world).held, 0);
    }
}

#[test]
fn an_auditor_commits_for_itself_once_and_reveals_nothing_else() {
    let mut world = World::new();
    let trial = shown(&mut world);
    let root = trial.root(world.network());
    let commit = trial.commit(&world, 2, &root);
    assert_eq!(refused(&world, 3, &commit), Some(Rejection::NotNode), "for another");
    let own = trial.commit(&world, OWNER, &root);
    assert_eq!(refused(&world, OWNER, &own), Some(Rejection::NotAwaited), "no auditor");
    world.take(2, &commit);
    assert_eq!(refused(&world, 2, &commit), Some(Rejection::NotAwaited), "once");
    let early = trial.reveal(2, Found::Root(root));
    assert_eq!(refused(&world, 2, &early), Some(Rejection::NotAwaited), "before all have");
    // A copied commitment is taken, and worth nothing: it holds another node's id.
    let copied = trial.commitment(world.network(), 2, &root);
    let (audit, node) = (Trial::slot(0), trial.node_of(3));
    world.take(3, &Action::AuditCommit(AuditCommit { audit, node, commitment: copied }));
    let copy = trial.reveal(3, Found::Root(root));
    assert_eq!(refused(&world, 3, &copy), Some(Rejection::CommitmentOther));
    let other = trial.reveal(2, Found::Root([9; 32]));
    assert_eq!(refused(&world, 2, &other), Some(Rejection::CommitmentOther), "another finding");
    let alarm = trial.reveal(2, Found::False(FALSE));
    assert_eq!(refused(&world, 2, &alarm), Some(Rejection::CommitmentOther));
    world.take(2, &trial.reveal(2, Found::Root(root)));
    let again = trial.reveal(2, Found::Root(root));
    assert_eq!(refused(&world, 2, &again), Some(Rejection::NotAwaited), "twice");
}

#[test]
fn who_says_something_else_gets_nothing_and_who_was_away_leaves_the_list() {
    let mut world = World::new();
    let trial = shown(&mut world);
    let (root, other) = (trial.root(world.network()), [9; 32]);
    let commit = trial.commit(&world, 2, &other);
    world.take(2, &commit);
    wait(&mut world);
    // Too few committed in time: those who did reveal now.
    let late = trial.commit(&world, 3, &root);
    assert_eq!(refused(&world, 3, &late), Some(Rejection::NotAwaited));
    world.take(2, &trial.reveal(2, Found::Root(other)));
    world.take(OWNER, &trial.reveal(OWNER, Found::Root(root)));
    turn(&mut world);
    for owner in AUDITORS {
        let close = trial.close(&world, owner, None);
        assert_eq!(gained(&mut world, owner, |world| world.take(OTHER, &close)), 0);
    }
    let Auditors(left) = world.record(&AuditorsSlot).unwrap();
    assert_eq!(left.into_iter().collect::<Vec<_>>(), [trial.node_of(2)]);
    let stakes = AUDITORS.map(|owner| world.record(&NodeSlot(trial.node_of(owner))).unwrap().stake);
    assert_eq!(stakes, [Amount(STAKE); 2], "nobody is slashed for being away");
}

#[test]
fn an_audit_whose_auditors_are_all_away_ends() {
    let mut world = World::new();
    let trial = shown(&mut world);
    wait(&mut world);
    let root = trial.root(world.network());
    world.take(OWNER, &trial.reveal(OWNER, Found::Root(root)));
    turn(&mut world);
    for owner in [AUDITORS[0], AUDITORS[1], OWNER] {
        let close = trial.close(&world, owner, None);
        assert_eq!(gained(&mut world, owner, |world| world.take(OTHER, &close)), 0);
    }
    assert_eq!(world.record(&Trial::slot(0)), None);
}

#[test]
fn an_alarm_is_worth_what_its_dispute_is() {
    let outcomes = [
        (Outcome::ClaimantRefuted, true),
        (Outcome::ClaimantSilent, true),
        (Outcome::Planted, true),
        (Outcome::ChallengerRefuted, false),
        (Outcome::ChallengerSilent, false),
    ];
    for (outcome, right) in outcomes {
        let mut world = World::new();
        let trial = shown(&mut world);
        trial.alarmed(&mut world);
        let close = trial.close(&world, AUDITORS[0], Some(AUDITORS[0]));
        trial.judged(&mut world, outcome);
        let unnamed = trial.close(&world, AUDITORS[0], None);
        assert_eq!(refused(&world, OTHER, &unnamed), Some(Rejection::DisputeNames));
        let foreign = trial.close(&world, AUDITORS[0], Some(OTHER));
        assert_eq!(refused(&world, OTHER, &foreign), Some(Rejection::DisputeNames));
        let fee = if right { signed(default(Parameter::AuditFee)) } else { 0 };
        let gain = gained(&mut world, AUDITORS[0], |world| world.take(OTHER, &close));
        assert_eq!(gain, fee, "{outcome:?}");
        let lost = if right { 0 } else { default(Parameter::FalseAlarm) };
        let node = world.record(&NodeSlot(trial.node_of(AUDITORS[0]))).unwrap();
        assert_eq!(node.stake, Amount(STAKE - lost), "{outcome:?}");
    }
}

/// Somebody else was first: the auditor could open nothing, and is right all the same.
#[test]
fn an_alarm_about_what_another_one_refuted_is_right() {
    let mut world = World::new();
    let trial = shown(&mut world);
    trial.alarmed(&mut world);
    let slot = trial.claimed(&world).slot(world.network());
    let (challenger, opened) = (public(OTHER), Time(1));
    let course = Course::Ended(Outcome::ClaimantRefuted);
    world.put(&slot, &Dispute { node: trial.node, challenger, opened, course });
    let close = trial.close(&world, AUDITORS[0], Some(AUDITORS[0]));
    let gain = gained(&mut world, AUDITORS[0], |world| world.take(OTHER, &close));
    assert_eq!(gain, signed(default(Parameter::AuditFee)));
}

#[test]
fn an_alarm_that_nobody_disputes_is_false_and_holds_the_pay_until_then() {
    let mut world = World::new();
    let trial = shown(&mut world);
    trial.alarmed(&mut world);
    let end = trial.close(&world, OWNER, None);
    let close = trial.close(&world, AUDITORS[0], Some(AUDITORS[0]));
    let mut early = world.clone();
    goes_by(&mut early, |terms| terms.move_ms = 300_000_000);
    assert_eq!(refused(&early, OTHER, &close), Some(Rejection::AuditOn), "it may be opened yet");
    assert_eq!(refused(&world, OTHER, &end), Some(Rejection::AuditOn));
    let collect = Action::Collect(Collect {
        epoch: SETTLED,
        channel: trial.channel,
        node: trial.node,
        owner: public(OWNER),
    });
    let mut later = world.clone();
    later.epoch(Epoch(100));
    assert_eq!(refused(&later, OWNER, &collect), Some(Rejection::SettlementHeld));
    let mut dear = world.clone();
    goes_by(&mut dear, |terms| terms.false_alarm = Amount(STAKE + 5));
    dear.take(OTHER, &close);
    let node = dear.record(&NodeSlot(trial.node_of(AUDITORS[0]))).unwrap();
    assert_eq!((node.stake, node.debt), (Amount::ZERO, Amount(5)), "what it has not it owes");
    world.take(OTHER, &close);
    let node = world.record(&NodeSlot(trial.node_of(AUDITORS[0]))).unwrap();
    assert_eq!(node.stake, Amount(STAKE - default(Parameter::FalseAlarm)));
    let close = trial.close(&world, AUDITORS[1], None);
    world.take(OTHER, &close);
    world.take(OTHER, &end);
    assert_eq!(trial.settlement(&world).held, 0);
}

#[test]
fn a_worker_that_shows_nothing_is_silent_and_then_unpaid() {
    let mut world = World::new();
    let trial = drawn(&mut world);
    let late = trial.late(&world, 0);
    assert_eq!(refused(&world, OTHER, &late), Some(Rejection::NotLate));
    wait(&mut world);
    let show = trial.show(&world, 0, &|_| ());
    assert_eq!(refused(&world, OWNER, &show), None, "it may come back");
    world.take(OTHER, &late);
    let audit = Trial::audit(&world, 0);
    let slash = default(Parameter::Slash);
    assert_eq!((audit.stage, audit.held.0), (AuditStage::Silent(Awaited::Show), slash));
    let node = world.record(&NodeSlot(trial.node)).unwrap();
    assert_eq!((node.stake.0, node.owed.draws.0), (STAKE - slash, 0));
    assert!(node.jailed_until > world.header.time);
    assert_eq!(node.silences.count, 1);
    wait(&mut world);
    assert_eq!(refused(&world, OTHER, &late), Some(Rejection::AuditOn), "not in this epoch");
    turn(&mut world);
    let all = PRICES[2];
    let share = all / 1_000_000 * default(Parameter::AuditShare);
    let gain = gained(&mut world, PAYER, |world| world.take(OTHER, &late));
    assert_eq!(gain, signed(all - share), "its payer has it back, less the audits' share");
    assert_eq!(world.record(&Trial::slot(0)), None);
    let settlement = trial.settlement(&world);
    assert_eq!((settlement.left(), settlement.held), (Amount::ZERO, 0));
}

#[test]
fn a_worker_that_comes_back_loses_a_bond() {
    let mut world = World::new();
    let trial = drawn(&mut world);
    wait(&mut world);
    let late = trial.late(&world, 0);
    world.take(OTHER, &late);
    let show = trial.show(&world, 0, &|_| ());
    world.take(OWNER, &show);
    let audit = Trial::audit(&world, 0);
    let (bond, slash) = (default(Parameter::Bond), default(Parameter::Slash));
    assert_eq!((audit.stage, audit.held), (AuditStage::Commit, Amount::ZERO));
    let node = world.record(&NodeSlot(trial.node)).unwrap();
    assert_eq!((node.stake.0, node.owed.draws.0), (STAKE - bond, slash));
    // And again, where its finding is awaited.
    wait(&mut world);
    let late = trial.late(&world, 0);
    assert_eq!(refused(&world, OTHER, &late), Some(Rejection::NotLate), "reveals have their time");
    wait(&mut world);
    world.take(OTHER, &late);
    let audit = Trial::audit(&world, 0);
    assert_eq!(audit.stage, AuditStage::Silent(Awaited::Reveal));
    let root = trial.root(world.network());
    world.take(OWNER, &trial.reveal(OWNER, Found::Root(root)));
    let audit = Trial::audit(&world, 0);
    assert_eq!((audit.stage, audit.word), (AuditStage::Reveal, Word::Root(root)));
    let node = world.record(&NodeSlot(trial.node)).unwrap();
    assert_eq!((node.stake.0, node.owed.draws.0), (STAKE - 2 * bond, slash));
}

#[test]
fn an_auditor_without_an_opening_asks_for_it() {
    let mut world = World::new();
    let trial = shown(&mut world);
    assert_eq!(refused(&world, OTHER, &trial.ask(2)), Some(Rejection::NotNode));
    world.take(2, &trial.ask(2));
    assert_eq!(refused(&world, 3, &trial.ask(3)), Some(Rejection::NotAwaited), "once an audit");
    let opening = trial.opening(&world);
    let Action::AuditOpening(mut other) = opening.clone() else { panic!("an opening") };
    other.opening.outputs[0].tokens[1] = 12;
    let other = Action::AuditOpening(other);
    assert_eq!(refused(&world, OWNER, &other), Some(Rejection::ShownOther));
    let mut back = world.clone();
    let gain = gained(&mut back, 2, |world| world.take(OTHER, &opening));
    assert_eq!(gain, signed(OPENS / 2), "it pays a half of what it costs");
    let gain = gained(&mut world, OWNER, |world| world.take(OTHER, &opening));
    assert_eq!(gain, signed(OPENS / 2));
    assert_eq!(Trial::audit(&world, 0).stage, AuditStage::Commit);
    trial.agree(&mut world);
}

#[test]
fn a_worker_that_keeps_an_opening_back_is_silent() {
    let mut world = World::new();
    let trial = shown(&mut world);
    world.take(2, &trial.ask(2));
    wait(&mut world);
    let opening = trial.opening(&world);
    assert_eq!(refused(&world, OWNER, &opening), None, "it may come back");
    let late = trial.late(&world, 0);
    world.take(OTHER, &late);
    assert_eq!(Trial::audit(&world, 0).stage, AuditStage::Silent(Awaited::Opening));
    let bond = default(Parameter::Bond);
    // It comes back: the asker has its bond, the worker loses as much.
    let mut back = world.clone();
    let gain = gained(&mut back, 2, |world| world.take(OWNER, &opening));
    assert_eq!(gain, signed(OPENS));
    assert_eq!(back.record(&NodeSlot(trial.node)).unwrap().stake, Amount(STAKE - bond));
    // It does not.
    wait(&mut world);
    turn(&mut world);
    let gain = gained(&mut world, 2, |world| world.take(OTHER, &late));
    assert_eq!(gain, signed(OPENS));
    assert_eq!(world.record(&Trial::slot(0)), None);
}

#[test]
fn a_finding_is_over_all_positions_whose_tokens_were_fed_in() {
    let mut world = World::new();
    let trial = Trial::of(&mut world);
    let receipt = &trial.answers[0].receipt;
    assert_eq!(receipt.positions(&receipt.choices[0]), 4);
    let stopped = |stop| Choice { stop, ..receipt.choices[0].clone() };
    assert_eq!(receipt.positions(&stopped(Stop::Fault { position: 3, op: 7 })), 3);
    let silent = Choice { segments: Vec::new(), ..stopped(Stop::Length) };
    assert_eq!(receipt.positions(&silent), 0);
}

#[test]
fn who_found_an_answer_true_is_paid_when_nobody_may_doubt_it_any_more() {
    let mut world = World::new();
    let trial = shown(&mut world);
    trial.agree(&mut world);
    let deadline = Trial::audit(&world, 0).deadline;
    world.epoch(Epoch(4));
    let close = trial.close(&world, AUDITORS[0], None);
    world.at(deadline.after(60_000 - 1));
    assert_eq!(refused(&world, OTHER, &close), Some(Rejection::AuditOn));
    world.at(deadline.after(60_000));
    assert_eq!(refused(&world, OTHER, &close), None);
}

#[test]
fn who_planted_what_a_drawn_auditor_found_is_rewarded_once() {
    for outcome in [Outcome::Planted, Outcome::ClaimantRefuted] {
        let mut world = World::new();
        let trial = shown(&mut world);
        trial.alarmed(&mut world);
        trial.judged(&mut world, outcome);
        let close = trial.close(&world, AUDITORS[0], Some(AUDITORS[0]));
        let fee = signed(default(Parameter::AuditFee));
        let got = gained(&mut world, AUDITORS[0], |world| world.take(OTHER, &close));
        assert_eq!(got, fee, "whoever found it is paid as for any alarm that is true");
        world.take(OTHER, &trial.close(&world, AUDITORS[1], None));
        let end = trial.close(&world, OWNER, None);
        let got = gained(&mut world, OWNER, |world| world.take(OTHER, &end));
        let planted = outcome == Outcome::Planted;
        let reward = if planted { signed(default(Parameter::PlantReward)) } else { 0 };
        assert_eq!(got, reward);
    }
}

#[test]
fn an_empty_treasury_owes_a_planter_nothing() {
    let mut world = World::new();
    let trial = shown(&mut world);
    trial.alarmed(&mut world);
    trial.judged(&mut world, Outcome::Planted);
    world.take(OTHER, &trial.close(&world, AUDITORS[0], Some(AUDITORS[0])));
    world.take(OTHER, &trial.close(&world, AUDITORS[1], None));
    let purse: Purse = world.record(&PurseSlot).unwrap();
    let (left, moved) = (Amount(3), purse.treasury.0 - 3);
    world.put(&PurseSlot, &Purse { treasury: left, burnt: Amount(purse.burnt.0 + moved), ..purse });
    let end = trial.close(&world, OWNER, None);
    let got = gained(&mut world, OWNER, |world| world.take(OTHER, &end));
    assert_eq!(got, 3);
}

/// A liar could write into its receipts that nobody may look.
#[test]
fn a_receipt_can_t_say_another_consent_than_its_job() {
    let mut world = World::new();
    let trial = drawn(&mut world);
    let network = world.network();
    let lying = trial.show(&world, 0, &|show| {
        show.receipt.consent = 0;
        show.answer.leaf.receipt = show.receipt.id(network);
    });
    let lying = resealed(&world, lying);
    assert_eq!(refused(&world, OWNER, &lying), Some(Rejection::ShownOther));
}

/// A liar could wait with its pay until nobody may dispute it any more, or sign by a key that does not bind it.
#[test]
fn what_nobody_can_dispute_any_more_is_not_shown() {
    let mut world = World::new();
    let trial = drawn(&mut world);
    let show = trial.show(&world, 0, &|_| ());
    assert_eq!(refused(&world, OWNER, &show), None);
    let elsewhere = trial.show(&world, 0, &|show| show.dated = Epoch(2));
    assert_eq!(refused(&world, OWNER, &elsewhere), Some(Rejection::NoDate));
    // Settled when half of its time was over.
    let mut late = world.clone();
    let half = default(Parameter::DisputeEpochs) / 2;
    let settled = Epoch(1 + u64::try_from(half).unwrap());
    for (settled, taken) in [(settled, true), (settled.next(), false)] {
        let slot = AuditSlot { epoch: settled, index: 0 };
        late.put(&slot, &Trial::audit(&world, 0));
        let book = world.record(&EpochBookSlot(SETTLED)).unwrap();
        late.put(&EpochBookSlot(settled), &book);
        let audit = |show: &mut AuditShow| show.audit = slot;
        let wanted = (!taken).then_some(Rejection::NoDate);
        assert_eq!(refused(&late, OWNER, &trial.show(&world, 0, &audit)), wanted);
    }
    // By a key that the node had given up when the job was asked for.
    let mut other = world.clone();
    let slot = KeySlot(public(operator(OWNER)));
    let start = other.record(&EpochStartSlot(SETTLED)).unwrap();
    let bound = other.record(&slot).unwrap();
    other.put(&EpochStartSlot(SETTLED), &EpochStart { time: Time(5), ..start });
    for (until, taken) in [(Time(6), true), (Time(5), false)] {
        other.put(&slot, &BoundKey { until, ..bound });
        let wanted = (!taken).then_some(Rejection::KeyEnded);
        assert_eq!(refused(&other, OWNER, &show), wanted);
    }
}

/// A leaf in the log of a key that was given up contradicts nothing that the next key signs (41): shown for whatever is
/// settled later, it would hide all of that.
#[test]
fn what_has_no_date_is_shown_of_a_key_that_the_node_had_when_it_was_settled() {
    let mut world = World::new();
    let trial = Trial::agreed(&mut world, &AuditConsent::Open, 0);
    world.take(OTHER, &trial.draw(0));
    let show = trial.show(&world, 0, &|_| ());
    let book = EpochBookSlot(SETTLED);
    let began: EpochBook = world.record(&book).unwrap();
    world.put(&book, &EpochBook { began: Time(5), ..began });
    let slot = KeySlot(public(operator(OWNER)));
    let bound: BoundKey = world.record(&slot).unwrap();
    for (until, taken) in [(Time(0), true), (Time(6), true), (Time(5), false)] {
        world.put(&slot, &BoundKey { until, ..bound });
        let wanted = (!taken).then_some(Rejection::KeyEnded);
        assert_eq!(refused(&world, OWNER, &show), wanted);
    }
}
