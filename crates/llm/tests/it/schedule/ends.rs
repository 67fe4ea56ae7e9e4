//! Every answer gets exactly one last piece, whenever it is to end.

use import::gguf::tiny::Family;
use llm::Stop;
use llm::schedule::SchedulerLimits;

use super::{All, Refused, alone, asked, choices, collect, finish, scheduler, simple, wide};
use crate::desk::{fields, job, vector_fields};
use crate::fixture::{Tiny, faulty, tokens};

#[test]
fn cancelled_at_every_stage() {
    let tiny = Tiny::new(Family::Llama);
    // Three run, the rest wait; then nothing is left to cancel.
    for stage in 0..14 {
        let limits = SchedulerLimits { running_max: 3, rows_beside_answers: 20, ..wide() };
        let mut scheduler = scheduler(&tiny, limits);
        let gone = choices(50, 1, 6, 3);
        let stays = [simple(30, 2, 9), simple(40, 3, 9)];
        let mut all = All::new();
        let before = scheduler.submit(asked(&stays[0], 1)).unwrap();
        let ticket = scheduler.submit(asked(&gone, 1)).unwrap();
        let after = scheduler.submit(asked(&stays[1], 2)).unwrap();
        for step in 0..stage {
            collect(&mut all, step, scheduler.step());
        }
        scheduler.cancel(ticket);
        scheduler.cancel(ticket);
        let ended =
            (0..3).filter(|at| all.get(&(ticket, *at)).is_some_and(|got| got.ended.is_some()));
        let ended = ended.count();
        let progress = scheduler.step();
        let last = progress.iter().filter(|one| one.ticket == ticket && one.ended.is_some());
        assert_eq!(last.count(), 3 - ended, "each gets its last piece with the next step");
        collect(&mut all, stage, progress);
        for (key, got) in finish(&mut scheduler) {
            assert!(key.0 != ticket);
            let so_far = all.entry(key).or_default();
            so_far.tokens.extend(got.tokens);
            so_far.ended = got.ended;
        }
        for choice in 0..3 {
            let (got, want) = (&all[&(ticket, choice)], alone(&tiny, &gone, choice));
            assert!(want.tokens.starts_with(&got.tokens));
            let whole = got.tokens.len() == want.tokens.len();
            assert_eq!(got.ended.unwrap().stop == Stop::Cancelled, !whole);
            assert_eq!(got.ended.unwrap().usage.completion_tokens, got.tokens.len());
        }
        for (ticket, job) in [before, after].into_iter().zip(&stays) {
            assert_eq!(all[&(ticket, 0)].tokens, alone(&tiny, job, 0).tokens);
        }
    }
}

#[test]
fn a_fault_ends_one_and_leaves_the_others() {
    let great = 77;
    let tiny = faulty(great);
    let mut prompt = tokens(20, 5);
    prompt[15] = great;
    let bad = std::sync::Arc::new(job(&fields(prompt, 9)));
    let good = simple(20, 6, 1);
    let mut scheduler = scheduler(&tiny, wide());
    let tickets = [&good, &bad, &good].map(|job| scheduler.submit(asked(job, 1)).unwrap());
    let all = finish(&mut scheduler);
    for (ticket, job) in tickets.into_iter().zip([&good, &bad, &good]) {
        all[&(ticket, 0)].assert_is(&alone(&tiny, job, 0));
    }
    let stop = all[&(tickets[1], 0)].ended.unwrap().stop;
    assert!(matches!(stop, Stop::Fault(fault) if fault.position == 15), "{stop:?}");
}

#[test]
fn no_token_is_asked_for_or_no_number() {
    let tiny = Tiny::new(Family::Llama);
    let mut scheduler = scheduler(&tiny, wide());
    let ticket = scheduler.submit(asked(&simple(9, 1, 0), 1)).unwrap();
    assert_eq!(scheduler.usage(ticket, 0).unwrap().prompt_tokens, 9);
    let all = finish(&mut scheduler);
    assert_eq!(all[&(ticket, 0)].ended.unwrap().stop, Stop::Length);
    assert_eq!((scheduler.gauges().passes, scheduler.usage(ticket, 0)), (0, None));
    // Neither is a vector without numbers.
    let vector = vector_fields(tokens(9, 1), 0);
    let refused = scheduler.submit(asked(&std::sync::Arc::new(job(&vector)), 1));
    assert!(matches!(refused, Err(Refused::Request(_))));
}
