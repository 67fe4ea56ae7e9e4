//! Nobody waits for long because of somebody else.

use import::gguf::tiny::Family;
use llm::schedule::{Refused, Scheduler, SchedulerLimits};

use super::{All, alone, asked, check, choices, collect, finish, scheduler, simple, wide};
use crate::fixture::Tiny;

#[test]
fn a_hundred_that_wait_do_not_hold_up_another_tenant() {
    let tiny = Tiny::new(Family::Llama);
    let limits = SchedulerLimits { running_max: 4, rows_beside_answers: 20, ..wide() };
    let mut scheduler = scheduler(&tiny, limits);
    for seed in 0..100 {
        scheduler.submit(asked(&simple(40, seed + 1, 60), 1)).unwrap();
    }
    let mut all = All::new();
    for step in 0..20 {
        collect(&mut all, step, scheduler.step());
    }
    assert_eq!((scheduler.gauges().running, scheduler.gauges().preemptions), (4, 0));
    let job = simple(40, 200, 5);
    let ticket = scheduler.submit(asked(&job, 2)).unwrap();
    let mut came = All::new();
    for step in 0..STEPS_BOUND {
        collect(&mut came, step, scheduler.step());
    }
    // One of the others' was set aside for it at once, once.
    assert_eq!(scheduler.gauges().preemptions, 1);
    came[&(ticket, 0)].assert_is(&alone(&tiny, &job, 0));
    let rest = finish(&mut scheduler);
    assert_eq!(scheduler.gauges().preemptions, 1);
    assert!(rest.values().all(|got| got.ended.is_some()));
}

/// Three passes for a prompt of 40 rows, 17 of each at least, one row for each token, and one that was begun.
const STEPS_BOUND: usize = 3 + 5;

#[test]
fn tenants_get_as_many_tokens_as_each_other() {
    let tiny = Tiny::new(Family::Llama);
    let mut scheduler = scheduler(&tiny, SchedulerLimits { running_max: 4, ..wide() });
    for seed in 0..12 {
        scheduler.submit(asked(&simple(10, seed + 1, 40), 1)).unwrap();
    }
    for seed in 0..3 {
        scheduler.submit(asked(&simple(10, seed + 50, 40), 2)).unwrap();
    }
    let mut drawn = [0_u32, 0];
    for _ in 0..35 {
        for progress in scheduler.step() {
            drawn[usize::from(progress.ticket >= second(&tiny))] += 1;
        }
    }
    let [first, second] = drawn;
    assert!(first > 60 && second > 60 && first.abs_diff(second) < 8, "{drawn:?}");
}

/// The first ticket of the second tenant: tickets are given in order.
fn second(tiny: &Tiny) -> llm::schedule::Ticket {
    let mut other = scheduler(tiny, wide());
    (0..13).map(|_| other.submit(asked(&simple(1, 1, 1), 1)).unwrap()).last().unwrap()
}

#[test]
fn a_long_prompt_never_stalls_who_draws() {
    let tiny = Tiny::new(Family::Llama);
    let limits = SchedulerLimits { rows_beside_answers: 10, ..wide() };
    let mut scheduler = scheduler(&tiny, limits);
    let talks: Vec<_> =
        (0..3).map(|seed| scheduler.submit(asked(&simple(2, seed + 1, 100), 1)).unwrap()).collect();
    scheduler.step();
    scheduler.submit(asked(&simple(120, 9, 3), 2)).unwrap();
    let mut passes_of_prompt = 0;
    for _ in 0..17 {
        let progress = scheduler.step();
        for ticket in &talks {
            assert!(progress.iter().any(|one| one.ticket == *ticket && one.piece.token.is_some()));
        }
        assert!(scheduler.gauges().rows <= 10);
        passes_of_prompt += usize::from(progress.len() == 3);
    }
    // Seven rows of each pass are left for the prompt.
    assert_eq!(passes_of_prompt, 17);
    assert_eq!(scheduler.step().len(), 4);
}

#[test]
fn what_is_too_much_is_refused_and_changes_nothing() {
    let tiny = Tiny::new(Family::Llama);
    let limits = SchedulerLimits {
        queued_max: 4,
        tenant_queued_max: 3,
        queued_tokens_max: 100,
        kv_bytes_max: 2 * super::span_bytes(&tiny),
        running_max: 1,
        ..wide()
    };
    let mut scheduler = scheduler(&tiny, limits);
    let submit = |scheduler: &mut Scheduler, job, of| scheduler.submit(asked(&job, of));
    submit(&mut scheduler, simple(10, 1, 4), 1).unwrap();
    submit(&mut scheduler, choices(10, 1, 4, 2), 1).unwrap();
    let refused = submit(&mut scheduler, simple(10, 1, 4), 1).unwrap_err();
    assert!(matches!(refused, Refused::TenantQueueFull { queued: 3, queued_max: 3 }), "{refused}");
    let refused = submit(&mut scheduler, choices(10, 1, 4, 2), 2).unwrap_err();
    assert!(matches!(refused, Refused::QueueFull { queued: 3, queued_max: 4 }), "{refused}");
    let refused = submit(&mut scheduler, simple(71, 1, 4), 2).unwrap_err();
    assert!(matches!(refused, Refused::QueueLong { tokens: 30, tokens_max: 100 }), "{refused}");
    let refused = submit(&mut scheduler, simple(60, 1, 69), 2).unwrap_err();
    let span = super::span_bytes(&tiny);
    assert!(matches!(refused, Refused::TooLarge { bytes, .. } if bytes == 3 * span), "{refused}");
    let refused = submit(&mut scheduler, simple(160, 1, 4), 2).unwrap_err();
    assert!(matches!(refused, Refused::QueueLong { .. } | Refused::Request(_)), "{refused}");
    let gauges = scheduler.gauges();
    assert_eq!((gauges.queued, gauges.queued_tokens, gauges.running), (3, 30, 0));
    // The one that runs is no longer in the way.
    scheduler.step();
    assert_eq!(scheduler.gauges().queued, 2);
    submit(&mut scheduler, simple(68, 2, 60), 2).unwrap();
    check(&scheduler);
    assert_eq!(finish(&mut scheduler).len(), 4);
}
