//! Kinds 40 and 41: two receipts of one job, and two leaves for the same money.

use chain::records::{
    Anchor, AnchorSlot, BoundKey, ClaimedStep, Course, DisputeSlot, EpochStart, EpochStartSlot,
    KeyRole, KeySlot, NodeId, NodeSlot, Outcome,
};
use chain::{Amount, Epoch, Time};
use commit::Network;
use ledger::Rejection;
use ledger::tx::{Action, AnchorLog, DoubleLeaf, DoubleReceipt};
use receipt::log::{Log, LogLeaf};
use receipt::{
    Choice, Envelope, Head, MissingAnswer, Receipt, Signature, SignedHead, Stop, Usage, WorkKind,
};

use crate::disputes::{
    ACCUSER, OPERATOR, OWNER, STAKE, check_books, default, gained, job, salts_of, signed_head,
    slash,
};
use crate::nodes::key;
use crate::rejections::Case;
use crate::stakes::{change, staked};
use crate::transfer::transfer;
use crate::world::{World, public, secret};
use ledger::Parameter;

const CHANNEL: [u8; 32] = [6; 32];

pub(crate) const REJECTIONS: &[Case] = &[(Rejection::NoDouble, |world| {
    let two = Two::of(world);
    let mut shown = two.receipts(world);
    shown.other = shown.one.clone();
    world.signed(ACCUSER, &Action::DoubleReceipt(Box::new(shown)))
})];

/// A node, and what its key signed of one job, and of another one.
struct Two {
    node: NodeId,
    receipts: [Receipt; 3],
    leaves: Vec<LogLeaf>,
    log: Log,
}

/// A receipt of a job whose prompt ends in this token.
fn receipt(world: &World, prompt: u32, output: &[u32]) -> Receipt {
    let head = signed_head(world, &job(&[1, 2, prompt], 1), output);
    Receipt {
        kind: WorkKind::Generate,
        job: head.head.job,
        model: [9; 32],
        arithmetic: 1,
        sampling: 1,
        consent: 2,
        anchor_by: 1,
        usage: Usage { prompt: 3, output: head.head.count },
        choices: vec![Choice { index: 0, segments: vec![head], stop: Stop::Length }],
        worker: public(OPERATOR),
    }
}

fn sealed(receipt: &Receipt, network: Network) -> Signature {
    Envelope::seal(receipt, &secret(OPERATOR), network).unwrap().signature()
}

impl Two {
    /// With its log anchored: money of the first job that is the second one's, too; and some that touches it.
    fn of(world: &mut World) -> Self {
        let node = staked(world, OWNER, STAKE);
        let receipts =
            [receipt(world, 3, &[5, 7]), receipt(world, 3, &[5]), receipt(world, 4, &[8])];
        let ids: Vec<_> = receipts.iter().map(|receipt| receipt.id(world.network())).collect();
        let leaf = |of: usize, channel, from, to| LogLeaf { receipt: ids[of], channel, from, to };
        let leaves = vec![
            leaf(0, CHANNEL, 10, 20),
            leaf(2, CHANNEL, 19, 30),
            leaf(2, CHANNEL, 20, 30),
            leaf(2, [7; 32], 10, 20),
            leaf(0, CHANNEL, 10, 25),
            leaf(2, CHANNEL, 15, 15),
        ];
        let log = Log::over(leaves.iter().map(LogLeaf::hash).collect());
        world.take(OWNER, &transfer(OPERATOR, 1_000_000));
        let (size, root) = (log.size(), log.root());
        world.take(OPERATOR, &Action::Anchor(AnchorLog { size, root, proof: Vec::new() }));
        Self { node, receipts, leaves, log }
    }

    fn receipts(&self, world: &World) -> DoubleReceipt {
        let network = world.network();
        let signed = |at: usize| {
            let receipt = self.receipts[at].clone();
            let signature = sealed(&receipt, network);
            (receipt, signature)
        };
        let terms = job(&[1, 2, 3], 1).show(&salts_of(network), 0).unwrap();
        DoubleReceipt { node: self.node, epoch: Epoch(1), terms, one: signed(0), other: signed(1) }
    }

    fn place(&self, at: usize) -> MissingAnswer {
        let index = u64::try_from(at).unwrap();
        let proof = self.log.inclusion(index, self.log.size()).unwrap();
        MissingAnswer { leaf: self.leaves[at], index, proof }
    }

    fn leaves(&self, world: &World, other: usize) -> DoubleLeaf {
        let terms = job(&[1, 2, 3], 1).show(&salts_of(world.network()), 0).unwrap();
        let (one, other, receipt) = (self.place(0), self.place(other), self.receipts[0].clone());
        let worker = public(OPERATOR);
        DoubleLeaf { node: self.node, epoch: Epoch(1), terms, receipt, one, other, worker }
    }

    /// Where it stands that the node did so.
    fn slot(&self, world: &World, kind: u8) -> DisputeSlot {
        let Receipt { worker, job, .. } = self.receipts[0];
        let step = ClaimedStep { worker, job, choice: 0, position: 0, kind, what: 0 };
        step.slot(world.network())
    }
}

fn refused(world: &World, action: &Action) -> Option<Rejection> {
    world.rejection(&world.signed(ACCUSER, action))
}

/// The node loses a case, once a job; who shows it has its share.
fn costs_a_case(world: &mut World, two: &Two, action: &Action, kind: u8) {
    let share = slash() / 1_000_000 * default(Parameter::ChallengerShare);
    let fees = gained(&mut world.clone(), ACCUSER, |world| world.take(ACCUSER, &transfer(9, 1)));
    let got = gained(world, ACCUSER, |world| world.take(ACCUSER, action));
    assert!(fees < 0 && got > i128::try_from(share).unwrap() - 1_000_000, "{got}");
    let node = world.record(&NodeSlot(two.node)).unwrap();
    assert_eq!(node.stake, Amount(STAKE - slash()));
    assert!(node.jailed_until > world.header.time);
    let there = world.record(&two.slot(world, kind)).unwrap();
    assert_eq!((there.node, there.challenger), (two.node, public(ACCUSER)));
    assert_eq!(there.course, Course::Ended(Outcome::ClaimantRefuted));
    assert_eq!(refused(world, action), Some(Rejection::DisputeThere), "once");
    check_books(world);
}

#[test]
fn two_receipts_of_a_job_cost_a_case() {
    let mut world = World::new();
    let two = Two::of(&mut world);
    let shown = Action::DoubleReceipt(Box::new(two.receipts(&world)));
    costs_a_case(&mut world, &two, &shown, 4);
}

#[test]
fn two_leaves_for_the_same_money_cost_a_case() {
    let mut world = World::new();
    let two = Two::of(&mut world);
    let shown = Action::DoubleLeaf(Box::new(two.leaves(&world, 1)));
    costs_a_case(&mut world, &two, &shown, 5);
}

#[test]
fn what_a_key_may_sign_is_no_double() {
    let mut world = World::new();
    let two = Two::of(&mut world);
    let with = |change: &dyn Fn(&mut DoubleReceipt)| {
        let mut shown = two.receipts(&world);
        change(&mut shown);
        refused(&world, &Action::DoubleReceipt(Box::new(shown)))
    };
    let network = world.network();
    assert_eq!(with(&|_| ()), None);
    let of_another_job = |shown: &mut DoubleReceipt| {
        shown.other = (two.receipts[2].clone(), sealed(&two.receipts[2], network));
    };
    assert_eq!(with(&of_another_job), Some(Rejection::NoDouble));
    let continued = |shown: &mut DoubleReceipt| {
        let (receipt, signature) = &mut shown.other;
        let head = receipt.choices[0].segments[0].head;
        let theirs = SignedHead::sign(head, &secret(99), network);
        let own = Head { start: head.count, prior: head.id(network), ..head };
        let own = SignedHead::sign(own, &secret(OPERATOR), network);
        receipt.choices[0].segments = vec![theirs, own];
        *signature = sealed(receipt, network);
    };
    assert_eq!(with(&continued), Some(Rejection::NoDouble), "after another's tokens");
    let unsigned = |shown: &mut DoubleReceipt| shown.other.1 = Signature::NONE;
    assert_eq!(with(&unsigned), Some(Rejection::ReceiptUnsigned));
    let another_key = |shown: &mut DoubleReceipt| shown.node = NodeId([1; 32]);
    assert_eq!(with(&another_key), Some(Rejection::NoNode));
    assert_eq!(with(&|shown| shown.terms.salt[0] ^= 1), Some(Rejection::NoDate));
    assert_eq!(with(&|shown| shown.epoch = Epoch(2)), Some(Rejection::NoDate));
    // A date that says another job's worker had the same leaf 0 is another job's.
    let slot = KeySlot(public(OPERATOR));
    let bound: BoundKey = world.record(&slot).unwrap();
    let shown = Action::DoubleReceipt(Box::new(two.receipts(&world)));
    world.put(&slot, &BoundKey { node: staked(&mut world.clone(), ACCUSER, 1), ..bound });
    assert_eq!(refused(&world, &shown), Some(Rejection::NotSigner));
}

#[test]
fn what_a_log_may_have_is_no_double() {
    let mut world = World::new();
    let two = Two::of(&mut world);
    let with = |other: usize, change: &dyn Fn(&mut DoubleLeaf)| {
        let mut shown = two.leaves(&world, other);
        change(&mut shown);
        refused(&world, &Action::DoubleLeaf(Box::new(shown)))
    };
    assert_eq!(with(1, &|_| ()), None);
    assert_eq!(with(2, &|_| ()), Some(Rejection::NoDouble), "they touch");
    assert_eq!(with(3, &|_| ()), Some(Rejection::NoDouble), "another channel");
    assert_eq!(with(4, &|_| ()), Some(Rejection::NoDouble), "one receipt");
    assert_eq!(with(5, &|_| ()), Some(Rejection::NoDouble), "money of nothing");
    let other = |shown: &mut DoubleLeaf| shown.receipt = two.receipts[1].clone();
    assert_eq!(with(1, &other), Some(Rejection::NoDouble), "not the leaf's receipt");
    let made_up = |shown: &mut DoubleLeaf| shown.other.leaf.to += 1;
    assert_eq!(with(1, &made_up), Some(Rejection::NotIncluded));
    assert_eq!(with(1, &|shown| shown.one.index = 1), Some(Rejection::NotIncluded));
    // In the log of another key.
    let slot = AnchorSlot(public(OPERATOR));
    let anchor: Anchor = world.record(&slot).unwrap();
    let shown = Action::DoubleLeaf(Box::new(two.leaves(&world, 1)));
    world.put(&slot, &Anchor { root: [1; 32], ..anchor });
    assert_eq!(refused(&world, &shown), Some(Rejection::NotIncluded));
}

/// A log is there for ever: what is too old to be judged is not judged by it.
#[test]
fn a_double_is_judged_as_long_as_its_job_is() {
    let mut world = World::new();
    let two = Two::of(&mut world);
    let epochs = u64::try_from(default(Parameter::DisputeEpochs)).unwrap();
    let both = [
        Action::DoubleReceipt(Box::new(two.receipts(&world))),
        Action::DoubleLeaf(Box::new(two.leaves(&world, 1))),
    ];
    world.epoch(Epoch(1 + epochs));
    for shown in &both {
        assert_eq!(refused(&world, shown), None);
    }
    world.epoch(Epoch(2 + epochs));
    for shown in &both {
        assert_eq!(refused(&world, shown), Some(Rejection::NoDate));
    }
}

/// Nobody is paid for what a key signed that was given up long ago.
#[test]
fn an_old_key_s_doubles_give_nobody_a_share() {
    let mut world = World::new();
    let two = Two::of(&mut world);
    let slot = KeySlot(public(OPERATOR));
    let bound: BoundKey = world.record(&slot).unwrap();
    world.put(&slot, &BoundKey { until: Time(5), ..bound });
    let late = u64::try_from(default(Parameter::AnchorLateMs)).unwrap();
    world.at(Time(5).after(late));
    let shown = Action::DoubleReceipt(Box::new(two.receipts(&world)));
    let got = gained(&mut world, ACCUSER, |world| world.take(ACCUSER, &shown));
    assert!(got < 0, "{got}");
    change(&mut world, two.node, |node| assert_eq!(node.stake, Amount(STAKE - slash())));
}

/// The node's next key.
const NEXT: u8 = 25;

/// The same receipt, of the node's next key.
fn by_next(world: &World, receipt: &Receipt) -> Receipt {
    let mut receipt = receipt.clone();
    let head = receipt.choices[0].segments[0].head;
    receipt.choices[0].segments = vec![SignedHead::sign(head, &secret(NEXT), world.network())];
    Receipt { worker: public(NEXT), ..receipt }
}

/// With two keys, each with a log of its own: a receipt of the first job and one of another one by the next key, and its
/// leaf for money of the first one's.
fn by_two_keys(world: &mut World) -> (Two, [Action; 2]) {
    let two = Two::of(world);
    world.take(OWNER, &key(world, (two.node, KeyRole::Operator), OPERATOR, NEXT));
    world.take(OWNER, &transfer(NEXT, 1_000_000));
    let (again, elsewhere) = (by_next(world, &two.receipts[1]), by_next(world, &two.receipts[2]));
    let receipt = elsewhere.id(world.network());
    let leaf = LogLeaf { receipt, channel: CHANNEL, from: 19, to: 30 };
    let (size, root) = (1, Log::over(vec![leaf.hash()]).root());
    world.take(NEXT, &Action::Anchor(AnchorLog { size, root, proof: Vec::new() }));
    let signature = Envelope::seal(&again, &secret(NEXT), world.network()).unwrap().signature();
    let receipts = DoubleReceipt { other: (again, signature), ..two.receipts(world) };
    let other = MissingAnswer { leaf, index: 0, proof: Vec::new() };
    let leaves = DoubleLeaf { other, worker: public(NEXT), ..two.leaves(world, 1) };
    let both = [Action::DoubleReceipt(Box::new(receipts)), Action::DoubleLeaf(Box::new(leaves))];
    (two, both)
}

/// Else a worker that changes its key shows with the one what it does not say with the other.
#[test]
fn another_key_of_the_node_is_the_node() {
    for (at, kind) in [(0, 4), (1, 5)] {
        let mut world = World::new();
        let (two, both) = by_two_keys(&mut world);
        costs_a_case(&mut world, &two, &both[at], kind);
    }
}

#[test]
fn another_key_is_asked_what_the_first_one_is() {
    let mut world = World::new();
    let (_, both) = by_two_keys(&mut world);
    let start = EpochStartSlot(Epoch(1));
    let began: EpochStart = world.record(&start).unwrap();
    world.put(&start, &EpochStart { time: Time(7), ..began });
    let with = |name: u8, change: &dyn Fn(&mut BoundKey)| {
        let mut world = world.clone();
        for key in [OPERATOR, NEXT] {
            let slot = KeySlot(public(key));
            let mut bound = BoundKey { until: Time(0), ..world.record(&slot).unwrap() };
            if key == name {
                change(&mut bound);
            }
            world.put(&slot, &bound);
        }
        both.each_ref().map(|action| refused(&world, action))
    };
    let stranger = NodeId([1; 32]);
    for key in [OPERATOR, NEXT] {
        assert_eq!(with(key, &|_| ()), [None; 2]);
        assert_eq!(with(key, &|bound| bound.until = Time(8)), [None; 2]);
        let ended = [Some(Rejection::KeyEnded); 2];
        assert_eq!(with(key, &|bound| bound.until = Time(7)), ended, "before the job's date");
        let other = [Some(Rejection::NotSigner); 2];
        assert_eq!(with(key, &|bound| bound.node = stranger), other);
        assert_eq!(with(key, &|bound| bound.role = KeyRole::Transport), other);
    }
    let Action::DoubleLeaf(mut shown) = both[1].clone() else { panic!("it is one") };
    shown.worker = public(OPERATOR);
    let shown = Action::DoubleLeaf(shown);
    assert_eq!(refused(&world, &shown), Some(Rejection::KeyEnded));
    world.put(&start, &began);
    assert_eq!(refused(&world, &shown), Some(Rejection::NotIncluded), "in the next key's log");
}

/// Who stole a key that was given up has nothing of what it anchors against the next one, once the key speaks no more.
#[test]
fn a_key_that_speaks_no_more_gives_nobody_a_share_of_two() {
    let mut world = World::new();
    let (two, both) = by_two_keys(&mut world);
    let late = u64::try_from(default(Parameter::AnchorLateMs)).unwrap();
    world.at(world.header.time.after(late));
    let got = gained(&mut world, ACCUSER, |world| world.take(ACCUSER, &both[1]));
    assert!(got < 0, "{got}");
    change(&mut world, two.node, |node| assert_eq!(node.stake, Amount(STAKE - slash())));
}
