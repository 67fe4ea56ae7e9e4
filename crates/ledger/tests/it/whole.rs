//! Kind 32 again: only a whole answer of its worker's alone, that ended as its job says, is shown.

use chain::records::AuditStage;
use commit::{Network, Salts};
use ledger::tx::{Action, AuditShow};
use ledger::{NamedModel, Rejection};
use program::Checked;
use program::reference::Weights;
use program::tiny::Shape;
use receipt::log::LogLeaf;
use receipt::{
    AuditConsent, Head, Job, JobFields, PartialOpening, Receipt, SignedHead, Stop, Which,
};

use crate::audits::{OWNER, Trial, drawn, job, operator, refused, resealed};
use crate::disputes::published;
use crate::rejections::Case;
use crate::world::{World, public, secret};

/// Who may cancel.
const REQUESTER: u8 = 40;
const OTHER: u8 = 5;
const WHICH: Which = Which::Output { choice: 0 };

pub(crate) const REJECTIONS: &[Case] = &[(Rejection::AnswerPart, |world| {
    let trial = Trial::answered(world, &plain, &|receipt, _| stop(receipt, Stop::Unfinished));
    world.take(OTHER, &trial.draw(0));
    let show = trial.show(world, 0, &|_| ());
    world.signed(OWNER, &show)
})];

fn plain(nonce: u8) -> Job {
    job(nonce, AuditConsent::Open, 1)
}

/// A job that asks for something else.
fn other(change: impl Fn(&mut JobFields)) -> impl Fn(u8) -> Job {
    move |nonce| {
        let mut fields = plain(nonce).fields().clone();
        change(&mut fields);
        Job::new(fields).unwrap()
    }
}

fn stop(receipt: &mut Receipt, stop: Stop) {
    receipt.choices[0].stop = stop;
}

/// What comes of showing such a receipt of such a job, which was drawn.
fn shown(
    job: &dyn Fn(u8) -> Job,
    made: &dyn Fn(&mut Receipt, &Salts),
    change: &dyn Fn(&mut AuditShow),
) -> Option<Rejection> {
    let mut world = World::new();
    let trial = Trial::answered(&mut world, job, made);
    world.take(OTHER, &trial.draw(0));
    let show = trial.show(&world, 0, change);
    refused(&world, OWNER, &show)
}

/// The same, of an answer that ended so.
fn ended(job: &dyn Fn(u8) -> Job, how: Stop, change: &dyn Fn(&mut AuditShow)) -> Option<Rejection> {
    shown(job, &|receipt, _| stop(receipt, how), change)
}

/// Shows a token of the output.
fn end(show: &mut AuditShow, salts: &Salts, position: u32) {
    let end = PartialOpening::new(salts, WHICH, &[7, 11], position).unwrap();
    show.job.as_mut().unwrap().ends.push(end);
}

/// Where the drawn answer's salts come from: both answers' blinds are told apart by the job.
fn salts(show: &AuditShow, network: Network) -> Salts {
    let blinds = [0, 1].map(|nonce| Salts { network, blind: commit::Blind([nonce; 32]) });
    let of = |salts: &Salts| show.terms.salt == receipt::JobLeaf::salt_of(salts, 0);
    *blinds.iter().find(|salts| of(salts)).unwrap()
}

/// A liar would keep a second receipt, and show of its answer what nobody can doubt: nothing, or its beginning.
#[test]
fn what_is_unfinished_is_paid_for_nothing() {
    let nothing = |receipt: &mut Receipt, salts: &Salts| {
        let head = receipt.choices[0].segments[0].head;
        let empty = Head { count: 0, root: [0; 32], ..head };
        let key = secret(operator(OWNER));
        receipt.choices[0].segments = vec![SignedHead::sign(empty, &key, salts.network)];
        receipt.usage.output = 0;
        stop(receipt, Stop::Unfinished);
    };
    assert_eq!(shown(&plain, &nothing, &|_| ()), Some(Rejection::AnswerPart));
    // Also where nobody could look at it.
    let own = |nonce| job(nonce, AuditConsent::Own, 1);
    assert_eq!(shown(&own, &nothing, &|_| ()), Some(Rejection::AnswerPart));
    assert_eq!(ended(&plain, Stop::Unfinished, &|_| ()), Some(Rejection::AnswerPart));
}

/// Tokens of a key that nobody answers for, and nothing of the worker's own behind them.
#[test]
fn what_another_key_signed_is_paid_for_nothing() {
    let laundered = |receipt: &mut Receipt, salts: &Salts| {
        let network = salts.network;
        let head = receipt.choices[0].segments[0].head;
        let theirs = SignedHead::sign(head, &secret(99), network);
        let own = Head { start: head.count, prior: head.id(network), ..head };
        let own = SignedHead::sign(own, &secret(operator(OWNER)), network);
        receipt.choices[0].segments = vec![theirs, own];
    };
    assert_eq!(shown(&plain, &laundered, &|_| ()), Some(Rejection::AnswerPart));
}

#[test]
fn every_choice_of_the_job_is_there() {
    let two = other(|fields| fields.choices = 2);
    assert_eq!(ended(&two, Stop::Length, &|_| ()), Some(Rejection::AnswerPart));
}

#[test]
fn a_receipt_says_of_its_job_what_the_job_says() {
    let with = |made: &dyn Fn(&mut Receipt)| shown(&plain, &|receipt, _| made(receipt), &|_| ());
    assert_eq!(with(&|_| ()), None);
    let wanted = Some(Rejection::ShownOther);
    assert_eq!(with(&|receipt| receipt.model = [8; 32]), wanted);
    assert_eq!(with(&|receipt| receipt.arithmetic = 2), wanted);
    assert_eq!(with(&|receipt| receipt.sampling = 2), wanted);
    assert_eq!(with(&|receipt| receipt.usage.prompt = 65_536), wanted, "no opening is so long");
    // The leaves are the job's, those that are named, and there exactly where somebody may audit.
    let show = |change: &dyn Fn(&mut AuditShow)| shown(&plain, &|_, _| (), change);
    assert_eq!(show(&|show| show.job = None), wanted);
    assert_eq!(show(&|show| show.job.as_mut().unwrap().parameters.salt[0] ^= 1), wanted);
    assert_eq!(show(&|show| show.job.as_mut().unwrap().stop.bytes[0] ^= 1), wanted);
    let swapped = |show: &mut AuditShow| {
        let job = show.job.as_mut().unwrap();
        std::mem::swap(&mut job.parameters, &mut job.stop);
    };
    assert_eq!(show(&swapped), wanted);
}

#[test]
fn an_answer_ends_as_long_as_it_was_asked_for() {
    let most = |tokens| other(move |fields: &mut JobFields| fields.stop.tokens_max = tokens);
    assert_eq!(ended(&most(2), Stop::Length, &|_| ()), None);
    assert_eq!(ended(&most(1), Stop::Length, &|_| ()), Some(Rejection::AnswerPart));
    // Shorter, and no model is named whose context was full.
    assert_eq!(ended(&most(3), Stop::Length, &|_| ()), Some(Rejection::ShownOther));
}

#[test]
fn a_stop_token_is_shown_and_is_one_of_the_job_s() {
    let tokens = |token| other(move |fields: &mut JobFields| fields.stop.tokens = vec![3, token]);
    let at = |job: &dyn Fn(u8) -> Job, positions: &[u32]| {
        let mut world = World::new();
        let trial = Trial::answered(&mut world, job, &|receipt, _| stop(receipt, Stop::Token));
        world.take(OTHER, &trial.draw(0));
        let network = world.network();
        let show = trial.show(&world, 0, &|show| {
            let salts = salts(show, network);
            positions.iter().for_each(|position| end(show, &salts, *position));
        });
        refused(&world, OWNER, &show)
    };
    let part = Some(Rejection::AnswerPart);
    assert_eq!(at(&tokens(11), &[1]), None);
    assert_eq!(at(&tokens(11), &[]), part);
    assert_eq!(at(&tokens(11), &[1, 1]), part);
    assert_eq!(at(&tokens(7), &[0]), part, "not the last one");
    assert_eq!(at(&tokens(7), &[1]), part);
    assert_eq!(at(&plain, &[1]), part);
}

#[test]
fn a_stop_string_is_one_that_the_job_has() {
    let strings = other(|fields| fields.stop.strings = vec!["x".to_owned()]);
    assert_eq!(ended(&strings, Stop::String { index: 0 }, &|_| ()), None);
    let part = Some(Rejection::AnswerPart);
    assert_eq!(ended(&strings, Stop::String { index: 1 }, &|_| ()), part);
    assert_eq!(ended(&plain, Stop::String { index: 0 }, &|_| ()), part);
}

#[test]
fn a_cancellation_is_the_requester_s() {
    let asked = other(|fields| fields.terms.requester = public(REQUESTER));
    let by = |job: &dyn Fn(u8) -> Job, key: u8, count: u32| {
        let cancel = |receipt: &mut Receipt, salts: &Salts| {
            let how = Stop::cancelled(&secret(key), salts.network, &receipt.job, 0, count);
            stop(receipt, how);
        };
        shown(job, &cancel, &|_| ())
    };
    let part = Some(Rejection::AnswerPart);
    assert_eq!(by(&asked, REQUESTER, 2), None);
    assert_eq!(by(&asked, REQUESTER, 0), None);
    assert_eq!(by(&asked, REQUESTER, 3), part, "fewer came than there were");
    assert_eq!(by(&asked, OWNER, 2), part);
    assert_eq!(by(&plain, REQUESTER, 2), part, "nobody may");
}

/// The model as it is published, with such a context.
fn model(world: &mut World, context_max: u32) -> NamedModel {
    let shape = Shape { context_max, ..Shape::default() };
    let checked = Checked::new(shape.program()).unwrap();
    let file = shape.weights();
    let units = Weights::load(&checked, &[&file]).unwrap().units_part();
    published(world, &checked, &file, &units)
}

#[test]
fn what_only_the_model_tells_is_told_by_the_model() {
    let long = other(|fields| fields.stop.tokens_max = 100);
    let with = |job: &dyn Fn(u8) -> Job, how: Stop, context: u32, wrong: bool| {
        let mut world = World::new();
        let trial = Trial::answered(&mut world, job, &|receipt, _| stop(receipt, how));
        world.take(OTHER, &trial.draw(0));
        let mut model = model(&mut world, context);
        model.package.model[0] ^= u8::from(wrong);
        let show = trial.show(&world, 0, &|show| show.job.as_mut().unwrap().model = Some(model));
        refused(&world, OWNER, &show)
    };
    let part = Some(Rejection::AnswerPart);
    // Three tokens of prompt and two of output.
    assert_eq!(with(&long, Stop::Length, 5, false), None);
    assert_eq!(with(&long, Stop::Length, 6, false), part);
    assert_eq!(with(&long, Stop::Length, 5, true), Some(Rejection::ShownOther));
    assert_eq!(with(&plain, Stop::Length, 5, false), Some(Rejection::ShownOther), "for nothing");
    // A fault that nobody could dispute would be an answer that nobody can doubt.
    let fault = |position, op| Stop::Fault { position, op };
    assert_eq!(with(&long, fault(4, 0), 8, false), None);
    assert_eq!(with(&long, fault(5, 0), 8, false), part, "behind the answer");
    assert_eq!(with(&long, fault(4, 0), 4, false), part, "behind the context");
    assert_eq!(with(&long, fault(4, 9_999), 8, false), part, "of no op");
    assert_eq!(ended(&long, fault(4, 0), &|_| ()), Some(Rejection::ShownOther));
}

/// The leaf that was there before the draw says for what money the answer is: no other voucher fits it later.
#[test]
fn a_leaf_has_the_voucher_s_money_and_no_more() {
    let mut world = World::new();
    let trial = drawn(&mut world);
    let unit = Trial::audit(&world, 0).unit.0;
    let with = |change: &dyn Fn(&mut LogLeaf)| {
        let show = trial.show(&world, 0, &|show| change(&mut show.answer.leaf));
        refused(&world, OWNER, &show)
    };
    assert_eq!(with(&|leaf| leaf.to += 1), Some(Rejection::ShownOther));
    let less = |leaf: &mut LogLeaf| {
        if leaf.from == 0 {
            leaf.to += 7
        } else {
            leaf.from -= 1
        }
        assert!(leaf.from <= unit && unit < leaf.to);
    };
    assert_eq!(with(&less), Some(Rejection::ShownOther));
    let all = |leaf: &mut LogLeaf| (leaf.from, leaf.to) = (0, u128::MAX);
    assert_eq!(with(&all), Some(Rejection::ShownOther));
    let show = resealed(&world, trial.show(&world, 0, &|_| ()));
    world.take(OWNER, &show);
    assert_eq!(Trial::audit(&world, 0).stage, AuditStage::Commit);
    let Action::AuditShow(_) = show else { panic!("an answer is shown") };
}
