//! Keys and values have a bound, and answers are set aside for it.

use import::gguf::tiny::Family;
use llm::schedule::SchedulerLimits;

use super::{alone, asked, choices, finish, scheduler, simple, span_bytes, wide};
use crate::fixture::Tiny;

#[test]
fn the_youngest_is_set_aside_and_its_answer_is_the_same() {
    let tiny = Tiny::new(Family::Llama);
    let span = span_bytes(&tiny);
    for threads in [1, 2] {
        let limits = SchedulerLimits { kv_bytes_max: 7 * span, ..wide() };
        let runner = tiny.runner(canon::KernelSet::best(), threads, 64);
        let mut scheduler =
            llm::schedule::Scheduler::new(std::sync::Arc::clone(&tiny.model), runner, limits);
        // Each begins in one span, and comes to need three.
        let jobs: Vec<_> = (1..7).map(|seed| simple(5, seed, 140)).collect();
        let tickets: Vec<_> =
            jobs.iter().map(|job| scheduler.submit(asked(job, 1)).unwrap()).collect();
        let all = finish(&mut scheduler);
        for (ticket, job) in tickets.iter().zip(&jobs) {
            all[&(*ticket, 0)].assert_is(&alone(&tiny, job, 0));
        }
        let gauges = scheduler.gauges();
        assert!(gauges.preemptions >= 1 && gauges.dropped >= 1, "{gauges:?}");
        assert_eq!((gauges.kv_bytes, gauges.spare_bytes), (0, 7 * span));
        // The oldest was never held up, and they ended in order.
        let ends: Vec<usize> = tickets.iter().map(|ticket| all[&(*ticket, 0)].steps.1).collect();
        assert_eq!(ends[0], 139);
        assert!(ends.is_sorted());
    }
}

#[test]
fn memory_is_flat() {
    let tiny = Tiny::new(Family::Llama);
    let span = span_bytes(&tiny);
    let mut scheduler = scheduler(
        &tiny,
        SchedulerLimits { kv_bytes_max: 9 * span, cache_bytes_max: 4 * span, ..wide() },
    );
    let mut most = 0;
    for round in 0..12 {
        for seed in 0..4 {
            scheduler.submit(asked(&simple(70, 10 * round + seed + 1, 5), 1)).unwrap();
        }
        finish(&mut scheduler);
        let gauges = scheduler.gauges();
        if round == 1 {
            most = gauges.kv_bytes + gauges.spare_bytes;
        }
        if round > 1 {
            assert_eq!(gauges.kv_bytes + gauges.spare_bytes, most);
        }
        assert_eq!(gauges.cached_bytes, 4 * span);
    }
    scheduler.clear_cache();
    assert_eq!(scheduler.gauges().kv_bytes, 0);
}

#[test]
fn choices_share_their_prompt() {
    let tiny = Tiny::new(Family::Llama);
    let mut scheduler = scheduler(&tiny, wide());
    let job = choices(130, 3, 4, 5);
    let ticket = scheduler.submit(asked(&job, 1)).unwrap();
    let mut all = super::All::new();
    for step in 0.. {
        if scheduler.is_idle() {
            break;
        }
        super::collect(&mut all, step, scheduler.step());
        // Two whole spans once, and the rest of each.
        assert!(scheduler.gauges().kv_bytes <= 7 * span_bytes(&tiny));
    }
    for choice in 0..5 {
        all[&(ticket, choice)].assert_is(&alone(&tiny, &job, choice));
    }
    let gauges = scheduler.gauges();
    assert_eq!((gauges.cache_miss_tokens, gauges.cache_hit_tokens), (130 + 4, 4 * 129));
    assert_eq!(gauges.kv_bytes, 0);
}

#[test]
fn a_lone_answer_goes_on_where_what_it_began_with_takes_the_room() {
    let tiny = Tiny::new(Family::Llama);
    let span = span_bytes(&tiny);
    let limits = SchedulerLimits { kv_bytes_max: 2 * span, cache_bytes_max: 2 * span, ..wide() };
    let mut scheduler = scheduler(&tiny, limits);
    for tokens_max in [20, 40] {
        // Remembered in two spans, the second in part: the next goes on in a copy of it.
        let job = simple(80, 4, tokens_max);
        let ticket = scheduler.submit(asked(&job, 1)).unwrap();
        finish(&mut scheduler)[&(ticket, 0)].assert_is(&alone(&tiny, &job, 0));
    }
    assert_eq!(scheduler.gauges().cache_hit_tokens, 79);
}
