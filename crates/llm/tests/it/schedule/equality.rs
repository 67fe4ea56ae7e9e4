//! Random schedules: who comes when, who goes, how much memory there is.

use std::sync::Arc;

use canon::KernelSet;
use canon::sample::Parameter;
use import::gguf::tiny::Family;
use llm::schedule::{CacheScope, Scheduler, SchedulerLimits, Ticket};
use proptest::prelude::*;
use receipt::{Job, JobFields};

use super::{
    All, STEPS_MAX, alone, asked, check, choices, collect, finish, scheduler, simple, span_bytes,
    wide,
};
use crate::desk::{fields, job, vector_fields};
use crate::fixture::{Tiny, parameters, sets, tokens};

/// One job of a random schedule.
#[derive(Clone, Debug)]
struct Comes {
    /// Tokens of its prompt that others begin with too, and its own.
    shared: usize,
    own: usize,
    tokens_max: u32,
    choices: u32,
    tenant: u8,
    public: bool,
    /// The step before which it comes, and that before which it goes.
    at: usize,
    goes: Option<usize>,
    penalties: bool,
    embeds: bool,
}

/// What there is room for.
#[derive(Clone, Debug)]
struct House {
    spans: usize,
    cached: usize,
    running_max: usize,
    rows: usize,
    chunk: usize,
    threads: usize,
}

fn comes() -> impl Strategy<Value = Comes> {
    let prompt = (0_usize..90, 1_usize..20, 0_u32..40, 1_u32..4);
    let place = (0_u8..3, any::<bool>(), 0_usize..60, goes());
    (prompt, place, any::<bool>(), 0_u8..3).prop_map(|(prompt, place, penalties, kind)| {
        let (shared, own, tokens_max, choices) = prompt;
        let (tenant, public, at, goes) = place;
        let (embeds, choices) = if kind == 0 { (true, 1) } else { (false, choices) };
        Comes { shared, own, tokens_max, choices, tenant, public, at, goes, penalties, embeds }
    })
}

/// One in four goes before its end.
fn goes() -> impl Strategy<Value = Option<usize>> {
    (0_u8..4, 0_usize..90).prop_map(|(one_in, step)| (one_in == 0).then_some(step))
}

fn house() -> impl Strategy<Value = House> {
    let room = (3_usize..12, 0_usize..8, 1_usize..7, 1_usize..40, 1_usize..70, 1_usize..3);
    room.prop_map(|(spans, cached, running_max, rows, chunk, threads)| House {
        spans,
        cached,
        running_max,
        rows,
        chunk,
        threads,
    })
}

fn job_of(comes: &Comes, seed: u32) -> Arc<Job> {
    let mut prompt = tokens(comes.shared, 1);
    prompt.extend(tokens(comes.own, 100 + seed));
    if comes.embeds {
        return Arc::new(job(&vector_fields(prompt, 1 + comes.tokens_max)));
    }
    let mut fields = JobFields { choices: comes.choices, ..fields(prompt, comes.tokens_max) };
    if comes.penalties {
        let given = [(Parameter::Repetition, "1.3"), (Parameter::Frequency, "0.2")];
        fields.parameters = parameters(&given);
    }
    Arc::new(job(&fields))
}

/// Runs a schedule; what came of each job, and its ticket.
fn run(scheduler: &mut Scheduler, plan: &[Comes], jobs: &[Arc<Job>]) -> (All, Vec<Ticket>) {
    let mut all = All::new();
    let mut tickets: Vec<Option<Ticket>> = vec![None; plan.len()];
    for step in 0..STEPS_MAX {
        for ((comes, job), ticket) in plan.iter().zip(jobs).zip(&mut tickets) {
            if comes.at == step {
                let cache = if comes.public { CacheScope::Public } else { CacheScope::Tenant };
                let asked = llm::schedule::Asked { cache, ..asked(job, comes.tenant) };
                *ticket = Some(scheduler.submit(asked).unwrap());
            }
            if let (Some(ticket), true) = (*ticket, comes.goes == Some(step)) {
                scheduler.cancel(ticket);
            }
        }
        if step > 90 && scheduler.is_idle() {
            break;
        }
        collect(&mut all, step, scheduler.step());
        check(scheduler);
    }
    assert!(scheduler.is_idle(), "{:?}", scheduler.gauges());
    (all, tickets.into_iter().flatten().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_schedule_gives_the_bits_of_each_alone(
        plan in prop::collection::vec(comes(), 1..10), house in house(),
    ) {
        let tiny = Tiny::new(Family::Llama);
        let limits = SchedulerLimits {
            kv_bytes_max: house.spans * span_bytes(&tiny),
            cache_bytes_max: house.cached * span_bytes(&tiny),
            running_max: house.running_max,
            rows_beside_answers: house.rows,
            ..wide()
        };
        let runner = tiny.runner(KernelSet::best(), house.threads, house.chunk);
        let mut scheduler = Scheduler::new(Arc::clone(&tiny.model), runner, limits);
        let jobs: Vec<Arc<Job>> = (0..).zip(&plan).map(|(seed, comes)| job_of(comes, seed)).collect();
        let (all, tickets) = run(&mut scheduler, &plan, &jobs);
        prop_assert_eq!(tickets.len(), plan.len());
        for ((comes, job), ticket) in plan.iter().zip(&jobs).zip(tickets) {
            for choice in 0..comes.choices {
                let (got, want) = (&all[&(ticket, choice)], alone(&tiny, job, choice));
                let ended = got.ended.unwrap();
                if ended.stop == llm::Stop::Cancelled {
                    prop_assert!(comes.goes.is_some() && want.tokens.starts_with(&got.tokens));
                    let whole = got.text.trim_end_matches(char::REPLACEMENT_CHARACTER);
                    prop_assert!(want.text.starts_with(whole), "{:?}", got.text);
                } else {
                    got.assert_is(&want);
                }
            }
        }
        scheduler.clear_cache();
        prop_assert_eq!(scheduler.gauges().kv_bytes, 0);
    }
}

#[test]
fn among_thirty_one_others_on_every_kernel_set() {
    let tiny = Tiny::new(Family::Qwen2);
    let jobs: Vec<Arc<Job>> =
        (0..32).map(|seed| simple(1 + 4 * seed as usize, seed + 1, 3 + seed % 9)).collect();
    let want: Vec<_> = jobs.iter().map(|job| alone(&tiny, job, 0)).collect();
    for set in sets() {
        for threads in [1, 3] {
            let runner = tiny.runner(set, threads, 64);
            let mut scheduler = Scheduler::new(Arc::clone(&tiny.model), runner, wide());
            let submit = |(of, job)| scheduler.submit(asked(job, of)).unwrap();
            let tickets: Vec<Ticket> = (0..).zip(&jobs).map(submit).collect();
            let all = finish(&mut scheduler);
            for (ticket, want) in tickets.iter().zip(&want) {
                all[&(*ticket, 0)].assert_is(want);
            }
        }
    }
}

#[test]
fn logits_come_only_where_they_are_asked_for() {
    let tiny = Tiny::new(Family::Llama);
    let mut scheduler = scheduler(&tiny, wide());
    let job = simple(5, 1, 4);
    let quiet = llm::schedule::Asked { want_logits: false, ..asked(&job, 1) };
    let (quiet, loud) =
        (scheduler.submit(quiet).unwrap(), scheduler.submit(asked(&job, 1)).unwrap());
    let mut seen = 0;
    while !scheduler.is_idle() {
        for progress in scheduler.step() {
            assert_eq!(progress.piece.logits.is_some(), progress.ticket == loud);
            seen += usize::from(progress.ticket == quiet);
        }
    }
    assert_eq!(seen, 4);
}

#[test]
fn how_likely_a_token_was_is_told_where_it_is_asked_for_and_changes_no_bit() {
    let tiny = Tiny::new(Family::Llama);
    let mut scheduler = scheduler(&tiny, wide());
    let job = choices(5, 1, 4, 3);
    let told = llm::schedule::Asked { logprobs: Some(2), ..asked(&job, 1) };
    let (told, quiet) =
        (scheduler.submit(told).unwrap(), scheduler.submit(asked(&job, 1)).unwrap());
    let mut all = All::new();
    while !scheduler.is_idle() {
        let progress = scheduler.step();
        for one in &progress {
            let found = one.piece.logprob.as_ref();
            assert_eq!(found.is_some(), one.ticket == told);
            assert!(found.is_none_or(|found| Some(found.drawn.token) == one.piece.token));
            assert!(found.is_none_or(|found| found.top.len() == 2));
        }
        collect(&mut all, 0, progress);
    }
    for choice in 0..3 {
        let want = alone(&tiny, &job, choice);
        all[&(told, choice)].assert_is(&want);
        all[&(quiet, choice)].assert_is(&want);
    }
}
