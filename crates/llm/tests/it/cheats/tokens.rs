//! Workers whose tokens are not those that are drawn.

use canon::sample::Parameter;
use import::gguf::tiny::{Family, TinyModel};
use llm::{Claim, Request};
use receipt::{Job, Stop};
use verify::Refutation;

use super::{Delivered, asked, deliver, published, refuted};
use crate::desk::{answer, work};
use crate::fixture::{Tiny, parameters, shape};

/// Where the first difference was found.
#[track_caller]
fn position(worker: fn() -> Delivered) -> u32 {
    let refutation = refuted(worker);
    let Refutation::Token { position, expected, found, .. } = refutation else {
        panic!("{refutation:?}")
    };
    assert_ne!(expected, found);
    position
}

/// What the model says after so many tokens of output, drawn as the job says.
fn go_on(tiny: &Tiny, job: &Job, output: &[u32], tokens: usize) -> Vec<u32> {
    let mut request = Request::of(job, 0);
    request.prompt.extend(output);
    request.tokens_max = tokens;
    answer(tiny, &request).tokens
}

pub(super) fn swaps_one_token() -> Delivered {
    let (tiny, job) = (published(), asked(|_| {}));
    let mut tokens = work(&tiny, &job).remove(0).tokens[..12].to_vec();
    tokens[11] = if tokens[11] == 100 { 101 } else { 100 };
    let rest = go_on(&tiny, &job, &tokens, 40 - 12);
    tokens.extend(rest);
    deliver(tiny, &job, &[Claim { choice: 0, tokens, stop: Stop::Length }])
}

#[test]
fn a_swapped_token_is_found_where_it_stands() {
    assert_eq!(position(swaps_one_token), 11);
}

/// Delivers what comes of the job's request with something changed.
fn asks_otherwise(job: &Job, change: impl Fn(&mut Request)) -> Delivered {
    let tiny = published();
    let mut request = Request::of(job, 0);
    change(&mut request);
    let claim = Claim { choice: 0, ..answer(&tiny, &request) };
    deliver(tiny, job, &[claim])
}

pub(super) fn greedy_for_drawn() -> Delivered {
    let greedy = parameters(&[(Parameter::Temperature, "0")]);
    asks_otherwise(&asked(|_| {}), |request| request.parameters = greedy.clone())
}

pub(super) fn another_seed() -> Delivered {
    asks_otherwise(&asked(|_| {}), |request| request.seed[0] ^= 1)
}

pub(super) fn leaves_out_penalties() -> Delivered {
    let without = parameters(&[(Parameter::Temperature, "0")]);
    let with = [(Parameter::Temperature, "0"), (Parameter::Repetition, "1.5")];
    let job = asked(|job| job.parameters = parameters(&with));
    asks_otherwise(&job, |request| request.parameters = without.clone())
}

pub(super) fn the_other_choices_answer() -> Delivered {
    asks_otherwise(&asked(|job| job.choices = 2), |request| request.choice = 1)
}

#[test]
fn another_way_of_drawing_is_found() {
    for worker in [greedy_for_drawn, another_seed, leaves_out_penalties, the_other_choices_answer] {
        assert!(position(worker) < 40);
    }
}

pub(super) fn keeps_a_small_models_guesses() -> Delivered {
    let (tiny, job) = (published(), asked(|_| {}));
    let small = TinyModel { layers: 1, ..shape(Family::Llama) };
    let small = Tiny::of(small.write());
    let mut tokens = Vec::new();
    while tokens.len() < 40 {
        // Three of four it draws itself.
        let guesses = usize::from(tokens.len() % 4 == 3);
        let model = if guesses == 1 { &small } else { &tiny };
        let next = go_on(model, &job, &tokens, 1);
        tokens.extend(next);
    }
    deliver(tiny, &job, &[Claim { choice: 0, tokens, stop: Stop::Length }])
}

#[test]
fn a_guess_that_was_kept_is_found() {
    assert_eq!(position(keeps_a_small_models_guesses) % 4, 3);
}
