//! Workers whose vectors are not those of the prompt.

use import::gguf::tiny::{Family, TinyModel};
use llm::{Claim, Request};
use receipt::{Job, Stop, WorkKind};
use verify::Refutation;

use super::{Delivered, deliver, published, refuted};
use crate::desk::{answer, job, vector_fields, work};
use crate::fixture::{Tiny, shape, tokens};

/// Entries of the row of the tiny model.
const WIDTH: u32 = 64;

fn asked(dimensions: u32) -> Job {
    job(&vector_fields(tokens(30, 1), dimensions))
}

/// Delivers what comes of the job after this was done to it.
fn arranged(dimensions: u32, arrange: impl Fn(&mut Vec<u32>)) -> Delivered {
    let (tiny, job) = (published(), asked(dimensions));
    let mut claims = work(&tiny, &job);
    assert_eq!(claims[0].stop, Stop::Length);
    arrange(&mut claims[0].tokens);
    deliver(tiny, &job, &claims)
}

/// Delivers what comes of another request.
fn instead(change: impl Fn(&mut Request)) -> Delivered {
    let (tiny, job) = (published(), asked(WIDTH));
    let mut request = Request::of(&job, 0);
    change(&mut request);
    let claim = answer(&tiny, &request);
    deliver(tiny, &job, &[claim])
}

pub(super) fn is_honest() -> Delivered {
    arranged(40, |_| {})
}

pub(super) fn off_by_one() -> Delivered {
    arranged(WIDTH, |numbers| numbers[50] = numbers[50].wrapping_add(1))
}

/// The first numbers of the whole vector, whose length is that of the whole.
pub(super) fn cut_short() -> Delivered {
    let whole = work(&published(), &asked(WIDTH)).remove(0).tokens;
    arranged(32, |numbers| numbers.copy_from_slice(&whole[..32]))
}

/// The same direction, half as far.
pub(super) fn of_another_length() -> Delivered {
    arranged(WIDTH, |numbers| {
        let half = |number: u32| (number.cast_signed() / 2).cast_unsigned();
        numbers.iter_mut().for_each(|number| *number = half(*number));
    })
}

pub(super) fn another_prompts() -> Delivered {
    instead(|request| request.prompt[29] ^= 1)
}

pub(super) fn of_the_token_before() -> Delivered {
    instead(|request| {
        request.prompt.pop();
    })
}

pub(super) fn another_models() -> Delivered {
    let job = asked(WIDTH);
    let other = Tiny::of(TinyModel { seed: 12, ..shape(Family::Llama) }.write());
    deliver(published(), &job, &work(&other, &job))
}

pub(super) fn half_of_it() -> Delivered {
    arranged(WIDTH, |numbers| numbers.truncate(32))
}

pub(super) fn tokens_instead() -> Delivered {
    instead(|request| request.kind = WorkKind::Generate)
}

#[test]
fn the_first_number_that_differs_is_named() {
    let Refutation::Number { position, expected, found } = refuted(off_by_one) else { panic!() };
    assert_eq!((position, found), (50, expected + 1));
    for worker in [cut_short, of_another_length, another_prompts, tokens_instead] {
        let refutation = refuted(worker);
        assert!(matches!(refutation, Refutation::Number { position: 0, .. }), "{refutation}");
    }
    let Refutation::Usage { claimed, found, .. } = refuted(half_of_it) else { panic!() };
    assert_eq!((claimed, found), (32, 64));
}

#[test]
fn a_whole_vector_ends_by_its_length_and_nothing_else() {
    let tiny = published();
    let job = asked(WIDTH);
    let claim = work(&tiny, &job).remove(0);
    let found = |stop, numbers: usize| {
        let tokens = claim.tokens[..numbers].to_vec();
        let claims = [Claim { stop, tokens, ..claim.clone() }];
        let outcome = crate::desk::replayed(&tiny, &mut tiny.any(), &job, &claims);
        match outcome {
            verify::Replay::Differs(refutation) => refutation.to_string(),
            verify::Replay::Same => String::new(),
            verify::Replay::NotTried | verify::Replay::Impossible(_) => panic!(),
        }
    };
    let fault = Stop::Fault { position: 3, op: 1 };
    for stop in [Stop::Token, Stop::String { index: 0 }, Stop::Unfinished, fault] {
        let refutation = found(stop, 64);
        assert!(refutation.contains("replay finds: length, after 64 tokens"), "{refutation}");
    }
    for stop in [Stop::Token, Stop::Length, Stop::String { index: 1 }] {
        assert!(found(stop, 0).contains("0 claimed, 64 found"), "{}", found(stop, 0));
    }
    assert!(found(Stop::Unfinished, 1).contains("1 claimed, 64 found"));
    // That the worker delivered nothing can be true.
    assert_eq!(found(Stop::Unfinished, 0), "");
    assert!(found(fault, 0).contains("said to end with fault; replay finds: length"));
}
