//! What is remembered saves passes, for those who may share it, and changes nothing else.

use std::sync::Arc;

use import::gguf::tiny::Family;
use llm::schedule::{Asked, CacheScope, Scheduler, SchedulerLimits};
use receipt::Job;

use super::{alone, asked, finish, scheduler, simple, span_bytes, wide};
use crate::desk::{fields, job};
use crate::fixture::{Tiny, tokens};

fn cached(tiny: &Tiny, spans: usize) -> Scheduler {
    let cache_bytes_max = spans * span_bytes(tiny);
    scheduler(tiny, SchedulerLimits { cache_bytes_max, ..wide() })
}

/// A prompt that begins like all of these, and ends in its own way.
fn begins(shared: usize, own: usize, seed: u32) -> Arc<Job> {
    let mut prompt = tokens(shared, 1);
    prompt.extend(tokens(own, seed));
    Arc::new(job(&fields(prompt, 6)))
}

/// Asks it alone; how many of its positions were there, and how many passes it took.
fn ask(tiny: &Tiny, scheduler: &mut Scheduler, asked: Asked) -> (usize, u64) {
    let (job, passes) = (Arc::clone(&asked.job), scheduler.gauges().passes);
    let ticket = scheduler.submit(asked).unwrap();
    let all = finish(scheduler);
    let got = &all[&(ticket, 0)];
    got.assert_is(&alone(tiny, &job, 0));
    (got.ended.unwrap().usage.cached_tokens, scheduler.gauges().passes - passes)
}

#[test]
fn the_longest_beginning_is_found() {
    let tiny = Tiny::new(Family::Llama);
    let mut scheduler = cached(&tiny, 100);
    // 64 rows of prompt in a pass, then one for each token.
    assert_eq!(ask(&tiny, &mut scheduler, asked(&begins(130, 0, 1), 1)), (0, 3 + 5));
    // All of it: its last position is computed again.
    assert_eq!(ask(&tiny, &mut scheduler, asked(&begins(130, 0, 1), 1)), (129, 6));
    for (shared, own) in [(130, 9), (129, 1), (128, 5), (100, 30), (64, 64), (63, 70), (5, 1)] {
        let job = begins(shared, own, 7);
        let (found, _) = ask(&tiny, &mut scheduler, asked(&job, 1));
        // By chance a token more may be alike.
        assert!((shared..=shared + 1).contains(&found), "{found} of {shared}");
        let again = ask(&tiny, &mut scheduler, asked(&job, 1));
        assert_eq!(again, (shared + own - 1, 6));
    }
    assert_eq!(ask(&tiny, &mut scheduler, asked(&simple(80, 77, 6), 1)).0, 0);
}

#[test]
fn an_answer_is_remembered_with_its_prompt() {
    let tiny = Tiny::new(Family::Llama);
    let mut scheduler = cached(&tiny, 100);
    let first = begins(70, 0, 1);
    ask(&tiny, &mut scheduler, asked(&first, 1));
    let mut prompt = tokens(70, 1);
    prompt.extend(alone(&tiny, &first, 0).tokens);
    prompt.extend([9, 8, 7]);
    let next = Arc::new(job(&fields(prompt, 6)));
    // The last token that was drawn was never fed.
    assert_eq!(ask(&tiny, &mut scheduler, asked(&next, 1)).0, 75);
}

#[test]
fn a_longer_text_takes_the_place_of_what_it_begins_with() {
    let tiny = Tiny::new(Family::Llama);
    let mut scheduler = cached(&tiny, 100);
    let mut prompt = tokens(10, 1);
    // The only one that is remembered, each time.
    for turn in 0..5 {
        let next = Arc::new(job(&fields(prompt.clone(), 6)));
        let known = if turn == 0 { 0 } else { prompt.len() - 2 };
        assert_eq!(ask(&tiny, &mut scheduler, asked(&next, 1)).0, known);
        assert_eq!(scheduler.gauges().cached_bytes, span_bytes(&tiny));
        prompt.extend(alone(&tiny, &next, 0).tokens);
        prompt.push(9);
    }
}

#[test]
fn nobody_finds_what_another_tenant_asked() {
    let tiny = Tiny::new(Family::Llama);
    let mut scheduler = cached(&tiny, 100);
    let job = begins(90, 0, 1);
    let public = |of| Asked { cache: CacheScope::Public, ..asked(&job, of) };
    assert_eq!(ask(&tiny, &mut scheduler, asked(&job, 1)).0, 0);
    assert_eq!(ask(&tiny, &mut scheduler, asked(&job, 2)).0, 0);
    assert_eq!(ask(&tiny, &mut scheduler, public(3)).0, 0);
    assert_eq!(ask(&tiny, &mut scheduler, public(1)).0, 89);
    assert_eq!(ask(&tiny, &mut scheduler, public(4)).0, 89);
    assert_eq!(ask(&tiny, &mut scheduler, asked(&job, 4)).0, 0);
    assert_eq!(ask(&tiny, &mut scheduler, asked(&job, 2)).0, 89);
}

#[test]
fn nobody_waits_for_what_another_tenant_asks_at_the_same_time() {
    let tiny = Tiny::new(Family::Llama);
    // The rest of the prompt saves no span, so it is not waited for.
    for (second, hits) in [(1, 128), (2, 0)] {
        let mut scheduler = cached(&tiny, 100);
        let job = begins(140, 0, 1);
        let tickets = [1, second].map(|of| scheduler.submit(asked(&job, of)).unwrap());
        let all = finish(&mut scheduler);
        for ticket in tickets {
            all[&(ticket, 0)].assert_is(&alone(&tiny, &job, 0));
        }
        assert_eq!(scheduler.gauges().cache_hit_tokens, hits);
    }
}

#[test]
fn what_was_used_the_longest_ago_is_forgotten_first() {
    let tiny = Tiny::new(Family::Llama);
    let mut scheduler = cached(&tiny, 4);
    let jobs: Vec<Arc<Job>> = (1..4).map(|seed| simple(100, seed, 6)).collect();
    // Two spans each.
    assert_eq!(ask(&tiny, &mut scheduler, asked(&jobs[0], 1)).0, 0);
    assert_eq!(ask(&tiny, &mut scheduler, asked(&jobs[1], 1)).0, 0);
    assert_eq!(ask(&tiny, &mut scheduler, asked(&jobs[0], 1)).0, 99);
    assert_eq!(ask(&tiny, &mut scheduler, asked(&jobs[2], 1)).0, 0);
    assert_eq!(scheduler.gauges().cached_bytes, 4 * span_bytes(&tiny));
    assert_eq!(ask(&tiny, &mut scheduler, asked(&jobs[0], 1)).0, 99);
    assert_eq!(ask(&tiny, &mut scheduler, asked(&jobs[1], 1)).0, 0);
}

#[test]
fn nothing_is_remembered_where_there_is_no_room_for_it() {
    let tiny = Tiny::new(Family::Llama);
    let mut scheduler = cached(&tiny, 0);
    for _ in 0..2 {
        assert_eq!(ask(&tiny, &mut scheduler, asked(&begins(90, 0, 1), 1)).0, 0);
    }
    assert_eq!(scheduler.gauges().kv_bytes, 0);
}
