//! Workers whose tokens are not those that are drawn.

use canon::sample::Parameter;
use import::gguf::tiny::{Family, TinyModel};
use llm::{Claim, Request};
use receipt::{Job, Stop};
use verify::Refutation;

use super::{Delivered, asked, deliver, free, published, refuted};
use crate::desk::{CHUNK_TOKENS, answer, work};
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

pub(super) fn another_temperature() -> Delivered {
    let warmer = parameters(&[(Parameter::Temperature, "0.7"), (Parameter::TopP, "0.98")]);
    asks_otherwise(&asked(|_| {}), |request| request.parameters = warmer.clone())
}

pub(super) fn another_top_p() -> Delivered {
    let narrower = parameters(&[(Parameter::Temperature, "1.2"), (Parameter::TopP, "0.5")]);
    asks_otherwise(&asked(|_| {}), |request| request.parameters = narrower.clone())
}

/// What is saved is the pass over the prompt's first half.
pub(super) fn half_the_prompt() -> Delivered {
    asks_otherwise(&asked(|_| {}), |request| {
        request.prompt.drain(..15);
    })
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
    for worker in [
        greedy_for_drawn,
        another_temperature,
        another_top_p,
        half_the_prompt,
        another_seed,
        leaves_out_penalties,
        the_other_choices_answer,
    ] {
        assert!(position(worker) < 40);
    }
}

/// A model that costs half as much.
fn small() -> Tiny {
    Tiny::of(TinyModel { layers: 1, ..shape(Family::Llama) }.write())
}

pub(super) fn keeps_a_small_models_guesses() -> Delivered {
    let (tiny, job) = (published(), asked(|_| {}));
    let small = small();
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

/// The small model writes all of it. The published one reads it afterwards, in one pass as of a prompt, and what it
/// would have said instead is thrown away.
pub(super) fn a_small_model_writes() -> Delivered {
    let (tiny, job) = (published(), asked(|_| {}));
    let claims = work(&small(), &job);
    let read = go_on(&tiny, &job, &claims[0].tokens, 1);
    assert_eq!(read.len(), 1);
    deliver(tiny, &job, &claims)
}

#[test]
fn what_was_only_read_is_found() {
    assert!(position(a_small_model_writes) < 40);
}

/// As many tokens as were asked for, with one chunk's taken out of them.
pub(super) fn leaves_a_chunk_out() -> Delivered {
    arranged(|tokens| {
        tokens.drain(CHUNK_TOKENS..2 * CHUNK_TOKENS);
    })
}

/// Two chunks' tokens, each in the other's place.
pub(super) fn chunks_in_another_order() -> Delivered {
    arranged(|tokens| tokens[CHUNK_TOKENS..3 * CHUNK_TOKENS].rotate_left(CHUNK_TOKENS))
}

/// Delivers true tokens after this was done to them, under heads that say so.
fn arranged(arrange: impl Fn(&mut Vec<u32>)) -> Delivered {
    let (tiny, job) = (published(), asked(|_| {}));
    let mut tokens = free(&tiny, &job, 40 + CHUNK_TOKENS);
    arrange(&mut tokens);
    tokens.truncate(40);
    deliver(tiny, &job, &[Claim { choice: 0, tokens, stop: Stop::Length }])
}

#[test]
fn true_tokens_elsewhere_are_found_where_the_first_one_is_gone() {
    for worker in [leaves_a_chunk_out, chunks_in_another_order] {
        assert_eq!(usize::try_from(position(worker)).unwrap(), CHUNK_TOKENS);
    }
}
