//! Vectors: the same integers whatever company, cache, chunks and threads are; what is no job for one is refused.

use std::sync::Arc;

use canon::reference::unit_vector;
use canon::sample::{Parameter, Parameters, Settings};
use engine::{Feed, Wanted};
use import::gguf::tiny::Family;
use llm::schedule::{Refused, Scheduler, SchedulerLimits};
use llm::{Generation, Replay, Request, Stop};
use proptest::prelude::*;
use receipt::{JobFields, WorkKind};
use verify::{Missing, Refutation, Replay as Outcome};

use crate::desk::{fields, job, judge, replayed, vector_fields, work};
use crate::fixture::{Tiny, faulty, parameters, sets, tokens};
use crate::schedule::{alone, asked, finish, scheduler, simple, wide};

/// Entries of the row of the tiny model.
const WIDTH: u32 = 64;

/// The row of the last token, by the engine itself.
fn row(tiny: &Tiny, tokens: &[u32]) -> Vec<i32> {
    let mut engine = tiny.engine(canon::KernelSet::best(), 1);
    let mut sequence = engine.sequence();
    let wanted = Wanted::Row;
    let feed = Feed { sequence: &mut sequence, tokens, wanted, boundaries: false };
    engine.forward(&mut [feed]).unwrap().remove(0).row.unwrap()
}

#[test]
fn a_vector_is_the_direction_of_the_first_numbers_of_the_row() {
    let tiny = Tiny::new(Family::Llama);
    let prompt = tokens(70, 3);
    let row = row(&tiny, &prompt);
    for dimensions in [1, 31, 64] {
        let want = unit_vector(&row[..usize::try_from(dimensions).unwrap()]);
        let job = job(&vector_fields(prompt.clone(), dimensions));
        for set in sets() {
            for (threads, chunk) in [(1, 1), (3, 7), (2, 64)] {
                let mut runner = tiny.runner(set, threads, chunk);
                let answer = tiny.answer(&mut runner, &Request::of(&job, 0));
                assert_eq!(answer.vector.as_deref(), Some(&want[..]));
                assert_eq!((answer.stop, &answer.text[..]), (Some(Stop::Length), ""));
                assert!(answer.tokens.is_empty());
            }
        }
    }
}

#[test]
fn vectors_among_answers_on_a_warm_cache() {
    let tiny = Tiny::new(Family::Qwen2);
    let limits = SchedulerLimits { cache_bytes_max: 1 << 28, ..wide() };
    let mut scheduler = scheduler(&tiny, limits);
    let vector = |length, seed, dimensions| {
        let prompt = [tokens(80, 1), tokens(length, seed)].concat();
        Arc::new(job(&vector_fields(prompt, dimensions)))
    };
    let jobs = [vector(1, 2, 64), simple(90, 1, 9), vector(30, 3, 20), vector(1, 2, 64)];
    for warm in [false, true] {
        let tickets = jobs.each_ref().map(|job| scheduler.submit(asked(job, 1)).unwrap());
        let all = finish(&mut scheduler);
        for (ticket, job) in tickets.iter().zip(&jobs) {
            let got = &all[&(*ticket, 0)];
            got.assert_is(&alone(&tiny, job, 0));
            assert_eq!(got.ended.unwrap().usage.cached_tokens >= 64, warm || *ticket != tickets[0]);
        }
    }
}

#[test]
fn an_honest_vector_replays_however_it_is_cut_and_shares_its_prompt() {
    let tiny = Tiny::new(Family::Llama);
    let jobs = [(100, 64), (70, 5), (1, 1)]
        .map(|(length, dimensions)| job(&vector_fields(tokens(length, 4), dimensions)));
    let claims = jobs.each_ref().map(|job| work(&tiny, job));
    for (threads, chunk) in [(1, 1), (2, 7), (3, usize::MAX)] {
        let mut runner = tiny.runner(canon::KernelSet::best(), threads, chunk);
        let both = jobs.iter().zip(&claims);
        let mut all: Vec<Replay> = both
            .map(|(job, claims)| Replay::new(&tiny.model, runner.engine(), job, claims))
            .collect();
        let outcomes = judge(&mut runner, &mut all.iter_mut().collect::<Vec<_>>());
        assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Same), "{outcomes:?}");
        for (replay, job) in all.iter().zip(&jobs) {
            let length = job.fields().prompt.len();
            assert_eq!(replay.progress(), (length, length));
        }
    }
}

#[test]
fn a_fault_of_the_prompt_is_the_answer() {
    let tiny = faulty(77);
    let mut prompt = tokens(20, 5);
    prompt[19] = 77;
    for at in [19, 3] {
        prompt[at] = 77;
        let job = job(&vector_fields(prompt.clone(), 8));
        let claims = work(&tiny, &job);
        let position = u32::try_from(at).unwrap();
        let receipt::Stop::Fault { position: found, .. } = claims[0].stop else { panic!() };
        assert_eq!((found, claims[0].tokens.len()), (position, 0));
        assert_eq!(replayed(&tiny, &mut tiny.any(), &job, &claims), Outcome::Same);
        let mut kept_quiet = claims;
        kept_quiet[0].tokens = vec![0; 8];
        kept_quiet[0].stop = receipt::Stop::Length;
        let found = replayed(&tiny, &mut tiny.any(), &job, &kept_quiet);
        assert!(matches!(found, Outcome::Differs(Refutation::Stop { .. })), "{found:?}");
    }
}

/// Refused alike by whoever takes the job and by whoever replays it.
#[test]
fn what_is_no_job_for_a_vector_is_refused_by_name() {
    let tiny = Tiny::new(Family::Llama);
    let base = vector_fields(tokens(9, 1), 8);
    let claims = work(&tiny, &job(&base));
    let refused = |change: &dyn Fn(&mut JobFields)| {
        let mut fields = base.clone();
        change(&mut fields);
        let job = job(&fields);
        let told = scheduler(&tiny, wide()).submit(asked(&Arc::new(job.clone()), 1));
        let Err(Refused::Request(told)) = told else { panic!("{told:?}") };
        let found = replayed(&tiny, &mut tiny.any(), &job, &claims);
        let Outcome::Differs(Refutation::Request(found)) = found else { panic!("{found:?}") };
        assert_eq!(told.to_string(), found);
        found
    };
    let has = |what: &str| format!("a job for an embedding has {what}: leave them out");
    assert_eq!(refused(&|job| job.choices = 2), has("more than one choice"));
    assert_eq!(refused(&|job| job.stop.tokens = vec![5]), has("stop tokens"));
    assert_eq!(refused(&|job| job.stop.strings = vec!["a".into()]), has("stop strings"));
    let own = has("sampling parameters of its own");
    let with = |given: &[(Parameter, &str)]| {
        let parameters = parameters(given);
        refused(&|job| job.parameters = parameters.clone())
    };
    assert_eq!(with(&[]), own);
    let greedy = (Parameter::Temperature, "0");
    for parameter in [
        (Parameter::TopP, "0.5"),
        (Parameter::TopK, "3"),
        (Parameter::MinP, "0.1"),
        (Parameter::Repetition, "1.1"),
        (Parameter::Presence, "0.1"),
        (Parameter::Frequency, "0.1"),
    ] {
        assert_eq!(with(&[greedy, parameter]), own);
    }
    let mut biased = Settings::default();
    biased.set(Parameter::Temperature, "0").unwrap();
    biased.push_bias(4, "1").unwrap();
    let biased = Parameters::new(biased).unwrap();
    assert_eq!(refused(&|job| job.parameters = biased.clone()), own);
    let dimensions = |asked: u32| {
        format!(
            "{asked} dimensions are asked for, and this model has {WIDTH}: ask for 1 to {WIDTH}"
        )
    };
    for wrong in [0, WIDTH + 1, 1 << 16] {
        assert_eq!(refused(&|job| job.stop.tokens_max = wrong), dimensions(wrong));
    }
    let long = tokens(160, 1);
    assert!(refused(&|job| job.prompt = long.clone()).starts_with("the prompt has 160 tokens"));
    assert!(refused(&|job| job.prompt[3] = 288).starts_with("token 288 of the prompt"));
}

/// A vector needs no room for what is never drawn.
#[test]
fn a_vector_takes_the_memory_of_its_prompt() {
    let tiny = Tiny::new(Family::Llama);
    let kv_bytes_max = tiny.any().engine().span_bytes();
    let limits = SchedulerLimits { kv_bytes_max, ..wide() };
    let mut scheduler = Scheduler::new(Arc::clone(&tiny.model), tiny.any(), limits);
    let vector = Arc::new(job(&vector_fields(tokens(50, 1), WIDTH)));
    let ticket = scheduler.submit(asked(&vector, 1)).unwrap();
    assert!(finish(&mut scheduler)[&(ticket, 0)].vector.is_some());
    let tokens = scheduler.submit(asked(&simple(50, 1, 64), 1));
    assert!(matches!(tokens, Err(Refused::TooLarge { .. })));
}

#[test]
fn nothing_is_followed_where_all_comes_at_once() {
    let tiny = Tiny::new(Family::Llama);
    let engine = tiny.any();
    let job = job(&vector_fields(tokens(9, 1), 8));
    let replay = Replay::following(&tiny.model, engine.engine(), &job, 0);
    assert!(matches!(replay.outcome(), Some(Outcome::Impossible(Missing::Unsupported(_)))));
}

#[test]
fn an_answers_tokens_are_no_vector() {
    let tiny = Tiny::new(Family::Llama);
    let mut drawn = fields(tokens(9, 1), 8);
    let claims = work(&tiny, &job(&drawn));
    drawn.terms.kind = WorkKind::Embed;
    let found = replayed(&tiny, &mut tiny.any(), &job(&drawn), &claims);
    assert!(matches!(found, Outcome::Differs(Refutation::Request(_))), "{found:?}");
    let request = Request { kind: WorkKind::Embed, ..Request::of(&job(&drawn), 0) };
    assert!(Generation::new(&tiny.model, tiny.any().engine(), request, None).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Squared back, every number is within what rounding down leaves: no other integer is.
    #[test]
    fn every_number_is_the_greatest_that_is_not_too_long(
        row in prop::collection::vec(prop_oneof![-9..=9_i32, any::<i32>()], 1..40),
    ) {
        let squares: u128 = row.iter().map(|entry| u128::from(entry.unsigned_abs()).pow(2)).sum();
        for (entry, number) in row.iter().zip(unit_vector(&row)) {
            let share = u128::from(entry.unsigned_abs()).pow(2) << 48;
            // n^2 S <= v^2 2^48 < (n + 1)^2 S; all below 2^128.
            let magnitude = u128::from(number.unsigned_abs());
            prop_assert!(magnitude.pow(2) * squares <= share);
            prop_assert!(squares == 0 || (magnitude + 1).pow(2) * squares > share);
            prop_assert!(number == 0 || (number < 0) == (*entry < 0));
            prop_assert!(magnitude <= 1 << 24);
        }
    }
}
