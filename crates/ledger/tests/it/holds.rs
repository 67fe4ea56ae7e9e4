//! Kinds 26 and 27: a settlement that a dispute is about, and what is void of it when the dispute has ended.

use chain::records::{
    ChannelId, ClaimedStep, EpochBookSlot, Hold, HoldSlot, Outcome, PurseSlot, Settlement,
    SettlementSlot, Span,
};
use chain::{Amount, Epoch, Time, Voucher};
use dispute::Claim;
use ledger::Rejection;
use ledger::tx::{
    Action, AnchorLog, ChannelOpen, Collect, DisputedStep, HoldPay, ReleasePay, Settle,
};
use receipt::log::{Log, LogLeaf};
use receipt::{Choice, MissingAnswer, PublicKey, Receipt, Stop, Usage, WorkKind};

use crate::disputes::{ACCUSER, Court, OPERATOR, OTHER, OWNER, equivocation, gained, opened, wait};
use crate::rejections::Case;
use crate::transfer::transfer;
use crate::world::{World, public, secret};

/// Who paid for the job.
const PAYER: u8 = 4;
/// What was settled in epoch 1.
const SETTLED: u128 = 30_000_000;
/// What the disputed receipt cost: its leaf's amounts.
const PAID: (u128, u128) = (1_000_000, 5_000_000);
/// More leaves of the same receipt: one overlaps the first one, one reaches beyond the settlement, two pay for
/// nothing of it.
const MORE: [(u128, u128); 4] =
    [(4_000_000, 7_000_000), (25_000_000, 40_000_000), (SETTLED, 40_000_000), (9, 9)];

pub(crate) const REJECTIONS: &[Case] = &[
    (Rejection::EndedForNode, |world| {
        let mut paid = Paid::of(world, false);
        paid.cleared(world);
        world.signed(OTHER, &paid.hold(0))
    }),
    (Rejection::SpanElsewhere, |world| {
        let paid = Paid::of(world, true);
        world.signed(OTHER, &paid.hold(3))
    }),
    (Rejection::SpanHeld, |world| {
        let paid = held(world, true);
        world.signed(OTHER, &paid.hold(0))
    }),
    (Rejection::HoldsFull, |world| {
        let paid = Paid::of(world, true);
        let settlement = Settlement { held: u16::MAX, ..paid.settlement(world) };
        world.put(&paid.slot, &settlement);
        world.signed(OTHER, &paid.hold(0))
    }),
    (Rejection::NoHold, |world| {
        let paid = Paid::of(world, true);
        world.signed(OTHER, &paid.release())
    }),
    (Rejection::DisputeOn, |world| {
        let paid = held(world, true);
        world.signed(OTHER, &paid.release())
    }),
];

/// A disputed job, its receipt in an anchored log, and the settlement that it was paid by.
struct Paid {
    court: Court,
    slot: SettlementSlot,
    /// The transaction that opened the channel.
    number: u64,
    receipt: Receipt,
    leaves: Vec<LogLeaf>,
    log: Log,
}

impl Paid {
    /// In a world of its own, with the dispute open.
    fn of(world: &mut World, lies: bool) -> Self {
        let court = opened(world, lies);
        Self::about(world, court)
    }

    fn about(world: &mut World, court: Court) -> Self {
        let (network, head) = (world.network(), court.filing.head);
        let number = world.account(PAYER).made;
        let channel = ChannelId::of(network, public(PAYER), number);
        let deposit = Amount(2 * SETTLED);
        world.take(PAYER, &Action::ChannelOpen(ChannelOpen { node: court.node, deposit }));
        let (from, cumulative) = (Amount::ZERO, Amount(SETTLED));
        let voucher = Voucher { channel, from, cumulative, expiry: Time(u64::MAX), job: [7; 32] };
        let signature = voucher.sign(network, &secret(PAYER));
        let settle = Settle { node: court.node, epoch: Epoch(1), voucher, signature };
        world.take(OWNER, &Action::Settle(settle));
        let receipt = Receipt {
            kind: WorkKind::Generate,
            job: head.head.job,
            model: [9; 32],
            arithmetic: 1,
            sampling: 1,
            consent: 1,
            anchor_by: 1,
            usage: Usage { prompt: 3, output: head.head.count },
            choices: vec![Choice { index: 0, segments: vec![head], stop: Stop::Length }],
            worker: public(OPERATOR),
        };
        let id = receipt.id(network);
        let leaf = |(from, to)| LogLeaf { receipt: id, channel: channel.0, from, to };
        let leaves: Vec<_> = [PAID].into_iter().chain(MORE).map(leaf).collect();
        let log = Log::over(leaves.iter().map(LogLeaf::hash).collect());
        let slot = SettlementSlot { epoch: Epoch(1), channel };
        let paid = Self { court, slot, number, receipt, leaves, log };
        world.take(OWNER, &transfer(OPERATOR, 1_000_000));
        let (size, root) = (paid.log.size(), paid.log.root());
        world.take(OPERATOR, &Action::Anchor(AnchorLog { size, root, proof: Vec::new() }));
        paid
    }

    /// What is disputed.
    fn step(&self) -> ClaimedStep {
        let Claim::Token(shown) = &self.court.filing.claim else { panic!("a token is claimed") };
        let (worker, job) = (self.receipt.worker, self.receipt.job);
        ClaimedStep { worker, job, choice: 0, position: 1, kind: 1, what: shown.token }
    }

    /// By a leaf of the log.
    fn holding(&self, at: usize) -> HoldPay {
        let ClaimedStep { choice, position, kind, what, .. } = self.step();
        let index = u64::try_from(at).unwrap();
        HoldPay {
            dispute: self.court.slot,
            node: self.court.node,
            step: DisputedStep { choice, position, kind, what },
            receipt: self.receipt.clone(),
            answer: MissingAnswer {
                leaf: self.leaves[at],
                index,
                proof: self.log.inclusion(index, self.log.size()).unwrap(),
            },
            epoch: Epoch(1),
            payer: public(PAYER),
            number: self.number,
        }
    }

    fn hold(&self, at: usize) -> Action {
        Action::Hold(Box::new(self.holding(at)))
    }

    fn hold_slot(&self) -> HoldSlot {
        HoldSlot { dispute: self.court.slot, settlement: self.slot }
    }

    fn release(&self) -> Action {
        Action::Release(ReleasePay { hold: self.hold_slot(), payer: public(PAYER) })
    }

    fn collect(&self) -> Action {
        let SettlementSlot { epoch, channel } = self.slot;
        let node = self.court.node;
        Action::Collect(Collect { epoch, channel, node, owner: public(OWNER) })
    }

    fn settlement(&self, world: &World) -> Settlement {
        world.record(&self.slot).unwrap()
    }

    fn spans(&self, world: &World) -> Vec<(u128, u128)> {
        let hold: Hold = world.record(&self.hold_slot()).unwrap();
        assert_eq!(hold.payer, public(PAYER));
        pairs(&hold.spans)
    }

    /// The dispute goes on to its end; the node is accused in vain.
    fn cleared(&mut self, world: &mut World) {
        self.court.play(world, 100);
        world.take(OTHER, &self.court.end(PublicKey::NONE));
    }

    /// What may be collected, and is.
    fn collected(&self, world: &mut World) -> i128 {
        world.epoch(Epoch(50));
        world.at(Time(1_000_000_000_000));
        let collect = self.collect();
        gained(world, OWNER, |world| world.take(OTHER, &collect))
    }
}

fn pairs(spans: &[Span]) -> Vec<(u128, u128)> {
    spans.iter().map(|span| (span.from.0, span.to.0)).collect()
}

/// With the disputed receipt's span held.
fn held(world: &mut World, lies: bool) -> Paid {
    let paid = Paid::of(world, lies);
    world.take(OTHER, &paid.hold(0));
    paid
}

fn refused(world: &World, action: &Action) -> Option<Rejection> {
    world.rejection(&world.signed(OTHER, action))
}

/// What an owner gets of an amount by the default share of audits.
fn less_share(amount: u128) -> i128 {
    i128::try_from(amount - amount * 40_000 / 1_000_000).unwrap()
}

#[test]
fn what_was_paid_for_a_lie_goes_back_to_who_paid() {
    let mut world = World::new();
    let mut paid = held(&mut world, true);
    assert_eq!(paid.settlement(&world).held, 1);
    assert_eq!(paid.spans(&world), [PAID]);
    paid.court.play(&mut world, 100);
    assert_eq!(refused(&world, &paid.release()), Some(Rejection::DisputeOn));
    let mut late = world.clone();
    late.epoch(Epoch(50));
    assert_eq!(refused(&late, &paid.collect()), Some(Rejection::SettlementHeld));
    world.take(OTHER, &paid.court.end(PublicKey::NONE));
    let got = gained(&mut world, PAYER, |world| world.take(OTHER, &paid.release()));
    assert_eq!(got, less_share(4_000_000));
    let settlement = paid.settlement(&world);
    assert_eq!((pairs(&settlement.voided), settlement.held), (vec![PAID], 0));
    assert_eq!(world.record(&paid.hold_slot()), None);
    assert_eq!(refused(&world, &paid.release()), Some(Rejection::NoHold), "once");
    assert_eq!(refused(&world, &paid.hold(0)), Some(Rejection::SpanHeld), "void already");
    assert_eq!(paid.collected(&mut world), less_share(SETTLED - 4_000_000));
}

#[test]
fn what_was_paid_for_the_truth_is_paid_out() {
    let mut world = World::new();
    let mut paid = held(&mut world, false);
    paid.cleared(&mut world);
    let got = gained(&mut world, PAYER, |world| world.take(OTHER, &paid.release()));
    assert_eq!(got, 0);
    let settlement = paid.settlement(&world);
    assert_eq!((settlement.voided.len(), settlement.held), (0, 0));
    assert_eq!(refused(&world, &paid.hold(0)), Some(Rejection::EndedForNode));
    assert_eq!(paid.collected(&mut world), less_share(SETTLED));
}

#[test]
fn who_accuses_and_goes_away_voids_nothing() {
    let mut world = World::new();
    let mut paid = held(&mut world, true);
    paid.court.play(&mut world, 1);
    wait(&mut world);
    world.take(OTHER, &paid.court.late());
    world.take(OTHER, &paid.court.end(PublicKey::NONE));
    world.take(OTHER, &paid.release());
    let settlement = paid.settlement(&world);
    assert_eq!((settlement.voided.len(), settlement.held), (0, 0));
}

#[test]
fn who_is_silent_to_the_end_is_not_paid() {
    let mut world = World::new();
    let paid = held(&mut world, false);
    wait(&mut world);
    world.take(OTHER, &paid.court.late());
    assert_eq!(refused(&world, &paid.release()), Some(Rejection::DisputeOn));
    wait(&mut world);
    world.take(OTHER, &paid.court.end(PublicKey::NONE));
    let got = gained(&mut world, PAYER, |world| world.take(OTHER, &paid.release()));
    assert_eq!(got, less_share(4_000_000));
    // Held after the end: it was not collected yet.
    world.take(OTHER, &paid.hold(1));
    assert_eq!(
        gained(&mut world, PAYER, |world| world.take(OTHER, &paid.release())),
        less_share(2_000_000)
    );
    assert_eq!(paid.collected(&mut world), less_share(SETTLED - 6_000_000));
}

/// What was said beforehand to be false is no more paid than what is found to be: planting costs the audits' share.
#[test]
fn what_was_paid_for_a_plant_goes_back_to_who_paid() {
    let mut world = World::new();
    let paid = held(&mut world, true);
    paid.court.decide(&mut world, Outcome::Planted);
    world.take(OTHER, &paid.court.end(PublicKey::NONE));
    let got = gained(&mut world, PAYER, |world| world.take(OTHER, &paid.release()));
    assert_eq!(got, less_share(4_000_000));
    assert_eq!(pairs(&paid.settlement(&world).voided), [PAID]);
    // Held after the end, as well.
    world.take(OTHER, &paid.hold(1));
    let got = gained(&mut world, PAYER, |world| world.take(OTHER, &paid.release()));
    assert_eq!(got, less_share(2_000_000));
    assert_eq!(paid.collected(&mut world), less_share(SETTLED - 6_000_000));
}

/// A worker may log a receipt more than once: everything counts, each part of it once.
#[test]
fn leaves_of_one_receipt_are_held_together() {
    let mut world = World::new();
    let mut paid = held(&mut world, true);
    world.take(OTHER, &paid.hold(1));
    assert_eq!(paid.spans(&world), [(1_000_000, 7_000_000)]);
    world.take(OTHER, &paid.hold(2));
    assert_eq!(paid.spans(&world), [(1_000_000, 7_000_000), (25_000_000, SETTLED)]);
    assert_eq!(paid.settlement(&world).held, 1, "one dispute");
    assert_eq!(refused(&world, &paid.hold(1)), Some(Rejection::SpanHeld));
    assert_eq!(refused(&world, &paid.hold(4)), Some(Rejection::SpanElsewhere), "an empty range");
    paid.court.play(&mut world, 100);
    world.take(OTHER, &paid.court.end(PublicKey::NONE));
    let got = gained(&mut world, PAYER, |world| world.take(OTHER, &paid.release()));
    assert_eq!(got, less_share(11_000_000));
}

/// Nobody's dispute stands in another's way, and what two of them make void is void once.
#[test]
fn two_disputes_hold_the_same_and_it_is_void_once() {
    let mut world = World::new();
    let mut paid = held(&mut world, true);
    let first = paid.court.slot;
    let again = paid.court.opening(&world, OTHER);
    world.block(1, &[again]);
    paid.court.slot = paid.step().disputed_by(world.network(), public(OTHER));
    world.take(OTHER, &paid.hold(0));
    world.take(OTHER, &paid.hold(1));
    assert_eq!(paid.settlement(&world).held, 2);
    wait(&mut world);
    for (slot, challenger) in [(first, ACCUSER), (paid.court.slot, OTHER)] {
        paid.court.slot = slot;
        world.take(OTHER, &paid.court.late());
        wait(&mut world);
        let Action::DisputeEnd(mut end) = paid.court.end(PublicKey::NONE) else { panic!() };
        end.challenger = public(challenger);
        world.take(OTHER, &Action::DisputeEnd(end));
    }
    let second = paid.court.slot;
    for (slot, back, held) in [(first, 4_000_000, 1), (second, 2_000_000, 0)] {
        paid.court.slot = slot;
        let release = paid.release();
        let got = gained(&mut world, PAYER, |world| world.take(OTHER, &release));
        assert_eq!((got, paid.settlement(&world).held), (less_share(back), held));
    }
    assert_eq!(pairs(&paid.settlement(&world).voided), [(1_000_000, 7_000_000)]);
}

/// Whoever held nothing in time still can, until it is collected; what is proved at once, too.
#[test]
fn what_ended_against_the_node_can_be_held_still() {
    let mut world = World::new();
    let mut paid = Paid::of(&mut world, true);
    let two = equivocation(&world, paid.court.node, [7, 8]);
    world.take(OTHER, &two);
    let step = ClaimedStep { position: 0, kind: 3, what: 0, ..paid.step() };
    let mut hold = paid.holding(0);
    hold.dispute = step.slot(world.network());
    hold.step = DisputedStep { position: 0, kind: 3, what: 0, ..hold.step };
    let slot = HoldSlot { dispute: hold.dispute, ..paid.hold_slot() };
    world.take(OTHER, &Action::Hold(Box::new(hold)));
    let release = Action::Release(ReleasePay { hold: slot, payer: public(PAYER) });
    assert_eq!(
        gained(&mut world, PAYER, |world| world.take(OTHER, &release)),
        less_share(4_000_000)
    );
    paid.court.play(&mut world, 100);
    world.take(OTHER, &paid.court.end(PublicKey::NONE));
    assert_eq!(refused(&world, &paid.hold(0)), Some(Rejection::SpanHeld), "void already");
    // Under the claim itself stands that it was refuted: it holds as the dispute does.
    paid.court.slot = paid.court.claim;
    world.take(OTHER, &paid.hold(1));
    assert_eq!(
        gained(&mut world, PAYER, |world| world.take(OTHER, &paid.release())),
        less_share(2_000_000)
    );
}

#[test]
fn a_hold_names_what_the_records_say() {
    let mut world = World::new();
    let paid = Paid::of(&mut world, true);
    let other = |change: &dyn Fn(&mut HoldPay)| {
        let mut hold = paid.holding(0);
        change(&mut hold);
        refused(&world, &Action::Hold(Box::new(hold)))
    };
    assert_eq!(other(&|_| ()), None);
    assert_eq!(other(&|hold| hold.dispute.0[0] ^= 1), Some(Rejection::NoDispute));
    assert_eq!(other(&|hold| hold.node.0[0] ^= 1), Some(Rejection::DisputeNames));
    assert_eq!(other(&|hold| hold.step.position = 0), Some(Rejection::DisputeNames));
    assert_eq!(other(&|hold| hold.step.choice = 1), Some(Rejection::DisputeNames));
    let of_another_job = |hold: &mut HoldPay| {
        hold.receipt.job[0] ^= 1;
        hold.receipt.choices[0].segments[0].head.job = hold.receipt.job;
    };
    assert_eq!(other(&of_another_job), Some(Rejection::DisputeNames));
    assert_eq!(other(&|hold| hold.receipt.consent = 2), Some(Rejection::NotIncluded));
    assert_eq!(other(&|hold| hold.answer.index = 1), Some(Rejection::NotIncluded));
    assert_eq!(other(&|hold| hold.answer.leaf.to += 1), Some(Rejection::NotIncluded));
    assert_eq!(other(&|hold| hold.payer = public(OTHER)), Some(Rejection::ChannelPayer));
    assert_eq!(other(&|hold| hold.number += 1), Some(Rejection::ChannelPayer));
    assert_eq!(other(&|hold| hold.epoch = Epoch(2)), Some(Rejection::NoSettlement));
    let node = crate::nodes::made(&mut world, OTHER, 50);
    world.put(&paid.slot, &Settlement { node, ..paid.settlement(&world) });
    assert_eq!(refused(&world, &paid.hold(0)), Some(Rejection::SettlementNode));
}

#[test]
fn a_release_pays_who_paid() {
    let mut world = World::new();
    let paid = held(&mut world, true);
    let release = ReleasePay { hold: paid.hold_slot(), payer: public(OTHER) };
    assert_eq!(refused(&world, &Action::Release(release)), Some(Rejection::ChannelPayer));
}

/// Who pays itself to be drawn less loses the audits' share of it, also where it lets its own answer be found false.
#[test]
fn what_goes_back_has_paid_the_audits_share() {
    let mut world = World::new();
    let mut paid = held(&mut world, true);
    paid.court.play(&mut world, 100);
    world.take(OTHER, &paid.court.end(PublicKey::NONE));
    let treasury = |world: &World| world.record(&PurseSlot).unwrap().treasury.0;
    let book = world.record(&EpochBookSlot(Epoch(1)));
    let before = treasury(&world);
    world.take(OTHER, &paid.release());
    assert_eq!(treasury(&world), before, "it was kept when it was settled");
    assert_eq!(
        world.record(&EpochBookSlot(Epoch(1))),
        book,
        "what was settled is what is drawn from"
    );
    assert_eq!(paid.collected(&mut world), less_share(SETTLED - 4_000_000), "and so is the rest");
}

/// A record lists sixteen spans: with one more the whole settlement counts.
#[test]
fn more_spans_than_are_listed_are_all_of_it() {
    let span = |from, to| Span { from: Amount(from), to: Amount(to) };
    let whole = span(0, 1_000);
    let many = |count: u128| {
        let spans = (0..count).map(|at| span(10 * at, 10 * at + 5));
        spans.fold(Vec::new(), |spans, more| whole.joined(&spans, more))
    };
    assert_eq!(many(16).len(), 16);
    assert_eq!(many(17), [whole]);
    let sixteen = many(16);
    assert_eq!(whole.joined(&sixteen, span(5, 10)).len(), 15, "what touches is one");
    assert_eq!(whole.joined(&sixteen, span(12, 152)), [span(0, 5), span(10, 155)]);
    assert_eq!(whole.joined(&sixteen, span(11, 12)), sixteen);
}
