//! Many answers at once: the same bits as alone, whatever company, memory, cache and turns are.

mod cache;
mod ends;
mod equality;
mod fairness;
mod memory;

use std::collections::BTreeMap;
use std::sync::Arc;

use llm::Request;
use llm::schedule::{
    Asked, CacheScope, Ended, Progress, Refused, Scheduler, SchedulerLimits, Tenant, Ticket,
};
use receipt::{Job, JobFields};

use crate::desk::{fields, job};
use crate::fixture::{Answer, Tiny, tokens};

/// Steps that are more than any test here takes.
const STEPS_MAX: usize = 4_000;

/// What came of one answer.
#[derive(Default)]
pub(crate) struct Got {
    pub(crate) tokens: Vec<u32>,
    pub(crate) text: String,
    pub(crate) vector: Option<Vec<i32>>,
    pub(crate) ended: Option<Ended>,
    /// Over the logits of the pieces.
    hasher: blake3::Hasher,
    /// The steps of its first piece and of its last.
    pub(crate) steps: (usize, usize),
}

/// All answers, by ticket and choice.
pub(crate) type All = BTreeMap<(Ticket, u32), Got>;

pub(crate) fn tenant(number: u8) -> Tenant {
    Tenant([number; 32])
}

pub(crate) fn asked(job: &Arc<Job>, of: u8) -> Asked {
    let (job, tenant) = (Arc::clone(job), tenant(of));
    Asked { job, tenant, cache: CacheScope::Tenant, want_logits: true, logprobs: None }
}

/// A job whose prompt has so many tokens, and nothing in common with one of another seed.
pub(crate) fn simple(length: usize, seed: u32, tokens_max: u32) -> Arc<Job> {
    Arc::new(job(&fields(tokens(length, seed), tokens_max)))
}

/// As many choices of one prompt.
pub(crate) fn choices(length: usize, seed: u32, tokens_max: u32, choices: u32) -> Arc<Job> {
    let fields = JobFields { choices, ..fields(tokens(length, seed), tokens_max) };
    Arc::new(job(&fields))
}

/// Limits that bind nobody.
pub(crate) fn wide() -> SchedulerLimits {
    SchedulerLimits { kv_bytes_max: 1 << 30, cache_bytes_max: 0, ..SchedulerLimits::default() }
}

pub(crate) fn scheduler(tiny: &Tiny, limits: SchedulerLimits) -> Scheduler {
    Scheduler::new(Arc::clone(&tiny.model), tiny.any(), limits)
}

/// Bytes of a span of the tiny model.
pub(crate) fn span_bytes(tiny: &Tiny) -> usize {
    tiny.any().engine().span_bytes()
}

/// Takes what a step gave.
pub(crate) fn collect(all: &mut All, step: usize, progress: Vec<Progress>) {
    for Progress { ticket, choice, piece, ended } in progress {
        let got = all.entry((ticket, choice)).or_default();
        assert_eq!(got.ended, None, "nothing after the last piece");
        assert_eq!(ended.map(|ended| ended.stop), piece.stop);
        if got.tokens.is_empty() && got.text.is_empty() {
            got.steps.0 = step;
        }
        got.steps.1 = step;
        assert!(piece.token.is_some() || piece.logits.is_none());
        got.tokens.extend(piece.token);
        got.text.push_str(&piece.text);
        got.vector = got.vector.take().or(piece.vector.map(|vector| vector.to_vec()));
        piece.logits.iter().flat_map(|logits| logits.iter()).for_each(|logit| {
            got.hasher.update(&logit.to_le_bytes());
        });
        got.ended = ended;
    }
}

/// Steps until nothing is left; the memory's bound is kept after each.
pub(crate) fn finish(scheduler: &mut Scheduler) -> All {
    let mut all = All::new();
    for step in 0..STEPS_MAX {
        if scheduler.is_idle() {
            break;
        }
        collect(&mut all, step, scheduler.step());
        check(scheduler);
    }
    assert!(scheduler.is_idle());
    all
}

/// What holds after every step.
pub(crate) fn check(scheduler: &Scheduler) {
    let (gauges, limits) = (scheduler.gauges(), scheduler.limits());
    let kept = gauges.kv_bytes + gauges.spare_bytes;
    assert!(gauges.kv_bytes <= limits.kv_bytes_max, "{gauges:?}");
    assert!(kept <= limits.kv_bytes_max, "{gauges:?}");
    assert!(gauges.cached_bytes <= limits.cache_bytes_max && gauges.running <= limits.running_max);
    if scheduler.is_idle() {
        assert_eq!(gauges.kv_bytes, gauges.cached_bytes, "{gauges:?}");
        assert_eq!((gauges.queued, gauges.queued_tokens, gauges.running), (0, 0, 0));
    }
}

/// The same choice, alone.
pub(crate) fn alone(tiny: &Tiny, job: &Job, choice: u32) -> Answer {
    let request = Request { logits_digest: true, ..Request::of(job, choice) };
    tiny.answer(&mut tiny.any(), &request)
}

impl Got {
    /// Every bit is that of the answer made alone.
    pub(crate) fn assert_is(&self, want: &Answer) {
        let ended = self.ended.expect("it ended");
        assert_eq!((&self.tokens, &self.text), (&want.tokens, &want.text));
        assert_eq!(Some(ended.stop), want.stop);
        assert_eq!(self.vector, want.vector);
        assert_eq!(Some(*self.hasher.finalize().as_bytes()), want.digest);
        assert_eq!(ended.usage.prompt_tokens, want.usage.prompt_tokens);
        assert_eq!(ended.usage.completion_tokens, want.usage.completion_tokens);
    }
}
